"""The jobs, and how a command runs one of them in this process, in the same event log as the web UI."""

import logging
import os
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

from orchestration import at_rest, doors, runs
from orchestration.home import Home, home
from orchestration.printing import say
from orchestration.stopping import DAMAGED, Stopped
from orchestration.storage import keep_to_policy
from orchestration.turns import keep_aside, turn, write_whole

quarter_job = dg.define_asset_job(
    "quarter",
    # unread candidates are no fault of a quarter just received: the gate stands before the release, not here
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups("releases", "force_packs"),
    description="Returns of a range of quarters, then the whole warehouse with its dbt tests.",
)
publish_job = dg.define_asset_job(
    "publish",
    selection=dg.AssetSelection.assets("readings").downstream() - dg.AssetSelection.groups("force_packs"),
    description="What readings change, the expectation suites as a gate, and the release.",
)
# 44 packs are 2.5 s: written after the quarter is built, not while it is
packs_job = dg.define_asset_job(
    "packs",
    selection=dg.AssetSelection.assets("return_packs"),
    description="What was found in the return of each force for a quarter, as pages, workbooks and JSON.",
)


class _OwnWords(logging.Filter):
    """Lets through the messages of our assets, not Dagster's hundreds of events."""

    def filter(self, record: logging.LogRecord) -> bool:
        meta = _meta(record)
        of_dagsters = str(meta.get("orig_message", "")).startswith("Dependencies for step ")
        return not meta.get("dagster_event") and bool(meta.get("step_key")) and not of_dagsters


class _AsSaid(logging.Handler):
    """The message as the asset logged it, without the run and step that Dagster puts before it."""

    def emit(self, record: logging.LogRecord) -> None:
        say(f"  {_meta(record)['orig_message']}", err=True)


def _meta(record: logging.LogRecord) -> Mapping[str, Any]:
    """What Dagster knows of a record that it logs."""
    return getattr(record, "dagster_meta", None) or {}


