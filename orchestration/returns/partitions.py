"""The partitions of returns, force x quarter, and which of them a run was asked for.

A run has it in one of three ways, by how it was launched: a range (`cpai run`, schedule, sensor, an asset backfill), one
partition (materialize), or both (a backfill of a job gives each range the first partition of it as well).
"""

from typing import Any

import dagster as dg

from orchestration import clock, quarters
from orchestration.home import seed_rows

FORCES = [row["force"] for row in seed_rows("forces.csv")]
# read as the code location loads: one that stays up into the next quarter is reloaded (`schedules_and_sensors` checks it)
QUARTERS = dg.StaticPartitionsDefinition(quarters.begun(clock.today()))
PARTITIONS = dg.MultiPartitionsDefinition(
    {"force": dg.StaticPartitionsDefinition(FORCES), "quarter": QUARTERS}
)
START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
FORCE, QUARTER = "dagster/partition/force", "dagster/partition/quarter"


def partition_range(first: str, last: str) -> dict[str, str]:
    """Run tags for every force in the quarters `first` to `last`: one run, never one a partition."""
    return {START: f"{FORCES[0]}|{first}", END: f"{FORCES[-1]}|{last}"}


def asked(context: dg.AssetExecutionContext) -> dict[str, list[str]]:
    """Quarter -> the forces that a run was asked for. Raises dg.Failure where its tags contradict each other, for
    Dagster's own context would then take one of them in silence."""
    tags = context.run.tags
    if START not in tags:
        return _by_quarter(context.partition_keys)
    start, end = tags[START], tags[END]
    one = f"{tags.get(FORCE)}|{tags.get(QUARTER)}"
    if (FORCE in tags or QUARTER in tags) and one != start:
        raise _refused(f"the run asks for {start} to {end} and for {one}: launch it for one of them")
    if unknown := [key for key in (start, end) if not PARTITIONS.has_partition_key(key)]:
        raise _refused(
            f"no partition is called {unknown[0]}: write force|quarter, as in kent|{quarters.FIRST}"
        )
    keys = PARTITIONS.get_partition_keys_in_range(dg.PartitionKeyRange(start, end))
    if not keys:
        raise _refused(f"there is nothing from {start} to {end}: launch it with the earlier one first")
    return _by_quarter(keys)


def _by_quarter(keys: Any) -> dict[str, list[str]]:
    forces: dict[str, list[str]] = {}
    for key in keys:
        force, quarter = key.split("|")
        forces.setdefault(quarter, []).append(force)
    return dict(sorted(forces.items()))


def _refused(sentence: str) -> dg.Failure:
    return dg.Failure(f"{sentence}; nothing was looked at.", allow_retries=False)
