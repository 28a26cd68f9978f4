"""Columns new, gone and renamed since last quarter, from what really came."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner
from written import crime, suspect, victim, write_return

from orchestration.command.layout import layout as layout_group
from orchestration.returns import intake
from orchestration.returns.layouts import layout_for
from orchestration.returns.layouts.changes import since_last_quarter


def a_return(reference, day):
    crimes = [crime(number, reference, recorded_on=day, committed_to=day) for number in range(12)]
    return {
        "crimes": crimes,
        "victims": [victim(of, date_of_birth="2010-05-23", nationality="GBR") for of in crimes],
        "suspects": [suspect(of) for of in crimes],
    }


def renamed(layout, names):
    """A layout with other headings, as a force might send without a word; None: the column is left out."""
    return replace(
        layout,
        parts=tuple(
            replace(
                part,
                columns=tuple(
                    replace(row, heading=names.get(row.heading, row.heading))
                    for row in part.columns
                    if names.get(row.heading, "") is not None
                ),
            )
            for part in layout.parts
        ),
    )


def send(home, force, quarter, reference, day, names=None):
    layout = layout_for(force, quarter)
    write_return(home.landing / quarter / force, renamed(layout, names or {}), a_return(reference, day))
    (receipt, *_) = intake.receive(home, quarter, force)
    return receipt


def run(home, *words):
    return CliRunner().invoke(layout_group, list(words), obj=home)


@pytest.fixture
def changed(home):
    """Surrey renames a heading, drops one and adds one: its return is refused. Kent sends as ever."""
    send(home, "surrey", "2023-Q1", "45230000{}", "2023-02-03")
    send(home, "kent", "2023-Q1", "46/{}/23", "2023-02-03")
    names = {"Victim DOB": "Victim Date Of Birth", "Victim Nationality": None, "Occurrence Summary": "Shoe"}
    assert send(home, "surrey", "2023-Q3", "45230100{}", "2023-08-03", names).status == "refused"
    assert send(home, "kent", "2023-Q3", "46/9{}/23", "2023-08-03").status == "accepted"
    return home


def test_columns_new_gone_and_renamed_since_the_last_quarter(changed):
    kent, surrey = since_last_quarter(changed, "2023-Q3")
    assert (kent.force, kent.parts, kent.problems) == ("kent", [], [])
    assert (surrey.status, surrey.since, surrey.layout, surrey.since_layout) == (
        "refused",
        "2023-Q1",
        "niche",
        "niche",
    )
    crimes, victims = surrey.parts
    assert (crimes.part, crimes.new, crimes.gone, crimes.renamed) == (
        "crimes",
        ["Shoe"],
        ["Occurrence Summary"],
        [],
    )
    assert (victims.part, victims.new, victims.gone) == ("victims", [], ["Victim Nationality"])
    (one,) = victims.renamed
    assert (one.was, one.now) == ("Victim DOB", "Victim Date Of Birth")
    assert one.confidence > 0.8
    assert "victims.date_of_birth" in one.because


def test_a_heading_that_the_layout_has_learnt_is_renamed_for_certain(home, monkeypatch):
    names = {"Victim DOB": "Born"}
    send(home, "surrey", "2023-Q1", "45230000{}", "2023-02-03")
    send(home, "surrey", "2023-Q2", "45230100{}", "2023-05-03", names)
    learnt = renamed(layout_for("surrey", "2023-Q2"), names)
    monkeypatch.setattr(
        "orchestration.returns.layouts.changes.layout_for",
        lambda name, quarter, seeds: learnt if quarter == "2023-Q2" else layout_for(name, quarter, seeds),
    )
    (surrey,) = since_last_quarter(home, "2023-Q2")
    ((one,),) = [part.renamed for part in surrey.parts]
    assert (one.was, one.now, one.confidence) == ("Victim DOB", "Born", 1.0)


def test_a_refused_submission_does_not_stand_for_its_quarter_beside_an_accepted_one(home):
    send(home, "kent", "2023-Q1", "46/{}/23", "2023-02-03")
    send(home, "kent", "2023-Q1", "46/{}/23", "2023-02-04", {"VictimSex": "Sex of victim"})
    send(home, "kent", "2023-Q2", "46/9{}/23", "2023-05-03")
    (kent,) = since_last_quarter(home, "2023-Q2")
    assert (kent.since, kent.parts) == ("2023-Q1", [])


def test_nothing_to_compare_with_is_said(home):
    send(home, "kent", "2023-Q1", "46/{}/23", "2023-02-03")
    (kent,) = since_last_quarter(home, "2023-Q1")
    assert kent.sentence == "kent: no earlier quarter to compare with"
    assert since_last_quarter(home, "2022-Q4") == []


def test_both_forces_of_a_joint_return_are_told(home):
    for quarter, day, names in (
        ("2023-Q1", "2023-02-03", {}),
        ("2023-Q2", "2023-05-03", {"Offence": "Title"}),
    ):
        layout = layout_for("norfolk-and-suffolk", quarter)
        both = [a_return(f"{code}/{quarter[-1]}{{}}/23", day) for code in ("36", "37")]
        records = {kind: both[0][kind] + both[1][kind] for kind in both[0]}
        write_return(home.landing / quarter / "norfolk-and-suffolk", renamed(layout, names), records)
        intake.receive(home, quarter)
    norfolk, suffolk = since_last_quarter(home, "2023-Q2")
    assert (norfolk.force, suffolk.force) == ("norfolk", "suffolk")
    assert norfolk.parts == suffolk.parts
    assert [(one.was, one.now) for one in norfolk.parts[0].renamed] == [("Offence", "Title")]


def test_a_file_that_cannot_be_read_is_a_problem_and_no_change(home):
    send(home, "kent", "2023-Q1", "46/{}/23", "2023-02-03")
    folder = home.landing / "2023-Q2" / "kent"
    folder.mkdir(parents=True)
    (folder / "return.csv").write_text("46/1/23,Zebedee,Female\n46/2/23,Zebedee Two,Male\n")
    intake.receive(home, "2023-Q2")
    (kent,) = since_last_quarter(home, "2023-Q2")
    assert kent.parts == []
    (problem,) = kent.problems
    assert problem.startswith("2023-Q2 submission 1: return.csv: no row of the first 30 looks like headings")
    told = run(home, "diff", "2023-Q2").output
    assert problem in told
    assert "Zebedee" not in told


def test_command_shows_the_changes(changed):
    answer = run(changed, "diff", "2023-Q3")
    assert answer.exit_code == 0
    assert "surrey: submission 1 (refused, niche) since 2023-Q1\n" in answer.output
    assert answer.output.endswith("no column changed: kent\n")
    assert "  victims: 'Victim DOB' is now probably 'Victim Date Of Birth'" in answer.output
    assert "  victims: 'Victim Nationality' is gone" in answer.output
    assert "  crimes: 'Shoe' is new" in answer.output
    told = json.loads(run(changed, "diff", "2023-Q3", "--json").output)
    assert [force["force"] for force in told["forces"]] == ["kent", "surrey"]
    assert told["forces"][1]["parts"][1]["renamed"][0]["now"] == "Victim Date Of Birth"
    assert run(changed, "diff", "2023Q3").exit_code == 2
    assert run(changed, "diff", "2024-Q1").output == "nothing has been received for 2024-Q1 yet\n"
