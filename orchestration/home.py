"""Where things are: the project (seeds, dbt models) and the home (everything received, built and published)."""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration import strict_csv
from orchestration.printing import printable
from orchestration.spreadsheets import restored
from orchestration.stopping import Stopped
from orchestration.strict_csv import NotRead

PACKAGE = Path(__file__).resolve().parent
# a checkout has seeds/ beside orchestration/; an installed wheel carries them inside the package
PROJECT = PACKAGE.parent if (PACKAGE.parent / "seeds").is_dir() else PACKAGE / "project"
SEEDS = PROJECT / "seeds"
DBT_PROJECT = PROJECT / "dbt_project"

# what a library takes for more than letters of a path, and which: `tests/command/test_homes.py` asks each whether it still
# does. All else is an address made of parts, or a pattern in which letters stand for themselves (statements.one_file)
MISREAD = {
    r"[*[]": "Dagster takes it for a pattern, and reads other settings",
    r"\?": "Dagster takes what follows for the settings of an address, and opens other files",
    r"%[0-9A-Fa-f]{2}": "Dagster takes it for one letter, and opens other files",
    r",": "DuckDB takes it for two folders",
    r"\\": "DuckDB takes it for a folder in another",
}


class HomeRefused(Stopped, ValueError):
    """A home where some tool would read or write another place than the one that is meant."""

    code = 2


class _OfSeed(dict):
    """Cells of a seed; one that it has not raises with the seed's name."""

    def __init__(self, seed: str, cells: Iterable[tuple[str, str]]) -> None:
        super().__init__(cells)
        self.seed = seed


class SeedRow(_OfSeed):
    """A row of a seed by column."""

    def __missing__(self, column: str) -> str:
        raise NotRead(f"{self.seed}, row 1: has no heading {column!r}; add it, or correct how it is written.")


def seed_rows(name: str, seeds: Path = SEEDS) -> list[dict[str, str]]:
    """The rows of a seed as text by column: `forces.csv`, `layouts/layouts.csv`. Raises NotRead."""
    table = _seed(name, seeds)
    return [SeedRow(table.name, zip(table.headings, cells, strict=True)) for _, cells in table.rows]


class Settings(_OfSeed):
    """The values of a seed of names and values, as text. A value that is no number raises with the seed's name, too."""

    def __missing__(self, name: str) -> str:
        raise NotRead(f"{self.seed}: has no row {name!r}; put it back, or correct how it is written.")

    def number(self, name: str, kind: type = int) -> Any:
        """A value as a number of this kind. Raises NotRead."""
        written = self[name]
        try:
            return kind(written)
        except ValueError:
            words = "whole number" if kind is int else "number"
            raise NotRead(f"{self.seed}, row {name!r}: its value is no {words}; correct it.") from None


def settings(seed: str, name: str, value: str = "value") -> Settings:
    """The `value` of each row of a seed by its `name`. Raises NotRead."""
    return Settings(f"seeds/{seed}", [(row[name], row[value]) for row in seed_rows(seed)])


@contextmanager
def variables(wanted: Mapping[str, str | None]) -> Iterator[None]:
    """Variables of the environment as `wanted`, None for not there, for as long as it takes."""
    before = {name: os.environ.get(name) for name in wanted}
    _put(wanted)
    try:
        yield
    finally:
        _put(before)


