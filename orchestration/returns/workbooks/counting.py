"""How many rows of a sheet hold something, counted without the code that reads them: both counts must be equal.

XLSX: over the bytes of the sheet's XML, row by row; where that differs, by another XML reader, each cell and shared text
looked at: ten times as slow. ODS: by that other reader. XLS: by its BIFF records, in `xls.py`.
"""

# the reader before has refused XML with a document type, the root of all that can be done with XML
# ruff: noqa: S314

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

from orchestration.returns import file_safety
from orchestration.returns.workbooks.cells import ADDRESS

BLOCK = 1024**2


def xlsx_rows(path: Path, entry: str, name: str) -> int:
    """Row elements with the value of a cell in them, as they are mostly written."""
    filled, rest = 0, b""
    with file_safety.opened(path, name) as packed, packed.open(entry) as part:
        while block := part.read(BLOCK):
            pieces = (rest + block).split(b"<row")
            rest = pieces.pop()
            filled += sum(b"<v>" in piece or b"<is>" in piece for piece in pieces)
    return filled + (b"<v>" in rest or b"<is>" in rest)


def xlsx_rows_carefully(path: Path, entry: str, texts_entry: str, name: str) -> int:
    """Rows of a sheet with text in any cell, errors apart."""
    with file_safety.opened(path, name) as packed:
        texts = []
        if texts_entry:
            with packed.open(texts_entry) as part:
                texts = list(_has_text(part))
        rows, row = set(), 0
        with packed.open(entry) as part:
            for event, element in ElementTree.iterparse(part, ("start", "end")):
                kind = element.tag.rpartition("}")[2]
                if event == "start":
                    if kind == "row":
                        row = int(element.get("r", row + 1))
                elif kind == "c":
                    if _is_filled(element, texts):
                        place = ADDRESS.fullmatch(element.get("r", ""))
                        rows.add(int(place[2]) if place else row)
                elif kind == "row":
                    element.clear()
    return len(rows)


def _has_text(part: IO[bytes]) -> Iterator[bool]:
    for _, element in ElementTree.iterparse(part):
        if element.tag.endswith("}si"):
            yield any(one.text for one in element.iter() if one.tag.endswith("}t"))
            element.clear()


def _is_filled(cell: ElementTree.Element, texts: list[bool]) -> bool:
    value = next((one.text for one in cell if one.tag.endswith("}v")), None)
    if cell.get("t") == "e":
        return False
    if cell.get("t") == "s":
        return value is not None and texts[int(value)]
    return bool(value) or any(one.text for one in cell.iter() if one.tag.endswith("}t"))


def ods_rows(path: Path, entry: str, sheet: str, name: str) -> int:
    """Rows of a table with a value in any cell, errors apart."""
    filled, here, deep, found = 0, False, 0, False
    with file_safety.opened(path, name) as packed, packed.open(entry) as part:
        for event, element in ElementTree.iterparse(part, ("start", "end")):
            kind = element.tag.rpartition("}")[2]
            if kind == "table":
                deep += 1 if event == "start" else -1
                if event == "start" and deep == 1:
                    here = _local(element).get("name") == sheet
                elif event == "end":
                    element.clear()
            elif event == "end" and here and deep == 1:
                if kind in ("table-cell", "covered-table-cell"):
                    found |= _holds(element)
                elif kind == "table-row":
                    if found:
                        filled += int(_local(element).get("number-rows-repeated", 1))
                    found = False
                    element.clear()
    return filled


def _local(element: ElementTree.Element) -> dict[str, str]:
    return {key.rpartition("}")[2]: value for key, value in element.items()}


def _holds(cell: ElementTree.Element) -> bool:
    own = _local(cell)
    # in LibreOffice an error has the type of a text, and in an attribute of its own that of an error
    types = {value for key, value in cell.items() if key.rpartition("}")[2] == "value-type"}
    text = "".join("".join(one.itertext()) for one in cell if one.tag.rpartition("}")[2] in ("p", "h"))
    if "error" in types or ("formula" in own and re.fullmatch(r"#[A-Z0-9/!?]+|Err:\d+", text)):
        return False
    if types and types != {"string"}:
        return True
    return bool(own.get("string-value") or text or any(_spaces(one) for one in cell))


def _spaces(paragraph: ElementTree.Element) -> bool:
    return paragraph.tag.rpartition("}")[2] == "p" and any(
        one.tag.rpartition("}")[2] in ("s", "tab", "line-break") for one in paragraph.iter()
    )
