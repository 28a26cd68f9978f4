"""Raw Parquet: the records of each submission as text, where dbt finds them.

`raw/<record_type>/<quarter>/<force>.<submission>.parquet`, and a zero-row
`raw/<record_type>/none/none.0.parquet` so that a model reading `crimes/*/*.parquet` finds its columns before
anything has arrived. Beside them, for each submission, `intake_findings/` (what a spreadsheet had done to them) and
`as_sent/` (the cells of its files as they were read).
"""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.home import Home
from orchestration.ledger.snapshots import reading_slots_schema, readings_schema, submissions_schema
from orchestration.parquet import holds, schema, write
from orchestration.returns import archive
from orchestration.returns.grids import Grid
from orchestration.returns.layouts.parts import RECORD_TYPES
from orchestration.returns.layouts.written import return_columns
from orchestration.returns.repairs import Note

PLACE = ("file", "sheet", "record_number")

# place_in_row: of several records of one type side by side in a row; null where a row has one
NUMBERS = dict.fromkeys(("submission", "record_number", "place_in_row"), pa.int32())
ORIGIN = schema("force quarter submission layout file sheet record_number place_in_row", **NUMBERS)


def records_schema(record_type: str) -> pa.Schema:
    """Where a record came from, then every column of the return specification, as text."""
    return pa.schema([*ORIGIN, *((column, pa.string()) for column in return_columns(record_type))])


def intake_findings_schema() -> pa.Schema:
    """Where intake met spreadsheet damage: one row per record, column and check code, no values."""
    names = "force quarter submission code record_type file sheet record_number place_in_row column records"
    return schema(names, **NUMBERS, records=pa.int64())


def police_recorded_crime_schema() -> pa.Schema:
    return schema("published_on file file_sha256 quarter force offence_class crimes", crimes=pa.int32())


def records_file(home: Home, record_type: str, quarter: str, force: str, submission: int) -> Path:
    return home.raw / record_type / quarter / f"{force}.{submission}.parquet"


def ensure(home: Home) -> None:
    """Make the zero-row files that dbt's sources need before the first return or open data arrives."""
    empty = {home.raw / kind / "none" / "none.0.parquet": records_schema(kind) for kind in RECORD_TYPES}
    empty[home.raw / "intake_findings" / "none" / "none.0.parquet"] = intake_findings_schema()
    empty[home.raw / "submissions.parquet"] = submissions_schema()
    empty[home.raw / "readings.parquet"] = readings_schema()
    empty[home.raw / "reading_slots.parquet"] = reading_slots_schema()
    empty[home.raw / "police_recorded_crime" / "none.parquet"] = police_recorded_crime_schema()
    none = {path for path in empty if path.stem.startswith("none")}
    for path, of in empty.items():
        # a column more is first there in what holds no rows: files written before read as blank in it
        if not holds(path, of.empty_table()) if path in none else not path.exists():
            write(of.empty_table(), path)


def findings_file(home: Home, quarter: str, force: str, submission: int) -> Path:
    return home.raw / "intake_findings" / quarter / f"{force}.{submission}.parquet"


def write_intake_findings(
    home: Home, notes: list[Note], own: dict[str, pa.Table], force: str, quarter: str, submission: int
) -> None:
    """Write what intake met among a submission's own records (in a joint delivery another force's are not)."""
    wanted = intake_findings_schema()
    path = findings_file(home, quarter, force, submission)
    tables = []
    for note in notes:
        records = _own_records(note, own)
        count = len(records)
        if count:
            same = {
                "force": force,
                "quarter": quarter,
                "code": note.code,
                "record_type": note.record_type,
                "file": note.file,
                "sheet": note.sheet,
                "column": note.column,
            }
            columns = {name: pa.repeat(pa.scalar(text, pa.string()), count) for name, text in same.items()}
            columns["submission"] = pa.repeat(pa.scalar(submission, pa.int32()), count)
            columns["record_number"] = pa.array(records, pa.int32())
            columns["place_in_row"] = pa.repeat(pa.scalar(note.place_in_row, pa.int32()), count)
            columns["records"] = pa.repeat(pa.scalar(1, pa.int64()), count)
            tables.append(pa.table([columns[name] for name in wanted.names], schema=wanted))
    if tables:
        write(pa.concat_tables(tables), path)
    else:
        path.unlink(missing_ok=True)


def _own_records(note: Note, own: dict[str, pa.Table]) -> list[int]:
    """The note's records that are among a force's own; a note on a row, whatever the row holds."""
    kinds = [note.record_type] if note.column else list(own)
    numbers: set[int] = set()
    for kind in kinds:
        here = pc.equal(own[kind]["file"], note.file)
        if note.sheet is not None:
            here = pc.and_(here, pc.equal(own[kind]["sheet"], note.sheet))
        numbers.update(own[kind].filter(here)["record_number"].to_pylist())
    return [number for number in note.records.tolist() if number in numbers]


