"""How a command runs one of the jobs in this process, in the same event log as the web UI."""

import os
import sys
from contextlib import redirect_stderr
from typing import Any, TextIO, cast

import dagster as dg

from orchestration import runs
from orchestration.home import Home
from orchestration.jobs import free_pool, instance
from orchestration.ledger.opening import open_ledger
from orchestration.progress import at
from orchestration.stopping import interrupted
from orchestration.storage import keep_to_policy
from orchestration.turns import turn


class _WithoutRows:
    """Standard error, but for what Dagster says of an event that it could not write, with the whole row in it: the run fails
    by it, and its sentence follows."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        unsaid = text.startswith("Exception while writing logger call to event log")
        return len(text) if unsaid else self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _begun(home: Home) -> dg.DagsterInstance:
    """Dagster's storage, once the ledger is sound and of this version: checked before anything is made."""
    open_ledger(home).dispose()
    return instance(home)


def execute(
    home: Home, job: str, tags: dict | None = None, partition: str | None = None
) -> dg.ExecuteInProcessResult:
    """Run a job here and now; the result carries its events, whether it succeeded or not."""
    os.environ["CPAI_HOME"] = str(home.root)
    # what a run plans, and the partitions of one asset, are written together: see event_log
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "1000")
    with turn(home), _begun(home) as storage, redirect_stderr(cast(TextIO, _WithoutRows(sys.stderr))):
        free_pool(storage)
        at("loading the models")
        from orchestration.definitions import defs

        result = defs.resolve_job_def(job).execute_in_process(
            instance=runs.on_the_timeline(storage),
            partition_key=partition,
            tags={**(tags or {}), **runs.launched("terminal")},
            resources={"home": home},
            run_config={"loggers": {"progress": {}}},
            raise_on_error=False,
        )
        failures = [event for event in result.all_events if event.is_step_failure]
        runs.note(home, result.dagster_run, failures)
        if result.success:
            keep_to_policy(home, storage)
    if interrupted():
        # Dagster has noted it and gone on
        raise KeyboardInterrupt
    return result
