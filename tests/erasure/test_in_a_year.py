"""The small year, published; then a crime and a victim of another are erased: no byte of them is left in the home, figures
differ by them alone, and what was published still verifies."""

import json
import shutil
from typing import Any, NamedTuple

import duckdb
import pyarrow.parquet as pq
import pytest
from searched import where
from some import some

from orchestration.erasure import published
from orchestration.erasure.target import Target
from orchestration.home import Home
from orchestration.ledger.opening import ledger_of
from orchestration.returns import kept

pytestmark = pytest.mark.xdist_group("year")  # one worker builds the year once

DECIDED = ("--authority", "DPO, decision 12", "--reason", "request_granted", "--json")


IDENTIFY = ("crime_reference", "incident_reference", "victim_reference", "suspect_reference", "surname")


class Erased(NamedTuple):
    """A home, and what was erased in it: force, quarter, crime reference and, of a person, theirs."""

    year: Any
    crime: tuple
    person: tuple


@pytest.fixture(scope="module")
def erased(year, tmp_path_factory):
    """A copy of the year in which a group-based crime has been erased, then a victim of another crime."""
    told = type(year)(Home(tmp_path_factory.mktemp("erased") / "home"), year.truth, {})
    shutil.copytree(year.home.root, told.home.root, symlinks=True)
    with duckdb.connect(str(told.home.warehouse), read_only=True) as connection:
        crimes = connection.execute(
            "select force, quarter, crime_reference from marts.fct_crimes "
            "where is_cocad and not contains(candidate_reason, 'recall') and victim_rows > 0 "
            # a number alone may stand in a digest
            "and contains(crime_reference, '/') order by all limit 1"
        ).fetchall()
        persons = connection.execute(
            "select force, quarter, crime_reference, victim_reference from cpai.cpai_victims "
            "inner join marts.fct_crimes using (force, quarter, crime_reference) "
            "where not is_candidate and victim_rows = 1 and length(victim_reference) > 4 "
            "and (force, quarter) not in (select (force, quarter) from marts.fct_crimes where is_cocad) order by all limit 1"
        ).fetchall()
    crime, person = crimes[0], persons[0]
    for words in (
        ("crime", "--force", crime[0], "--crime", crime[2]),
        ("person", "--force", person[0], "--crime", person[2], "--victim", person[3]),
    ):
        digest = told.json("erase", *words, *DECIDED[:-1])["confirm"]
        told.said[words[0]] = told.cpai("erase", *words, *DECIDED, "--confirm", digest)
    return Erased(told, crime, person)


def cells(home, is_theirs) -> tuple[set[str], str]:
    """Of all raw records: the texts that identify somebody in those that are theirs, and all that the others say."""
    theirs, others = set(), []
    for kind in ("crimes", "victims", "suspects"):
        for file in sorted((home.raw / kind).glob("2*/*.parquet")):
            for row in pq.read_table(file, partitioning=None).to_pylist():
                if is_theirs(kind, row):
                    theirs |= {row[name] for name in IDENTIFY if row.get(name) and len(row[name]) > 5}
                else:
                    others += [str(row[name]) for name in IDENTIFY if row.get(name)]
    return theirs, "\n".join(others)


@pytest.mark.proof
def test_no_byte_is_left(year, erased):
    """Of what the raw records say of the crime and of the victim, and no other record says."""
    outputs = [said.output for said in erased.year.said.values()]
    assert [said.exit_code for said in erased.year.said.values()] == [0, 0], outputs
    of_crime, of_others = cells(
        year.home, lambda _, row: (row["force"], row["quarter"], row["crime_reference"]) == erased.crime
    )
    of_person, of_the_rest = cells(
        year.home,
        lambda kind, row: (
            kind == "victims"
            and (row["force"], row["quarter"], row["crime_reference"], row["victim_reference"])
            == erased.person
        ),
    )
    texts = {text for text in of_crime if text not in of_others} | {
        text for text in of_person if text not in of_the_rest
    }
    before = where(year.home.root, *some(texts))
    assert erased.crime[2] in before and any("releases/" in name for name in before[erased.crime[2]])
    assert len(before) > 1
    assert where(erased.year.home.root, *before) == {}


