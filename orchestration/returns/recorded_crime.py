"""Police recorded crime, the Home Office's open data, beside the returns: the same forces, counted by the Home Office.

A release is one file as it was published. Every release is kept: its bytes in the archive, what it counts in
`raw/police_recorded_crime/`. How a file is written (sheets, headings, names of forces, quarters) is rows in
`seeds/police_recorded_crime/`; a file that they do not read whole is refused, and the releases before it stand.
"""

import hashlib
import os
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from sqlalchemy import Engine

from orchestration import clock, quarters
from orchestration.home import SEEDS, Home, seed_rows
from orchestration.ledger.opening import ledger_of
from orchestration.ledger.receipts import read_recorded_crime, record_recorded_crime
from orchestration.printing import printable
from orchestration.returns import archive, opening, raw
from orchestration.returns.intake import alone
from orchestration.returns.landing import RECORDED_CRIME, is_clutter
from orchestration.returns.reasons import Unreadable, ended
from orchestration.stopping import Stopped

FOLDER = "police_recorded_crime"
WITHDRAWN = "WITHDRAWN"  # in the folder of its date: the release was put in by mistake

SHIPPED = SEEDS / FOLDER / "releases"
# what a table must have of each count; the quarter is there as such or as year and quarter of the financial year
COUNTED = ("force", "offence_class", "crimes")
BY_CALENDAR, BY_FINANCIAL_YEAR = ("quarter",), ("financial_year", "financial_quarter")
# published tables mark a name or heading that has a footnote
NOTE = re.compile(r"\s*\[note \d+\]", re.IGNORECASE)
# 1, 8R, 11A, 4.3, 5/1, NFIB1: what else stands where a code should comes of a row that has slipped
CODE = re.compile(r"[A-Z]{0,6}\d{1,4}[A-Z]{0,2}([./]\d{1,3}[A-Z]?)?")
# rows of another sheet in which a heading row is looked for
TOP = 20
TO_DO = {
    "force": "add it to recorded_crime_forces.csv",
    "quarter": "add how it is written to recorded_crime_quarters.csv",
}


class Refused(ValueError):
    """The file is not read: a sentence for each thing in it that is not in the rows of seeds/."""

    def __init__(self, *sentences: str) -> None:
        self.sentences = ended(list(sentences))
        super().__init__("\n".join(self.sentences))


@dataclass(frozen=True)
class Layout:
    """How one kind of file is written; `headings` maps a heading to its column, blank where it is ignored."""

    layout: str
    file_pattern: str
    sheet_pattern: str
    heading_row: int
    published_pattern: str
    published_format: str
    headings: dict[str, str]


@dataclass(frozen=True)
class Release:
    """A file as published: its bytes in the archive, and the Parquet of what it counts."""

    published_on: str
    file: str
    sha256: str
    counts: Path


@dataclass
class Received:
    """The releases there are, oldest first; a sentence for each thing wrong with a file, and for each release whose raw
    file was missing or changed."""

    releases: list[Release] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    made_again: list[str] = field(default_factory=list)


def receive(home: Home) -> Received:
    """Take in each release that landed and is new, and write what it counts to raw/police_recorded_crime/.

    A release stays when its file leaves the landing folder. One that is refused changes nothing. The release
    shipped with the project counts until another of the same date comes. A raw file that is missing or was changed is
    made again from the archive. Raises ValueError when the rows in seeds/police_recorded_crime contradict each other,
    Stopped where what is lost cannot be made again.
    """
    received = Received()
    with alone(home), ledger_of(home) as engine:
        raw.ensure(home)
        known = _known(home, engine, received)
        withdrawn = _withdrawn(home, engine, known)
        shipped = [path.name for _, path in _shipped()]
        for published_on, path in [*_landed(home, received.refused), *_shipped()]:
            if published_on in withdrawn:
                continue
            kept = archive.keep(path, home.archive)
            there = known.get(published_on)
            is_shipped = path.is_relative_to(SHIPPED)
            if there and there.sha256 != kept.sha256 and there.file not in shipped:
                if not is_shipped:
                    received.refused.append(
                        f"{path.name}: another file of the release of {published_on} has been received "
                        f"({there.file}); put this one in a folder named by its own date of publication."
                    )
                continue
            if there and there.sha256 == kept.sha256:
                continue
            if release := _read_release(home, engine, published_on, path.name, kept.sha256, received.refused):
                known[published_on] = release
        for release in sorted(known.values(), key=lambda release: release.published_on):
            # a row more in seeds/ reads the file anew, out of the archive; until that works the old reading stands
            is_read_so = release.counts.name.endswith(f".{_rows_hash()}.parquet")
            again = None if is_read_so else _again(home, engine, release, received.refused)
            received.releases.append(again or release)
        # replaced, withdrawn, or left by a run that was killed
        counted = {release.counts for release in received.releases}
        for path in sorted((home.raw / FOLDER).glob("*.*.parquet")):
            if path not in counted:
                path.unlink()
    received.refused = [printable(sentence, lines=False) for sentence in received.refused]
    return received


