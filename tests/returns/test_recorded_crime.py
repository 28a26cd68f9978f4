"""The Home Office's file as it is published: read by rows in seeds/, kept, revised by later ones, or refused."""

import csv
import shutil
import sys
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from some import some
from test_kept import forget

from orchestration import clock, quarters
from orchestration.home import Home, seed_rows
from orchestration.ledger.opening import ledger_of
from orchestration.returns import archive, kept, recorded_crime
from orchestration.returns.recorded_crime import Refused, read, receive
from orchestration.stopping import Stopped

sys.path.append(str(Path(__file__).parent / "hostile"))
import workbooks

HEADINGS = [
    *("Financial Year", "Financial Quarter", "Force Name", "Offence Description", "Offence Group"),
    *("Offence Subgroup", "Offence Code", "Number of Offences"),
]
FILE = "prc-pfa-mar2013-onwards-tables-250124.xlsx"
SHIPPED = "2023-10-19"


def row(year="2023/24", quarter=1, force="Kent", code="19E", crimes=7) -> list:
    return [year, quarter, force, "made up", "Sexual offences", "Rape offences", code, crimes]


def workbook(path: Path, **sheets: list[list]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(path) as book:
        for name, rows in {"Cover_sheet": [["Police recorded crime"], ["Notes"]], **sheets}.items():
            sheet = book.add_worksheet(name)
            for number, cells in enumerate(rows):
                sheet.write_row(number, 0, cells)
    return path


def year(*rows: list, headings: list[str] = HEADINGS) -> dict[str, list[list]]:
    return {"2023_24": [headings, *rows]}


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def landing(home) -> Path:
    return home.landing / "recorded_crime"


def counts(home: Home) -> dict[str, dict]:
    """published_on -> {(quarter, force, class): crimes}"""
    found: dict[str, dict] = {}
    for path in (home.raw / "police_recorded_crime").glob("*.parquet"):
        for cell in pq.read_table(path, partitioning=None).to_pylist():
            key = (cell["quarter"], cell["force"], cell["offence_class"])
            found.setdefault(cell["published_on"], {})[key] = cell["crimes"]
    return found


def test_financial_quarters_are_calendar_quarters(tmp_path):
    sheets = {
        "2013-14": [HEADINGS, row("2013/14", 4, crimes=1), row("2013/14", 3, crimes=99)],
        "2023_24": [HEADINGS, *(row(quarter=number, crimes=number + 1) for number in (1, 2, 3, 4))],
    }
    assert read(workbook(tmp_path / FILE, **sheets), FILE) == {
        ("2014-Q1", "kent", "19E"): 1,
        ("2023-Q2", "kent", "19E"): 2,
        ("2023-Q3", "kent", "19E"): 3,
        ("2023-Q4", "kent", "19E"): 4,
        ("2024-Q1", "kent", "19E"): 5,
    }  # 2013-Q4 is before the first return


def test_names_codes_and_numbers_as_they_are_published(tmp_path):
    rows = [
        row(force="London, City of", code=21, crimes=-1),
        row(force="City of London", code="88A"),
        row(force="Metropolitan Police [note 6]"),
        row(force="Action Fraud", code="NFIB1"),
        row(force="Hampshire and Isle of Wight"),
        row(code="1", crimes="[x]"),  # homicide: no class of ours, whatever its count
        [],
    ]
    headings = [heading.replace("Number of Offences", "Offence Count") for heading in HEADINGS]
    assert read(workbook(tmp_path / FILE, **year(*rows, headings=headings)), FILE) == {
        ("2023-Q2", "city-of-london", "21"): -1,
        ("2023-Q2", "city-of-london", "88A"): 7,
        ("2023-Q2", "metropolitan", "19E"): 7,
        ("2023-Q2", "hampshire", "19E"): 7,
    }


def test_an_ods_is_read_alike(tmp_path):
    path = tmp_path / "prc-pfa-mar2013-onwards-tables-250124.ods"
    workbooks.ods(path, [[str(cell) for cell in cells] for cells in (HEADINGS, row())], sheet="2023_24")
    assert read(path, path.name) == {("2023-Q2", "kent", "19E"): 7}


def test_a_sheet_saved_as_csv_is_read_alike(tmp_path):
    path = tmp_path / "prc-pfa-2023-24.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([HEADINGS, row()])
    assert read(path, path.name) == {("2023-Q2", "kent", "19E"): 7}


@pytest.mark.parametrize(
    ("sheets", "named"),
    [
        (year(row(), headings=[*HEADINGS[:-1], "Crimes counted"]), ["'Crimes counted'", "Number of Offences"]),
        (year([*row(), 1], headings=[*HEADINGS, "Region"]), ["unknown heading 'Region'"]),
        (year([*row(), 7], headings=[*HEADINGS, "Offence Count"]), ["second column"]),
        (year(row(), row(force="Wessex")), ["unknown force 'Wessex'"]),
        (year(row(), row(force="")), ["unknown force ''"]),
        (year(row(quarter=5)), ["unknown quarter '2023/24 5'"]),
        (year(row(year="2023/25")), ["unknown quarter '2023/25 1'"]),
        (year(row(crimes="some")), ["row 2", "not a whole number"]),
        (year(row(crimes=1.5)), ["row 2", "not a whole number"]),
        (year(row(), row()), ["row 3", "second time"]),
        ({**year(row()), "2024 to 2025": [HEADINGS, row("2024/25")]}, ["'2024 to 2025'"]),
        ({"Table 1": [["Kent", 1]]}, ["no sheet"]),
        (year(), ["holds no count"]),
        (year(row(force="Wessex"), headings=HEADINGS) | {"2022_23": [["Area"], ["Kent"]]}, ["'Wessex'", "'Area'"]),
    ],
)  # fmt: skip
def test_what_is_not_known_refuses_the_file_and_is_named(tmp_path, sheets, named):
    with pytest.raises(Refused) as refused:
        read(workbook(tmp_path / FILE, **sheets), FILE)
    for words in named:
        assert words in str(refused.value)
    assert all(sentence.startswith(FILE) for sentence in refused.value.sentences)


def as_csv(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\r\n".join([",".join(HEADINGS), *lines, ""]), encoding="utf-8")
    return path


KENT = "2022/23,4,Kent,Rape 16+,Sexual,Rape,19C,10"
SURREY = "2022/23,4,Surrey,Rape 16+,Sexual,Rape,19C,11"


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        # two marks that do not pair, as in a hand-edited file: Kent took Lancashire's number
        (
            [KENT.replace("Rape 16+", '"Rape 16+'), SURREY, KENT.replace("Rape 16+", 'Rape" 16+')],
            "quotation mark",
        ),
        # two that happen to pair, and leave a row of the right width
        (
            [KENT.replace("Rape 16+", '"Rape 16+'), SURREY.replace("Surrey,Rape 16+", 'Surrey,Rape 16+"')],
            "row 2: a cell goes over several lines",
        ),
        ([KENT.replace("Rape 16+", '"Rape 16+'), *[SURREY] * 3000], "quotation mark"),
        ([KENT, SURREY.removesuffix(",11")], "row 3 has 7 cells"),
        ([KENT, SURREY + ","], "row 3 has 9 cells"),
        ([KENT, SURREY.replace("Surrey,", "Surrey,,")], "row 3 has 9 cells"),
        ([KENT, SURREY.replace("Rape 16+,", "Rape, 16+,").removesuffix(",11")], "row 3: no offence code"),
        ([KENT, SURREY.replace("Rape,", "") + ","], "row 3: no offence code"),
        ([KENT, SURREY.replace("19C", "19c")], "row 3: its offence code looks like 19C"),
        ([KENT, SURREY.replace("19C", "019C")], "row 3: its offence code looks like 19C"),
        ([KENT, SURREY.replace("19C", "19 C")], "row 3: its offence code looks like 19C"),
        ([KENT, SURREY.replace("19C", "21.0")], "row 3: its offence code looks like 21"),
        ([KENT, SURREY.replace("19C", "Rape")], "row 3: no offence code"),
        ([KENT.replace(",", ";"), SURREY], "row 2 has 1 cells"),
        ([KENT + "\0"], "zero bytes"),
    ],
)
def test_a_csv_is_read_whole_or_not_at_all(home, landing, lines, named):
    as_csv(landing / "prc-pfa-010623.csv", KENT, SURREY)
    assert receive(home).refused == []
    as_csv(landing / "prc-pfa-010723.csv", *lines)
    received = receive(home)
    assert [release.published_on for release in received.releases] == ["2023-06-01", SHIPPED]
    assert len(received.refused) == 1
    assert received.refused[0].startswith("prc-pfa-010723.csv")
    assert named in received.refused[0]
    assert counts(home)["2023-06-01"] == {("2023-Q1", "kent", "19C"): 10, ("2023-Q1", "surrey", "19C"): 11}


