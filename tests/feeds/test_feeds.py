"""Feeds: the columns of their contract and no other, every record once, no reference that is not the receiver's own."""

import csv
import hashlib
import hmac
import json
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from by_command import said
from lineage_events import read_back
from some import some

from orchestration import doors, keys
from orchestration.home import SEEDS, Home, seed_rows
from orchestration.keys import token_key
from orchestration.releases import feeds, singling_out
from orchestration.releases.package import file_hash

pytestmark = pytest.mark.xdist_group("year")  # one worker builds the year once


@pytest.fixture(scope="module")
def into(tmp_path_factory):
    return tmp_path_factory.mktemp("feeds")


@pytest.fixture(scope="module")
def written(year, into):
    """Each feed once, by the command."""
    words = {
        "csae_analysis": ["2023"],
        "strategic_assessment": ["2023-Q1"],
        "own_records": ["2023", "--force", "kent"],
    }
    return {name: year.json("feed", name, *more, "--into", str(into)) for name, more in words.items()}


@pytest.fixture(scope="module")
def release(year):
    with duckdb.connect(str(year.home.releases / "current" / "marts.duckdb"), read_only=True) as connection:
        yield connection


@pytest.fixture
def seeds(tmp_path):
    shutil.copytree(SEEDS / "publication", tmp_path / "publication")
    return tmp_path


