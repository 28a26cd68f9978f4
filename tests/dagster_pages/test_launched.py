"""Runs launched as Dagster's pages launch them: over GraphQL, with its daemon, in processes of their own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from waiting import until

from orchestration import jobs, outbox, runs
from orchestration.home import Home
from orchestration.returns.partitions import FORCES

pytestmark = pytest.mark.proof
PROJECT = Path(__file__).resolve().parents[2]
REPOSITORY = {"repositoryLocationName": "cpai", "repositoryName": "__repository__"}
ALL = [f"{force}|2023-Q1" for force in FORCES]
ENDED = {"SUCCESS", "FAILURE", "CANCELED"}


class Pages:
    """What a browser asks of the pages, and what they answer."""

    def __init__(self, home: Home, port: int) -> None:
        self.home, self.url = home, f"http://127.0.0.1:{port}/graphql"

    def ask(self, query: str, **variables) -> dict:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                told = json.load(answer)
        except urllib.error.HTTPError as refused:
            raise AssertionError(refused.read().decode()) from None
        assert not told.get("errors"), told["errors"]
        return told["data"]

    def runs(self, **wanted: str) -> list[dict]:
        """Runs by their tags, newest first."""
        tags = [{"key": key.replace("__", "/"), "value": value} for key, value in wanted.items()]
        told = self.ask(
            "query ($f: RunsFilter) { runsOrError(filter: $f) { ... on Runs { results { runId status jobName tags "
            "{ key value } repositoryOrigin { repositoryLocationName repositoryName } } } } }",
            f={"tags": tags} if tags else None,
        )
        return told["runsOrError"]["results"]

    def ended(self, seconds: float = 900, **wanted: str) -> list[dict]:
        def all_ended() -> list[dict]:
            found = self.runs(**wanted)
            return found if all(run["status"] in ENDED for run in found) else []

        return until(all_ended, f"runs end: {wanted}", looks_again=1, seconds=seconds)

    def backfill(self, **params) -> list[dict]:
        told = self.ask(
            "mutation ($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) { __typename "
            "... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }",
            p=params,
        )["launchPartitionBackfill"]
        return self.ended(dagster__backfill=told["backfillId"])

    def launch(self, job: str, tags: dict[str, str], assets: list[str] | None = None) -> dict:
        selector = REPOSITORY | {"pipelineName": job}
        if assets:
            selector |= {"assetSelection": [{"path": [asset]} for asset in assets], "assetCheckSelection": []}
        listed = [{"key": key, "value": value} for key, value in tags.items()]
        told = self.ask(
            "mutation ($p: ExecutionParams!) { launchPipelineExecution(executionParams: $p) { __typename "
            "... on LaunchRunSuccess { run { runId } } ... on PythonError { message } "
            "... on RunConfigValidationInvalid { errors { message } } } }",
            p={
                "selector": selector,
                "mode": "default",
                "runConfigData": {},
                "executionMetadata": {"tags": listed},
            },
        )["launchPipelineExecution"]
        return self.ended_run(told["run"]["runId"])

    def ended_run(self, run_id: str) -> dict:
        def this_ended() -> list[dict]:
            (run,) = [run for run in self.runs() if run["runId"] == run_id]
            return [run] if run["status"] in ENDED else []

        return until(this_ended, f"run {run_id} ends", looks_again=1, seconds=900)[0]

    def said(self, run: dict) -> str:
        told = self.ask(
            "query ($r: ID!) { logsForRun(runId: $r) { ... on EventConnection { events { "
            "... on MessageEvent { message } "
            "... on ExecutionStepFailureEvent { failureMetadata { description } error { message } } } } } }",
            r=run["runId"],
        )
        events = told["logsForRun"]["events"]
        failures = [
            event[key] or {} for event in events for key in ("failureMetadata", "error") if key in event
        ]
        told = [*events, *failures]
        return "\n".join(each.get(key) or "" for each in told for key in ("message", "description"))

    def partitions(self) -> dict[str, set[str]]:
        told = self.ask(
            'query { assetNodeOrError(assetKey: {path: ["returns"]}) { ... on AssetNode { assetPartitionStatuses { '
            "... on MultiPartitionStatuses { ranges { primaryDimStartKey primaryDimEndKey secondaryDim { "
            "... on DefaultPartitionStatuses { failedPartitions materializedPartitions } } } } } } } }"
        )
        found: dict[str, set[str]] = {"failed": set(), "there": set()}
        for part in told["assetNodeOrError"]["assetPartitionStatuses"]["ranges"]:
            first, last = FORCES.index(part["primaryDimStartKey"]), FORCES.index(part["primaryDimEndKey"])
            for force in FORCES[first : last + 1]:
                found["failed"] |= {f"{force}|{q}" for q in part["secondaryDim"]["failedPartitions"]}
                found["there"] |= {f"{force}|{q}" for q in part["secondaryDim"]["materializedPartitions"]}
        return found


def tags_of(run: dict) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in run["tags"]}


def started(words: list[str], home: Home) -> subprocess.Popen:
    environment = os.environ | {"CPAI_HOME": str(home.root), "DAGSTER_HOME": str(home.dagster)}
    return subprocess.Popen(
        [sys.executable, "-m", *words, "-w", "workspace.yaml"],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def pages(tmp_path_factory, parsed) -> Iterator[Pages]:
    """A home in which two forces have nothing to report, a third sent a file that is none, and the others nothing."""
    home = Home(tmp_path_factory.mktemp("pages") / "home")
    for force, name, text in (
        ("kent", "NIL", "A. Officer, 2023-04-03"),
        ("surrey", "NIL", "A. Officer, 2023-04-03"),
        ("lancashire", "return.xlsx", "PK"),
    ):
        file = home.landing / "2023-Q1" / force / name
        file.parent.mkdir(parents=True)
        file.write_text(text)
    # the server and the daemon each load the code location, and neither waits long for it
    shutil.copytree(parsed, home.dbt / "target")
    with jobs.instance(home):
        pass
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = [started(["dagster_webserver", "-h", "127.0.0.1", "-p", str(port)], home)]
    processes += [started(["dagster._daemon", "run"], home)]
    try:
        served = Pages(home, port)
        wait_until_loaded(served)
        # what has landed is launched here, and by nobody else
        served.ask("mutation ($s: String!) { stopSensor(id: $s) { __typename } }", s=_sensor_id(served))
        yield served
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGTERM)
        for process in processes:
            process.wait(60)


def wait_until_loaded(served: Pages, seconds: float = 900) -> None:
    query = (
        "{ workspaceOrError { ... on Workspace { locationEntries { loadStatus "
        "locationOrLoadError { __typename ... on PythonError { message } } } } } }"
    )

    def loaded() -> dict | None:
        try:
            entries = served.ask(query)["workspaceOrError"]["locationEntries"]
        except OSError:  # not up yet
            entries = []
        if entries and entries[0]["loadStatus"] == "LOADED":
            return entries[0]["locationOrLoadError"]
        return None

    location = until(loaded, "the code location loads", looks_again=1, seconds=seconds)
    assert location["__typename"] == "RepositoryLocation", location


def _sensor_id(served: Pages) -> str:
    told = served.ask(
        "query ($s: SensorSelector!) { sensorOrError(sensorSelector: $s) { ... on Sensor { id sensorState { status } } } }",
        s=REPOSITORY | {"sensorName": "landing_sensor"},
    )
    assert told["sensorOrError"]["sensorState"]["status"] == "RUNNING"  # by default
    return told["sensorOrError"]["id"]


@pytest.fixture(scope="module")
def quarter(pages) -> dict:
    """The quarter job, launched from its page with all 44 forces."""
    (run,) = pages.backfill(
        selector={"partitionSetName": "quarter_partition_set", "repositorySelector": REPOSITORY},
        partitionNames=ALL,
    )
    return run


def test_a_backfill_of_the_job_with_all_forces_looks_at_all_of_them(pages, quarter):
    """Regression: it received one force, and was green."""
    assert quarter["status"] == "SUCCESS", pages.said(quarter)
    assert "2023-Q1: 44 asked, 44 looked at; 3 new submissions" in pages.said(quarter)
    assert pages.partitions() == {
        "failed": {"lancashire|2023-Q1"},
        "there": {"kent|2023-Q1", "surrey|2023-Q1"},
    }
    assert tags_of(quarter)[runs.WHERE] == "UI" and tags_of(quarter)[runs.WHO]


def test_executed_again_it_looks_at_all_of_them_again(pages, quarter):
    told = pages.ask(
        "mutation ($p: ReexecutionParams!) { launchRunReexecution(reexecutionParams: $p) { __typename "
        "... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }",
        p={"parentRunId": quarter["runId"], "strategy": "ALL_STEPS"},
    )["launchRunReexecution"]
    run = pages.ended_run(told["run"]["runId"])
    assert run["status"] == "SUCCESS", pages.said(run)
    assert "44 asked, 44 looked at; 0 new submissions, 3 already received" in pages.said(run)
    assert pages.partitions()["failed"] == {"lancashire|2023-Q1"}


def test_a_backfill_of_the_asset_takes_its_range(pages, quarter):
    some = [f"{force}|2023-Q1" for force in ("metropolitan", "cumbria")]
    found = pages.backfill(assetSelection=[{"path": ["returns"]}], partitionNames=some)
    assert "2023-Q1: 2 asked, 2 looked at" in "\n".join(map(pages.said, found))


@pytest.mark.parametrize(("force", "status"), [("kent", "SUCCESS"), ("lancashire", "FAILURE")])
def test_one_partition_materialized_is_one_and_fails_where_it_is_refused(pages, quarter, force, status):
    tags = {"dagster/partition": f"{force}|2023-Q1", "dagster/partition/force": force}
    run = pages.launch("__ASSET_JOB", tags | {"dagster/partition/quarter": "2023-Q1"}, ["returns"])
    assert run["status"] == status and "2023-Q1: 1 asked, 1 looked at" in pages.said(run)
    lines = [line for line in outbox.opened(pages.home) if line["kind"] == "refusal"]
    assert [line["about"] for line in lines] == ["2023-Q1 lancashire"]
    assert [line for line in outbox.opened(pages.home) if line["kind"] == "run"] == []


def test_a_range_and_a_partition_that_disagree_fail_and_leave_a_line(pages, quarter):
    span = {
        f"dagster/asset_partition_range_{side}": f"{force}|2023-Q1"
        for side, force in (("start", "metropolitan"), ("end", "btp"))
    }
    tags = span | {"dagster/partition/force": "kent", "dagster/partition/quarter": "2023-Q1"}
    run = pages.launch("__ASSET_JOB", tags, ["returns"])
    assert run["status"] == "FAILURE" and "and for kent|2023-Q1" in pages.said(run)
    (line,) = [line for line in outbox.opened(pages.home) if line["kind"] == "run"]
    assert "nothing was looked at" in line["sentence"]


def test_the_schedule_asks_for_the_quarter_that_ended_and_its_run_looks_at_it(pages, quarter):
    told = pages.ask(
        "mutation ($s: ScheduleSelector!, $t: Float) { scheduleDryRun(selectorData: $s, timestamp: $t) { "
        "... on DryRunInstigationTick { evaluationResult { runRequests { runKey tags { key value } } error { message } } } } }",
        s=REPOSITORY | {"scheduleName": "quarterly"},
        t=datetime(2023, 4, 15, 6, tzinfo=ZoneInfo("Europe/London")).timestamp(),
    )
    (request,) = told["scheduleDryRun"]["evaluationResult"]["runRequests"]
    tags = tags_of(request)
    assert tags[runs.WHERE] == "schedule" and tags["dagster/asset_partition_range_end"] == "btp|2023-Q1"
    run = pages.launch("__ASSET_JOB", tags, ["returns"])
    assert "2023-Q1: 44 asked, 44 looked at" in pages.said(run)


def test_the_sensor_asks_for_what_has_been_still(pages, quarter):
    query = (
        "mutation ($s: SensorSelector!, $c: String) { sensorDryRun(selectorData: $s, cursor: $c) { "
        "... on DryRunInstigationTick { evaluationResult { cursor runRequests { tags { key value } } error { message } } } "
        "... on PythonError { message } } }"
    )
    selector = REPOSITORY | {"sensorName": "landing_sensor"}
    first = pages.ask(query, s=selector, c="{}")["sensorDryRun"]["evaluationResult"]
    assert first["error"] is None and not first["runRequests"]
    cursor = json.loads(first["cursor"])
    cursor["2023-Q1"]["since"] -= 61
    second = pages.ask(query, s=selector, c=json.dumps(cursor))["sensorDryRun"]["evaluationResult"]
    (request,) = second["runRequests"]
    tags = tags_of(request)
    assert tags[runs.WHERE] == "sensor"
    run = pages.launch("__ASSET_JOB", tags, ["returns"])
    assert "2023-Q1: 44 asked, 44 looked at" in pages.said(run)


def test_every_run_stands_on_the_timeline_with_who_and_from_where(pages, quarter):
    """Runs without an origin are left out by the timeline and by the pages of jobs."""
    found = pages.runs()
    assert len(found) > 5
    for run in found:
        assert run["repositoryOrigin"] == REPOSITORY, run
        assert tags_of(run)[runs.WHO] and tags_of(run)[runs.WHERE] in ("UI", "schedule", "sensor", "terminal")


def test_a_run_of_the_command_stands_there_too(pages, quarter):
    """`cpai publish` of what nobody has sent: the gate is shut, and the page shows the sentences of the command."""
    environment = os.environ | {"CPAI_HOME": str(pages.home.root)}
    answer = subprocess.run(
        [sys.executable, "-m", "orchestration.command", "publish", "2023-Q1"],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1, answer.stderr
    run = pages.runs(dagster__partition="2023-Q1")[0]
    assert run["jobName"] == "publish" and run["repositoryOrigin"] == REPOSITORY
    assert tags_of(run)[runs.WHERE] == "terminal"
    sentences = [line for line in answer.stderr.splitlines() if line.startswith("RT01")]
    assert "lancashire 2023-Q1 is refused, and nothing of it stands" in sentences[0]
    assert "lancashire" not in sentences[1] and "41 of 44 returns are missing" in sentences[1]
    told = pages.ask(
        "query ($r: ID!) { logsForRun(runId: $r) { ... on EventConnection { events { ... on ExecutionStepFailureEvent { "
        "stepKey error { message } failureMetadata { metadataEntries { label ... on TableMetadataEntry { table { records } } "
        "} } } } } } }",
        r=run["runId"],
    )
    (failure,) = [event for event in told["logsForRun"]["events"] if event.get("stepKey")]
    assert failure["stepKey"] == "gate"
    (reasons,) = [e for e in failure["failureMetadata"]["metadataEntries"] if e["label"] == "reasons"]
    shown = [json.loads(record)["reason"] for record in reasons["table"]["records"]]
    assert shown[:2] == sentences[:2]
    (line,) = [line for line in outbox.opened(pages.home) if line["kind"] == "gate"]
    assert line["about"] == "2023-Q1"
    status = subprocess.run(
        [sys.executable, "-m", "orchestration.command", "status"],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert line["sentence"] in status.stdout
