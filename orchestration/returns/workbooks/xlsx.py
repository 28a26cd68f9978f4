"""XLSX and XLSM: the sheets of their ZIP, and the cells of one."""

import posixpath
import re
import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from orchestration.returns import file_safety
from orchestration.returns.reasons import unreadable
from orchestration.returns.workbooks import plain, xml
from orchestration.returns.workbooks.cells import (
    DATE,
    LAST_ROW,
    TIME,
    Cells,
    Dated,
    as_number,
    beyond,
    column_number,
    number_text,
    of_day,
    place_of,
    shown_as,
    too_long,
)

# built-in formats of dates and times, those of East Asian editions too (ECMA-376, 18.8.30); 46 is [h]:mm:ss
BUILT_IN = dict.fromkeys([*range(14, 18), 22, *range(27, 32), 34, 35, 36, *range(50, 59)], DATE)
BUILT_IN |= dict.fromkeys([18, 19, 20, 21, 32, 33, 45, 46, 47], TIME)
ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
WORKBOOK = "xl/workbook.xml"


class Xlsx:
    """An XLSX or XLSM: `names` of its sheets in order, those `hidden`, whether its days count from 1904."""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self.names: list[str] = []
        self.hidden: list[str] = []
        self.from_1904 = False
        self._parts: dict[str, str] = {}
        self._kinds: dict[str, str] = {}
        with file_safety.opened(path, name) as packed:
            self._entries = xml.entries(packed, name)
        targets = self._targets()

        def start(tag: str, attributes: dict[str, str]) -> None:
            kind = xml.local(tag)
            if kind == "workbookPr":
                self.from_1904 = attributes.get("date1904", "").strip() in xml.TRUE
            elif kind == "sheet":
                sheet = attributes.get("name", "")
                identity = next((value for key, value in attributes.items() if xml.local(key) == "id"), "")
                if sheet in self.names:
                    raise unreadable(
                        "FL18",
                        f"{name}: has two sheets of one name, and programs differ in which they take; rename one.",
                    )
                self.names.append(sheet)
                if attributes.get("state", "visible").strip() != "visible":
                    self.hidden.append(sheet)
                self._parts[sheet] = targets.get(identity, "")

        self._parse(WORKBOOK, name, start)

    def _targets(self) -> dict[str, str]:
        """The parts that the workbook names, by the name it gives them; those it names for what they are in `_kinds`."""
        targets: dict[str, str] = {}

        def start(tag: str, attributes: dict[str, str]) -> None:
            if xml.local(tag) == "Relationship":
                target = attributes.get("Target", "").replace("\\", "/")
                part = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/").lower()
                targets[attributes.get("Id", "")] = part
                self._kinds.setdefault(attributes.get("Type", "").rpartition("/")[2].lower(), part)

        self._parse("xl/_rels/workbook.xml.rels", self.name, start)
        return targets

    def _parse(self, part: str, where: str, *handlers: Callable[..., None]) -> None:
        if part not in self._entries:
            raise unreadable("FL09", f"{where}: a part that it names is not there; send the file again.")
        with (
            file_safety.opened(self.path, self.name) as packed,
            packed.open(self._entries[part]) as file,
        ):
            xml.parse(file, where, *handlers)

    def _plainly(
        self,
        part: str,
        first: re.Pattern[bytes],
        last: bytes,
        end: bytes,
        take: Callable[[str], None],
        where: str,
        *handlers: Callable[..., None],
    ) -> bool:
        """Whether a part was read by patterns, but for what stands around it, which the parser reads."""
        if part not in self._entries:
            return False
        with (
            file_safety.opened(self.path, self.name) as packed,
            packed.open(self._entries[part]) as file,
        ):
            try:
                around = plain.between(file, first, last, end, take)
            except plain.NotPlain:
                return False
            except xml.Enough:
                return True
            xml.parse(around, where, *(handlers or (lambda *_: None,)))
        return True

    def _named(self, kind: str, usual: str) -> str:
        """The part of a kind, blank where there is none."""
        part = self._kinds.get(kind.lower(), usual)
        return part if part in self._entries else usual if usual in self._entries else ""

    @cached_property
    def _shared(self) -> list[str]:
        """The texts that cells name by their number; a phonetic reading beside one is no part of it."""
        shared: list[str] = []
        part = self._named("sharedStrings", "xl/sharedstrings.xml")
        if not part:
            return shared

        def add(text: str) -> None:
            if len(text) > file_safety.LONGEST_CELL:
                raise too_long(self.name)
            shared.append(unescaped(text))

        def take(piece: str) -> None:
            for text in plain.shared_texts(piece):
                add(text)

        if self._plainly(part, plain.TEXTS, b"</sst>", b"</si>", take, self.name):
            return shared
        shared.clear()
        pieces: list[str] = []
        runs: list[str] = []
        aside = 0

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal aside
            kind = xml.local(tag)
            if kind == "t":
                pieces.clear()
            elif kind == "si":
                runs.clear()
            elif kind == "rPh":
                aside += 1

        def end(tag: str) -> None:
            nonlocal aside
            kind = xml.local(tag)
            if kind == "t" and not aside:
                runs.append("".join(pieces))
            elif kind == "rPh":
                aside -= 1
            elif kind == "si":
                add("".join(runs))

        self._parse(part, self.name, start, end, pieces.append)
        return shared

    @cached_property
    def _styles(self) -> dict[str, str]:
        """DATE or TIME by the number of a cell's style, as text; the others are not in it."""
        styles: dict[str, str] = {}
        part = self._named("styles", "xl/styles.xml")
        if not part:
            return styles
        formats: dict[str, str] = {}
        used: list[str] = []
        within = False

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal within
            kind = xml.local(tag)
            if kind == "numFmt":
                formats[attributes.get("numFmtId", "").strip()] = attributes.get("formatCode", "")
            elif kind == "cellXfs":
                within = True
            elif kind == "xf" and within:
                used.append(attributes.get("numFmtId", "0").strip())

        def end(tag: str) -> None:
            nonlocal within
            within = within and xml.local(tag) != "cellXfs"

        self._parse(part, self.name, start, end)
        for number, form in enumerate(used):
            built_in = BUILT_IN.get(int(form), "") if form.isascii() and form.isdigit() else ""
            if style := style_of(formats[form]) if form in formats else built_in:
                styles[str(number)] = style
        return styles

    def sheet(self, name: str, where: str, most_rows: int | None) -> Cells:
        """The cells of a sheet, or of its first `most_rows` rows. Raises Unreadable."""
        part = self._parts[name]

        def begun() -> _Sheet:
            return _Sheet(Cells(where), self._shared, self._styles, self.from_1904, most_rows or sys.maxsize)

        reader = begun()
        handlers = reader.start, reader.end, reader.pieces.append
        if not self._plainly(part, plain.SHEET, b"</sheetData>", b"</row>", reader.take, where, *handlers):
            reader = begun()
            self._parse(part, where, reader.start, reader.end, reader.pieces.append)
        if not reader.is_sheet:
            raise unreadable("FL09", f"{where}: is a chart or macro sheet and holds no cells; name another.")
        return reader.cells

    def entry(self, name: str) -> str:
        """The ZIP entry of a sheet."""
        return self._entries[self._parts[name]]

    @property
    def texts_entry(self) -> str:
        """The ZIP entry of the shared texts, blank where there is none."""
        part = self._named("sharedStrings", "xl/sharedstrings.xml")
        return self._entries[part] if part else ""


