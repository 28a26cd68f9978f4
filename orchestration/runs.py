"""How a run differs from others on Dagster's timeline: by whom and from where it was launched, and whose job it is of."""

import logging
import re
from collections.abc import Mapping
from typing import Any

import dagster as dg

# without an origin a run of this process is neither on the timeline
# nor on the page of its job, and nothing public gives it one. tests/dagster_pages asks Dagster's pages for it
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

from orchestration import doors, outbox
from orchestration.home import Home
from orchestration.stopping import state

LOCATION = "cpai"  # in workspace.yaml
WHO, WHERE = "cpai/who", "cpai/from"


def launched(where: str) -> dict[str, str]:
    """Run tags: the user of this machine, and `terminal`, `schedule`, `sensor` or `UI`."""
    return {WHO: doors.operator(), WHERE: where}


def from_where(tags: Mapping[str, str]) -> str:
    """From where a run was launched that Dagster launched."""
    return next((door for door in ("schedule", "sensor") if f"dagster/{door}_name" in tags), "UI")


def door(tags: Mapping[str, str]) -> tuple[str, str | None]:
    """The same as the log has it: the door, and the schedule or sensor by its name. Dagster's pages have no sign-in, so
    that of who asked for a run there only the user of the machine is known."""
    where = from_where(tags)
    return ("Dagster" if where == "UI" else where), tags.get(f"dagster/{where}_name")


def on_the_timeline(instance: dg.DagsterInstance) -> dg.DagsterInstance:
    """The instance, whose runs in this process are of the code location that the pages show."""
    create = instance.create_run_for_job

    def create_run_for_job(job_def: dg.JobDefinition, **more: Any) -> dg.DagsterRun:
        # ty takes a field of Dagster's record for the abstract property of its base
        location = RegisteredCodeLocationOrigin(LOCATION)  # ty: ignore[abstract-class-instantiation]
        repository = RemoteRepositoryOrigin(location, "__repository__")
        more["remote_job_origin"] = RemoteJobOrigin(repository, job_def.name)
        return create(job_def, **more)

    vars(instance)["create_run_for_job"] = create_run_for_job
    return instance


def apart(context: dg.AssetExecutionContext, home: Home, asset: dg.AssetsDefinition, partition: str) -> None:
    """A run of its own, inside this one, for one partition of an asset: it may fail, and this one go on."""
    defs = dg.Definitions(assets=[asset], resources={"home": home}, loggers={"silent": silent})
    now = context.instance.get_run_by_id(context.run.run_id).tags
    tags = {name: value for name, value in now.items() if name in (WHO, WHERE)}
    defs.resolve_job_def("__ASSET_JOB").execute_in_process(
        instance=on_the_timeline(context.instance),
        asset_selection=[dg.AssetKey(asset.op.name)],
        partition_key=partition,
        tags=tags | {"cpai/part_of": context.run.run_id},
        run_config={"loggers": {"silent": {}}},
        raise_on_error=False,
    )


@dg.logger(config_schema={}, description="Nothing on the terminal: the event log has it.")
def silent(_context: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.getLogger("cpai.silent")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger


def note(home: Home, run: dg.DagsterRun, failures: list[dg.DagsterEvent]) -> None:
    """A line in the outbox for a run that failed, unless what failed it has left one; closed by one that asks the same."""
    if not failures:
        outbox.settle(home, "run", _about(run))
    elif left := [event for event in failures if not _in_the_outbox(event)]:
        steps = ", ".join(event.step_key or "" for event in left)
        note_failed(home, run, f"in {steps}: {failed_because(left[0])}")


def note_failed(home: Home, run: dg.DagsterRun, why: str) -> None:
    outbox.leave(
        home, "run", _about(run), f"run {run.run_id[:8]} of {_about(run)} failed {' '.join(why.split())}"
    )


def _about(run: dg.DagsterRun) -> str:
    start, end = (run.tags.get(f"dagster/asset_partition_range_{side}") for side in ("start", "end"))
    asked = f"{start} to {end}" if start else run.tags.get("dagster/partition", "")
    return f"{run.job_name} {asked}".strip()


def _in_the_outbox(event: dg.DagsterEvent) -> bool:
    described = event.step_failure_data.user_failure_data
    return bool(described and outbox.NOTED in described.metadata)


def failed_because(event: dg.DagsterEvent) -> str:
    """A failed step's own words, or the kind of error when it is not ours."""
    error, described = event.step_failure_data.error, event.step_failure_data.user_failure_data
    assert error, "a step fails with an error"
    while error.cause:
        error = error.cause
    return (
        (described and described.description)
        or state(error.message)
        or _own_words(error.message)
        or f"{event.step_key}: {_without_links(error.message)}"
    )


def _own_words(message: str) -> str:
    """The sentence of an exception of ours, which Dagster has as `orchestration.turns.WarehouseClosed: the ...`."""
    found = re.match(r"orchestration\.[\w.]+: (.*)", message, re.DOTALL)
    return found[1].strip() if found else ""


def _without_links(message: str) -> str:
    return "\n".join(line for line in message.strip().splitlines() if "https://" not in line)
