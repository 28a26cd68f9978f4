"""Names and dates of birth, planted where forces send them, are nowhere beyond the archive and the raw records."""

import re
import zipfile
from pathlib import Path

import duckdb
import pytest
from answered import NO_DAY, QUARTER, SURNAME, WRITTEN
from some import some

pytestmark = pytest.mark.xdist_group("answered")

MAY_HOLD_THEM = ("landing", "archive", "raw")
PLANTED = re.compile("|".join(map(re.escape, WRITTEN)).encode())


def holding(root: Path, planted: re.Pattern[bytes], leave_out: tuple[str, ...] = ()) -> list[str]:
    """Files under `root` that hold a planted text, members of workbooks and ZIPs unpacked."""
    found = []
    for path in sorted(root.rglob("*")):
        place = path.relative_to(root)
        if not path.is_file() or path.is_symlink() or place.parts[0] in leave_out:
            continue
        data = path.read_bytes()
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                data += b"".join(packed.read(name) for name in packed.namelist())
        # another encoding of the same text is the same leak
        if planted.search(data) or planted.search(data.replace(b"\\0", b"")):
            found.append(str(place))
    return found


def tables_holding(database: Path, planted: list[str]) -> list[str]:
    """Columns of a DuckDB file with a planted text in any row: its bytes are compressed, its cells are not."""
    found = []
    with duckdb.connect(str(database), read_only=True) as connection:
        columns = connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns() "
            "inner join duckdb_tables() using (database_name, schema_name, table_name) where not duckdb_tables.internal"
        ).fetchall()
        assert len(columns) > 20
        for schema, table, column in columns:
            (rows,) = connection.execute(
                f'select count(*) from "{schema}"."{table}" '
                f'where list_bool_or([contains(upper(cast("{column}" as varchar)), t) for t in $planted])',
                {"planted": [text.upper() for text in planted]},
            ).fetchone()
            if rows:
                found.append(f"{schema}.{table}.{column}")
    return found


def test_the_canaries_were_received(answered):
    """Were they not there to begin with, nothing below would prove a thing."""
    with duckdb.connect() as raw:
        raw.execute("set file_search_path = ?", [str(answered.raw)])
        for record_type in ("victims", "suspects"):
            born = raw.execute(
                f"select count(distinct force) from read_parquet('{record_type}/*/*.parquet') "
                f"where date_of_birth = '2011-07-31'"
            ).fetchone()
            named = raw.execute(
                f"select count(*) from read_parquet('{record_type}/*/*.parquet') where surname = '{SURNAME}'"
            ).fetchone()
            assert born == (8,)
            assert named[0] > 0
        assert raw.execute(
            f"select count(*) > 0 from read_parquet('victims/*/*.parquet') where date_of_birth = '{NO_DAY}'"
        ).fetchone() == (True,)
    assert holding(answered.landing, PLANTED)


def test_no_file_of_the_home_holds_them(answered):
    assert holding(answered.root, PLANTED, MAY_HOLD_THEM) == []


def test_no_table_of_the_warehouse_holds_them(answered):
    assert tables_holding(answered.warehouse, list(WRITTEN)) == []


def test_no_command_said_them(answered):
    said = (answered.root.parent / "said.txt").read_bytes()
    assert f"{QUARTER}: returns 8 received".encode() in said
    assert not PLANTED.search(said)


def test_a_pack_holds_no_reference_of_another_force(answered, packs):
    own = {
        force: {row["crime_reference"] for each in pack["findings"] for row in each["failing"]} - {None}
        for force, pack in packs.items()
    }
    for force, references in some(own.items()):
        assert references
        text = b"".join(path.read_bytes() for path in _pack(answered, force).glob("*.*ml"))
        text += (_pack(answered, force) / "pack.json").read_bytes()
        for other, others in own.items():
            if other != force:
                assert not any(reference.encode() in text for reference in others - references)


def _pack(answered, force: str) -> Path:
    return answered.root / "packs" / QUARTER / f"{force}.1"