def _known(home: Home, engine: Engine, received: Received) -> dict[str, Release]:
    """By date of publication the releases that were read before, each with its raw file as the ledger has it: made again
    where it is not. Raises Stopped where it cannot be."""
    folder = home.raw / FOLDER
    ledger = read_recorded_crime(engine)
    known = {}
    for release in _before_the_ledger(folder, ledger.keys()):
        if release.published_on > clock.today().isoformat():
            # taken by a version that did not look: its bytes stay in the archive, its counts stand over no others
            received.refused.append(f"{release.file}: {_to_come(release.published_on)}")
        else:
            known[release.published_on] = release
            _record(engine, release)
    for published_on, row in ledger.items():
        if not row.raw_file:
            continue
        release = Release(published_on, row.file, row.sha256, folder / row.raw_file)
        if published_on > clock.today().isoformat():
            received.refused.append(f"{row.file}: {_to_come(published_on)}")
            record_recorded_crime(engine, published_on, row.file, row.sha256)
            continue
        if not release.counts.is_file() or archive.digest(release.counts)[0] != row.raw_sha256:
            why: list[str] = []
            again = _again(home, engine, release, why)
            if not again:
                # not `why`: Dagster keeps this, and a file's name is its sender's text
                raise Stopped(
                    f"{release.counts} is missing or was changed, and cannot be made again: "
                    f"archive/{row.sha256[:2]}/{row.sha256} is missing, damaged, or no longer read by "
                    "seeds/police_recorded_crime; restore it, or the raw file, from a backup"
                )
            received.made_again.append(
                f"recorded crime of {published_on}: its raw file was missing or changed and has been made again from the archive"
            )
            release = again
        known[published_on] = release
    return known


