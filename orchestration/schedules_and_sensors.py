"""When a quarter runs by itself: on its day in the calendar, and when something new has landed and settled."""

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration import clock, outbox, quarters, runs
from orchestration.home import Home
from orchestration.jobs import quarter_job
from orchestration.returns.landing import RECORDED_CRIME, is_clutter, unread_told
from orchestration.returns.partitions import QUARTERS, partition_range

SETTLED_AFTER = 60  # seconds without a change: a delivery still being copied is not read
FIRST_PAUSE, LONGEST_PAUSE = (
    120,
    86_400,
)  # seconds until what failed is asked for again: twice as long each time
ENDED_BADLY = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


@contextmanager
def _noted_if_it_fails(home: Home, name: str) -> Iterator[None]:
    """A sensor or schedule that fails leaves a line in the outbox until it works again."""
    try:
        yield
    except Exception as problem:
        outbox.leave(home, "sensor", name, f"{name} failed: {problem}")
        raise
    outbox.settle(home, "sensor", name)


@dg.schedule(
    job=quarter_job,
    cron_schedule=f"0 6 {quarters.DUE_DAY} 1,4,7,10 *",
    execution_timezone="Europe/London",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def quarterly(context: dg.ScheduleEvaluationContext, home: dg.ResourceParam[Home]) -> dg.RunRequest:
    """On the day the returns of a quarter are due, the whole of that quarter."""
    with _noted_if_it_fails(home, "quarterly"):
        quarter = quarters.before(quarters.of(context.scheduled_execution_time.date()))
        if stale := _stale(quarter):
            raise RuntimeError(stale)
        tags = partition_range(quarter, quarter) | runs.launched("schedule")
        return dg.RunRequest(run_key=f"calendar {quarter}", tags=tags)


def _stale(quarter: str) -> str:
    """Why a quarter cannot be asked for; blank where it can."""
    if quarter <= QUARTERS.get_partition_keys()[-1]:
        return ""
    return f"Dagster was started before {quarter} began and has no such partition: reload the code location (Deployment, Reload)"


@dg.sensor(job=quarter_job, minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING)
def landing_sensor(context: dg.SensorEvaluationContext, home: dg.ResourceParam[Home]) -> dg.SensorResult:
    """One run for a quarter whose landing folder changed and has been still for a minute; again, after growing pauses,
    until one of them has succeeded.

    Recorded crime that landed (landing/recorded_crime) is compared with every quarter by any run: it runs the newest
    quarter that has landed, and waits while there is none.

    Still by this machine's clock, from look to look (the cursor: folder -> what was seen, since when, how often it was
    asked for and when last, whether that succeeded): a copy that keeps its files' times, or a file server whose clock is
    wrong, looks settled while it is not.
    """
    with _noted_if_it_fails(home, "landing_sensor"):
        # noted for as long as it is so: what has landed for the quarters known goes on meanwhile
        stale = _stale(quarters.of(clock.today()))
        outbox.stands(home, "sensor", {"calendar": stale} if stale else {}, within=["calendar"])
        return _look(context, home)


def _look(context: dg.SensorEvaluationContext, home: Home) -> dg.SensorResult:
    now = time.time()
    before = json.loads(context.cursor or "{}")
    looked: dict[str, dict] = {}
    requests, waiting = [], []
    for folder, seen, quarter in _landed(home.landing):
        last = before.get(folder, {})
        # what it was seen as, by an earlier version of this too
        look: dict[str, Any] = last if last.get("seen") == seen else {"seen": seen, "since": now}
        looked[folder] = look = {"asked": 0, "at": 0.0, "done": False} | look
        stands = _status(context, _key(folder, look)) if look["asked"] and not look["done"] else None
        look["done"] = look["done"] or stands == dg.DagsterRunStatus.SUCCESS
        if look["done"]:
            continue
        if now - look["since"] < SETTLED_AFTER:
            waiting.append(f"not yet still for a minute: {folder}")
        elif why := _waits(look, now, stands):
            waiting.append(f"{folder}: {why}")
        else:
            look |= {"asked": look["asked"] + 1, "at": now}
            tags = partition_range(quarter, quarter) | runs.launched("sensor")
            requests.append(dg.RunRequest(run_key=_key(folder, look), tags=tags))
    reason = "; ".join(waiting) or "nothing new has landed"
    if astray := "; ".join(unread_told(home.landing).values()):
        reason += f"; not read: {astray}"
        if requests:  # a look with requests shows no reason
            context.log.warning(f"not read: {astray}")
    return dg.SensorResult(
        run_requests=requests,
        skip_reason=None if requests else dg.SkipReason(reason),
        cursor=json.dumps(looked),
    )


def _key(folder: str, look: dict) -> str:
    """Dagster drops a run key it has had before: asked for again it is another."""
    return f"landing {folder} {look['seen']}" + (f" {look['asked']}" if look["asked"] > 1 else "")


def _status(context: dg.SensorEvaluationContext, key: str) -> dg.DagsterRunStatus | None:
    """How the run for a key stands; None where there is none."""
    found = context.instance.get_runs(dg.RunsFilter(tags={"dagster/run_key": key}), limit=1)
    return found[0].status if found else None


def _waits(look: dict, now: float, stands: dg.DagsterRunStatus | None) -> str:
    """Why what was asked for is not asked for again now; blank where it is, or was not yet."""
    if not look["asked"]:
        return ""
    if stands and stands not in ENDED_BADLY:
        return "its run has not ended"
    pause = min(FIRST_PAUSE * 2 ** (look["asked"] - 1), LONGEST_PAUSE)
    left = look["at"] + pause - now
    became = "failed" if stands else "has not begun"
    return f"its run {became}; it is asked for again in {left:.0f} s" if left > 0 else ""


def _landed(landing: Path) -> Iterator[tuple[str, str, str]]:
    """Name of a folder in landing/, what it holds, and the quarter to run for it."""
    partitions = set(QUARTERS.get_partition_keys())
    quarter = None
    for folder in sorted(landing.iterdir()) if landing.is_dir() else []:
        try:
            named = quarters.valid(folder.name)
        except ValueError:
            continue
        if named in partitions and (seen := _seen(folder)):
            quarter = named  # in their order: the last is the newest
            yield folder.name, seen, quarter
    if quarter and (seen := _seen(landing / RECORDED_CRIME)):
        yield RECORDED_CRIME, seen, quarter


def _seen(folder: Path) -> str:
    """What a folder in landing/ holds, by name, size and time of change; blank when nothing."""
    state = []
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not any(map(is_clutter, file.relative_to(folder).parts)):
            stat = file.lstat()
            state.append(f"{file.relative_to(folder)} {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns}")
    return (
        hashlib.sha256("\n".join(state).encode("utf-8", "surrogateescape")).hexdigest()[:16] if state else ""
    )


@dg.run_failure_sensor(default_status=dg.DefaultSensorStatus.RUNNING)
def failed_runs(context: dg.RunFailureSensorContext, home: dg.ResourceParam[Home]) -> None:
    """A line for a run that failed before any of its steps did: the others leave theirs themselves."""
    if not context.get_step_failure_events():
        runs.note_failed(home, context.dagster_run, f": {context.failure_event.message}")