class _Sheet:
    """What a sheet's elements mean, one after the other."""

    def __init__(
        self, cells: Cells, shared: list[str], styles: dict[str, str], from_1904: bool, most_rows: int
    ) -> None:
        self.cells, self.pieces, self.is_sheet = cells, [], False
        self._shared, self._styles, self._from_1904, self._most = shared, styles, from_1904, most_rows
        self._row, self._row_text, self._column, self._hidden = 0, "", 0, False
        self._columns: dict[str, int] = {}
        self._numbers: dict[tuple[str, str | None], str | Dated] = {}
        self._cell: dict[str, str] = {}
        self._value: str | None = None
        self._runs: list[str] | None = None
        self._formula = False
        self._aside = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        kind = tag if ":" not in tag else xml.local(tag)
        if kind == "c":
            self._cell, self._value, self._runs, self._formula = attributes, None, None, False
        elif kind == "v":
            self.pieces.clear()
        elif kind == "row":
            self._begin_row(attributes)
        elif kind == "t":
            self.pieces.clear()
        elif kind == "is":
            self._runs = []
        elif kind == "f":
            self._formula = True
        elif kind == "rPh":
            self._aside += 1
        elif kind == "worksheet":
            self.is_sheet = True
        elif kind == "mergeCell":
            first, _, last = attributes.get("ref", "").partition(":")
            rows = [place_of(address, self.cells.where)[0] for address in (first, last or first)]
            self.cells.note("RP57", min(rows), max(rows))

    def _begin_row(self, attributes: dict[str, str]) -> None:
        self._row_text, self._column = attributes.get("r", "").strip(), 0
        row = place_of(f"A{self._row_text}", self.cells.where)[0] if self._row_text else self._row + 1
        self._row = self._checked(row)
        self._row_text = str(self._row)
        self._hidden = attributes.get("hidden", "").strip() in xml.TRUE
        if self._row > self._most:
            raise xml.Enough

    def end(self, tag: str) -> None:
        kind = tag if ":" not in tag else xml.local(tag)
        if kind == "v":
            self._value = "".join(self.pieces)
        elif kind == "c":
            self._end_cell()
        elif kind == "t":
            if self._runs is not None and not self._aside:
                self._runs.append("".join(self.pieces))
        elif kind == "rPh":
            self._aside -= 1

    def _end_cell(self) -> None:
        address = self._cell.get("r")
        row = self._row
        if address is None:
            self._column += 1
            column = self._column
        else:
            column = (
                self._columns.get(address[: -len(self._row_text)])
                if address.endswith(self._row_text)
                else None
            )
            if column is None:
                row, column = place_of(address, self.cells.where)
                if row == self._row:
                    self._columns[address[: -len(self._row_text)]] = column
            self._column = column
        value = self._of_cell(row)
        if value:
            self.cells.put(row, column, value)
            if self._hidden:
                self.cells.note("RP58", row)

    def take(self, piece: str) -> None:
        """Rows as they are mostly written. Raises NotPlain."""
        before, *rows = piece.split("<row")
        if before.strip():
            raise plain.NotPlain
        self.is_sheet = True
        for row in rows:
            head, _, cells = row.partition(">")
            found = plain.ROW.fullmatch(head)
            if not found:
                raise plain.NotPlain
            self._row = self._checked(int(found[1]) if found[1] else self._row + 1)
            if self._row > self._most:
                raise xml.Enough
            if not head.endswith("/"):
                self._take_row(cells.rstrip())
            elif cells.strip():
                raise plain.NotPlain

    def _checked(self, row: int) -> int:
        """A row's number. Raises Unreadable where no sheet has such a row, though it may be blank."""
        if row > LAST_ROW:
            raise beyond(self.cells.where, row)
        return row

    def _take_row(self, cells: str) -> None:
        row, written, column, marks = self._row, str(self._row), 0, 1
        shared, columns, known = self._shared, self.cells.columns, self._columns
        for place, digits, style, kind, value, text in plain.CELL.findall(cells):
            if digits:
                if digits != written:
                    raise plain.NotPlain
                column = known.get(place) or self._known(place)
            else:
                column += 1
            if value:
                marks += plain.VALUE_CELL
                if kind == "s" and value.isdecimal() and (at := int(value)) < len(shared):
                    text = shared[at]
                else:
                    text = self._held(row, kind or "n", plain.meant(value), style or None)
            elif text:
                marks += plain.TEXT_CELL
                if "&" in text or "_x" in text or len(text) > file_safety.LONGEST_CELL:
                    text = self._held_text(plain.meant(text))
            else:
                marks += plain.BLANK_CELL
                continue
            if text:
                if column not in columns:
                    self.cells.put(row, column, text)
                else:
                    rows, texts = columns[column]
                    rows.append(row)
                    texts.append(text)
        if marks != cells.count("<") or not cells.endswith("</row>"):
            raise plain.NotPlain

    def _known(self, place: str) -> int:
        self._columns[place] = column = column_number(place)
        return column

    def _of_cell(self, row: int) -> str | Dated:
        """What the cell holds, blank where that is nothing."""
        if self._runs is not None:
            return self._held_text("".join(self._runs))
        if self._value is None:
            if self._formula:
                self.cells.note("RP63", row)
            return ""
        return self._held(row, self._cell.get("t", "n"), self._value, self._cell.get("s"), self._formula)

    def _held_text(self, text: str) -> str:
        if len(text) > file_safety.LONGEST_CELL:
            raise too_long(self.cells.where)
        return unescaped(text)

    def _held(self, row: int, kind: str, value: str, style: str | None, formula: bool = False) -> str | Dated:
        if kind == "s":
            return self._shared_text(value) if value else ""
        if kind in ("str", "inlineStr"):
            return self._held_text(value)
        if kind == "e":
            self.cells.note("RP55", row)
            return ""
        if not value:
            if formula:
                self.cells.note("RP63", row)
            return ""
        if kind == "b":
            return "TRUE" if value.strip() in xml.TRUE else "FALSE"
        key = value, kind if kind == "d" else style
        if key not in self._numbers:
            self._numbers[key] = self._number(*key)
        return self._numbers[key]

    def _shared_text(self, number: str) -> str:
        try:
            place = int(number)
            if place >= 0:
                return self._shared[place]
        except (ValueError, IndexError):
            pass
        raise unreadable(
            "FL09", f"{self.cells.where}: a cell names a text that the workbook does not have; it is damaged."
        )

    def _number(self, text: str, style: str | None) -> str | Dated:
        if len(text) > file_safety.LONGEST_CELL:
            raise too_long(self.cells.where)
        if style == "d":
            return of_day(text, self._from_1904)
        number = as_number(text)
        if number is None:
            return text
        shown = self._styles.get(style.strip()) if style else None
        return shown_as(number, shown, self._from_1904) if shown else number_text(number)


def unescaped(text: str) -> str:
    """_x000D_ is the character of that number (ECMA-376, 22.9.2.19), where that is one that a text may hold."""
    return ESCAPED.sub(_character, text) if "_x" in text else text


def _character(escaped: re.Match[str]) -> str:
    character = chr(int(escaped[1], 16))
    return character if character.isprintable() or character.isspace() else escaped[0]


def style_of(code: str) -> str:
    """DATE or TIME where a format shows a number as one, else blank."""
    first = re.sub(r'"[^"]*"?|\\.|[_*].', "", code).split(";")[0].lower()
    elapsed = re.search(r"\[(?:h+|m+|s+)\]", first)
    plain = re.sub(r"\[[^\]]*\]|am/pm|a/p|general", "", first)
    if elapsed:
        return TIME
    if re.search("[dy]", plain) or ("m" in plain and not re.search("[hs]", plain)):
        return DATE
    return TIME if re.search("[hs]", plain) else ""