def test_other_classes_of_offence_are_let_be(tmp_path):
    lines = [
        KENT,
        *(KENT.replace("19C", code) for code in ("1", "4.3", "5/1", "105A", "NFIB10", "8N", "2.1")),
    ]
    assert read(as_csv(tmp_path / "prc-pfa-1.csv", *lines), "prc-pfa-1.csv") == {
        ("2023-Q1", "kent", "19C"): 10
    }


def test_a_release_of_tomorrow_stands_over_none(home, landing):
    as_csv(landing / "prc-pfa-tables-250199.csv", KENT)
    as_csv(landing / "2099-01-25" / "prc-pfa-tables.csv", KENT)
    as_csv(landing / "2023-03-31" / "prc-pfa-early.csv", KENT)
    as_csv(landing / "2023-04-01" / "prc-pfa-first.csv", KENT)
    received = receive(home)
    assert [release.published_on for release in received.releases] == ["2023-04-01", SHIPPED]
    assert len(received.refused) == 3
    assert sum("still to come" in sentence for sentence in received.refused) == 1
    # two digits of a year, 99, are 1999
    for day in ("1999-01-25", "2023-03-31"):
        assert any(f"2023-Q1, which had not ended on {day}" in sentence for sentence in received.refused)


def test_a_release_of_tomorrow_that_was_taken_before_is_put_aside(home, landing):
    as_csv(landing / "2099-01-25" / "prc-pfa-tables.csv", KENT)
    with clock.standing_at("2099-02-01T00:00:00+00:00"):
        assert len(receive(home).releases) == 2
    (landing / "2099-01-25" / "prc-pfa-tables.csv").unlink()
    received = receive(home)
    assert [release.published_on for release in received.releases] == [SHIPPED]
    assert ["still to come" in sentence for sentence in received.refused] == [True]
    assert list(counts(home)) == [SHIPPED]
    assert receive(home).refused == []


