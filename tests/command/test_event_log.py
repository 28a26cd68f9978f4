"""The event log whose connections stay open is Dagster's own in every file and row."""

import dagster as dg
import sqlalchemy
from dagster._core.storage.event_log.schema import AssetKeyTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from orchestration import jobs
from orchestration.event_log import OpenSqliteEventLog
from orchestration.home import Home


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["north", "south"]))
def received(context: dg.AssetExecutionContext) -> None:
    context.log.info("received")


def test_dagsters_own_storage_reads_what_was_written(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    with jobs.instance(Home(tmp_path)) as instance:
        result = dg.materialize([received], instance=instance, partition_key="south")
        written = instance.all_logs(result.run_id)
        own = SqliteEventLogStorage(str(tmp_path / "dagster" / "history" / "runs"))
        # as another process would see it while the writer's connections are open
        assert [entry.message for entry in own.get_logs_for_run(result.run_id)] == [
            entry.message for entry in written
        ]
        own.register_instance(instance)
        assert own.get_materialized_partitions(dg.AssetKey("received")) == {"south"}
    assert not list(tmp_path.rglob("*.db-wal")), "a connection was left open"


@dg.asset(partitions_def=received.partitions_def, backfill_policy=dg.BackfillPolicy.single_run())
def counted() -> None:
    """One materialization for each partition of the run."""


def test_an_asset_told_in_a_batch_has_the_row_it_has_when_told_one_event_at_a_time(tmp_path):
    """The rows of assets, from the same events: in one batch here, one by one in Dagster's own storage."""
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            [counted],
            instance=instance,
            tags={
                "dagster/asset_partition_range_start": "north",
                "dagster/asset_partition_range_end": "south",
            },
        )
        events = instance.all_logs(result.run_id)
    assert sum(event.dagster_event_type == dg.DagsterEventType.ASSET_MATERIALIZATION for event in events) > 1

    batched, own = OpenSqliteEventLog(str(tmp_path / "batched")), SqliteEventLogStorage(str(tmp_path / "own"))
    batched.store_event_batch(events)
    for event in events:
        own.store_event(event)
    assert _rows(batched) == _rows(own)
    batched.dispose()


def _rows(storage: SqliteEventLogStorage) -> list[tuple]:
    """The rows of assets, without the serial number and the time of their insertion."""
    table = AssetKeyTable
    with storage.index_connection() as connection:
        return connection.execute(
            sqlalchemy.select(
                *(column for column in table.c if column.name not in {"id", "create_timestamp"})
            ).order_by(table.c.asset_key)
        ).all()
