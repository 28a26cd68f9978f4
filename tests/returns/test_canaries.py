"""A name with a date of birth, planted in every column, heading and name of a file, leaves by no way out.

`canaries.csv` has a row for each place and each output where what was planted there may be found: everywhere else it must
not be.
"""

import csv
import re
import zipfile
from pathlib import Path

import duckdb
import pytest
from planted import BESIDE, CANARIES, QUARTER, Planted, said_exit
from planted import planted as planted
from some import some

from orchestration.home import seed_rows

pytestmark = pytest.mark.xdist_group("planted")
ALLOWED = Path(__file__).with_name("canaries.csv")
# where a file of the test's folder belongs: the first that begins its path
OUTPUTS = {
    "home/landing": "landing",
    "home/archive": "archive",
    "home/raw": "raw",
    "home/warehouse.duckdb": "warehouse",
    "home/ledger.db": "ledger",
    "home/reading/": "reading desk",
    "home/readings": "landing",
    "home/packs": "packs",
    "home/releases": "release",
    "home/reports": "report",
    "home/history": "history",
    "home/dagster": "dagster",
    "home/dbt": "dbt",
    "home/outbox": "outbox",
    "home/": "home",
    "left/Zqx": "landing",
    "left/pseudonymised": "pseudonymised feed",
    "left/own": "own feed",
    "left/": "read export",
    "said/run.txt": "run at the terminal",
    "said/status": "status at the terminal",
    "said/refused import.txt": "import at the terminal",
    "said/": "terminal",
}
PROCESSES = "process list"


def output_of(path: str) -> str:
    return next(output for beginning, output in OUTPUTS.items() if path.startswith(beginning))


def allowed() -> dict[tuple[str, str], set[str]]:
    with ALLOWED.open(newline="", encoding="utf-8") as file:
        return {
            (row["record_type"], row["column"]): set(filter(None, row["may_be_in"].split("; ")))
            for row in csv.DictReader(file)
        }


NAMED = re.compile(rb"Zqx(\d{3})name|\b(\d\d\.\d\d\.1899)\b|\b1899-(\d\d-\d\d)\b", re.IGNORECASE)
BORN = {canary.born: canary for canary in CANARIES.values()}
NUMBERED = {canary.number: canary for canary in CANARIES.values()}


def planted_in(data: bytes) -> set[tuple[str, str]]:
    """The places whose canary is in some bytes, its name or its day of birth."""
    found = set()
    # another encoding of the same text is the same leak
    for text in (data, data.replace(b"\0", b"")):
        for name, born, iso in NAMED.findall(text):
            day = born.decode() or ".".join(reversed(iso.decode().split("-"))) + ".1899"
            canary = NUMBERED.get(int(name)) if name else BORN.get(day)
            found |= {canary.key} if canary else set()
    return found


def cells(path: Path) -> bytes:
    """Every cell of a DuckDB or Parquet file: its bytes are compressed."""
    with duckdb.connect() as connection:
        if path.suffix == ".parquet":
            tables = [f"read_parquet('{path}')"]
        else:
            connection.execute(f"attach '{path}' as looked_at (read_only)")
            names = connection.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = 'looked_at'"
            ).fetchall()
            assert len(names) > 5
            tables = [f'looked_at."{schema}"."{table}"' for schema, table in names]
        texts = []
        for table in tables:
            texts += [
                text
                for (text,) in connection.execute(f"select cast(t as varchar) from {table} as t").fetchall()
            ]
    return "\n".join(texts).encode()


def content(path: Path) -> bytes:
    data = str(path).encode() + b"\n" + path.read_bytes()
    if path.suffix in (".duckdb", ".parquet"):
        data += cells(path)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            data += b"".join(name.encode() + packed.read(name) for name in packed.namelist())
    return data


@pytest.fixture(scope="module")
def found(planted: Planted) -> dict[tuple[str, str], set[str]]:
    """By place, every output that holds its canary; of packs, whose."""
    by_place: dict[tuple[str, str], set[str]] = {place: set() for place in CANARIES}
    files = [path for path in sorted(planted.root.rglob("*")) if path.is_file() and not path.is_symlink()]
    for path in some(files):
        name = path.relative_to(planted.root).as_posix()
        output = output_of(name)
        for place in planted_in(content(path)):
            of = output
            if output == "packs":
                force = path.relative_to(planted.home.root / "packs" / QUARTER).parts[0].split(".")[0]
                of = "own pack" if force == planted.forces[place] else "pack of another force"
            by_place[place].add(of)
    for line in planted.processes:
        for place in planted_in(line.encode()):
            by_place[place].add(PROCESSES)
    return by_place


def test_everything_was_done(planted):
    """Were a command refused, what it writes would be looked for in vain."""
    done = {
        *(
            "status",
            "export",
            "import",
            "publish",
            "report",
            "pack",
            "analysis feed",
            "assessment feed",
            "own feed",
        ),
        *("explain", "verify", "status again"),
    }
    assert {name: said_exit(planted, name) for name in done} == dict.fromkeys(done, "0")
    # a quarter of which something is refused ends with 1
    assert said_exit(planted, "run") == "1"
    assert said_exit(planted, "refused import") == "1"
    assert len(planted.processes) > 0
    assert {
        output_of(path.relative_to(planted.root).as_posix())
        for path in planted.root.rglob("*")
        if path.is_file()
    } == set(OUTPUTS.values())


def test_the_matrix_has_every_place_and_every_output():
    places = [(row["record_type"], row["column"]) for row in seed_rows("return_columns.csv")]
    assert list(allowed()) == [*places, *(("beside", name) for name in BESIDE)]
    known = {*OUTPUTS.values(), "own pack", "pack of another force", PROCESSES} - {"packs"}
    assert set().union(*allowed().values()) <= known
    never = {
        "release",
        "report",
        "pseudonymised feed",
        "pack of another force",
        "dagster",
        "dbt",
        "outbox",
        "history",
        PROCESSES,
    }
    assert set().union(*allowed().values()) & never == set()


def test_each_canary_was_received(found):
    there = {place for place, outputs in found.items() if outputs & {"landing", "read export", "ledger"}}
    assert there == set(CANARIES)


@pytest.mark.parametrize("place", CANARIES, ids=" ".join)
def test_it_is_nowhere_but_where_it_may_be(found, place):
    assert found[place] - allowed()[place] == set()


@pytest.mark.parametrize("place", CANARIES, ids=" ".join)
def test_it_is_wherever_it_may_be(found, place):
    """A row that allows more than there is would let a leak by."""
    assert allowed()[place] - found[place] == set()
