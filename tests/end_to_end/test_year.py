"""The whole story on a small synthetic year, by the commands a data engineer types."""

import hashlib
import json
import uuid
from collections import Counter
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from lineage_events import read_back
from some import some

from orchestration.ledger.opening import open_ledger
from orchestration.ledger.receipts import read_submissions
from orchestration.releases.figures import NATION
from orchestration.releases.reports.page import Page
from orchestration.returns.pack.gathering import gather
from orchestration.warehouse.dbt import open_read_only

pytestmark = pytest.mark.xdist_group("year")  # one worker builds the year once


def published(year, sql: str) -> list[tuple]:
    with duckdb.connect(str(year.home.releases / "current" / "marts.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def tree(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.is_symlink()
    }


def test_every_force_is_in_and_the_damaged_delivery_is_refused_by_name(year):
    answer = json.loads(year.said["run"].stdout)
    assert year.said["run"].exit_code == 1  # one delivery was refused: the caller must notice
    assert [row["received"] for row in answer["quarters"]] == [44] * 4
    assert {row["quarter"]: row["refused_forces"] for row in answer["quarters"] if row["refused"]} == {
        "2023-Q3": ["kent"]
    }


def test_a_refused_file_of_recorded_crime_is_told_and_the_one_before_it_stands(year):
    heading, missing = json.loads(year.said["run"].stdout)["recorded_crime_refused"]
    assert (
        "prc-pfa-tables-250124.csv: unknown heading 'Region'" in heading and "'Number of Offences'" in missing
    )
    compared = "select distinct published_on, count(*) over () from quality.reconciliation"
    assert published(year, compared) == [("2023-10-19", 88)]
    page = (year.home.releases / "current" / "quality" / "reconciliation.html").read_text()
    assert "88 of 176 force-quarters" in page


def test_the_last_accepted_submission_stands_and_the_refused_bytes_are_kept(year):
    kent = [row for row in read_submissions(open_ledger(year.home), "2023-Q3") if row["force"] == "kent"]
    assert [(row["submission"], row["status"]) for row in kent] == [(1, "accepted"), (2, "refused")]
    assert "kent_athena.csv" in " ".join(kent[1]["reasons"])
    sha256 = hashlib.sha256(
        (year.home.landing / "2023-Q3" / "kent" / "2" / "kent_athena.csv").read_bytes()
    ).hexdigest()
    assert list(year.home.archive.rglob(sha256))
    assert published(
        year, "select count(*) from marts.fct_crimes where force = 'kent' and quarter = '2023-Q3'"
    ) > [(0,)]


def test_every_byte_landed_is_in_the_archive(year):
    landed = {
        hashlib.sha256(file.read_bytes()).hexdigest()
        for file in year.home.landing.rglob("*")
        if file.is_file()
    }
    assert landed <= {file.name for file in year.home.archive.rglob("*")}


def test_what_is_made_is_what_was_true(year):
    truth = pq.read_table(year.truth / "crimes.parquet").to_pylist()
    cpai = {(row["force"], row["quarter"], row["crime_reference"]) for row in truth if row["in_cpai"]}
    built = set(published(year, "select force, quarter, crime_reference from marts.fct_crimes"))
    assert built == cpai
    cocad = Counter(row["criterion"] for row in truth if row["is_cocad"])
    built = published(year, "select criterion, count(*) from marts.fct_crimes where is_cocad group by 1")
    assert Counter(dict(built)) == cocad


def test_crimes_received_are_in_or_excluded_with_a_reason(year):
    for quarter, received, inside, excluded in published(
        year, "select quarter, crimes_received, in_cpai, excluded from marts.quarter_summary order by 1"
    ):
        assert received == inside + excluded > 0, quarter
    assert published(
        year,
        "select count(*) from quality.balance where received <> accepted + rejected + duplicate + superseded",
    ) == [(0,)]


def test_every_quarter_is_what_was_first_received_and_what_changed_since(year):
    assert published(
        year,
        """
        select count(*) from (
            select force, quarter, sum(effect * crimes) as crimes from quality.restatements group by all
        ) as restated
        full join (select force, quarter, count(*) as crimes from marts.fct_crimes group by all) as counted
            using (force, quarter)
        where coalesce(restated.crimes, 0) <> coalesce(counted.crimes, 0)
        """,
    ) == [(0,)]
    sent_again = "select count(*) > 0 from quality.restatements where submission > first_submission"
    assert published(year, sent_again) == [(True,)]


def test_each_force_has_its_profile_and_each_result_its_history(year):
    profiles = year.home.releases / "current" / "quality" / "profiles"
    assert len(list(profiles.glob("*.html"))) == 44 + 1
    columns = "rule, force, quarter, tested, failed, waived, verdict"
    stands = "replaced_at is null and verdict <> 'not_asked'"
    kept = f"select {columns} from quality.rule_result_history where {stands}"
    now = f"select {columns} from quality.rule_results"
    assert published(year, f"({kept} except {now}) union all ({now} except {kept})") == []


def test_unread_candidates_shut_the_gate_and_are_counted(year):
    answer = year.said["unread"]
    assert answer.exit_code == 1
    assert "the gate is shut" in answer.output
    assert "unread" in answer.output
    truth = pq.read_table(year.truth / "crimes.parquet").to_pylist()
    assert f"{sum(row['is_candidate'] for row in truth):,}" in answer.output


def test_the_release_is_whole_and_verifies(year):
    assert year.said["publish"].exit_code == 0, year.said["publish"].output
    assert json.loads(year.said["publish"].stdout)["release"] == "2023.r1"
    assert (year.home.releases / "current").resolve().name == "2023.r1"
    assert year.cpai("verify").exit_code == 0
    assert year.cpai("replay").exit_code == 0


def test_lineage_events_lead_from_archived_files_to_the_published_tables(year):
    release = year.home.releases / "2023.r1"
    lines = (release / "lineage" / "openlineage.ndjson").read_text().splitlines()
    events = [read_back(line) for line in lines]
    made_by = {output["name"]: event for event in events for output in event["outputs"]}
    assert len(made_by) == sum(len(event["outputs"]) for event in events), "a table is made twice"
    # walk back from a published table: whatever no event makes has to be an archived file or reference data
    wanted, origins = ["releases/2023.r1/marts.figures"], set()
    while wanted:
        name = wanted.pop()
        if event := made_by.pop(name, None):
            wanted += [dataset["name"] for dataset in event["inputs"]]
        elif name not in {dataset["name"] for event in events for dataset in event["outputs"]}:
            origins.add(name)
    manifest = json.loads((release / "manifest.json").read_text())
    archived = {
        f"archive/{file['sha256']}" for submission in manifest["submissions"] for file in submission["files"]
    }
    assert archived <= origins
    assert {name.split("/")[0].split(".")[0] for name in origins} == {"archive", "reference", "ledger"}
    assert {"ledger/readings", "ledger/submissions"} <= origins
    for event in events:
        assert {"eventType", "eventTime", "producer", "schemaURL", "run", "job"} <= event.keys()
        assert uuid.UUID(event["run"]["runId"])
    assert len({event["run"]["runId"] for event in events}) == len(events)


def test_columns_of_lineage_events_lead_from_a_published_column_to_a_column_that_forces_send(year):
    lines = (year.home.releases / "2023.r1" / "lineage" / "openlineage.ndjson").read_text().splitlines()
    made_from = {}
    for event in map(json.loads, lines):
        inputs = {dataset["name"] for dataset in event["inputs"]}
        for output in event["outputs"]:
            fields = output["facets"].get("columnLineage", {}).get("fields", {})
            for column, of in fields.items():
                made_from[output["name"], column] = [(one["name"], one["field"]) for one in of["inputFields"]]
                # steps that are no table of their own are inputs, and what they read is named beside the column
                if event["job"]["name"] == "publish" or event["job"]["name"].startswith("view."):
                    assert {name for name, _ in made_from[output["name"], column]} <= inputs
    assert len(made_from) > 1000
    wanted, seen = [("releases/2023.r1/marts.fct_crimes", "crime_reference")], set()
    while wanted:
        seen.add(pair := wanted.pop())
        wanted += [one for one in made_from.get(pair, []) if one not in seen]
    assert ("raw.crimes", "crime_reference") in seen
    assert not {column for _, column in seen} & {"summary", "date_of_birth"}


def test_a_second_time_changes_nothing_and_says_so(year):
    before = tree(year.home.releases)
    receipts = read_submissions(open_ledger(year.home))
    assert (
        year.cpai("run", "2023-Q1", "2023-Q2", "2023-Q3", "2023-Q4").exit_code == 1
    )  # kent is still refused
    assert read_submissions(open_ledger(year.home)) == receipts
    answer = year.cpai("publish", "2023")
    assert answer.exit_code == 0
    assert "nothing has changed since 2023.r1" in answer.output
    assert tree(year.home.releases) == before


def test_a_figure_explains_itself(year):
    answer = year.json("explain", "criterion.cse")
    (row,) = published(
        year,
        "select numerator, denominator from marts.figures "
        "where figure_id = 'criterion.cse' and place_type = 'national' and period = '2023'",
    )
    assert (answer["numerator"], answer["denominator"]) == row


def test_wrong_words_are_wrong_usage(year):
    assert year.cpai("run", "2023").exit_code == 2
    assert year.cpai("publish", "soon").exit_code == 2


def test_personal_data_stops_at_staging(year):
    """A name or a date of birth in any published column or dbt artefact would be a leak."""
    columns = published(year, "select distinct column_name from information_schema.columns")
    forbidden = {"surname", "forenames", "date_of_birth", "summary", "person_token"}
    assert not forbidden & {name for (name,) in columns}
    surnames = {
        value
        for file in (year.home.raw / "suspects").rglob("*.parquet")
        for value in pq.read_table(file, columns=["surname"])["surname"].to_pylist()
        if value
    }
    assert surnames, "the synthetic year sends some names, or this test proves nothing"
    for folder in (year.home.releases, year.home.dbt, year.home.dagster):
        for file in folder.rglob("*"):
            if file.is_file() and file.suffix not in {".parquet", ".duckdb"}:
                content = file.read_bytes()
                assert not [1 for name in surnames if name.encode() in content], (
                    f"a name stands in {file.name}"
                )


def test_packs_and_profiles_of_all_forces_have_the_same_completeness(year):
    with open_read_only(year.home) as connection:
        packs = {
            (force, quarter): pack["completeness"]
            for quarter in ("2023-Q1", "2023-Q2", "2023-Q3", "2023-Q4")
            for force, pack in gather(connection, quarter, year.home.raw).items()
        }
    # of a refused submission a pack has no shares
    in_packs = {
        (*place, row["record_type"], row["field"], row["known"], row["of"], row["percent"])
        for place, rows in packs.items()
        for row in rows
    }
    profiles = published(
        year,
        "select force, quarter, record_type, field, known, records, percent::double "
        "from quality.field_completeness where is_collected and (force, quarter) <> ('kent', '2023-Q3')",
    )
    assert in_packs == set(profiles) and len({row[0] for row in profiles}) == 44


def test_reports_of_all_places_print_the_figures_of_the_release(year, tmp_path):
    figures = {
        row[:3]: row[3:]
        for row in published(
            year, "select figure_id, place, period, numerator, denominator, percent, status from figures"
        )
    }
    columns = {"numerator": 0, "denominator": 1, "percent": 2}
    # all of them once; of the year, whose pages are four times as long, one of each kind
    asked = [("2023-Q2", (), 55), *(("2023", ("--place", place), 1) for place in (NATION, "Wales", "kent"))]
    for period, place, wanted in some(asked):
        answer = year.json("report", period, *place, "--into", str(tmp_path / period))
        assert len(answer["reports"]) == wanted
        for report in answer["reports"]:
            page = Page((tmp_path / period / report).read_text(encoding="utf-8"))
            assert not page.unexplained, report
            for source, text in page.numbers:
                if "data-table" in source or text.startswith("["):
                    continue
                row = figures[source["data-figure"], source["data-place"], source["data-period"]]
                shown = float(text.rstrip("%").replace(",", ""))
                assert shown == float(row[columns[source["data-of"]]]), (report, source)
                assert row[3] != "withheld"