def test_many_wrong_rows_are_counted_and_not_listed(tmp_path):
    with pytest.raises(Refused) as refused:
        read(workbook(tmp_path / FILE, **year(*(row(crimes="?") for _ in range(9)))), FILE)
    assert refused.value.sentences[-1].endswith("and 4 rows more.")


def test_the_shipped_copy_is_the_first_release(home):
    received = receive(home)
    assert ([release.published_on for release in received.releases], received.refused) == ([SHIPPED], [])
    forces = {row["force"] for row in seed_rows("forces.csv")}
    (shipped,) = counts(home).values()
    assert {(quarter, force) for quarter, force, _ in shipped} == {
        (quarter, force)
        for quarter in (*quarters.in_period("2021"), *quarters.in_period("2022"), "2023-Q1", "2023-Q2")
        for force in forces
    }


def test_every_release_is_kept_with_its_bytes(home, landing):
    file = workbook(landing / FILE, **year(row(), row(quarter=3)))
    digest = archive.digest(file)
    again = workbook(landing / "2024-04-25" / "prc-pfa-mar2013-onwards-tables.xlsx", **year(row(crimes=8)))
    assert [release.published_on for release in receive(home).releases] == [
        SHIPPED,
        "2024-01-25",
        "2024-04-25",
    ]
    assert archive.digest(home.archive / digest[0][:2] / digest[0]) == digest
    file.unlink()
    again.unlink()
    received = receive(home)
    assert [release.published_on for release in received.releases] == [SHIPPED, "2024-01-25", "2024-04-25"]
    assert counts(home)["2024-04-25"] == {("2023-Q2", "kent", "19E"): 8}


