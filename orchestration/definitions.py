"""The Dagster code location. It only assembles: what a step does lives in the step's folder."""

import warnings

import dagster as dg

warnings.filterwarnings("ignore", category=dg.BetaWarning)  # single-run backfills: beta by name, pinned by us

from orchestration.arrivals import landing_sensor, quarterly  # noqa: E402
from orchestration.jobs import LOGGERS, publish_job, quarter_job  # noqa: E402
from orchestration.readings.assets import readings  # noqa: E402
from orchestration.releases.assets import gate, release, release_candidate  # noqa: E402
from orchestration.returns.assets import police_recorded_crime, returns  # noqa: E402
from orchestration.warehouse.assets import models  # noqa: E402

defs = dg.Definitions(
    assets=[returns, police_recorded_crime, models(), readings, release_candidate, release],
    asset_checks=[gate],
    jobs=[quarter_job, publish_job],
    schedules=[quarterly],
    sensors=[landing_sensor],
    loggers=LOGGERS,
    executor=dg.in_process_executor,  # a process a step would import dbt again each time: 3 s
)
