"""A run of returns takes exactly the partitions that it was asked for, however it was launched, and each shows its own
return: there, failed or empty; the check is of what stands, not what is new."""

import dagster as dg
import pytest
from test_intake import land

from orchestration import jobs, outbox
from orchestration.home import Home
from orchestration.returns.assets import PARTITIONS, partition_range, returns
from orchestration.returns.partitions import FORCES

DAY = "A. Officer, 2023-04-03"


@pytest.fixture
def launch(home):
    defs = dg.Definitions(assets=[returns], resources={"home": home}, loggers=jobs.LOGGERS)
    with jobs.instance(home) as storage:
        yield lambda **how: Ran(
            storage,
            defs.resolve_job_def("__ASSET_JOB").execute_in_process(
                instance=storage, raise_on_error=False, run_config={"loggers": {"silent": {}}}, **how
            ),
        )


class Ran:
    """A run, and what Dagster's pages then show of the partitions."""

    def __init__(self, storage: dg.DagsterInstance, result: dg.ExecuteInProcessResult) -> None:
        self.storage, self.result = storage, result
        self.success = result.success

    @property
    def shown(self) -> dict[str, dict]:
        """partition -> what it shows, of those that are there."""
        return {
            event.partition: event.step_materialization_data.materialization.metadata
            for event in self.result.all_events
            if event.is_step_materialization and event.partition
        }

    @property
    def check(self) -> dg.AssetCheckEvaluation:
        (check,) = self.result.get_asset_check_evaluations()
        return check

    @property
    def said(self) -> str:
        return "\\n".join(entry.message for entry in self.storage.all_logs(self.result.run_id))

    def status(self, partition: str) -> str | None:
        found = self.storage.get_status_by_partition(dg.AssetKey("returns"), [partition], PARTITIONS)
        return found[partition] and found[partition].value


def state(home: Home, force: str, name: str, quarter: str = "2023-Q1") -> None:
    note = home.landing / quarter / force / name
    note.parent.mkdir(parents=True)
    note.write_text(DAY)


def damage(home: Home, force: str) -> None:
    land(home, force)["return.xlsx"].write_bytes(b"PK")


def test_a_backfill_of_a_job_takes_its_range_and_not_the_one_partition_that_its_tags_name(home, launch):
    """Regression: the quarter job launched from its page with all 44 forces received one, and was green."""
    land(home)
    land(home, "surrey")
    first = {"dagster/partition/force": FORCES[0], "dagster/partition/quarter": "2023-Q1"}
    ran = launch(tags=partition_range("2023-Q1", "2023-Q1") | first)
    assert ran.success
    assert "2023-Q1: 44 asked, 44 looked at; 2 new submissions, 0 already received" in ran.said
    assert set(ran.shown) == {"kent|2023-Q1", "surrey|2023-Q1"}


@pytest.mark.parametrize(
    ("tags", "sentence"),
    [
        ({"dagster/partition/force": "kent", "dagster/partition/quarter": "2023-Q1"}, "for kent|2023-Q1"),
        ({"dagster/partition/force": "kent"}, "for kent|None"),
        ({"dagster/partition/force": FORCES[0], "dagster/partition/quarter": "2023-Q2"}, "|2023-Q2"),
    ],
)
def test_a_range_and_a_partition_that_disagree_are_refused(home, launch, tags, sentence):
    land(home)
    ran = launch(tags=partition_range("2023-Q1", "2023-Q1") | tags)
    (failure,) = [event for event in ran.result.all_events if event.is_step_failure]
    described = failure.step_failure_data.user_failure_data.description
    assert not ran.success and sentence in described and described.endswith("nothing was looked at.")
    assert not (home.root / "ledger.db").exists()


def test_one_force_is_one_force(home, launch):
    for force in ("kent", "surrey"):
        land(home, force)
    ran = launch(partition_key="kent|2023-Q1", asset_selection=[dg.AssetKey("returns")])
    assert ran.success and set(ran.shown) == {"kent|2023-Q1"}
    assert "2023-Q1: 1 asked, 1 looked at; 1 new submission, 0 already received" in ran.said


def test_each_partition_shows_its_own_return(home, launch):
    land(home)
    damage(home, "lancashire")
    state(home, "surrey", "NIL")
    state(home, "essex", "MISSING")
    ran = launch(tags=partition_range("2023-Q1", "2023-Q1"))
    assert ran.success  # the others go on
    shown = ran.shown
    assert set(shown) == {"kent|2023-Q1", "surrey|2023-Q1"}
    kent, surrey = shown["kent|2023-Q1"], shown["surrey|2023-Q1"]
    assert (kent["submission"].value, kent["status"].value) == ("1", "accepted")
    assert kent["crimes"].value > 0 and kent["layout"].value != "none" and kent["days late"].value > 1000
    assert kent["pack"].value.endswith("/packs/2023-Q1/kent.1/index.html")
    assert (surrey["status"].value, surrey["said"].value) == ("nil", "by name, in the ledger")
    states = {
        force: ran.status(f"{force}|2023-Q1") for force in ("kent", "surrey", "lancashire", "essex", "btp")
    }
    assert states == {
        "kent": "MATERIALIZED",
        "surrey": "MATERIALIZED",
        "lancashire": "FAILED",
    } | dict.fromkeys(("essex", "btp"))