def test_a_refused_file_changes_nothing_and_is_read_once_it_is_known(home, landing, monkeypatch):
    workbook(landing / FILE, **year(row(force="Wessex")))
    received = receive(home)
    assert [release.published_on for release in received.releases] == [SHIPPED]
    assert ["'Wessex'" in sentence for sentence in received.refused] == [True]
    monkeypatch.setattr(recorded_crime, "_forces", lambda: {"Wessex": "dorset"})
    assert receive(home).refused == []
    assert counts(home)["2024-01-25"] == {("2023-Q2", "dorset", "19E"): 7}


def test_a_release_received_before_is_read_anew_when_the_rows_change(home, landing, monkeypatch):
    workbook(landing / FILE, **year(row(), row(code="19G", crimes=2)))
    receive(home)
    (landing / FILE).unlink()
    monkeypatch.setattr(recorded_crime, "_classes", lambda: frozenset({"19G"}))
    monkeypatch.setattr(recorded_crime, "_rows_hash", lambda: "changed")
    receive(home)
    assert counts(home)["2024-01-25"] == {("2023-Q2", "kent", "19G"): 2}
    assert len(list((home.raw / "police_recorded_crime").glob("2024-01-25.*"))) == 1


def counted_otherwise(path: Path) -> None:
    """Sound Parquet with another number in it: only its hash shows that."""
    table = pq.read_table(path, partitioning=None)
    rows = [{**cell, "crimes": cell["crimes"] + 1} for cell in table.to_pylist()]
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)


DAMAGES = {
    "counted otherwise": counted_otherwise,
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:200]),
    "emptied": lambda path: path.write_bytes(b""),
    "missing": lambda path: path.unlink(),
}


def differs(home: Home) -> list[str]:
    with ledger_of(home) as engine:
        return kept.raw_differs(home, engine)


@pytest.mark.parametrize("how", DAMAGES)
def test_damaged_counts_shut_the_gate_and_are_made_again_from_the_archive(home, landing, how):
    workbook(landing / FILE, **year(row()))
    right = receive(home).releases[-1].counts
    (landing / FILE).unlink()
    before = right.read_bytes()
    assert differs(home) == []
    DAMAGES[how](right)
    (sentence,) = differs(home)
    assert sentence.startswith(
        f"recorded crime of 2024-01-25: raw/police_recorded_crime/{right.name} is missing or not"
    )
    received = receive(home)
    assert ["made again from the archive" in line for line in received.made_again] == [True]
    assert received.refused == [] and right.read_bytes() == before
    assert differs(home) == [] and receive(home).made_again == []


def test_counts_that_cannot_be_made_again_stop_the_run(home, landing):
    workbook(landing / FILE, **year(row()))
    release = receive(home).releases[-1]
    (landing / FILE).unlink()
    release.counts.unlink()
    archive.place(home.archive, release.sha256).unlink()
    with pytest.raises(Stopped, match=r"cannot be made again: archive/.* is missing, damaged"):
        receive(home)
    assert len(differs(home)) == 2


def test_releases_read_before_the_ledger_kept_them_are_taken_up(home, landing):
    workbook(landing / FILE, **year(row()))
    receive(home)
    forget(home, "recorded_crime_releases")
    assert all("of no release in the ledger; run any quarter once" in one for one in some(differs(home)))
    assert len(receive(home).releases) == 2
    assert differs(home) == []