def as_sent_folder(home: Home, quarter: str, force: str, submission: int) -> Path:
    return home.raw / "as_sent" / quarter / f"{force}.{submission}"


def being_read(home: Home) -> Path:
    """Where the cells of a delivery are until it is known whose submission it is."""
    return home.raw / "as_sent" / ".reading"


def write_as_sent(grids: list[Grid], folder: Path, prefix: str) -> None:
    """Write the cells of each grid as they were read: `<n>.parquet` with file, sheet, record_number, then every
    heading of the file. `prefix`: in a joint delivery, only the rows whose crime reference begins so."""
    folder.mkdir()
    for number, grid in enumerate(grids, 1):
        names = {heading: f"{heading} (heading)" if heading in PLACE else heading for heading in grid.columns}
        table = pa.table(
            {
                "file": _same(grid.file, grid.rows),
                "sheet": _same(grid.sheet, grid.rows),
                "record_number": pa.array(
                    np.arange(grid.first_record, grid.first_record + grid.rows, dtype=np.int32)
                ),
                **{names[heading]: column for heading, column in grid.columns.items()},
            }
        )
        if prefix:
            references = next(
                grid.columns[row.heading]
                for (_, column), rows in grid.part.sources.items()
                for row in rows
                if column == "crime_reference" and row.heading in grid.columns
            )
            # trimmed as the records are; a prefix that lost its zero has been found in no joint return
            own = pc.starts_with(pc.utf8_trim_whitespace(references.cast(pa.string())), prefix)
            table = table.filter(own)
            # a filtered column's dictionary still holds every text, the other force's too
            whole = [
                column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
                for column in table.itercolumns()
            ]
            table = pa.table(whole, names=table.column_names)
        pq.write_table(
            table,
            folder / f"{number}.parquet",
            compression="snappy",
            store_schema=False,
            write_statistics=False,
        )


def keep_as_sent(home: Home, written: Path, quarter: str, force: str, submission: int) -> None:
    """Put the cells that `write_as_sent` wrote beside the records of their submission."""
    folder = as_sent_folder(home, quarter, force, submission)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # a killed run may have left one
    shutil.rmtree(folder, ignore_errors=True)
    written.replace(folder)


def write_submission(
    home: Home,
    own: dict[str, pa.Table],
    notes: list[Note],
    as_sent: Path,
    quarter: str,
    force: str,
    submission: int,
) -> list[tuple[str, str]]:
    """Write the records of a submission, what intake met in them, and their cells from where they were read to
    (`as_sent`): path in raw/ and SHA-256 of each file. Written again by the same versions each is the same byte for
    byte."""
    for kind in RECORD_TYPES:
        path = records_file(home, kind, quarter, force, submission)
        write(_with_origin(own[kind], kind, force, quarter, submission), path)
    write_intake_findings(home, notes, own, force, quarter, submission)
    keep_as_sent(home, as_sent, quarter, force, submission)
    return hashes_of(home, quarter, force, submission)


def hashes_of(home: Home, quarter: str, force: str, submission: int) -> list[tuple[str, str]]:
    """Path in raw/ and SHA-256 of each file of a submission that is there."""
    paths = [records_file(home, kind, quarter, force, submission) for kind in RECORD_TYPES]
    paths.append(findings_file(home, quarter, force, submission))
    paths.extend(sorted(as_sent_folder(home, quarter, force, submission).glob("*.parquet")))
    return [
        (path.relative_to(home.raw).as_posix(), archive.digest(path)[0]) for path in paths if path.exists()
    ]


def _with_origin(records: pa.Table, kind: str, force: str, quarter: str, submission: int) -> pa.Table:
    count = records.num_rows
    origin = {
        "force": pa.repeat(pa.scalar(force), count),
        "quarter": pa.repeat(pa.scalar(quarter), count),
        "submission": pa.repeat(pa.scalar(submission, pa.int32()), count),
    }
    columns = {**origin, **{name: records[name] for name in records.column_names}}
    return pa.table(columns, schema=records_schema(kind))


def remove(home: Home, quarter: str, force: str, submission: int) -> None:
    """Remove what a killed run may have written for a submission that came to have no records."""
    for kind in RECORD_TYPES:
        records_file(home, kind, quarter, force, submission).unlink(missing_ok=True)
    findings_file(home, quarter, force, submission).unlink(missing_ok=True)
    shutil.rmtree(as_sent_folder(home, quarter, force, submission), ignore_errors=True)


def _same(text: str | None, count: int) -> pa.DictionaryArray:
    places = pa.nulls(count, pa.int32()) if text is None else pa.array(np.zeros(count, np.int32))
    return pa.DictionaryArray.from_arrays(places, pa.array([text or ""], pa.string()))
