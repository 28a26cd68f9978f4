"""From raw text to marts: the dbt project, run in this process and shown as Dagster assets."""

from orchestration.warehouse.dbt import BuildFailed, Built, build, manifest_path, query, run_dbt

__all__ = ["BuildFailed", "Built", "build", "manifest_path", "query", "run_dbt"]
