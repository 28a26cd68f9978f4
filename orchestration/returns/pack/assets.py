"""Return packs as an asset: what was found in each return, once a quarter is built."""

import dagster as dg

from orchestration.home import Home
from orchestration.returns.pack.writing import write_packs
from orchestration.returns.partitions import QUARTERS


@dg.asset(
    partitions_def=QUARTERS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    deps=[
        dg.AssetKey(key)
        for key in (
            ["quality", "findings"],
            ["quality", "intake_findings"],
            ["quality", "balance"],
            ["quality", "exclusions"],
            ["packs", "pack_returns"],
            ["packs", "pack_counts"],
            ["packs", "pack_completeness"],
            ["packs", "pack_ages"],
        )
    ],
    group_name="force_packs",
    kinds={"html", "excel"},
    pool="warehouse",
    description="For each force's latest submission: a page, a workbook and JSON of what to correct, in packs/<quarter>/.",
)
def return_packs(context: dg.AssetExecutionContext, home: dg.ResourceParam[Home]) -> dg.MaterializeResult:
    written = 0
    for quarter in context.partition_keys:
        packs = len(write_packs(home, quarter))
        context.log.info(f"{quarter}: {packs} packs")
        written += packs
    return dg.MaterializeResult(metadata={"packs": f"{written} written"})
