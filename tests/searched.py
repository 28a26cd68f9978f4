"""Everything that a home holds, searched for texts: bytes of files, what is packed in them, cells of tables, free pages."""

import gzip
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq


def contents(path: Path) -> Iterator[bytes]:
    """The bytes of a file, and all that is compressed in it."""
    data = path.read_bytes()
    yield data
    if data[:4] == b"PAR1":
        yield repr(pq.read_metadata(path)).encode()
        for column in pq.read_table(path, partitioning=None).itercolumns():
            if pa.types.is_dictionary(column.type):
                for chunk in column.chunks:
                    yield "\n".join(map(str, chunk.dictionary.to_pylist())).encode()
            yield "\n".join(map(str, column.to_pylist())).encode()
    elif data[:4] == b"PK\x03\x04":
        # a damaged one holds nothing that could be unpacked
        with suppress(zipfile.BadZipFile), zipfile.ZipFile(path) as packed:
            for entry in packed.infolist():
                yield entry.filename.encode()
                yield packed.read(entry)
    elif data[:2] == b"\x1f\x8b":
        yield gzip.decompress(data)
    elif path.suffix == ".duckdb":
        with duckdb.connect() as connection:
            connection.execute(f"attach '{path}' as it (read_only)")
            for schema, table in connection.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = 'it'"
            ).fetchall():
                rows = connection.execute(
                    f'select cast(t as varchar) from it.{schema}."{table}" as t'
                ).fetchall()
                yield "\n".join(row for (row,) in rows).encode()


def where(root: Path, *texts: str) -> dict[str, set[str]]:
    """Text -> the files below a folder that hold it in some form, by path; the names of files and folders count, too."""
    found: dict[str, set[str]] = {text: set() for text in texts}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        for text in texts:
            if text in name:
                found[text].add(name)
        if not path.is_file() or path.is_symlink():
            continue
        for data in contents(path):
            for text in texts:
                if text.encode() in data or text.encode("utf-16-le") in data:
                    found[text].add(name)
    return {text: names for text, names in found.items() if names}