def rows(answer: dict, table: str) -> list[dict]:
    with (Path(answer["folder"]) / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_feed_of_the_contract_is_written_and_said(written):
    assert set(written) == set(feeds.names())
    for name, answer in written.items():
        assert (
            answer["done"]
            and answer["feed"] == name
            and answer["schema_version"] == feeds.contract(name).version
        )
        assert answer["made_up_data"] is True and answer["release"].startswith("2023.r")


@pytest.mark.parametrize("name", feeds.names())
def test_files_are_those_of_the_manifest_with_the_columns_of_the_contract(written, name):
    answer = written[name]
    for file in some(answer["files"]):
        assert file_hash(Path(answer["folder"]) / file["path"]) == file["sha256"]
    for table, agreed in some(feeds.contract(name).columns.items()):
        found = rows(answer, table)
        assert list(found[0]) == [column["column"] for column in agreed]
        assert len(found) == answer["tables"][table]["rows"] > 0


@pytest.mark.parametrize("name", feeds.names())
def test_a_feeds_lineage_leads_from_the_releases_tables_to_its_files(year, written, name):
    answer = written[name]
    assert "lineage.ndjson" in {file["path"] for file in answer["files"]}
    event = read_back((Path(answer["folder"]) / "lineage.ndjson").read_text(encoding="utf-8"))
    assert event["job"]["name"] == f"feed.{name}" and event["eventTime"] == answer["written_at"]
    release = year.home.releases / answer["release"]
    of_release = [
        json.loads(line)
        for line in (release / "lineage" / "openlineage.ndjson").read_text(encoding="utf-8").splitlines()
    ]
    made = {one["name"]: one["facets"] for of in of_release for one in of["outputs"]}
    for one in some(event["inputs"]):
        assert one["name"] in made, "a catalogue knows it by the release's own events"
        if one["name"].startswith("releases/"):
            assert one["facets"]["version"] == made[one["name"]]["version"]
    days = {one["name"] for one in event["inputs"] if not one["name"].startswith("releases/")}
    assert bool(days) == (name == "own_records")
    listed = {file["path"]: file for file in answer["files"]}
    outputs = {one["name"].rpartition("/")[2]: one for one in event["outputs"]}
    assert set(outputs) == set(listed) - {"lineage.ndjson"}
    for path, one in outputs.items():
        table = answer["tables"][path.partition(".")[0]]
        assert one["facets"]["version"]["datasetVersion"] == listed[path]["sha256"]
        counted = one["outputFacets"]["outputStatistics"]
        assert (counted["rowCount"], counted["size"]) == (table["rows"], listed[path]["bytes"])
        fields = [field["name"] for field in one["facets"]["schema"]["fields"]]
        assert fields == [column["column"] for column in table["schema"]]


def test_a_feed_says_whose_hand_wrote_it(year, written, tmp_path):
    for answer in some(written.values()):
        assert answer["written_by"] == {"door": "command", "who": doors.operator()}
    with doors.coming_by("schedule", "each_quarter"):
        scheduled = feeds.write(year.home, "strategic_assessment", "2023-Q1", tmp_path)
    assert scheduled.manifest["written_by"] == {"door": "schedule", "who": "each_quarter"}
    last = [row for row in year.json("log", "--action", "disclosure") if row["what"] == "feed written"][-1]
    assert (last["door"], last["who"]) == ("schedule", "each_quarter"), "as the log has it"


def test_the_whole_cpai_goes_out_once(written, release):
    for table, of in some(feeds.TABLES.items()):
        (due,) = release.execute(f"select count(*) from {of}").fetchone()
        assert written["csae_analysis"]["tables"][table]["rows"] == due
        (due,) = release.execute(f"select count(*) from {of} where quarter = '2023-Q1'").fetchone()
        assert written["strategic_assessment"]["tables"][table]["rows"] == due
        (due,) = release.execute(f"select count(*) from {of} where force = 'kent'").fetchone()
        assert written["own_records"]["tables"][table]["rows"] == due


def test_no_reference_of_a_force_is_in_a_feed_under_pseudonyms(written, release):
    references = {
        reference for (reference,) in release.execute("select crime_reference from fct_crimes").fetchall()
    }
    for name in ("csae_analysis", "strategic_assessment"):
        for table in feeds.TABLES:
            assert not references & {value for row in rows(written[name], table) for value in row.values()}
    own = {row["crime_reference"] for row in rows(written["own_records"], "crimes")}
    assert own < references


def test_a_pseudonym_is_a_keyed_hash_of_its_feed(year, written, release):
    """As the standard library makes it: SQL does the same."""
    force, reference = release.execute("select force, crime_reference from fct_crimes limit 1").fetchone()
    key = hmac.new(token_key(year.home).encode(), b"pseudonyms of csae_analysis", hashlib.sha256).digest()
    wanted = hmac.new(key, f"{force}\n{reference}".encode(), hashlib.sha256).hexdigest()
    ids = {
        name: {row["crime_id"] for row in rows(written[name], "crimes")}
        for name in ("csae_analysis", "strategic_assessment")
    }
    assert wanted in ids["csae_analysis"]
    # two feeds laid side by side share no crime
    assert not ids["csae_analysis"] & ids["strategic_assessment"]
    assert key.hex() not in json.dumps(written) and token_key(year.home) not in json.dumps(written)


def test_a_feed_is_written_under_the_key_before_for_as_long_as_the_overlap_lasts(year, written, tmp_path):
    """As a receiver goes over from one feed to the other; the table of both goes to nobody."""
    home = Home(tmp_path / "home")
    home.releases.mkdir(parents=True)
    shutil.copytree(year.home.releases / written["csae_analysis"]["release"], home.releases / "2023.r1")
    (home.releases / "current").symlink_to("2023.r1")
    shutil.copy(year.home.root / "token.key", home.root)
    with (
        closing(sqlite3.connect(year.home.root / "ledger.db")) as here,
        closing(sqlite3.connect(home.root / "ledger.db")) as copy,
    ):
        here.backup(copy)

    def fed(*words):
        ran = said(home, *words, "--json")
        assert ran.exit_code == 0, ran.output
        return json.loads(ran.stdout)

    feed = ("feed", "csae_analysis", "2023", "--into", str(tmp_path / "out"))
    nothing_yet = said(home, *feed, "--key", "previous")
    assert nothing_yet.exit_code == 1 and "never changed" in nothing_yet.output
    fed("key", "rotate")
    now, before = fed(*feed), fed(*feed, "--key", "previous")
    ids = {
        name: [row["crime_id"] for row in rows(of, "crimes")]
        for name, of in (("now", now), ("before", before))
    }
    assert ids["before"] == [row["crime_id"] for row in rows(written["csae_analysis"], "crimes")]
    assert (
        before["pseudonyms_of_key"]
        == written["csae_analysis"]["pseudonyms_of_key"]
        != now["pseudonyms_of_key"]
    )
    assert not set(ids["now"]) & set(ids["before"])
    for link in some((home.root / "links").iterdir()):
        linked = duckdb.sql(f"select under_key_before, under_key_of_now from '{link}'").fetchall()
        assert {one for one, _ in linked} == set(ids["before"]) and {two for _, two in linked} == set(
            ids["now"]
        )
    assert not list((tmp_path / "out").rglob("*under_key*")) and len(list((tmp_path / "out").iterdir())) == 2
    # without pseudonyms nothing has a key, and after the overlap none is written
    words = (
        "feed",
        "own_records",
        "2023",
        "--force",
        "kent",
        "--into",
        str(tmp_path / "out"),
        "--key",
        "previous",
    )
    assert "leave --key out" in said(home, *words).output
    keys.rotate(home, timedelta(days=-1))
    over = said(home, *feed, "--key", "previous")
    assert over.exit_code == 1 and "feeds had the previous key until" in over.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["own_records", "2023"], "name it"),
        (["csae_analysis", "2023", "--force", "kent"], "leave --force out"),
        (["own_records", "2023", "--force", "Kent"], "there is no force 'Kent'; did you mean kent?"),
        (["csae_analysis", "2024"], "has no 2024-Q1"),
        (["csae_analysis", "2023", "--release", "2023.r9"], "there is no release '2023.r9'"),
        (["csae_analysis", "2023"], "is there already"),
    ],
)
def test_what_cannot_be_written_is_said_and_leaves_nothing(year, written, into, words, said):
    before = sorted(into.rglob("*"))
    answer = year.cpai("feed", *words, "--into", str(into))
    assert answer.exit_code == 2 and said in answer.output
    assert sorted(into.rglob("*")) == before


