"""dbt's manifest is the asset graph: every model and seed an asset, its tests one check."""

import json
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, build_dbt_asset_specs

from orchestration.home import DBT_PROJECT, Home, home
from orchestration.ledger import log
from orchestration.printing import counted
from orchestration.showing import table
from orchestration.warehouse.attached import open_warehouse
from orchestration.warehouse.dbt import Finished, manifest_path, started
from orchestration.warehouse.history import keep
from orchestration.warehouse.plotted import numbers
from orchestration.warehouse.tested import names


class Translator(DagsterDbtTranslator):
    """Keys and groups by layer; a source's key is in its meta, the asset that writes it."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] == "source":
            return super().get_asset_key(dbt_resource_props)
        return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return super().get_group_name(dbt_resource_props) or dbt_resource_props["schema"]

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        """And where it is written: the model's SQL, the seed's CSV."""
        file = (DBT_PROJECT / dbt_resource_props["original_file_path"]).resolve()
        references = dg.CodeReferencesMetadataValue(
            code_references=[dg.LocalFileCodeReference(file_path=str(file))]
        )
        return {**super().get_metadata(dbt_resource_props), "dagster/code_references": references}


def _tested(test: Mapping[str, Any]) -> str:
    """The model that a test is about: the one it is attached to, else the first it reads."""
    parents = (parent for parent in test["depends_on"]["nodes"] if parent.startswith("model."))
    return test.get("attached_node") or next(parents, "")


def models(manifest_file: str | None = None) -> dg.AssetsDefinition:
    """The dbt project as one multi-asset; what Dagster selects of it becomes dbt's selection."""
    manifest = json.loads(Path(manifest_file or manifest_path(home())).read_text(encoding="utf-8"))
    # crimes, victims, suspects and submissions are four sources of dbt's and one asset: returns
    settings = DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True)
    specs = build_dbt_asset_specs(manifest=manifest, dagster_dbt_translator=Translator(settings))
    node_of = {spec.key: spec.metadata["dagster_dbt/unique_id"] for spec in specs}
    key_of = {node: key for key, node in node_of.items()}
    # by model, what each of its tests holds by the test's node
    tests_of: dict[str, dict[str, list[str]]] = {}
    for node, test in manifest["nodes"].items():
        if test["resource_type"] == "test":
            tests_of.setdefault(_tested(test), {})[node] = names(test)
    checks = [
        dg.AssetCheckSpec(
            "dbt_tests",
            asset=key,
            blocking=True,
            description=f"dbt's tests: {'; '.join(sorted(chain(*tests_of.get(node, {}).values()))) or 'none yet'}.",
        )
        for key, node in node_of.items()
        if node.startswith("model.")
    ]

    @dg.multi_asset(name="dbt", specs=specs, check_specs=checks, can_subset=True, pool="warehouse")
    def dbt(
        context: dg.AssetExecutionContext, home: dg.ResourceParam[Home]
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        selected = context.selected_asset_keys
        everything = len(selected) == len(specs)
        only = None if everything else sorted(node_of[key].split(".")[-1] for key in selected)
        context.log.info(f"building {counted(len(selected), 'model or seed', 'models and seeds')}")
        log.note(home, "combination", "warehouse built", {"rows": len(selected), "run": context.run.run_id})
        there = set()
        # each as dbt finishes it, so that a build that fails or is killed has shown what it built
        with started(home, only) as (finished, outcome):
            for one in finished:
                if (key := key_of.get(one.node)) in selected:
                    there.add(one.node)
                    yield dg.MaterializeResult(asset_key=key, metadata=_metadata(one))
        built = outcome.result()
        for check in context.selected_asset_check_keys:
            if (node := node_of[check.asset_key]) in there:
                ran = dict(chain(*(built.tests.get(test, {}).items() for test in tests_of.get(node, {}))))
                rows = [{"test": name, "holds": good} for name, good in sorted(ran.items())]
                yield dg.AssetCheckResult(
                    asset_key=check.asset_key,
                    check_name="dbt_tests",
                    passed=all(ran.values()),
                    metadata={
                        "tests": table(rows, ["test", "holds"]),
                        "failed": "; ".join(name for name, good in ran.items() if not good) or "none",
                    },
                )
        if built.problems:
            raise dg.Failure("\n".join(built.problems), allow_retries=False)

    return dbt


def _metadata(one: Finished) -> dict[str, Any]:
    if one.seconds is None:
        return {"unchanged": True}
    seconds = {"seconds": round(one.seconds, 3)}
    return seconds if one.rows is None else seconds | {"dagster/row_count": one.rows}


# what `history` and the release append to: dbt reads them, and no run makes them anew
KEPT = [
    dg.AssetSpec(
        ["history", table],
        group_name="quality",
        kinds={"parquet"},
        description=f"{what}, kept for ever in the home's history.",
    )
    for table, what in (
        ("rule_results", "Each result that a rule has had"),
        ("releases", "Which results of rules each release was made from"),
    )
]


# dbt's view of it is no child of this: a view reads what is there when it is asked, and dbt would have to run twice
@dg.asset(
    deps=[dg.AssetKey(["quality", "rule_results"])],
    group_name="quality",
    kinds={"parquet"},
    pool="warehouse",
    description="Rule results that differ from those of the build before, kept for ever in the home's history.",
)
def history(home: dg.ResourceParam[Home]) -> dg.MaterializeResult:
    with open_warehouse(home) as connection:
        changed, last = keep(home, connection)
        built = connection.execute("select quarter from warehouse.marts.quarter_summary").fetchall()
        plotted = numbers(connection, [quarter for (quarter,) in built])
    return dg.MaterializeResult(metadata=plotted | {"changed": changed, "last_change": last or "none"})
