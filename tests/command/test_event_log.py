"""The event log whose connections stay open is Dagster's own in every file and row."""

import dagster as dg
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from orchestration import jobs
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