def _before_the_ledger(folder: Path, known: Collection[str]) -> Iterator[Release]:
    """The releases that were read before the ledger kept them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for path in sorted(folder.glob("*.*.parquet")):
        published_on, sha256, _ = path.name.split(".", 2)
        if published_on in known:
            continue
        try:
            (file,) = pq.read_table(path, columns=["file"], partitioning=None)["file"].unique().to_pylist()
        except (pa.ArrowInvalid, OSError, ValueError):
            raise Stopped(
                f"{path} is damaged: remove it, and where the release of {published_on} does not come with this version, put the "
                f"published file into landing/{RECORDED_CRIME}/ again; the next `cpai run <quarter>` reads it"
            ) from None
        yield Release(published_on, file, sha256, path)


def _withdrawn(home: Home, engine: Engine, known: dict[str, Release]) -> set[str]:
    """The dates of publication in whose folder in landing lies a file WITHDRAWN: their releases count no more."""
    dates = {path.parent.name for path in (home.landing / RECORDED_CRIME).glob(f"*/{WITHDRAWN}")}
    for published_on in dates & known.keys():
        release = known.pop(published_on)
        record_recorded_crime(engine, published_on, release.file, release.sha256)
    return dates


def _record(engine: Engine, release: Release) -> None:
    raw_sha256 = archive.digest(release.counts)[0]
    record_recorded_crime(
        engine, release.published_on, release.file, release.sha256, release.counts.name, raw_sha256
    )


def _again(home: Home, engine: Engine, release: Release, refused: list[str]) -> Release | None:
    """A release read again out of the archive; None, and why, where that is not possible."""
    try:
        archive.take(home.archive, release.sha256)
    except archive.ArchiveDamaged as problem:
        refused.append(str(problem))
        return None
    return _read_release(home, engine, release.published_on, release.file, release.sha256, refused)


def _shipped() -> list[tuple[str, Path]]:
    return [(path.parent.name, path) for path in sorted(SHIPPED.glob("*/*.csv"))]


def _landed(home: Home, refused: list[str]) -> Iterator[tuple[str, Path]]:
    """(date of publication, file) of what lies in landing/recorded_crime, or in a folder there named by that date."""
    for path in sorted((home.landing / RECORDED_CRIME).rglob("*")):
        clutter = any(map(is_clutter, path.relative_to(home.landing).parts))
        if clutter or path.is_dir() or path.name == WITHDRAWN:
            continue
        if path.is_symlink() or not path.is_file():
            refused.append(f"{path.name}: is a link or no file; put the published file itself there.")
        elif not os.access(path, os.R_OK):
            refused.append(
                f"{path.name}: may not be read; give the account of the warehouse leave to read it."
            )
        elif published_on := _published_on(path, home):
            if published_on > clock.today().isoformat():
                refused.append(f"{path.name}: {_to_come(published_on)}")
            else:
                yield published_on, path
        else:
            refused.append(
                f"{path.name}: its name does not show when it was published; put it in a folder named by that "
                f"date, such as landing/{RECORDED_CRIME}/2024-01-25."
            )


def _to_come(published_on: str) -> str:
    # of a force and quarter the release published last counts: one of 2099 would stand over all that are to come
    return (
        f"its date of publication, {published_on}, is still to come; correct the date that ends its name, or put it in "
        f"a folder named by the day it was published, such as landing/{RECORDED_CRIME}/2024-01-25."
    )


def _published_on(path: Path, home: Home) -> str | None:
    if path.parent != home.landing / RECORDED_CRIME:
        try:
            return date.fromisoformat(path.parent.name).isoformat()
        except ValueError:
            return None
    layout = _layout_for(path.name)
    if not layout or not layout.published_pattern:
        return None
    found = re.search(layout.published_pattern, path.name)
    try:
        return datetime.strptime(found[1], layout.published_format).date().isoformat() if found else None
    except ValueError:
        return None


def _read_release(
    home: Home, engine: Engine, published_on: str, file: str, sha256: str, refused: list[str]
) -> Release | None:
    """Read a release out of the archive, write what it counts and note it; None, and why, when it is refused."""
    import pyarrow as pa

    try:
        counts = read(home.archive / sha256[:2] / sha256, file)
    except Unreadable as problem:
        refused += [reason.sentence for reason in problem.reasons]
        return None
    except Refused as problem:
        refused += problem.sentences
        return None
    last = max(quarter for quarter, _, _ in counts)
    if published_on < quarters.first_day(quarters.following(last)).isoformat():
        refused.append(
            f"{file}: counts crimes of {last}, which had not ended on {published_on}, its date of publication; put it "
            "in a folder named by the day it was published."
        )
        return None
    rows = [
        {"published_on": published_on, "file": file, "file_sha256": sha256}
        | dict(zip(("quarter", "force", "offence_class"), key, strict=True))
        | {"crimes": crimes}
        for key, crimes in sorted(counts.items())
    ]
    target = home.raw / FOLDER / f"{published_on}.{sha256}.{_rows_hash()}.parquet"
    raw.write(pa.Table.from_pylist(rows, schema=raw.police_recorded_crime_schema()), target)
    release = Release(published_on, file, sha256, target)
    _record(engine, release)
    return release


def read(path: Path, name: str) -> dict[tuple[str, str, str], int]:
    """Crimes by (quarter, force, offence class) in a file published as `name`.

    Of the classes of seeds/offences.csv, and from the first quarter that forces returned; a count below zero is
    taken as it stands. Raises Refused with all that is wrong with the file, Unreadable when it is no whole file
    of its kind.
    """
    layout = _layout_for(name)
    if not layout:
        raise Refused(
            f"{name}: no file_pattern of recorded_crime_layouts.csv fits this name; add its layout."
        )
    counts: dict[tuple[str, str, str], int] = {}
    problems: list[str] = []
    for where, rows in _tables(path, name, layout):
        try:
            _count(rows, layout, where, counts)
        except Refused as problem:
            problems += problem.sentences
    if problems:
        raise Refused(*problems)
    if not counts:
        raise Refused(f"{name}: holds no count of a class of seeds/offences.csv from {quarters.FIRST} on.")
    return counts


Row = tuple[int, list[str]]


def _tables(path: Path, name: str, layout: Layout) -> Iterator[tuple[str, list[Row]]]:
    """Each table: where it stands, and its rows that are not blank, with their number, as text."""
    form = name.rpartition(".")[2].lower()
    if form == "csv":
        yield name, _filled(_on_one_line(opening.rows(name, path), name))
        return
    if form not in opening.WORKBOOKS:
        raise Refused(f"{name}: is neither a CSV nor a workbook ({', '.join(opening.WORKBOOKS)}).")
    wanted = 0
    for sheet, cells in _sheets(path, name, layout.sheet_pattern):
        if re.fullmatch(layout.sheet_pattern, sheet):
            wanted += 1
            yield f"{name}, sheet {sheet}", _filled(cells)
        # a year's sheet under a name that is not known would go unread, and nobody would see it
        elif any(not _missing({layout.headings.get(cell) for cell in row}) for _, row in _filled(cells)):
            raise Refused(
                f"{name}: sheet {sheet!r} is a table, but its name does not fit {layout.sheet_pattern}; "
                "widen sheet_pattern in recorded_crime_layouts.csv."
            )
    if not wanted:
        raise Refused(f"{name}: no sheet's name fits {layout.sheet_pattern}; is it another file?")


def _on_one_line(rows: list[list[str]], name: str) -> list[list[str]]:
    """A cell over several lines has taken other rows in: two stray quotation marks that happen to pair."""
    for number, row in enumerate(rows, 1):
        if any("\n" in cell or "\r" in cell for cell in row):
            raise Refused(
                f"{name}, row {number}: a cell goes over several lines, as after a stray quotation mark; save the "
                "published file as CSV again."
            )
    return rows


def _sheets(path: Path, name: str, whole: str) -> Iterator[tuple[str, list[list[str]]]]:
    """Each sheet's name and cells: all of those whose name fits `whole`, of others the first rows."""
    with opening.workbook(name, path) as book:
        for sheet in book.names:
            yield sheet, book.sheet(sheet, None if re.fullmatch(whole, sheet) else TOP).rows()