@dg.logger(config_schema={}, description="One line for each message of an asset: progress for a terminal.")
def progress(_context: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.getLogger("cpai.progress")
    logger.setLevel(logging.INFO)
    logger.handlers.clear()
    handler = _AsSaid()
    handler.addFilter(_OwnWords())
    logger.addHandler(handler)
    logger.propagate = False
    return logger


LOGGERS = {"progress": progress, "silent": runs.silent}

# what a home made before may lack, by the name of the setting. Dagster would take what each step writes to the terminal into
# files of its own, by processes that answer Ctrl-C with a traceback: the progress bar stood still. What matters is in its
# events.
ADDED = {
    "telemetry": "telemetry:\n  enabled: false\n",
    "nux": "nux:\n  enabled: false\n",
    "compute_logs": "compute_logs:\n  module: dagster._core.storage.noop_compute_log_manager\n"
    "  class: NoOpComputeLogManager\n",
    "event_log_storage": """\
event_log_storage:
  module: orchestration.event_log
  class: OpenSqliteEventLog
  config:
    base_dir:
      env: DAGSTER_HOME
""",
}


def write_settings(home: Home) -> None:
    """`dagster.yaml` in the home, unless there is one: telemetry, newsletter and captured output off, its event log ours."""
    home.dagster.mkdir(parents=True, exist_ok=True)
    file = home.dagster / "dagster.yaml"
    if not file.exists():
        if any(home.dagster.iterdir()):
            say(
                f"{file} was missing: the settings of a new home are written in its place; add again what was set beside them"
            )
        write_whole(file, "".join(ADDED.values()))
        return
    settings = check_settings(home)
    text = file.read_text(encoding="utf-8")
    if lacking := [added for name, added in ADDED.items() if name not in settings]:
        write_whole(file, text.rstrip("\n") + "\n" + "".join(lacking))


def check_settings(home: Home) -> dict[str, Any]:
    """The settings in the home's `dagster.yaml`, none where there is no such file. Raises Stopped where there is one without."""
    file = home.dagster / "dagster.yaml"
    if not file.exists():
        return {}
    try:
        settings = yaml.safe_load(file.read_text(encoding="utf-8", errors="replace"))
    except yaml.YAMLError:
        settings = None
    if not isinstance(settings, dict):
        raise Stopped(_no_settings(file))
    return settings


def _no_settings(file: Path) -> str:
    """Dagster takes an empty file for no settings: its telemetry on, each event log elsewhere."""
    return (
        f"{file} holds no settings that Dagster can read: restore it from a backup, or remove it: the settings of a new home "
        "are then written"
    )


# what Dagster keeps together, and what is lost with it
STORED = {
    "history": (
        ("runs.db", "runs/index.db"),
        "the list of earlier runs begins anew, and nothing else is lost",
    ),
    "schedules": (("schedules.db",), "schedules and sensors begin anew, switched on as in a new home"),
}


def put_damage_aside(home: Home) -> None:
    """Databases of Dagster's that cannot be opened, or lost all their tables, are kept aside, and it makes new ones."""
    for name, (files, lost) in STORED.items():
        folder = home.dagster / name
        if not all(_is_sound(folder / file) for file in files if (folder / file).exists()):
            say(f"{folder} was damaged: it is kept as {keep_aside(home, folder)}; {lost}", err=True)


def _is_sound(database: Path) -> bool:
    if not database.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
            return bool(connection.execute("select count(*) from sqlite_master").fetchone()[0])
    except sqlite3.DatabaseError as problem:
        return not re.search(DAMAGED, str(problem))


def instance(home: Home) -> dg.DagsterInstance:
    """Dagster's own storage, in the home."""
    write_settings(home)
    put_damage_aside(home)
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    try:
        storage = dg.DagsterInstance.from_config(str(home.dagster))
    except dg.DagsterInvalidConfigError:
        raise Stopped(_no_settings(home.dagster / "dagster.yaml")) from None
    limit_pool(storage)
    return storage


POOL = "warehouse"


def limit_pool(storage: dg.DagsterInstance) -> None:
    """One step at a time in the pool of the warehouse, in homes made before too: Dagster has no limit until it is set."""
    log = storage.event_log_storage
    if log.get_concurrency_info(POOL).slot_count != 1:
        log.set_concurrency_slots(POOL, 1)


def free_pool(storage: dg.DagsterInstance) -> None:
    """Within a turn: a run that still has a place in the pool was killed, and would never give it back."""
    for run in storage.event_log_storage.get_concurrency_run_ids():
        storage.event_log_storage.free_concurrency_slots_for_run(run)


class _OneRunAtATime(dg.Executor):
    """Dagster's own executor of one process, for the runs that it launches: it notes by whom and from where, waits for its
    turn with the warehouse (meanwhile its log names for whom), and leaves a line in the outbox when the run has failed."""

    def __init__(self, within: dg.Executor) -> None:
        self._within = within

    @property
    def retries(self) -> Any:
        return self._within.retries

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[dg.DagsterEvent]:
        storage, run = plan_context.instance, plan_context.dagster_run
        # a run executed again has the tags of the first, which somebody else may have launched
        storage.add_run_tags(run.run_id, runs.launched(runs.from_where(run.tags)))

        def notify(sentence: str) -> None:
            storage.report_engine_event(sentence, run)

        failures = []
        at_rest.close(home())
        doing = f"Dagster, run {run.run_id[:8]} of the job {run.job_name}"
        mine = turn(home(), doing, notify=notify, builds_again=run.job_name == quarter_job.name)
        with mine, doors.coming_by(*runs.door(run.tags)):
            limit_pool(storage)
            free_pool(storage)
            for event in self._within.execute(plan_context, execution_plan):
                failures += [event] if event.is_step_failure else []
                yield event
            if not failures:
                keep_to_policy(home(), storage)
        runs.note(home(), run, failures)


@dg.executor(name="one_run_at_a_time", config_schema=dg.in_process_executor.config_schema.as_field())
def one_run_at_a_time(context: dg.InitExecutorContext) -> dg.Executor:
    """Steps in one process, for a process a step would import dbt again each time: 3 s."""
    create = dg.in_process_executor.executor_creation_fn
    assert create, "Dagster's executor of one process makes itself"
    return _OneRunAtATime(create(context))
