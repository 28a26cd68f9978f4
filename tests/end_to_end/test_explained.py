"""From a figure to the line of the file: its records counted again, and led to the archived bytes and their readings."""

import csv
import io
import json
import random
import re
import shutil
from pathlib import Path

import duckdb
import pytest
from python_calamine import CalamineWorkbook
from some import some

from orchestration.home import Home
from orchestration.ledger.opening import open_ledger
from orchestration.readings.agreement import reader_token
from orchestration.releases import as_printed, members, sent_records, verify
from orchestration.releases import explain as explaining
from orchestration.releases.reports import csv_on_the_web
from orchestration.releases.reports.printed import Printed
from orchestration.returns import archive
from orchestration.statements import rows_of

pytestmark = pytest.mark.xdist_group("year")  # one worker builds the year once
NATION = "England and Wales"


@pytest.fixture
def release(year):
    with explaining.opened(year.home, verify.named(year.home)) as (connection, without):
        assert without is None
        yield connection


def figures_of(connection) -> list[dict]:
    return rows_of(connection, "select * from figures where status <> 'withheld' order by all")


def kind_of(figure: dict) -> tuple:
    return tuple(figure[name] for name in ("unit", "population", "breakdown", "place_type", "period_type"))


def test_figures_at_random_come_out_of_their_records(release):
    """500, every kind once at least; all 46,000 are compared in tests/independent/test_agrees.py."""
    at_random = random.Random(20)
    every = figures_of(release)
    at_random.shuffle(every)
    first = {kind_of(figure): figure for figure in every}
    chosen = {tuple(figure[name] for name in members.KEY) for figure in [*first.values(), *every[:500]]}
    found = {
        tuple(row[name] for name in members.KEY): row
        for row in rows_of(release, members.EVERY)
        if tuple(row[name] for name in members.KEY) in chosen
    }
    assert len(first) > 200 and len(found) == len(chosen) >= 500
    differ = [
        key
        for key, row in found.items()
        if (row["numerator"], row["denominator"])
        != (row["numerator_of_records"], row["denominator_of_records"])
    ]
    assert differ == []
    # among them some that could differ
    assert sum(row["numerator"] > 0 for row in found.values()) > 100


def test_the_list_of_one_figure_is_the_one_that_is_counted(release):
    every = figures_of(release)
    kinds = {(figure["breakdown"], figure["place_type"]): figure for figure in every if figure["numerator"]}
    for figure in some(list(kinds.values())[::4]):
        members.find(release, figure)
        assert members.difference(figure, members.recounted(release)) is None
        assert members.recounted(release)["numerator"] == figure["numerator"] > 0


def test_a_record_that_is_missing_is_said(release):
    (figure,) = rows_of(
        release,
        "select * from figures where figure_id = 'cocad.all.crime.total.all' and place = ? and period = '2023'",
        [NATION],
    ) or [None]
    members.find(release, figure)
    assert members.difference(figure, members.recounted(release)) is None
    release.execute("delete from behind where rowid = (select min(rowid) from behind)")
    said = members.difference(figure, members.recounted(release))
    many = figure["numerator"]
    assert said.startswith(f"DIFFERS: {many - 1} records in the numerator, and {many} printed: the release")
    assert "erased by law" in members.difference(figure, members.recounted(release), erased=True)


def test_a_record_that_a_release_lost_is_said_by_the_command(year, tmp_path, monkeypatch):
    """A copy whose tables and manifest agree, with one crime fewer than was counted."""
    home = Home(tmp_path / "copied")
    shutil.copytree(year.home.releases, home.releases, symlinks=True)
    file = home.releases / verify.named(home) / "marts.duckdb"
    file.chmod(0o600)
    with duckdb.connect(str(file)) as marts:
        marts.execute(
            "delete from fct_crimes where rowid = (select min(rowid) from fct_crimes where is_cocad)"
        )
    monkeypatch.setattr(verify, "differing", lambda *_: [])
    told = explaining.explain(home, "cocad.all.crime.total.all")
    assert told["recounted"]["numerator"] == told["numerator"] - 1
    assert told["differs"].startswith("DIFFERS: ") and any(
        line == f"differs: {told['differs']}" for line in explaining.in_lines(told)
    )