def _filled(rows: list[list[str]]) -> list[Row]:
    # a year's 100,000 cells are some hundred names and counts
    plain = cache(lambda cell: NOTE.sub("", cell).strip())
    texts = ([plain(cell) for cell in row] for row in rows)
    return [(number, row) for number, row in enumerate(texts, 1) if any(row)]


def _missing(columns: set[str | None]) -> list[str]:
    """The columns that a table must have and these are not."""
    by = BY_FINANCIAL_YEAR if columns & set(BY_FINANCIAL_YEAR) else BY_CALENDAR
    return [column for column in (*COUNTED, *by) if column not in columns]


def _positions(rows: list[Row], layout: Layout, where: str) -> dict[str, int]:
    """column -> its place in a row. Raises Refused where the headings are not those of the layout."""
    headings = next((row for number, row in rows if number == layout.heading_row), [])
    positions: dict[str, int] = {}
    sentences = []
    for position, heading in enumerate(headings):
        if heading not in layout.headings:
            if heading:
                sentences.append(
                    f"{where}: unknown heading {heading!r}; add it to recorded_crime_headings.csv."
                )
        elif column := layout.headings[heading]:
            if column in positions:
                sentences.append(f"{where}: {heading!r} is a second column for {column}; one is expected.")
            positions[column] = position
    if missing := _missing(set(positions)):
        known = [
            " or ".join(repr(heading) for heading, fed in layout.headings.items() if fed == column) or column
            for column in missing
        ]
        sentences.append(f"{where}: row {layout.heading_row} has no heading {', '.join(known)}.")
    if sentences:
        raise Refused(*sentences)
    return positions


def _count(rows: list[Row], layout: Layout, where: str, counts: dict[tuple[str, str, str], int]) -> None:
    """Add a table's counts. Raises Refused with every name that is not known, each once."""
    at = _positions(rows, layout, where)
    forces, classes = _forces(), _classes()
    alike = {_plain(offence_class): offence_class for offence_class in classes}
    no_class = cache(lambda written, count: _no_class(written, count, alike))
    unknown: dict[str, set[str]] = {"force": set(), "quarter": set()}
    wrong: list[str] = []
    quarter_of: dict[tuple[str, ...], str | None] = {}
    places = tuple(at[name] for name in (BY_CALENDAR if "quarter" in at else BY_FINANCIAL_YEAR))
    width = max(at.values()) + 1
    for number, row in rows:
        if number <= layout.heading_row:
            continue
        row += [""] * (width - len(row))
        name, offence_class = row[at["force"]], row[at["offence_class"]]
        written = tuple(row[position] for position in places)
        if written not in quarter_of:
            quarter_of[written] = _quarter(written)
        quarter = quarter_of[written]
        if name not in forces:
            unknown["force"].add(name)
        if quarter is None:
            unknown["quarter"].add(" ".join(written))
        if offence_class not in classes and (sentence := no_class(offence_class, row[at["crimes"]])):
            wrong.append(f"{where}, row {number}: {sentence}")
        force = forces.get(name)
        if not force or offence_class not in classes or not quarter or quarter < quarters.FIRST:
            continue
        key = (quarter, force, offence_class)
        if not re.fullmatch(r"-?\d{1,9}", row[at["crimes"]]):
            wrong.append(f"{where}, row {number}: its count is not a whole number.")
        elif key in counts:
            wrong.append(f"{where}, row {number}: {' '.join(key)} is counted a second time.")
        else:
            counts[key] = int(row[at["crimes"]])
    sentences = [
        f"{where}: unknown {what} {', '.join(repr(name) for name in sorted(names)[:5])}; {TO_DO[what]}."
        for what, names in unknown.items()
        if names
    ]
    if len(wrong) > 5:
        wrong[5:] = [f"{where}: and {len(wrong) - 5} rows more."]
    if sentences or wrong:
        raise Refused(*sentences, *wrong)


