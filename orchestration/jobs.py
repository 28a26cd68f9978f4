"""The two jobs, and how a command runs one of them in this process, in the same event log as the web UI."""

import logging
import os

import dagster as dg

from orchestration.home import Home
from orchestration.printing import printable

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
    return dg.DagsterInstance.from_config(str(home.dagster))


def execute(
    home: Home, job: str, tags: dict | None = None, config: dict | None = None
) -> dg.ExecuteInProcessResult:
    """Run a job here and now; the result carries its events, whether it succeeded or not."""
    os.environ["CPAI_HOME"] = str(home.root)
    # what a run plans, and the partitions of one asset, are written together: see event_log
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "1000")
    from orchestration.definitions import defs

    with instance(home) as storage:
        return defs.resolve_job_def(job).execute_in_process(
            instance=storage,
            tags=tags,
            run_config={"loggers": {"progress": {}}, **(config or {})},
            raise_on_error=False,
        )
