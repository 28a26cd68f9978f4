"""Readings as a Dagster asset: the ledger's readings, as a Parquet snapshot for dbt."""

import dagster as dg

from orchestration.home import home


@dg.asset(
    group_name="readings",
    kinds={"parquet"},
    description="Every reading in the ledger as of now; `cpai read import` appends them there.",
)
def readings(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    from sqlalchemy import func, select

    from orchestration import ledger

    engine = ledger.open_ledger(home())
    ledger.snapshot(engine, home())
    with engine.connect() as connection:
        rows = connection.execute(select(func.count()).select_from(ledger.readings)).scalar_one()
    return dg.MaterializeResult(metadata={"readings": rows})