def test_each_record_stands_in_the_row_of_the_file_that_is_named(year, tmp_path):
    file = tmp_path / "records.csv"
    told = year.json("explain", "scale.cpai", "--records", str(file))
    with file.open(newline="", encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    assert list(rows[0]) == list(sent_records.COLUMNS)
    assert len(rows) == told["numerator"] == told["recounted"]["numerator"]
    assert len(told["listed"]) == explaining.NAMED
    assert all(row["rule"] and row["submission"] and row["row"] for row in rows)
    by_file: dict[str, list[dict]] = {}
    for row in rows:
        by_file.setdefault(row["archived_sha256"], []).append(row)
    kinds = set()
    for sha256, of_file in by_file.items():
        kept = archive.take(year.home.archive, sha256)
        kinds.add(of_file[0]["file"].rpartition(".")[2])
        lines = cells_of(kept.path, of_file[0])
        for row in of_file:
            assert row["crime_reference"] in " ".join(map(str, lines[int(row["row"]) - 1])), row
    assert {"csv", "xlsx"} <= kinds


def cells_of(path, row: dict) -> list[list]:
    if row["sheet"]:
        return (
            CalamineWorkbook.from_path(path).get_sheet_by_name(row["sheet"]).to_python(skip_empty_area=False)
        )
    text = path.read_bytes().decode(
        "utf-16" if path.read_bytes()[:2] in (b"\xff\xfe", b"\xfe\xff") else "cp1252"
    )
    return list(csv.reader(io.StringIO(text, newline="")))


def test_a_crime_of_the_cocad_has_its_readings_with_roles_and_no_reader(year):
    told = year.json("explain", "cocad.all.crime.total.all", "--all")
    rows = some(told["listed"])
    assert len(rows) == told["numerator"]
    assert {row["settled_by"] for row in rows} <= {"only", "agreement", "adjudicator"}
    assert all("group-based yes" in row["readings"] and row["candidate_reasons"] for row in rows)
    twice = [row for row in rows if row["settled_by"] != "only"]
    assert all("first " in row["readings"] and "second " in row["readings"] for row in some(twice))
    with open_ledger(year.home).connect() as ledger:
        readers = {reader for (reader,) in ledger.exec_driver_sql("select distinct reader from readings")}
    said = json.dumps(told)
    assert not [reader for reader in some(readers) if reader in said]
    assert any(reader_token(year.home, reader) in said for reader in readers)


def test_persons_stand_where_their_record_does(year):
    told = year.json("explain", "cocad.all.suspect.total.all", "--all")
    assert told["recounted"] == {"numerator": told["numerator"], "denominator": 0}
    assert all(row["person_number"] and row["row"] and row["file"] for row in some(told["listed"]))


def test_a_copy_goes_as_far_as_it_holds(year, tmp_path):
    copied = Home(tmp_path / "copied")
    shutil.copytree(year.home.releases, copied.releases, symlinks=True)
    told = explaining.explain(copied, "cocad.all.crime.total.all", in_full=True)
    assert told["differs"] is None and "copy of a release" in told["evidence_ends"]
    assert all(row["file"] is None and row["archived_sha256"] for row in some(told["listed"]))
    assert sorted(path.name for path in copied.root.iterdir()) == ["releases"]
    # a file that was changed is none
    with (copied.releases / verify.named(copied) / "marts.duckdb").open("r+b") as file:
        file.seek(9000)
        file.write(b"x")
    with pytest.raises(verify.NotAsPublished, match="changed after publishing"):
        explaining.explain(copied, "cocad.all.crime.total.all")


def test_a_submission_that_was_replaced_since_is_still_led_to_its_line(year, release):
    """The release counted lancashire's first submission, the warehouse has the second by now."""
    head = verify.manifest_of(year.home, "2023.r1")
    (then,) = [
        row for row in head["submissions"] if row["force"] == "lancashire" and row["quarter"] == "2023-Q1"
    ]
    assert then["submission"] == 2
    then["submission"] = 1
    figure = next(
        figure
        for figure in figures_of(release)
        if figure["figure_id"] == "scale.cpai"
        and figure["place"] == "lancashire"
        and figure["period"] == "2023-Q1"
    )
    members.find(release, figure)
    rows = sent_records.in_home(year.home, release, head)
    assert {row["submission"] for row in some(rows)} == {1}
    assert any(row["row"] and row["archived_sha256"] for row in rows)


def test_the_sql_of_each_step_stands_in_the_order_in_which_it_is_made(year):
    told = year.json("explain", "criterion.cse", "--sql")
    names = [step["step"] for step in told["steps"]]
    assert names[-1] == "figures" and names.index("cocad_crimes") < names.index("figure_counts")
    assert "grouping sets" in next(step["sql"] for step in told["steps"] if step["step"] == "figures")


def test_the_command_prints_what_an_auditor_reads(year):
    answer = year.cpai("explain", "criterion.familial")
    assert answer.exit_code == 0, answer.output
    assert "counted again from its records: " in answer.output
    assert "its records come to the number that is printed" in answer.output
    assert "SHA-256 " in answer.output and "evidence ends" not in answer.output


# --- a number as it is printed


@pytest.fixture(scope="module")
def printed(year, tmp_path_factory):
    folder = tmp_path_factory.mktemp("printed")
    year.json("report", "2023-Q2", "--place", "Wales", "--into", str(folder))
    return folder


def asked(year, printed) -> dict:
    return year.json("explain", "--printed", str(printed))


@pytest.mark.parametrize(
    "cell",
    [
        "wales.html#t1r2c2",
        "wales.xlsx#Table 1!C5",
        "wales.ods#Table 1!C5",
        "wales/table-1.csv#C3",
    ],
)
def test_a_cell_of_a_report_is_its_figure(year, printed, cell):
    """Table 1 has the months of the quarter, and in its second column contact crimes: the second row is May."""
    told = asked(year, printed / "regions" / cell)
    assert (told["figure_id"], told["place"], told["period"]) == ("scale.contact", "Wales", "2023-05")
    assert (
        told["printed"] == f"{told['numerator']:,}"
        and told["recounted"]["numerator"] == told["numerator"] > 0
    )
    assert "printed_otherwise" not in told


def test_a_page_may_be_named_from_the_home(year, printed):
    cell = "regions/wales.html#t1r2c2"
    assert as_printed.named(Home(printed), cell) == as_printed.named(year.home, str(printed / cell))


def test_a_share_in_a_workbook_is_its_figure(year, printed):
    """The region itself is the last row of the table of its forces."""
    page = (printed / "regions" / "wales.html").read_text(encoding="utf-8")
    row = max(int(row) for row in re.findall(r'id="t2r(\d+)c4"', page))
    for cell in (f"wales.html#t2r{row}c4", f"wales.xlsx#Table 2!E{row + 3}", f"wales/table-2.csv#E{row + 1}"):
        told = asked(year, printed / "regions" / cell)
        assert (told["figure_id"], told["printed_as"]) == ("scale.cocad_of_contact", "percent"), cell
        assert "printed_otherwise" not in told


def test_a_table_with_groups_has_its_heading_in_a_column_of_the_workbook(year, printed):
    page = (printed / "regions" / "wales.html").read_text(encoding="utf-8")
    table, row = next(
        (table, row) for table, row in re.findall(r'id="t(\d+)r(\d+)c1"', page) if int(row) > 20
    )
    of_page = asked(year, printed / f"regions/wales.html#t{table}r{row}c1")
    of_book = asked(year, printed / f"regions/wales.xlsx#Table {table}!C{int(row) + 3}")
    assert of_page == of_book


def test_a_page_that_was_changed_is_not_the_figure(year, printed, tmp_path):
    shutil.copytree(printed / "regions", tmp_path / "regions")
    page = tmp_path / "regions" / "wales.html"
    html = page.read_text(encoding="utf-8")
    (cell,) = re.findall(r'id="t1r2c2"><data [^>]*>[^<]*<', html)
    page.write_text(html.replace(cell, re.sub(r">\d+<$", ">999<", cell)))
    assert "999 is printed, and 2023.r" in asked(year, f"{page}#t1r2c2")["printed_otherwise"]
    refused = year.cpai("explain", "--printed", f"{page.with_suffix('.xlsx')}#Table 1!C5")
    assert refused.exit_code == 2 and "one of them was changed" in refused.output


def test_rows_of_printed_csv_of_a_release_and_of_the_public_tier(year, tmp_path):
    file = tmp_path / "printed.csv"
    row = Printed("regions/wales.html", "figures", "scale.contact", "Wales", "2023-Q2", "numerator", "7")
    csv_on_the_web.write_printed(
        file, [row, row._replace(place="kent")], verify.manifest_of(year.home, "2023.r1")
    )
    told = asked(year, f"{file}#3")
    assert (told["figure_id"], told["place"], told["period"]) == ("scale.contact", "kent", "2023-Q2")
    figures = year.home.releases / "2023.r1" / "figures.csv"
    with figures.open(newline="", encoding="utf-8") as text:
        wanted = list(csv.DictReader(text))[400]
    told = asked(year, f"{figures}#402")
    assert {name: told[name] for name in ("figure_id", "place", "period")} == {
        name: wanted[name] for name in ("figure_id", "place", "period")
    }
    assert told["printed"] == wanted["numerator"]
    public = tmp_path / "public" / "figures.csv"
    public.parent.mkdir()
    public.write_text("figure_id,place,period,numerator\nscale.cpai,England and Wales,2023,[c]\n")
    told = asked(year, f"{public}#2")
    assert told["printed"] == "[c]" and told["numerator"] > 0 and "printed_otherwise" not in told


def test_a_feed_leads_to_its_figure_and_its_rows_to_their_crimes(year, tmp_path):
    folder = Path(year.json("feed", "csae_analysis", "2023-Q1", "--into", str(tmp_path))["folder"])
    told = asked(year, f"{folder / 'manifest.json'}#tables.crimes.rows")
    assert (told["figure_id"], told["place"], told["period"]) == ("scale.cpai", NATION, "2023-Q1")
    assert int(told["printed"]) == told["recounted"]["numerator"]
    way = asked(year, f"{folder / 'crimes.csv'}#2")
    assert way["sent"] and "2023.r1" in way["releases"] and "scale.cpai" in way["figures"]["of"]
    with (folder / "crimes.csv").open(newline="", encoding="utf-8") as text:
        row = next(csv.DictReader(text))
    # few crimes of a code are `other` in a feed
    assert any(
        one["offence_class"] == row["offence_class"] and row["offence_code"] in (one["offence_code"], "other")
        for one in way["read_as"]
    )


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("nowhere.html#t1r1c1", "there is no file"),
        ("regions/wales.html", "names no number"),
        ("regions/wales.html#t99r1c1", "there are t1r1c1 to"),
        ("regions/wales.xlsx#Cover!A1", "names no number"),
        ("regions/wales.xlsx#Table 1!C50", "has no cell"),
        ("regions/wales/csv-metadata.json#x", "is no figure"),
    ],
)
def test_what_is_no_number_is_a_sentence(year, printed, cell, said):
    answer = year.cpai("explain", "--printed", str(printed / cell))
    assert answer.exit_code == 2 and said in answer.output and "Traceback" not in answer.output


