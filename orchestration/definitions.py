"""The Dagster code location. It only assembles: what a step does lives in the step's folder."""

import dagster as dg

from orchestration.asset_groups import with_owner
from orchestration.home import home
from orchestration.jobs import (
    LOGGERS,
    check_settings,
    one_run_at_a_time,
    packs_job,
    publish_job,
    quarter_job,
)
from orchestration.readings.assets import readings, worklist
from orchestration.releases.assets import gate, release, release_candidate
from orchestration.returns.assets import police_recorded_crime, returns
from orchestration.returns.pack.assets import return_packs
from orchestration.schedules_and_sensors import failed_runs, landing_sensor, quarterly
from orchestration.warehouse.assets import KEPT, history, models

# Dagster started by hand has read them before us, and takes an emptied file for none: nothing is loaded then
check_settings(home())

ASSETS = [
    returns,
    police_recorded_crime,
    models(),
    history,
    *KEPT,
    readings,
    worklist,
    return_packs,
    release_candidate,
    release,
]

defs = dg.Definitions(
    assets=dg.with_source_code_references(dg.map_asset_specs(with_owner, ASSETS)),
    asset_checks=[gate],
    jobs=[quarter_job, packs_job, publish_job],
    schedules=[quarterly],
    sensors=[landing_sensor, failed_runs],
    resources={"home": home()},
    loggers=LOGGERS,
    executor=one_run_at_a_time,
)
