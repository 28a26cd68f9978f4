"""What dbt is asked to make again, and that what it makes is what its statements make."""

import re
from datetime import timedelta
from types import SimpleNamespace

import duckdb
import pytest
from by_hand import KEY
from statements import Warehouse, of_models, seeds_of
from world import World

from orchestration import keys
from orchestration.home import DBT_PROJECT, Home
from orchestration.warehouse import dbt, selection


def test_what_reads_the_day_is_made_again_whatever_comes(nodes):
    """A waiver ran out, and still counted until the next change of a model."""
    reads_no_source = {"waiver_verdicts"}
    assert reads_no_source <= {*selection.of_change(nodes).names}
    stand = {nodes[key].name for key in selection.of_change(nodes).stand}
    assert "waivers" in stand and not reads_no_source & stand


def test_no_macro_reads_the_day_but_the_one_that_is_known_by_its_name():
    """The model that uses another would not be known to."""
    written = {
        path.name: path.read_text(encoding="utf-8") for path in (DBT_PROJECT / "macros").rglob("*.sql")
    }
    assert len(written) > 10
    known = r"\{% macro \w*today\(\) %\}[^\n]*"
    assert len(re.findall(known, written["portable.sql"])) == 3
    code = {
        name: re.sub(rf"{known}|\{{#.*?#\}}|--[^\n]*", "", text, flags=re.DOTALL)
        for name, text in written.items()
    }
    assert [name for name, text in code.items() if selection.CLOCK.search(text)] == []


def test_a_changed_key_makes_everything_again(tmp_path, parsed, monkeypatch):
    """Tokens of the key before would stand beside those of the new one: the same person, counted as two."""
    home, asked = Home(tmp_path), []
    keys.token_key(home)
    built_by = dbt.version_of(home)
    monkeypatch.setattr(dbt, "manifest_path", lambda _: parsed / "manifest.json")
    monkeypatch.setattr(dbt, "built_by", lambda _: built_by)
    monkeypatch.setattr(dbt, "_note", lambda *_, **__: None)
    monkeypatch.setattr(dbt, "compact", lambda _: None)
    monkeypatch.setattr(
        dbt, "invoke", lambda home, words, *_, **__: asked.append(words) or SimpleNamespace(result=None)
    )
    dbt.run_dbt(home)
    keys.rotate(home, timedelta(days=1))
    dbt.run_dbt(home)
    assert ["--full-refresh" in words for words in asked] == [False, True]


def test_nothing_is_told_before_what_it_reads():
    said = []
    stand = {"b": {"a"}, "c": {"b", "new"}, "a": set()}
    tell = dbt._in_order(lambda finished: said.append(finished.node), stand)
    assert said == ["a", "b"]
    tell(dbt.Finished("new", 1.0))
    assert said == ["a", "b", "new", "c"]


def crime(reference: str, number: int) -> dict:
    columns = {"offence_code": "19/16", "recorded_on": "2023-05-10", "status": "recorded", "csa_flag": "Y"}
    return {"crime_reference": reference, "columns": columns, "victims": {number}, "suspects": {0, number}}


@pytest.mark.proof
def test_dbt_builds_the_same(tmp_path, parsed, monkeypatch):
    """At first, with another return on top, and under another key."""
    home = Home(tmp_path / "home")
    world = World(home)
    models = of_models(tmp_path / "statements")
    seeds = seeds_of(tmp_path / "seeds", parsed, updates=())

    def differ(key: str) -> list[str]:
        monkeypatch.setenv("CPAI_TOKEN_KEY", key)
        world.write()
        assert dbt.run_dbt(home).problems == []
        at_once = Warehouse(models, seeds, home, key)
        at_once.build()
        expected = at_once.tables()
        assert expected["int_victims"] and expected["cocad_candidates"]
        with duckdb.connect(str(home.warehouse), read_only=True) as connection:
            built = {
                model.name: sorted(connection.execute(f"from {model.relation}").fetchall(), key=repr)
                for model in models
                if model.name in expected
            }
        return [name for name, rows in expected.items() if built[name] != rows]

    world.receive("kent", "2023-Q2", "accepted", [crime("CR/1", 1)])
    assert differ(KEY) == []
    world.receive("essex", "2023-Q2", "accepted", [crime("CR/2", 1), crime("CR/3", 2)])
    assert differ(KEY) == []
    monkeypatch.setenv("CPAI_TOKEN_KEY_BEFORE", KEY)
    assert differ("another key of the tests, which is long enough") == []