# --- one crime


def test_one_crime_has_its_whole_way(year):
    told = year.json("explain", "cocad.all.crime.total.all", "--all")
    listed = max(some(told["listed"]), key=lambda row: row["readings"])
    crime = f"{listed['force']}:{listed['crime_reference']}"
    way = year.json("explain", "--record", crime)
    sent = next(one for one in way["sent"] if one["record_type"] == "crimes")
    assert (sent["file"], sent["row"], sent["archived_sha256"]) == tuple(
        listed[name] for name in ("file", "row", "archived_sha256")
    )
    assert listed["crime_reference"] in sent["cells"].values()
    assert [one["reason"] for one in way["in_the_cpai"]] == [listed["rule"]]
    assert way["candidate"][0]["reasons"] == listed["candidate_reasons"]
    assert "; ".join(way["readings"]) == listed["readings"]
    assert way["releases"][0] == "2023.r1"
    assert {"scale.cpai", "cocad.all.crime.total.all"} <= set(way["figures"]["of"])
    entries = year.json("log", "--crime", crime)
    assert [row["what"] for row in entries][-1] == "crime explained"


def test_nothing_personal_of_a_crime_is_shown(year):
    """A flat file has names and summaries in the row of the crime."""
    with explaining.opened(year.home, "2023.r1") as (connection, _):
        rows = connection.execute(
            "select force, crime_reference, surname from read_parquet(?, hive_partitioning = false) "
            "where surname is not null limit 5",
            [str(year.home.raw / "suspects" / "2023-Q1" / "*.parquet")],
        ).fetchall()
    for force, reference, surname in some(rows):
        answer = year.cpai("explain", "--record", f"{force}:{reference}")
        assert answer.exit_code == 0, answer.output
        assert surname not in answer.output and "(not shown)" in answer.output


