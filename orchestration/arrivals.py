"""When a quarter runs by itself: on its day in the calendar, and when something new has landed and settled."""

import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from orchestration import quarters
from orchestration.home import home
from orchestration.jobs import quarter_job
from orchestration.returns.assets import QUARTERS, partition_range
from orchestration.returns.landing import RECORDED_CRIME, is_clutter, unread

SETTLED_AFTER = 60  # seconds without a change: a delivery still being copied is not read


@dg.schedule(job=quarter_job, cron_schedule="0 6 15 1,4,7,10 *", execution_timezone="Europe/London")
def quarterly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """On the 15th after a quarter's end, the whole of that quarter."""
    current = quarters.first_day(quarters.of(context.scheduled_execution_time.date()))
    ended = [key for key in QUARTERS.get_partition_keys() if key < str(current)][-1]
    quarter = quarters.of(QUARTERS.start_time_for_partition_key(ended).date())
    return dg.RunRequest(run_key=f"calendar {quarter}", tags=partition_range(quarter, quarter))


@dg.sensor(job=quarter_job, minimum_interval_seconds=30)
def landing_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """One run for a quarter whose landing folder changed and has been still for a minute.

    Recorded crime that landed (landing/recorded_crime) is compared with every quarter by any run: it runs the newest
    quarter that has landed, and waits while there is none.

    Still by this machine's clock, from look to look (the cursor: folder -> what was seen, since when, whether it was
    run): a copy that keeps its files' times, or a file server whose clock is wrong, looks settled while it is not.
    """
    now = time.time()
    before = json.loads(context.cursor or "{}")
    looked: dict[str, dict] = {}
    requests = []
    for folder, seen, quarter in _landed(home().landing):
        last = before.get(folder, {})
        look = last if last.get("seen") == seen else {"seen": seen, "since": now, "run": False}
        looked[folder] = look
        if not look["run"] and now - look["since"] >= SETTLED_AFTER:
            look["run"] = True
            # Dagster drops a run key it has had before
            requests.append(
                dg.RunRequest(run_key=f"landing {folder} {seen}", tags=partition_range(quarter, quarter))
            )
    settling = [folder for folder, look in looked.items() if not look["run"]]
    reason = f"not yet still for a minute: {', '.join(settling)}" if settling else "nothing new has landed"
    if astray := [found.sentence for found in unread(home().landing)]:
        reason += "; not read: " + " ".join(astray)
        if requests:  # a look with requests shows no reason
            context.log.warning(f"not read: {' '.join(astray)}")
    return dg.SensorResult(
        run_requests=requests,
        skip_reason=None if requests else dg.SkipReason(reason),
        cursor=json.dumps(looked),
    )


def _landed(landing: Path) -> Iterator[tuple[str, str, str]]:
    """Name of a folder in landing/, what it holds, and the quarter to run for it."""
    partitions = set(QUARTERS.get_partition_keys())
    quarter = None
    for folder in sorted(landing.iterdir()) if landing.is_dir() else []:
        try:
            named = quarters.valid(folder.name)
        except ValueError:
            continue
        if str(quarters.first_day(named)) in partitions and (seen := _seen(folder)):
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
