"""dbt's manifest is the asset graph: every model and seed an asset, its tests one check."""

from collections.abc import Iterator

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, build_dbt_asset_specs

from orchestration.home import home
from orchestration.printing import counted
from orchestration.warehouse.attached import open_warehouse
from orchestration.warehouse.dbt import manifest_path, run_dbt
from orchestration.warehouse.history import keep
from orchestration.warehouse.plotted import numbers


class Translator(DagsterDbtTranslator):
    """Keys and groups by layer; a source's key is in its meta, the asset that writes it."""

    def get_asset_key(self, dbt_resource_props: dict) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] == "source":
            return super().get_asset_key(dbt_resource_props)
        return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: dict) -> str:
        return super().get_group_name(dbt_resource_props) or dbt_resource_props["schema"]


def models(manifest_file: str | None = None) -> dg.AssetsDefinition:
    """The dbt project as one multi-asset; what Dagster selects of it becomes dbt's selection."""
    path = manifest_file or manifest_path(home())
    # crimes, victims, suspects and submissions are four sources of dbt's and one asset: returns
    settings = DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True)
    specs = build_dbt_asset_specs(manifest=path, dagster_dbt_translator=Translator(settings))
    node_of = {spec.key: spec.metadata["dagster_dbt/unique_id"] for spec in specs}
    key_of = {node: key for key, node in node_of.items()}
    tested = [key for key, node in node_of.items() if node.startswith("model.")]

    @dg.multi_asset(
        name="dbt",
        specs=specs,
        check_specs=[dg.AssetCheckSpec("dbt_tests", asset=key, blocking=True) for key in tested],
        can_subset=True,
        pool="warehouse",
    )
    def dbt(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        selected = context.selected_asset_keys
        everything = len(selected) == len(specs)
        names = None if everything else " ".join(sorted(node_of[key].split(".")[-1] for key in selected))
        context.log.info(f"building {counted(len(selected), 'model or seed', 'models and seeds')}")
        built = run_dbt(home(), names)
        # seeds that were there already, then in the order dbt built them: nothing before what it reads
        for key in selected:
            if node_of[key].startswith("seed.") and node_of[key] not in built.seconds and not built.problems:
                yield dg.MaterializeResult(asset_key=key, metadata={"unchanged": True})
        for node, seconds in built.seconds.items():
            if (key := key_of.get(node)) in selected:
                yield dg.MaterializeResult(asset_key=key, metadata={"seconds": round(seconds, 3)})
        for check in context.selected_asset_check_keys:
            tests = built.tests.get(node_of[check.asset_key], [])
            failed = [name for name, good in tests if not good]
            if node_of[check.asset_key] in built.seconds:
                yield dg.AssetCheckResult(
                    asset_key=check.asset_key,
                    check_name="dbt_tests",
                    passed=not failed,
                    metadata={"tests": f"{len(tests)} run", "failed": ", ".join(failed) or "none"},
                )
        if built.problems:
            raise dg.Failure("\n".join(built.problems), allow_retries=False)

    return dbt


# dbt's view of it is no child of this: a view reads what is there when it is asked, and dbt would have to run twice
@dg.asset(
    deps=[dg.AssetKey(["quality", "rule_results"])],
    group_name="quality",
    kinds={"parquet"},
    pool="warehouse",
    description="Rule results that differ from those of the build before, kept for ever in the home's history.",
)
def history(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    with open_warehouse(home()) as connection:
        changed, last = keep(home(), connection)
        built = connection.execute("select quarter from warehouse.marts.quarter_summary").fetchall()
        plotted = numbers(connection, [quarter for (quarter,) in built])
    return dg.MaterializeResult(metadata=plotted | {"changed": changed, "last_change": last or "none"})