def test_a_refused_return_is_a_failed_run_of_its_own_that_says_why(home, launch):
    land(home)
    damage(home, "lancashire")
    ran = launch(
        tags=partition_range("2023-Q1", "2023-Q1") | {"cpai/who": "a person", "cpai/from": "terminal"}
    )
    (apart,) = ran.storage.get_runs(dg.RunsFilter(tags={"cpai/part_of": ran.result.run_id}))
    assert apart.status == dg.DagsterRunStatus.FAILURE
    assert apart.tags["dagster/partition"] == "lancashire|2023-Q1"
    assert (apart.tags["cpai/who"], apart.tags["cpai/from"]) == ("a person", "terminal")
    (failure,) = [
        entry.dagster_event
        for entry in ran.storage.all_logs(apart.run_id)
        if entry.dagster_event and entry.dagster_event.is_step_failure
    ]
    told = failure.step_failure_data.user_failure_data
    # what a force called its file is for the terminal and the force's pack
    assert told.description.startswith("2023-Q1 lancashire submission 1 refused: FL10 A file's content")
    assert told.metadata["status"].value == "refused" and "FL10" in told.metadata["reasons"].value
    assert told.metadata["pack"].value.endswith("/packs/2023-Q1/lancashire.1/index.html")


def test_the_check_judges_what_stands(home, launch):
    """Regression: it was green on the next run while refusals stood."""
    land(home)
    state(home, "kent", "NIL", "2023-Q2")
    damage(home, "lancashire")
    first = launch(tags=partition_range("2023-Q1", "2023-Q1"))
    assert not first.check.passed
    for quarter in ("2023-Q1", "2023-Q2"):  # nothing new, and another quarter
        later = launch(tags=partition_range(quarter, quarter))
        assert later.success and not later.check.passed
        (row,) = later.check.metadata["refused"].records
        assert (row.data["force"], row.data["quarter"], row.data["stands instead"]) == (
            "lancashire",
            "2023-Q1",
            "nothing",
        )
        assert later.status("lancashire|2023-Q1") == "FAILED"
    (line,) = outbox.opened(home)
    assert line["about"] == "2023-Q1 lancashire" and "submission 1 refused: FL10" in line["sentence"]
    assert len((home.root / "outbox" / outbox.FILE).read_text().splitlines()) == 1
    land(home, "lancashire", delivery="2")
    last = launch(tags=partition_range("2023-Q1", "2023-Q1"))
    assert last.check.passed and last.status("lancashire|2023-Q1") == "MATERIALIZED"
    assert outbox.opened(home) == []


def test_a_later_delivery_that_is_refused_fails_the_partition_and_the_one_before_it_stands(home, launch):
    land(home)
    assert launch(tags=partition_range("2023-Q1", "2023-Q1")).success
    second = home.landing / "2023-Q1" / "kent" / "2"
    second.mkdir()
    (second / "return.csv").write_bytes(b"PK\\x03\\x04")
    ran = launch(tags=partition_range("2023-Q1", "2023-Q1"))
    assert ran.status("kent|2023-Q1") == "FAILED"
    (row,) = ran.check.metadata["refused"].records
    assert row.data["stands instead"] == "submission 1"


def test_a_run_of_which_nothing_stands_fails(home, launch):
    damage(home, "lancashire")
    ran = launch(partition_key="lancashire|2023-Q1")
    assert not ran.success and not ran.check.passed and ran.status("lancashire|2023-Q1") == "FAILED"


def test_what_nobody_sent_is_told_until_it_is_moved(home, launch):
    land(home)
    stray = home.landing / "2023-Q1" / "clevland"
    stray.mkdir()
    (stray / "a.csv").write_text("a")
    ran = launch(tags=partition_range("2023-Q1", "2023-Q1"))
    (row,) = ran.check.metadata["not read"].records
    assert not ran.check.passed
    assert row.data["sentence"].startswith("1 file or folder in landing/2023-Q1 that no run reads")
    assert [line["sentence"] for line in outbox.opened(home)] == [row.data["sentence"]]
    stray.rename(home.root / "elsewhere")
    assert launch(tags=partition_range("2023-Q1", "2023-Q1")).check.passed and outbox.opened(home) == []