def _put(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


def memory() -> str:
    """The most that DuckDB holds at a time, as it takes it: `CPAI_MEMORY`. Raises Stopped.

    By 3 GB a year of ten times the nation's crimes is built on top of five or six such years in 3.5 GB. By 6 GB DuckDB kept more
    of the warehouse than it needed, and that grew with history to 4.8 GB.
    """
    given = os.environ.get("CPAI_MEMORY") or "3GB"
    if not re.fullmatch(r"\d+(\.\d+)? ?([KMGT]i?)B", given):
        raise Stopped(f"CPAI_MEMORY is {printable(given)}, and no size: write it as 3GB or 800MB")
    return given


def filled(part: Path) -> bool:
    """Whether a file, or a folder with something in it, is there. What is written aside (`.building-2023.r1`) is not yet."""
    return part.is_file() or (part.is_dir() and any(not path.name.startswith(".") for path in part.iterdir()))


def files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file below a folder with its name from there, `marts/figures.sql`: names and their order are the same on
    every machine, whatever its separator and wherever the folder lies, so that they may be hashed and compared."""
    found = sorted((path.relative_to(folder).parts, path) for path in folder.rglob("*") if path.is_file())
    yield from (("/".join(parts), path) for parts, path in found)


def file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_seeds(seeds: Path = SEEDS) -> dict[str, strict_csv.Table]:
    """Every seed by name, read before anything is done by them. Raises NotRead with a sentence for each that cannot be
    read: dbt and Python then see the same rows or none."""
    tables, problems = {}, []
    for name, path in files_below(seeds):
        # recorded crime as it was published is read as its releases are
        if path.suffix != ".csv" or "releases" in name.split("/"):
            continue
        try:
            tables[name] = _seed(name, seeds)
        except NotRead as problem:
            problems += problem.sentences
    if problems:
        raise NotRead(*problems)
    return tables


# what a spreadsheet makes of 19/8, of sixteen digits, of a date or of what it cannot show: no seed holds any of it
MONTH = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
SPOILED = re.compile(
    rf"\d{{1,2}}-{MONTH}(-\d{{2,4}})?|{MONTH}-\d{{2,4}}|\d{{1,2}}/\d{{1,2}}/\d{{4}}|\d([.,]\d+)?e[+-]?\d{{2,}}|#[a-z0-9/!?#]+",
    re.IGNORECASE,
)
# a force may well send 19-Aug for a code, and a row here give its meaning
AS_FORCES_WRITE = ("spelling", "heading")
# nothing else shows that a code lost its zeros
DIGITS = {"forces.csv": ("pnc_code", 2), "offences.csv": ("five_digit", 5)}


def _check_cells(table: strict_csv.Table, name: str) -> None:
    column, digits = DIGITS.get(name, ("", 0))
    for number, cells in table.rows:
        for heading, cell in zip(table.headings, cells, strict=True):
            spoiled = heading not in AS_FORCES_WRITE and SPOILED.fullmatch(cell)
            if spoiled or (heading == column and cell and len(cell) != digits):
                raise NotRead(
                    f"{table.name}, row {number}: a spreadsheet has made another text of its {heading}, as of dates, codes "
                    "and leading zeros; take the file as it was, and edit it as text."
                )


def _seed(name: str, seeds: Path) -> strict_csv.Table:
    table = strict_csv.read(seeds / name, f"seeds/{name}")
    # dbt takes both as they stand: a row of nulls, a column of another name
    if table.blank:
        raise NotRead(f"{table.name}, row {table.blank[0]}: is blank; remove the row.")
    if padded := [heading for heading in table.headings if heading != heading.strip()]:
        raise NotRead(f"{table.name}, row 1: the heading {padded[0]!r} has spaces around it; remove them.")
    _check_cells(table, name)
    for at, heading in enumerate(table.headings):
        # a draft of ours is escaped as all we write
        for _, cells in table.rows if heading in AS_FORCES_WRITE else ():
            cells[at] = restored(cells[at])
    return table


@dataclass(frozen=True)
class Home:
    """One folder, `CPAI_HOME`: its parts are interfaces that analysts and forces rely on.

    With `as_of` (a moment: ISO text in UTC, to the second) it is the home as receipts and readings then were, with
    a warehouse of its own.
    """

    root: Path
    as_of: str | None = None

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def archive(self) -> Path:
        return self.root / "archive"

    @property
    def raw(self) -> Path:
        return self.root / "raw"

    @property
    def history(self) -> Path:
        """What outlives the warehouse: `orchestration/warehouse/history.py`."""
        return self.root / "history"

    @property
    def warehouse(self) -> Path:
        if self.as_of:
            # the file's name is the database's name in every model: only its folder differs between two of them
            moment = self.as_of.replace("+00:00", "Z").replace(":", "")
            return self.root / "as_of" / moment / "warehouse.duckdb"
        return self.root / "warehouse.duckdb"

    @property
    def damaged(self) -> Path:
        """What could not be opened and was made anew (the warehouse, Dagster's files): evidence until somebody removes it."""
        return self.root / "damaged"

    @property
    def ledger_url(self) -> str:
        """Made of parts: a path written into an URL is read as one, with whatever stands in it."""
        if given := os.environ.get("CPAI_LEDGER_URL"):
            return given
        from sqlalchemy import URL

        return URL.create("sqlite", database=str(self.root / "ledger.db")).render_as_string()

    @property
    def reading(self) -> Path:
        """What readers are shown: only the reading room and workbooks read it."""
        return self.root / "reading"

    @property
    def releases(self) -> Path:
        return self.root / "releases"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    @property
    def dbt(self) -> Path:
        """dbt's target and log folder: build output, kept out of the project."""
        return self.root / "dbt"


def home(root: str | Path | None = None) -> Home:
    """The home at `root`, else at `CPAI_HOME`, else `data/` in the working directory. Raises HomeRefused."""
    place = Path(root or os.environ.get("CPAI_HOME") or "data").resolve()
    path = place.as_posix()
    misread = {
        found[0]: because for letters, because in MISREAD.items() if (found := re.search(letters, path))
    }
    misread |= {letter: "it cannot be shown" for letter in path if not letter.isprintable()}
    if misread:
        letters, because = next(iter(misread.items()))
        sentence = f"the home {place} has {letters} in its path: {because}; choose a folder without."
        raise HomeRefused(printable(sentence, lines=False))
    return Home(place)
