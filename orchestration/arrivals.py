"""When a quarter runs by itself: on its day in the calendar, and when something new has landed and settled."""

import hashlib
import time
from collections.abc import Iterator

import dagster as dg

from orchestration import quarters
from orchestration.home import home
from orchestration.jobs import quarter_job
from orchestration.returns.assets import QUARTERS, partition_range

SETTLED_AFTER = 60  # seconds without a change: a delivery still being copied is not read


@dg.schedule(job=quarter_job, cron_schedule="0 6 15 1,4,7,10 *", execution_timezone="Europe/London")
def quarterly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """On the 15th after a quarter's end, the whole of that quarter."""
    current = quarters.first_day(quarters.of(context.scheduled_execution_time.date()))
    ended = [key for key in QUARTERS.get_partition_keys() if key < str(current)][-1]
    quarter = quarters.of(QUARTERS.start_time_for_partition_key(ended).date())
    return dg.RunRequest(run_key=f"calendar {quarter}", tags=partition_range(quarter, quarter))


@dg.sensor(job=quarter_job, minimum_interval_seconds=30)
def landing_sensor(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run for a quarter whose landing folder changed and has been still for a minute."""
    landing, now, requested = home().landing, time.time(), False
    known = set(QUARTERS.get_partition_keys())
    for folder in sorted(landing.iterdir()) if landing.is_dir() else []:
        try:
            quarter = quarters.valid(folder.name)
        except ValueError:
            continue
        files = [(file, file.lstat()) for file in sorted(folder.rglob("*")) if file.is_file()]
        still = all(now - stat.st_mtime > SETTLED_AFTER for _file, stat in files)
        if not files or not still or str(quarters.first_day(quarter)) not in known:
            continue
        state = [f"{file.relative_to(folder)} {stat.st_size} {stat.st_mtime_ns}" for file, stat in files]
        seen = hashlib.sha256("\n".join(state).encode()).hexdigest()[:16]
        requested = True  # Dagster drops a run key it has had before
        yield dg.RunRequest(run_key=f"landing {quarter} {seen}", tags=partition_range(quarter, quarter))
    if not requested:
        yield dg.SkipReason("nothing has landed that has been still for a minute")