def test_what_a_killed_run_left_counts_for_nothing(home, landing):
    workbook(landing / FILE, **year(row()))
    right = receive(home).releases[-1].counts
    left = right.with_name(right.name.replace(".parquet", "0.parquet"))
    shutil.copy(right, left)
    receive(home)
    assert right.exists() and not left.exists()


def test_a_release_put_in_by_mistake_is_withdrawn_and_stays_so(home, landing):
    file = workbook(landing / "2024-01-25" / "prc-pfa-mistake.xlsx", **year(row()))
    assert len(receive(home).releases) == 2
    file.with_name("WITHDRAWN").touch()

    def is_out() -> bool:
        received = receive(home)
        return [release.published_on for release in received.releases] == [SHIPPED] and not received.refused

    assert is_out()
    shutil.rmtree(file.parent)
    assert is_out()
    assert list(counts(home)) == [SHIPPED] and differs(home) == []
    workbook(file, **year(row(crimes=9)))
    receive(home)
    assert counts(home)["2024-01-25"] == {("2023-Q2", "kent", "19E"): 9}


def test_the_real_file_takes_the_place_of_the_shipped_copy(home, landing):
    receive(home)
    workbook(landing / "prc-pfa-mar2013-onwards-tables-191023.xlsx", **year(row(crimes=3)))
    for _ in range(2):
        received = receive(home)
        assert ([release.published_on for release in received.releases], received.refused) == ([SHIPPED], [])
        assert counts(home) == {SHIPPED: {("2023-Q2", "kent", "19E"): 3}}


def test_two_files_of_one_day_are_not_both_taken(home, landing):
    workbook(landing / FILE, **year(row()))
    workbook(landing / "2024-01-25" / "prc-pfa-again.xlsx", **year(row(crimes=9)))
    received = receive(home)
    assert len(received.releases) == 2
    assert ["another file of the release of 2024-01-25" in sentence for sentence in received.refused] == [
        True
    ]


@pytest.mark.parametrize(
    ("file", "named"),
    [
        ("prc-pfa-mar2013-onwards-tables.xlsx", "when it was published"),
        ("prc-pfa-tables-991399.xlsx", "when it was published"),
        ("January/prc-pfa-tables-250124.xlsx", "when it was published"),
        ("2024-01-25/crime.xlsx", "file_pattern"),
        ("2024-01-25/prc-pfa-tables.pdf", "neither a CSV nor a workbook"),
    ],
)
def test_a_file_that_does_not_say_what_it_is_is_refused(home, landing, file, named):
    workbook(landing / file, **year(row()))
    (sentence,) = receive(home).refused
    assert named in sentence


def test_a_file_that_may_not_be_read_is_refused(home, landing, monkeypatch):
    receive(home)
    workbook(landing / FILE, **year(row()))
    monkeypatch.setattr("os.access", lambda path, mode: False)
    (sentence,) = receive(home).refused
    assert sentence.startswith(f"{FILE}: may not be read")


def test_a_damaged_file_or_a_link_is_refused(home, landing, tmp_path):
    landing.mkdir(parents=True)
    (landing / FILE).write_bytes(b"PK\x03\x04 cut short")
    (landing / "prc-pfa-250125.xlsx").symlink_to(workbook(tmp_path / "elsewhere.xlsx", **year(row())))
    (landing / ".DS_Store").write_bytes(b"x")
    assert sorted(sentence.split(":")[0] for sentence in receive(home).refused) == [
        "prc-pfa-250125.xlsx",
        FILE,
    ]


def test_the_rows_hold_together():
    for release in recorded_crime.SHIPPED.iterdir():
        assert date.fromisoformat(release.name)
    for layout in recorded_crime._layouts():
        assert recorded_crime._missing(set(layout.headings.values())) == [], layout.layout
    assert quarters.FIRST == "2014-Q1"  # what the tests above take for the first quarter
