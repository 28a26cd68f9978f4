"""Files: the layouts' own headings, the same bytes each time, whole tiles, no words that describe."""

import csv
import hashlib
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook
from sheets import as_libreoffice_shows
from sheets import tables as by_headings
from some import some

from orchestration.returns.layouts import layout_for
from orchestration.synthetic import write_years
from orchestration.synthetic.numbering import numbered
from orchestration.synthetic.readings import COLUMNS
from orchestration.synthetic.reference import forces, seed
from orchestration.synthetic.return_workbook import Workbook
from orchestration.synthetic.year import Tile, force_quarters

pytestmark = pytest.mark.xdist_group("made up")  # one worker writes the year once

SCALE = 0.01


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    into = tmp_path_factory.mktemp("year")
    write_years(into, scale=SCALE, truth=into / "truth")
    return into


def tables(folder: Path, name: str, quarter: str):
    """(part, rows of text with the headings first) for each part of a delivery."""
    for part in layout_for(name, quarter).parts:
        files = [
            path for path in sorted(folder.iterdir()) if path.is_file() and path.match(part.file_pattern)
        ]
        assert files, f"{quarter}/{name}: no file for part {part.part}"
        if part.format == "csv":
            with files[0].open(encoding=part.encoding, newline="") as file:
                rows = list(csv.reader(file, delimiter=part.delimiter))
            yield part, rows[part.banner_rows :]
        else:
            book = CalamineWorkbook.from_path(files[0])
            name_of_sheet = book.sheet_names[int(part.sheet) - 1] if part.sheet.isdigit() else part.sheet
            yield part, book.get_sheet_by_name(name_of_sheet).to_python()


@pytest.mark.proof
def test_every_sheet_is_as_wide_as_its_headings(written):
    """All columns of a part have a heading, and each row a cell for each."""
    books = sorted(written.glob("landing/2023-Q1/*/*.xlsx"))
    assert len(books) > 5
    for path in books:
        (layout,) = {layout_for(path.parent.name, "2023-Q1")}
        headings = {part.sheet: list(part.headings) for part in layout.parts}
        found = by_headings(path, lambda sheet: None if sheet.startswith("Cover") else 0)
        for sheet, rows in found.items():
            if rows:
                assert list(rows[0]) == headings.get(sheet, next(iter(headings.values()))), path


@pytest.mark.proof
def test_libreoffice_opens_every_sheet(written, tmp_path):
    for path in sorted(written.glob("landing/2023-Q1/*/*.xlsx"))[:3]:
        as_libreoffice_shows(
            path, tmp_path / path.stem, lambda sheet: None if sheet.startswith("Cover") else 0
        )


def test_176_returns_in_172_folders(written):
    for quarter in ("2023-Q1", "2023-Q2", "2023-Q3", "2023-Q4"):
        folders = {folder.name for folder in (written / "landing" / quarter).iterdir()}
        assert len(folders) == 43
        assert "norfolk-and-suffolk" in folders
        assert not folders & {"norfolk", "suffolk"}
    assert not list(written.rglob("NIL"))


def test_styles_are_whole(tmp_path):
    """openpyxl opens no workbook with a fill that has no pattern, and warns of one without a style of its own."""
    Workbook(tmp_path / "return.xlsx", ["crimes"]).close()
    with zipfile.ZipFile(tmp_path / "return.xlsx") as packed:
        styles = ElementTree.fromstring(packed.read("xl/styles.xml"))
    (fill,) = styles.findall(".//{*}fill")
    assert [one.tag.partition("}")[2] for one in fill] == ["patternFill"]
    assert styles.find(".//{*}cellStyle").get("name") == "Normal"
    for counted in styles:
        assert int(counted.get("count")) == len(counted), counted.tag


def test_every_file_is_headed_as_its_layout_says(written):
    seen = set()
    for quarter in (written / "landing").iterdir():
        for folder in quarter.iterdir():
            last = sorted(p for p in folder.iterdir() if p.is_dir())[-1:] or [folder]
            for part, rows in tables(last[0], folder.name, quarter.name):
                assert tuple(rows[0]) == part.headings
                assert all(len(row) == len(part.headings) for row in rows)
                seen.add(layout_for(folder.name, quarter.name).layout)
    assert seen >= {"national", "national-workbook", "niche", "niche-banner", "niche-snake", "niche-local-id"}
    assert seen >= {"athena", "athena-joint", "connect", "iops", "red-sigma"}


def test_the_files_hold_the_crimes_of_the_truth_and_no_other(written):
    truth = pq.read_table(written / "truth" / "crimes.parquet").to_pandas()
    for name in ("kent", "metropolitan", "west-midlands", "greater-manchester", "durham", "wiltshire"):
        folder = written / "landing" / "2023-Q3" / name
        found = set()
        for part, rows in tables(folder, name, "2023-Q3"):
            at = {
                c.heading for c in part.columns if (c.record_type, c.column) == ("crimes", "crime_reference")
            }
            found |= {row[rows[0].index(heading)] for heading in at for row in rows[1:]}
        expected = truth[(truth.force == name) & (truth.quarter == "2023-Q3")].crime_reference
        assert found == set(expected)


