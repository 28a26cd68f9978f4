"""Every CSV and workbook that leaves: one writer, so that a spreadsheet calculates nothing of what a force wrote.

A spreadsheet takes a cell for a formula by how it begins, whatever program wrote it (OWASP, CSV injection). Such a text
gets an apostrophe in front; a number, a text of a number (`-3.2`) and a sign alone (`-`) stay as they are. `restored`
takes the apostrophe off in what comes back: a file of ours that is read again has the texts it was written from.
"""

# ruff: noqa: S608 - the SQL is of our own tables and columns

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from orchestration.statements import Connection, quoted

# the last four are the full-width forms, which East Asian editions take as well; what stands before them is not seen.
# an apostrophe of the sender's own counts, so that each text comes back as it was
_FORMULA = "['  \u00a0\u200b\ufeff]*[=+@\t\r\n\uff1d\uff0b\uff0d\uff20-]"
_NO_FORMULA = "[+-]?[0-9][0-9,]*([.][0-9]+)?%?|-"
_STARTS = re.compile(_FORMULA)
_NUMBER = re.compile(_NO_FORMULA)
# what a spreadsheet makes of a text is what stands there
AS_TEXT = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def escaped(cell: Any) -> Any:
    """A cell as it may be sent: text that a spreadsheet would calculate with an apostrophe in front."""
    if isinstance(cell, str) and _STARTS.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def restored(cell: str) -> str:
    """A cell that comes back, without the apostrophe that `escaped` put there."""
    return cell[1:] if cell.startswith("'") and escaped(cell[1:]) == cell else cell


def write_csv(
    file: Path | TextIO,
    columns: Sequence[str],
    rows: Iterable[Mapping[str, Any] | Sequence[Any]],
    *,
    mark: bool = False,
    headings: bool = True,
    more: bool = False,
) -> None:
    """Write `rows`, each by name or in the order of `columns`; what a row has beside them is left out.

    `mark`: begins with one that Excel takes the encoding from. `more`: after what is in the file already.
    """
    if isinstance(file, Path):
        with file.open("a" if more else "w", newline="", encoding="utf-8-sig" if mark else "utf-8") as text:
            write_csv(text, columns, rows, headings=headings)
        return
    writer = csv.writer(_Lines(file))
    if headings:
        writer.writerow([escaped(column) for column in columns])
    for row in rows:
        cells = [row.get(column) for column in columns] if isinstance(row, Mapping) else row
        writer.writerow([escaped(cell) for cell in cells])


@dataclass(frozen=True)
class _Lines:
    """Rows that end in a line feed. Of a writer that ends them so, a return inside a cell would be in no quotation marks, and
    end a row."""

    file: TextIO

    def write(self, row: str) -> None:
        self.file.write(row.removesuffix("\r\n") + "\n")


def as_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any] | Sequence[Any]]) -> str:
    """The same as a text."""
    text = io.StringIO(newline="")
    write_csv(text, columns, rows)
    return text.getvalue()


def copy_csv(connection: Connection, rows: str, file: Path) -> None:
    """Write what a query gives, by DuckDB: a year's figures in Python would take a minute."""
    columns = connection.execute(f"describe {rows}").fetchall()
    texts = ", ".join(
        f'{_escaped_in_sql(name)} as "{name}"' for name, kind, *_ in columns if kind == "VARCHAR"
    )
    connection.execute(
        f"copy (select *{f' replace ({texts})' if texts else ''} from ({rows})) to {quoted(file)} (format csv, header)"
    )


def _escaped_in_sql(column: str) -> str:
    starts = f'regexp_matches("{column}", {quoted("^" + _FORMULA)})'
    number = f'regexp_full_match("{column}", {quoted(_NO_FORMULA)})'
    return f"case when {starts} and not {number} then '''' || \"{column}\" else \"{column}\" end"


class Sheet:
    """A sheet of xlsxwriter whose texts are escaped, whichever way they are written."""

    def __init__(self, sheet: Any) -> None:
        self._sheet = sheet

    def __getattr__(self, name: str) -> Any:
        """How it looks, and numbers and blanks: what writes no text."""
        if name not in WITHOUT_TEXT:
            raise AttributeError(f"a sheet of ours has no {name}")
        return getattr(self._sheet, name)

    def write(self, row: int, column: int, cell: Any, style: Any = None) -> None:
        self._sheet.write(row, column, escaped(cell), style)

    def write_string(self, row: int, column: int, text: str, style: Any = None) -> None:
        self._sheet.write_string(row, column, escaped(text), style)

    def write_row(self, row: int, column: int, cells: Iterable[Any], style: Any = None) -> None:
        self._sheet.write_row(row, column, [escaped(cell) for cell in cells], style)

    def write_column(self, row: int, column: int, cells: Iterable[Any], style: Any = None) -> None:
        self._sheet.write_column(row, column, [escaped(cell) for cell in cells], style)

    def write_link(self, row: int, column: int, place: str, text: str) -> None:
        """A link inside the workbook."""
        self._sheet.write_url(row, column, f"internal:{place}", string=escaped(text))

    def add_table(
        self, place: tuple[int, int, int, int], name: str, heads: Iterable[str], rows: Any = None
    ) -> None:
        columns = [{"header": escaped(head)} for head in heads]
        data = {} if rows is None else {"data": [[escaped(cell) for cell in row] for row in rows]}
        self._sheet.add_table(*place, {"columns": columns, "autofilter": False, "name": name, **data})


WITHOUT_TEXT = {
    *(
        "write_number",
        "write_blank",
        "set_column",
        "freeze_panes",
        "autofilter",
        "protect",
        "data_validation",
    ),
}


class Book:
    """A workbook of xlsxwriter whose sheets are `Sheet`s."""

    def __init__(self, book: Any) -> None:
        self._book = book

    def add_format(self, look: dict[str, Any]) -> Any:
        return self._book.add_format(look)

    def set_properties(self, properties: dict[str, Any]) -> None:
        self._book.set_properties(properties)

    def add_worksheet(self, name: str) -> Sheet:
        return Sheet(self._book.add_worksheet(name))


@contextmanager
def workbook(file: Path, **options: Any) -> Iterator[Book]:
    """A new XLSX, written as it is left."""
    # late: `cpai status` writes none
    import xlsxwriter

    with xlsxwriter.Workbook(str(file), AS_TEXT | options) as book:
        yield Book(book)


def column_letters(column: int) -> str:
    """The letters that a spreadsheet has above a column: A for 0."""

    from xlsxwriter.utility import xl_col_to_name

    return xl_col_to_name(column)