def test_a_feed_that_nobody_agreed_is_wrong_usage(year, into):
    answer = year.cpai("feed", "everything", "2023", "--into", str(into))
    assert answer.exit_code == 2 and "strategic_assessment" in answer.output


@pytest.mark.parametrize(
    "row",
    [
        "csae_analysis,crimes,reference,varchar,crime_reference,x",
        "csae_analysis,crimes,crime_reference,varchar,pseudonym,x",
        "own_records,crimes,summary,varchar,'',x",
        "own_records,victims,born,date,coalesce(date_of_birth),x",
    ],
)
def test_a_contract_cannot_ask_for_what_may_not_go_out(seeds, row):
    with (seeds / "publication" / "feed_columns.csv").open("a") as file:
        file.write(row + "\n")
    with pytest.raises(feeds.NotAsAgreed, match="may not go out"):
        feeds.contract(row.split(",")[0], seeds)


def test_a_feed_that_is_not_as_agreed_leaves_nothing(year, seeds, tmp_path, monkeypatch):
    def half(connection, agreed, table, folder):
        made = wrote(connection, agreed, table, folder)
        connection.execute(
            f"copy (select * exclude (gender) from victims) to '{folder}/victims.parquet'"
        ) if (table == "victims") else None
        return made

    wrote = feeds._write_table
    monkeypatch.setattr(feeds, "_write_table", half)
    with pytest.raises(feeds.NotAsAgreed, match=r"victims\.parquet has other columns"):
        feeds.write(year.home, "csae_analysis", "2023-Q1", tmp_path / "into")
    assert not (tmp_path / "into").exists()


def alike_in(found: list[dict], columns: list[str]) -> list[int]:
    return list(Counter(tuple(row[name] for name in columns) for row in found).values())


@pytest.mark.parametrize("name", feeds.names())
def test_a_feed_says_how_many_of_its_records_are_unique(written, name):
    of_crime = {row[first]: row for row in rows(written[name], "crimes") for first in list(row)[:1]}
    for measured in some(written[name]["singling_out"]):
        table = f"{measured['set'].partition('_')[0]}s"
        found = [of_crime[next(iter(row.values()))] | row for row in rows(written[name], table)]
        alike = alike_in(found, measured["columns"])
        assert measured["records"] == sum(alike) == len(found)
        assert measured["unique_records"] == alike.count(1)
        assert measured["below_k"] == sum(many for many in alike if many < measured["k"])


def test_no_record_of_a_release_has_a_day_or_a_local_authority(release):
    of_records = release.execute(
        "select table_name, column_name, data_type from duckdb_columns() where not internal "
        "and table_name in (select table_name from duckdb_columns() where column_name = 'crime_reference') "
        "and database_name = current_database()"
    ).fetchall()
    assert {"fct_crimes", "fct_victims", "fct_suspects", "findings"} <= {table for table, _, _ in of_records}
    days = {"local_authority", "recorded_on", "reported_on", "outcome_on", "arrested_on"}
    assert [one for one in of_records if one[1] in days or one[2].startswith(("DATE", "TIME"))] == []
    # nor the text of a day, in whatever column
    for table, column, kind in some(of_records):
        if kind == "VARCHAR":
            where = f"regexp_matches(\"{column}\", '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}')"
            schema = "quality" if table == "findings" else "main"
            found = release.execute(
                f'select "{column}" from {schema}."{table}" where {where} limit 1'
            ).fetchall()
            assert found == [], (table, column)