def test_a_crime_that_was_repaired_or_left_out_says_so(year):
    with explaining.opened(year.home, "2023.r1") as (connection, _):
        ((force, out),) = connection.execute(
            "select force, crime_reference from warehouse.cpai.cpai_exclusions where reason = 'not_in_scope' limit 1"
        ).fetchall()
        repaired = connection.execute(
            "select force, crime_reference from read_parquet(?, hive_partitioning = false) as met "
            "inner join warehouse.intermediate.int_suspects using (force, quarter, submission, file, record_number) limit 1",
            [str(year.home.raw / "intake_findings" / "2023-Q*" / "*.parquet")],
        ).fetchone()
    way = year.json("explain", "--record", f"{force}:{out}")
    assert [(one["is_in"], one["reason"]) for one in way["in_the_cpai"]] == [(False, "not_in_scope")]
    assert way["releases"] == [] and way["candidate"] == []
    way = year.json("explain", "--record", ":".join(repaired))
    assert any(one["repairs"] for one in way["sent"])
    answer = year.cpai("explain", "--record", "kent:46/none/23")
    assert answer.exit_code == 2 and "no return of kent has a crime" in answer.output


# --- what the release says of itself


def test_every_foreign_key_of_the_data_package_holds(year):
    release = year.home.releases / "current"
    resources = json.loads((release / "datapackage.json").read_text(encoding="utf-8"))["resources"]
    held = 0
    with duckdb.connect(str(release / "marts.duckdb"), read_only=True) as marts:
        for resource in resources:
            for key in resource["schema"].get("foreignKeys", []):
                table, to = resource["name"].removesuffix(".csv"), key["reference"]
                pairs = list(zip(key["fields"], to["fields"], strict=True))
                on = " and ".join(f'own."{one}" = other."{other}"' for one, other in pairs)
                there = " and ".join(f'own."{one}" is not null' for one, _ in pairs)
                other = to["resource"].removesuffix(".csv")
                (lost,) = marts.execute(
                    f"select count(*) from {table} as own anti join {other} as other on {on} where {there}"
                ).fetchone()
                assert lost == 0, (table, key)
                held += 1
    assert held > 50
