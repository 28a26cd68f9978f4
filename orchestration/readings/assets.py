"""Readings as Dagster assets: the ledger's readings for dbt before the build, and the cases for readers after it."""

from dataclasses import asdict

import dagster as dg

from orchestration.home import Home
from orchestration.ledger import snapshots, tables
from orchestration.ledger.opening import open_ledger
from orchestration.readings.desk import Desk
from orchestration.readings.worklist import write_cases


@dg.asset(
    group_name="readings",
    kinds={"parquet"},
    description="Every reading in the ledger as of now, and what further readings are due; readers append them there.",
)
def readings(home: dg.ResourceParam[Home]) -> dg.MaterializeResult:
    from sqlalchemy import func, select

    engine = open_ledger(home)
    snapshots.write(engine, home)
    with engine.connect() as connection:
        rows = connection.execute(select(func.count()).select_from(tables.readings)).scalar_one()
    return dg.MaterializeResult(metadata={"readings": rows})


@dg.asset(
    group_name="readings",
    kinds={"parquet"},
    deps=[["cocad", "cocad_reading_cases"], ["intermediate", "int_summaries"]],
    pool="warehouse",
    description="The candidates of the built warehouse as cases for readers, and the worklist that follows from them.",
)
def worklist(home: dg.ResourceParam[Home]) -> dg.MaterializeResult:
    write_cases(home)
    desk = Desk(home)
    synced = desk.sync()
    desk.close()
    return dg.MaterializeResult(metadata=asdict(synced))