def test_a_first_delivery_has_a_heading_nobody_knows(written):
    folder = written / "landing" / "2023-Q2" / "cleveland"
    part, rows = next(tables(folder / "1", "cleveland", "2023-Q2"))
    assert len(set(rows[0]) - set(part.headings)) == 1
    part, rows = next(tables(folder / "2", "cleveland", "2023-Q2"))
    assert tuple(rows[0]) == part.headings


@pytest.mark.parametrize("name", ["west-yorkshire", "lancashire", "essex"])
def test_a_return_sent_twice_differs(written, name):
    folder = written / "landing" / "2023-Q1" / name
    first, second = (sorted(path.read_bytes() for path in (folder / n).iterdir()) for n in "12")
    assert first != second


def test_same_seed_same_bytes(written, tmp_path):
    write_years(tmp_path, scale=SCALE, truth=tmp_path / "truth")

    def fingerprints(root: Path) -> dict[str, str]:
        return {
            str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in root.rglob("*")
            if path.is_file()
        }

    assert fingerprints(tmp_path) == fingerprints(written)


def test_every_candidate_is_read_and_settled_as_the_truth_says(written):
    truth = pq.read_table(written / "truth" / "crimes.parquet").to_pandas()
    truth["criterion"] = truth.criterion.fillna("")
    for quarter, rows in some(truth.groupby("quarter")):
        with (written / "readings" / f"{quarter}.csv").open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            assert list(reader.fieldnames) == COLUMNS
            answers: dict[tuple[str, str], dict[str, dict[str, str]]] = {}
            for answer in reader:
                answers.setdefault((answer["force"], answer["crime_reference"]), {})[answer["role"]] = answer
        candidates = rows[rows.is_candidate].set_index(["force", "crime_reference"])
        assert set(answers) == set(candidates.index)
        for key, by_role in answers.items():
            judged = ("group_based", "criterion", "committed_by_children")
            said = [tuple(answer[name] for name in judged) for answer in by_role.values()]
            settled = by_role.get("adjudicator") or by_role["first"]
            assert "adjudicator" in by_role or len(set(said)) == 1
            crime = candidates.loc[key]
            assert settled["group_based"] == ("yes" if crime.is_cocad else "no")
            assert settled["criterion"] == crime.criterion
            if crime.is_cocad:
                assert settled["committed_by_children"] == crime.committed_by_children
                assert int(settled["offenders_read"]) >= 2
            assert len({answer["reader"] for answer in by_role.values()}) == len(by_role)


def test_the_recall_sample_finds_one_crime_a_quarter_and_is_the_first_of_the_draw(written):
    """A quarter of the tests' year holds fewer quiet crimes than the sample: then all of them are drawn."""
    truth = pq.read_table(written / "truth" / "crimes.parquet").to_pandas()
    size = int(seed("recall_samples").crimes[0])
    salt = seed("recall_samples").seed[0]
    for _, rows in some(truth[truth.is_contact & (truth.suspect_rows == 1)].groupby("quarter")):
        drawn = rows[rows.is_drawn]
        left = rows[~rows.is_candidate]
        assert len(drawn) == min(size, len(drawn) + len(left))
        assert drawn.is_cocad.sum() == 1

        def digests(some):
            return [
                hashlib.sha256(f"{salt}|{row.force}|{row.crime_reference}".encode()).hexdigest()
                for row in some.itertuples()
            ]

        assert max(digests(drawn)) < min(digests(left), default="g")


def test_summaries_are_coded_and_nothing_else(written):
    note = re.compile(r"Coded note \u2018S\d\d\u2019 \u2013 offenders: (\d|two or more)")
    for name in ("kent", "metropolitan", "wiltshire", "greater-manchester", "durham"):
        for part, rows in tables(written / "landing" / "2023-Q4" / name, name, "2023-Q4"):
            for column in part.columns:
                if column.column == "summary":
                    at = rows[0].index(column.heading)
                    assert all(note.fullmatch(row[at]) for row in rows[1:])


def test_tiles_have_fresh_references_and_stay_in_their_month(year):
    rows = force_quarters(year)
    for key in (("dyfed-powys", "2023-Q1"), ("kent", "2023-Q4"), ("northumbria", "2023-Q2")):
        tiles = [Tile(number, 3) for number in range(3)]
        references = [reference for tile in tiles for reference in rows[key].references(tile)]
        assert len(set(references)) == 3 * rows[key].n
        recorded = rows[key].crimes["recorded_on"]
        for tile in tiles:
            moved = (recorded + rows[key].days_moved(tile)).astype("datetime64[D]").astype("datetime64[M]")
            assert (moved == recorded.astype("datetime64[D]").astype("datetime64[M]")).all()


def test_every_force_has_a_shape_of_reference():
    for force in some(forces().force):
        reference = numbered(force)(np.array([19400]), np.array([19400]))[0]
        assert re.search(r"\d{3,}", reference) and "N" not in reference.replace("INC", "").replace("CRIN", "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"first": 2012},
        {"last": 2090},
        {"first": 2024, "last": 2022},
        {"scale": 1.5},
        {"scale": 0},
        {"scale": -1},
    ],
)
def test_what_cannot_be_made_is_refused(tmp_path, wrong):
    with pytest.raises(ValueError, match=r"cannot be made up|is after the last|use a whole number"):
        write_years(tmp_path, **wrong)
    assert not list(tmp_path.iterdir())
