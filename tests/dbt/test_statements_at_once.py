"""How many models are built at a time, by what was received."""

import os
from types import SimpleNamespace

import pytest

from orchestration.home import Home
from orchestration.warehouse import dbt


def test_two_of_a_year_as_sent_and_one_where_memory_is_short(tmp_path):
    home = Home(tmp_path)
    assert dbt.statements_at_once(home) == 2  # nothing received yet
    part = home.raw / "crimes" / "2023-Q1" / "kent.parquet"
    part.parent.mkdir(parents=True)
    part.touch()
    os.truncate(part, dbt.ALONE_ABOVE)
    assert dbt.statements_at_once(home) == 2
    os.truncate(part, dbt.ALONE_ABOVE + 1)
    assert dbt.statements_at_once(home) == 1


def test_dbt_is_told(tmp_path, monkeypatch):
    home = Home(tmp_path)
    (tmp_path / "parsed").mkdir()
    (tmp_path / "parsed" / "partial_parse.msgpack").touch()
    asked = []

    def invoke(_home, words, *_, **__):
        asked.append(words)
        raise dbt.BuildFailed(["stopped here"])

    monkeypatch.setattr(dbt, "manifest_path", lambda _home: tmp_path / "parsed" / "manifest.json")
    monkeypatch.setattr(
        "dbt.contracts.graph.manifest.Manifest.from_msgpack", lambda parsed: SimpleNamespace(nodes={})
    )
    monkeypatch.setattr(dbt, "fingerprints", lambda *_: {})
    monkeypatch.setattr(dbt, "invoke", invoke)
    for at_once in (2, 1):
        monkeypatch.setattr(dbt, "statements_at_once", lambda _home, at_once=at_once: at_once)
        with pytest.raises(dbt.BuildFailed):
            dbt.run_dbt(home)
    assert [words[words.index("--threads") + 1] for words in asked] == ["2", "1"]
