"""What dbt has built is yielded as it is built, and who stops taking it stops dbt."""

import threading
from types import SimpleNamespace

import pytest

from orchestration.home import Home
from orchestration.warehouse import dbt
from orchestration.warehouse.dbt import Built, Finished

FIRST, SECOND = Finished("model.cpai.first", 0.1, 10), Finished("model.cpai.second", 0.1, 20)


@pytest.fixture
def building(monkeypatch):
    """dbt that builds its second model when the test lets it, and notes whether anybody still listened then."""
    goes_on, listened = threading.Event(), []

    def run_dbt(_home, _select, told, left):
        told(FIRST)
        goes_on.wait(60)
        listened.append(not left())
        told(SECOND)
        return Built(problems=["test t failed on 1 rows: see t.sql"])

    monkeypatch.setattr(dbt, "run_dbt", run_dbt)
    return goes_on, listened


def test_the_first_is_there_before_the_second_is_built(building, tmp_path):
    goes_on, listened = building
    with dbt.started(Home(tmp_path)) as (finished, outcome):
        assert next(finished) == FIRST
        assert not listened and not outcome.done()
        goes_on.set()
        assert list(finished) == [SECOND]
    assert listened == [True]
    assert outcome.result().problems == ["test t failed on 1 rows: see t.sql"]


def test_who_leaves_is_not_built_for(building, tmp_path):
    goes_on, listened = building
    with pytest.raises(KeyboardInterrupt), dbt.started(Home(tmp_path)) as (finished, _outcome):
        next(finished)
        threading.Timer(
            0.2, goes_on.set
        ).start()  # dbt is within a statement, and hears nothing before its end
        raise KeyboardInterrupt
    assert listened == [False]


def test_dbt_begins_nothing_for_somebody_who_left(tmp_path, monkeypatch):
    """Each model that would begin raises instead, within dbt."""
    events = []

    def invoke(_home, _words, _manifest, heard, everything):
        assert everything  # nothing is there yet
        for name in ("LogStartLine", "NodeStart"):
            try:
                heard(_event(name))
            except InterruptedError:
                events.append(name)
        raise dbt.BuildFailed(["stopped here"])

    (tmp_path / "partial_parse.msgpack").touch()
    monkeypatch.setattr(dbt, "manifest_path", lambda _home: tmp_path / "manifest.json")
    monkeypatch.setattr(
        "dbt.contracts.graph.manifest.Manifest.from_msgpack", lambda parsed: SimpleNamespace(nodes={})
    )
    monkeypatch.setattr(dbt, "fingerprints", lambda *_: {})
    monkeypatch.setattr(dbt, "invoke", invoke)
    with pytest.raises(dbt.BuildFailed):
        dbt.run_dbt(Home(tmp_path), left=lambda: True)
    assert events == ["LogStartLine"]


def _event(kind: str):
    class Event:
        class info:
            name = kind

    return Event


def test_what_failed_or_is_no_model_is_not_told():
    class Said:
        class node_info:
            resource_type, materialized, unique_id = "model", "view", "model.cpai.fct_crimes"

        class run_result:
            status, execution_time = "success", 0.25

    assert dbt._finished(Said) == Finished("model.cpai.fct_crimes", 0.25)
    Said.run_result.status = "error"
    assert dbt._finished(Said) is None
    Said.run_result.status, Said.node_info.resource_type = "success", "test"
    assert dbt._finished(Said) is None