@pytest.mark.proof
def test_what_was_published_verifies(erased):
    answer = erased.year.json("verify", "--release", "2023.r1")
    assert len(answer["erased"]) == 2 and "lawfully erased after publication" in answer["erased"][0]
    erased.year.json("read", "verify")
    manifest = erased.year.home.releases / "2023.r1" / "erased.json"
    assert [row["erasure"] for row in json.loads(manifest.read_text())] == [1, 2]
    with ledger_of(erased.year.home) as engine:
        assert kept.raw_differs(erased.year.home, engine) == []


@pytest.mark.proof
def test_a_release_made_again_from_a_backup_of_since_is_told_to_be_of_fewer_records(erased):
    """The home itself is a backup of it, and has the log. 40 s."""
    home = erased.year.home
    answer = erased.year.json("replay", "2023.r1", "--from", str(home.root))
    assert answer["done"] and answer["noted"]
    assert "records that it was made from have been erased by law since (erasure 1 of" in answer["erased"][0]
    assert any(one.startswith("marts/fct_crimes.parquet") for one in answer["erased"])


@pytest.mark.proof
def test_replay_tells_lawful_removal_from_loss(erased):
    answer = erased.year.json("replay", "--release", "2023.r1")
    assert "erased by law since (erasure 1" in answer["erased"][0]
    archived = next(path for path in sorted(erased.year.home.archive.glob("??/*")))
    aside = archived.rename(archived.with_name("aside"))
    lost = erased.year.cpai("replay", "--release", "2023.r1")
    aside.rename(archived)
    assert lost.exit_code == 1 and "the archive has lost" in lost.output


@pytest.mark.proof
def test_figures_differ_by_what_was_erased(erased):
    """In a release made since: the crime, its persons and the other's victim are counted no more, and the cause is told."""
    published = erased.year.cpai("publish", "2023", "--json")
    assert published.exit_code == 0, published.output
    connection = duckdb.connect()
    connection.execute(f"attach '{erased.year.home.releases}/2023.r1/marts.duckdb' as r1 (read_only)")
    connection.execute(f"attach '{erased.year.home.releases}/2023.r2/marts.duckdb' as r2 (read_only)")
    differ = connection.execute(
        "select r1.figures.figure_id, r1.figures.unit, r1.figures.numerator - now.numerator from r1.figures "
        "inner join r2.figures as now using (figure_id, scheme, place, period) "
        "where r1.figures.breakdown = 'total' and r1.figures.place_type = 'national' and period = '2023'"
    ).fetchall()
    fewer = {unit: {many for _, one, many in differ if one == unit} for _, unit, _ in some(differ)}
    assert fewer["crime"] <= {0, 1} and 1 in fewer["crime"]
    other = connection.execute(
        "select distinct force from "
        "(select * exclude (release) from r1.figures except select * exclude (release) from r2.figures) "
        "inner join r1.dim_force on place = force where place_type = 'force' and population <> 'cocad'"
    ).fetchall()
    assert {force for (force,) in other} <= {erased.crime[0], erased.person[0]}
    causes = connection.execute(
        "select distinct cause from r2.quality.figure_revisions where release = '2023.r2'"
    ).fetchall()
    assert any("erased" in cause for (cause,) in causes) and not any(
        "not_known" in cause for (cause,) in causes
    )


def test_counted_flags_of_a_person_go_by_the_number_and_the_unit():
    columns = {"force", "crime_reference", "unit", "person_number", "flag"}
    for known, wanted in (
        ({"2023.r1": [2]}, ("unit = 'suspect' and person_number in (select unnest(?))", [[2]])),
        ({}, ("unit = 'suspect'", [])),
    ):
        condition = published._of_the_person(
            *(
                None,
                "2023.r1",
                "main.fct_counted_flags",
                "fct_counted_flags",
                columns,
                Target("suspect", "kent"),
            ),
            *(None, None, [], known),
        )
        assert condition == wanted