def _plain(offence_class: str) -> str:
    """A code as it is meant, however it was typed: `19c`, `019C`, `19 C`, `21.0`."""
    text = unicodedata.normalize("NFKC", offence_class).upper()
    return re.sub(r"[\s_-]|\.0+$", "", text).lstrip("0")


def _no_class(written: str, count: str, alike: dict[str, str]) -> str | None:
    """What is wrong with a row whose code is no class of ours; None where it is another class of offence."""
    if meant := alike.get(_plain(written)):
        return f"its offence code looks like {meant} and is written otherwise; correct it."
    if not CODE.fullmatch(written) or not count or (not count.isdigit() and _plain(count) in alike):
        return "no offence code stands where it should; have the row's cells slipped?"
    return None


def _quarter(written: tuple[str, ...]) -> str | None:
    """The calendar quarter of ('2023-Q1',) or of ('2022/23', '4'); None where it is neither."""
    if len(written) == 1:
        return written[0] if re.fullmatch(r"\d{4}-Q[1-4]", written[0]) else None
    year = re.fullmatch(r"(\d{4})[/-](\d{2})", written[0])
    found = _financial_quarters().get(written[1])
    if not year or not found or (int(year[1]) + 1) % 100 != int(year[2]):
        return None
    number, years_later = found
    return f"{int(year[1]) + years_later}-Q{number}"


@cache
def _rows() -> dict[str, list[dict[str, str]]]:
    names = ("layouts", "headings", "quarters", "forces")
    return {name: seed_rows(f"{FOLDER}/recorded_crime_{name}.csv") for name in names}


@cache
def _rows_hash() -> str:
    """What the rows in seeds/ read: changed, every release is read anew."""
    parts = [_rows(), sorted(_forces().items()), sorted(_classes())]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


@cache
def _financial_quarters() -> dict[str, tuple[str, int]]:
    return {
        row["financial_quarter"]: (row["calendar_quarter"], int(row["years_later"]))
        for row in _rows()["quarters"]
    }


@cache
def _classes() -> frozenset[str]:
    return frozenset(
        row["offence_class"] for row in seed_rows("offences.csv") if row["is_class_level"] == "Y"
    )


@cache
def _forces() -> dict[str, str]:
    """Published name -> force; blank for what is no police force."""
    rows = seed_rows("forces.csv")
    names = {row["prc_name"]: row["force"] for row in rows}
    for row in _rows()["forces"]:
        if row["force"] and row["force"] not in names.values():
            raise ValueError(f"recorded_crime_forces.csv: {row['force']!r} is no force of forces.csv")
        if row["name"] in names:
            raise ValueError(f"recorded_crime_forces.csv: {row['name']!r} has a force already")
        names[row["name"]] = row["force"]
    return names


@cache
def _layouts() -> list[Layout]:
    headings: dict[str, dict[str, str]] = {}
    columns = {"", *COUNTED, *BY_CALENDAR, *BY_FINANCIAL_YEAR}
    for row in _rows()["headings"]:
        if row["column"] not in columns:
            raise ValueError(f"recorded_crime_headings.csv: {row['column']!r} is none of {sorted(columns)}")
        headings.setdefault(row["layout"], {})[row["heading"]] = row["column"]
    return [
        Layout(
            **{name: row[name] for name in ("layout", "file_pattern", "sheet_pattern")},
            heading_row=int(row["heading_row"]),
            published_pattern=row["published_pattern"],
            published_format=row["published_format"],
            headings=headings.get(row["layout"], {}),
        )
        for row in _rows()["layouts"]
    ]


def _layout_for(name: str) -> Layout | None:
    return next((row for row in _layouts() if fnmatchcase(name.lower(), row.file_pattern)), None)