def test_what_the_policy_says_of_a_release_is_so(release):
    for row in some(seed_rows("publication/coarsening.csv")):
        if row["audience"] != singling_out.RELEASE:
            continue
        table = feeds.TABLES.get(row["table"], row["table"])
        cursor = release.execute(f"from {table} limit 1")
        columns = {column[0] for column in cursor.description}
        assert (row["column"] in columns) == (row["treatment"] not in singling_out.NOT_THERE), row
        if row["treatment"] == "month":
            assert "month" in columns
        if row["treatment"] == "weeks":
            assert f"weeks_to_{'arrest' if table == 'fct_suspects' else 'outcome'}" in columns
        if row["treatment"] == singling_out.MERGE:
            few = release.execute(
                f"select count(*) from {table} where {row['column']} <> ? and crimes < ?",
                [singling_out.OTHER, singling_out.smallest_allowed()],
            ).fetchone()
            assert few == (0,)


def test_the_forces_own_feed_has_the_days_of_the_warehouse(year, written):
    """Under the numbers of the release, whose records have none."""
    with duckdb.connect(str(year.home.warehouse), read_only=True) as warehouse:
        due = warehouse.execute(
            "select crime_reference, recorded_on::varchar, coalesce(outcome_on::varchar, ''), "
            "coalesce(local_authority, '') from cpai.cpai_crimes where force = 'kent' order by all"
        ).fetchall()
        arrests = warehouse.execute(
            "select crime_reference, coalesce(arrested_on::varchar, ''), coalesce(gender, ''), coalesce(age_band, '') "
            "from cpai.cpai_suspects where force = 'kent' order by all"
        ).fetchall()
    names = ("crime_reference", "recorded_on", "outcome_on", "local_authority")
    own = [tuple(row[name] for name in names) for row in rows(written["own_records"], "crimes")]
    assert sorted(own) == due and {row[3] for row in due} - {""}
    names = ("crime_reference", "arrested_on", "gender", "age_band")
    own = [tuple(row[name] for name in names) for row in rows(written["own_records"], "suspects")]
    assert sorted(own) == arrests and {row[1] for row in arrests} - {""}


@pytest.mark.parametrize(
    "changed",
    [
        "update quality.returns set submission = 7 where force = 'kent' and quarter = '2023-Q2' and status <> 'superseded'",
        "delete from cpai.cpai_suspects where force = 'kent' and quarter = '2023-Q2'",
    ],
)
def test_days_of_another_return_than_the_releases_are_not_sent(year, tmp_path, changed):
    home = Home(tmp_path / "home")
    shutil.copytree(
        year.home.root,
        home.root,
        symlinks=True,
        ignore=shutil.ignore_patterns("raw", "landing", "dagster"),
    )
    with duckdb.connect(str(home.warehouse)) as warehouse:
        warehouse.execute(changed)
    with pytest.raises(
        feeds.NotAsAgreed, match=r"other records of kent 2023-Q2 than 2023\.r1.*publish again"
    ):
        feeds.write(home, "own_records", "2023", tmp_path / "into", "kent")
    assert not (tmp_path / "into").exists()


def test_a_feed_under_pseudonyms_cannot_ask_for_a_day(seeds):
    with (seeds / "publication" / "feed_columns.csv").open("a") as file:
        file.write("csae_analysis,crimes,day,date,recorded_on,x\n")
    with pytest.raises(feeds.NotAsAgreed, match="may not go out"):
        feeds.contract("csae_analysis", seeds)


def test_no_feed_under_pseudonyms_has_a_day_or_a_local_authority_or_a_rare_value(written):
    for name in ("csae_analysis", "strategic_assessment"):
        for agreed in feeds.contract(name).columns.values():
            assert not {"local_authority", "recorded_on", "outcome_on", "arrested_on"} & {
                one["column"] for one in agreed
            }
            assert "date" not in {one["type"] for one in agreed}
    for row in some(seed_rows("publication/coarsening.csv")):
        if row["treatment"] != singling_out.MERGE or row["audience"] not in written:
            continue
        values = Counter(one[row["column"]] for one in rows(written[row["audience"]], row["table"]))
        rare = [value for value, many in values.items() if many < singling_out.smallest_allowed()]
        assert set(rare) <= {singling_out.OTHER, ""}, row
