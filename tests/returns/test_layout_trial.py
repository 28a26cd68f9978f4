"""A draft tried on its files: right to a crime where it is right, and plain to see where it is not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestration.command.layout import layout as layout_group
from orchestration.returns.layouts.drafting import draft
from orchestration.returns.layouts.trial import trial

EXTRACTS = Path(__file__).with_name("extracts")
QUARTER = "2024-Q1"
# force, then crimes, victims and suspects named and received, CPAI, contact, candidates
RIGHT = {
    "role_rows.csv": ("merseyside", (64, 71, 77), 52, 32, 10),
    "two_row_headings.xlsx": ("cheshire", (50, 59, 75), 39, 25, 10),
    "wide_suspects.txt": ("surrey", (56, 62, 74), 42, 24, 5),
    "mixed_offsets.csv": ("surrey", (56, 62, 74), 42, 24, 5),
}


def drafted(file):
    return draft({file: EXTRACTS / file}, RIGHT[file][0], QUARTER)


@pytest.mark.parametrize("file", RIGHT)
def test_drafts_of_unseen_extracts_come_out_right_to_a_crime(file):
    """As they stand, before a person has touched them."""
    force, named, cpai, contact, candidates = RIGHT[file]
    words = ["draft", str(EXTRACTS / file), "--force", force, "--quarter", QUARTER, "--trial", "--json"]
    answer = CliRunner().invoke(layout_group, words)
    assert answer.exit_code == 0, answer.output
    tried = json.loads(answer.stdout)["trial"]
    assert (tried["refused"], tried["doubts"]) == ([], [])
    assert tuple(one["named"] for one in tried["counts"]) == named
    assert tuple(one["received"] for one in tried["counts"]) == named
    assert [one["share_held_out"] for one in tried["counts"]] == [0, 0, 0]
    assert [one["held_out"] + one["duplicate"] for one in tried["counts"]] == [0, 0, 0]
    assert [tried["counted"][name] for name in ("cpai", "contact", "candidates")] == [
        cpai,
        contact,
        candidates,
    ]


def with_reference(found, heading):
    """The draft with another heading for who a suspect is."""
    rows = [
        row | {"heading": heading} if row["column"] == "suspect_reference" else row
        for row in found.layout_columns
        if row["heading"] != heading
    ]
    gone = {row["heading"] for row in found.layout_columns} - {row["heading"] for row in rows}
    ignored = [{**rows[0], "heading": each, "record_type": "", "column": "", "must": ""} for each in gone]
    return replace(found, layout_columns=rows + ignored)


def test_a_wrong_map_shows_at_once():
    """A number of offenders for a suspect's reference: nobody is held out, and every crime has one suspect."""
    found = with_reference(drafted("two_row_headings.xlsx"), "CRIME No. Offenders")
    tried = trial(found, {"two_row_headings.xlsx": EXTRACTS / "two_row_headings.xlsx"}, "cheshire", QUARTER)
    (suspects,) = [one for one in tried.counts if one.record_type == "suspects"]
    assert suspects.different < 10 < suspects.named
    assert any(
        sentence.startswith("suspects: ") and "different references name" in sentence
        for sentence in tried.doubts
    )
    assert "Look again: suspects" in "\n".join(tried.lines())


def test_a_draft_with_something_to_settle_says_what_stops_it(tmp_path):
    path = tmp_path / "all.csv"
    rows = [f"{at:03}/A,M{at % 7},2024-01-{1 + at % 28:02}" for at in range(40)]
    path.write_text("\n".join(["Kolumn,Rader,Dagar", *rows]) + "\n", encoding="utf-8")
    answer = CliRunner().invoke(
        layout_group, ["draft", str(path), "--force", "kent", "--quarter", QUARTER, "--trial"]
    )
    assert answer.exit_code == 1
    assert "The rows do not read the files yet" in answer.output
    assert "Traceback" not in answer.output
    assert "M3" not in answer.output


def test_a_trial_needs_a_quarter():
    words = ["draft", str(EXTRACTS / "role_rows.csv"), "--force", "kent", "--trial"]
    answer = CliRunner().invoke(layout_group, words)
    assert answer.exit_code == 2
    assert "name it" in answer.output


def test_a_trial_leaves_nothing_in_the_home(tmp_path, monkeypatch):
    monkeypatch.setenv("CPAI_HOME", str(tmp_path / "home"))
    found = drafted("role_rows.csv")
    trial(found, {"role_rows.csv": EXTRACTS / "role_rows.csv"}, "merseyside", QUARTER)
    assert not (tmp_path / "home").exists()
