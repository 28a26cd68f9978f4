"""The two jobs, and how a command runs one of them in this process, in the same event log as the web UI."""

import logging
import os

import dagster as dg
from dagster._core.execution.retries import RetryMode
from dagster._core.executor.in_process import InProcessExecutor

from orchestration.home import Home, home
from orchestration.printing import printable
from orchestration.turns import turn

quarter_job = dg.define_asset_job(
    "quarter",
    # unread candidates are no fault of a quarter just received: the gate stands before the release, not here
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups("releases", "answers"),
    description="Returns of a range of quarters, then the whole warehouse with its dbt tests.",
)
publish_job = dg.define_asset_job(
    "publish",
    selection=dg.AssetSelection.assets("readings").downstream() - dg.AssetSelection.groups("answers"),
    description="What readings change, the expectation suites as a gate, and the release.",
)
# 44 packs are 2.5 s: told after the quarter is built, not while it is
packs_job = dg.define_asset_job(
    "packs",
    selection=dg.AssetSelection.assets("return_packs"),
    description="What each force is told about its return of a quarter, as pages, workbooks and JSON.",
)


def period(wanted: str) -> dict:
    """Run config of the publish job for one period."""
    return {
        "ops": {step: {"config": {"period": wanted}} for step in ("release_candidate", "gate", "release")}
    }


class _OwnWords(logging.Filter):
    """Lets through what our assets say, not Dagster's hundreds of events."""

    def filter(self, record: logging.LogRecord) -> bool:
        meta = getattr(record, "dagster_meta", None) or {}
        return not meta.get("dagster_event") and bool(meta.get("step_key"))


class _AsSaid(logging.Formatter):
    """The message as the asset said it, without the run and step that Dagster puts before it."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(f"  {record.dagster_meta['orig_message']}")


@dg.logger(description="One line for each thing an asset says: progress for a terminal.")
def progress(_context: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.getLogger("cpai.progress")
    logger.setLevel(logging.INFO)
    logger.handlers.clear()
    handler = logging.StreamHandler()
    handler.setFormatter(_AsSaid())
    handler.addFilter(_OwnWords())
    logger.addHandler(handler)
    logger.propagate = False
    return logger


LOGGERS = {"progress": progress}


SETTINGS = """\
telemetry:
  enabled: false
event_log_storage:
  module: orchestration.event_log
  class: OpenSqliteEventLog
  config:
    base_dir:
      env: DAGSTER_HOME
"""


def write_settings(home: Home) -> None:
    """`dagster.yaml` in the home, unless there is one: its telemetry off, its event log ours."""
    home.dagster.mkdir(parents=True, exist_ok=True)
    file = home.dagster / "dagster.yaml"
    if not file.exists():
        file.write_text(SETTINGS)


def instance(home: Home) -> dg.DagsterInstance:
    """Dagster's own storage, in the home."""
    write_settings(home)
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    storage = dg.DagsterInstance.from_config(str(home.dagster))
    limit_pool(storage)
    return storage


POOL = "warehouse"


def limit_pool(storage: dg.DagsterInstance) -> None:
    """One step at a time in the pool of the warehouse, in homes made before too: Dagster knows no limit until told."""
    log = storage.event_log_storage
    if log.get_concurrency_info(POOL).slot_count != 1:
        log.set_concurrency_slots(POOL, 1)


def free_pool(storage: dg.DagsterInstance) -> None:
    """Within a turn: who still holds a place in the pool was killed with it, and nobody else would give it back."""
    for run in storage.event_log_storage.get_concurrency_run_ids():
        storage.event_log_storage.free_concurrency_slots_for_run(run)


class _OneRunAtATime(InProcessExecutor):
    """Dagster's own, of a run that has its turn with the warehouse: while it waits its log says for whom."""

    def execute(self, plan_context, execution_plan):
        storage, run = plan_context.instance, plan_context.dagster_run

        def told(sentence: str) -> None:
            storage.report_engine_event(sentence, run)

        with turn(home(), f"Dagster, run {run.run_id[:8]} of the job {run.job_name}", told=told):
            limit_pool(storage)
            free_pool(storage)
            yield from super().execute(plan_context, execution_plan)


@dg.executor(name="one_run_at_a_time")
def one_run_at_a_time(_context: dg.InitExecutorContext) -> _OneRunAtATime:
    """Steps in one process, for a process a step would import dbt again each time: 3 s."""
    return _OneRunAtATime(retries=RetryMode.ENABLED)


def execute(
    home: Home, job: str, tags: dict | None = None, config: dict | None = None
) -> dg.ExecuteInProcessResult:
    """Run a job here and now; the result carries its events, whether it succeeded or not."""
    os.environ["CPAI_HOME"] = str(home.root)
    # what a run plans, and the partitions of one asset, are written together: see event_log
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "1000")
    with turn(home), instance(home) as storage:
        free_pool(storage)
        from orchestration.definitions import defs

        return defs.resolve_job_def(job).execute_in_process(
            instance=storage,
            tags=tags,
            run_config={"loggers": {"progress": {}}, **(config or {})},
            raise_on_error=False,
        )
