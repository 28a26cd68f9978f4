"""The rows of the layout seeds as layouts: what is left blank taken from what each is based on, and every cell checked."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from orchestration import quarters
from orchestration.home import SEEDS, seed_rows
from orchestration.returns import look_alikes
from orchestration.returns.layouts.parts import (
    GROUP,
    RECORD_TYPES,
    REFERENCES,
    UNITS,
    Column,
    Condition,
    Layout,
    LayoutError,
    Part,
    Row,
    compared,
    fits_sheet,
    is_pattern,
)

FORMATS = ("csv", "xlsx", "xlsm", "xls", "ods")

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1")

# "tab" is written out in the seeds: a bare tab is lost by the first editor that trims cells
DELIMITERS = {",": ",", ";": ";", "|": "|", "tab": "\t"}

# A year of two digits is not among them: 05 is a child's birth or a pensioner's.
DATE_DIRECTIVES = "YmbdHMSz"

MOST_HEADING_ROWS = 3


@dataclass(frozen=True)
class Layouts:
    """Everything in the layout seeds, validated once for each seeds folder."""

    layouts: dict[str, Layout]
    used_from: dict[str, tuple[tuple[str, str, str], ...]]  # delivered_as -> (layout, from, to)
    joint: dict[str, tuple[tuple[str, str, str, str], ...]]  # delivered_as -> (force, prefix, from, to)
    columns: dict[str, tuple[str, ...]]


@cache
def load(seeds: Path) -> Layouts:
    columns: dict[str, list[str]] = {kind: [] for kind in RECORD_TYPES}
    must: dict[str, list[str]] = {kind: [] for kind in RECORD_TYPES}
    kinds: dict[tuple[str, str], str] = {}
    for row in seed_rows("return_columns.csv", seeds):
        columns[row["record_type"]].append(row["column"])
        if row["must"] == "Y":
            must[row["record_type"]].append(row["column"])
        kinds[row["record_type"], row["column"]] = row["kind"]

    layouts = _written(kinds, must, seeds)
    used_from = _used_from(layouts, seeds)
    forces = {row["force"] for row in seed_rows("forces.csv", seeds)}
    joint = _joint(used_from, forces, seeds)
    if strange := used_from.keys() - joint.keys() - forces:
        raise LayoutError(
            f"force_layouts.csv: {_list(strange)} is no force of forces.csv and no delivery of joint_returns.csv"
        )
    return Layouts(
        layouts,
        {name: tuple(rows) for name, rows in used_from.items()},
        {name: tuple(rows) for name, rows in joint.items()},
        {kind: tuple(names) for kind, names in columns.items()},
    )


def _written(kinds: dict[tuple[str, str], str], must: dict[str, list[str]], seeds: Path) -> dict[str, Layout]:
    part_rows: dict[str, list[Row]] = defaultdict(list)
    for row in seed_rows("layouts/layouts.csv", seeds):
        _check_part(row, part_rows[row["layout"]])
        part_rows[row["layout"]].append(row)
    column_rows: dict[str, list[Row]] = defaultdict(list)
    for row in seed_rows("layouts/layout_columns.csv", seeds):
        _check_column(row, kinds)
        column_rows[row["layout"]].append(row)
    if unknown := column_rows.keys() - part_rows.keys():
        raise LayoutError(
            f"layout_columns.csv names layouts that layouts.csv does not have: {_list(unknown)}"
        )

    layouts = {}
    for name in part_rows:
        layout = _resolve(name, part_rows, column_rows, ())
        for part in layout.parts:
            _check_musts(name, part, must)
        if absent := [
            kind for kind in RECORD_TYPES if not any(kind in part.contains for part in layout.parts)
        ]:
            raise LayoutError(f"layouts.csv: layout {name} has no part that contains {_list(absent)}")
        layouts[name] = _as_tables(
            layout, {(kind, column) for kind, names in must.items() for column in names}
        )
    return layouts


def _used_from(layouts: dict[str, Layout], seeds: Path) -> dict[str, list[tuple[str, str, str]]]:
    """delivered_as -> layout, first and last quarter of each row of force_layouts.csv."""
    used_from: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for row in seed_rows("layouts/force_layouts.csv", seeds):
        if row["layout"] not in layouts:
            raise LayoutError(
                f"force_layouts.csv: {row['delivered_as']} uses layout {row['layout']!r}, "
                "which layouts.csv does not have"
            )
        _check_quarters("force_layouts.csv", row)
        for other, start, end in used_from[row["delivered_as"]]:
            if (not end or row["from_quarter"] <= end) and (
                not row["to_quarter"] or start <= row["to_quarter"]
            ):
                raise LayoutError(
                    f"force_layouts.csv: {row['delivered_as']} has two layouts at once, {other} and "
                    f"{row['layout']}; give the earlier one a to_quarter"
                )
        used_from[row["delivered_as"]].append((row["layout"], row["from_quarter"], row["to_quarter"]))
    return used_from


def _joint(
    used_from: dict[str, list[tuple[str, str, str]]], forces: set[str], seeds: Path
) -> dict[str, list[tuple[str, str, str, str]]]:
    """delivered_as -> force, reference prefix, first and last quarter of each row of joint_returns.csv."""
    joint: dict[str, list[tuple[str, str, str, str]]] = defaultdict(list)
    for row in seed_rows("joint_returns.csv", seeds):
        _check_quarters("joint_returns.csv", row)
        if row["delivered_as"] not in used_from:
            raise LayoutError(
                f"joint_returns.csv: {row['delivered_as']} has no layout; give it a row in force_layouts.csv"
            )
        if row["force"] not in forces:
            raise LayoutError(
                f"joint_returns.csv: {row['delivered_as']} holds {row['force']!r}, which is no force of forces.csv"
            )
        joint[row["delivered_as"]].append(
            (row["force"], row["reference_prefix"], row["from_quarter"], row["to_quarter"])
        )
    return joint


def _check_part(row: Row, others: list[Row]) -> None:
    """A row of layouts.csv has a name that no other has."""
    where = f"layouts.csv: layout {row['layout']!r}, part {row['part']!r}"
    if not row["layout"] or not row["part"]:
        raise LayoutError(f"{where} has no name; write one")
    if any(other["part"] == row["part"] for other in others):
        raise LayoutError(f"{where} has two rows; keep one, or give the other part a name of its own")


def _check_column(row: Row, kinds: dict[tuple[str, str], str]) -> None:
    """A row of layout_columns.csv feeds a column that there is, and has what that column needs."""
    where = f"layout_columns.csv: layout {row['layout']}, heading {row['heading']!r}"
    target = row["record_type"], row["column"]
    if not look_alikes.heading(row["heading"]):
        raise LayoutError(f"{where} is blank; write the heading as the file has it")
    if row["record_type"] and target not in kinds:
        raise LayoutError(f"{where} feeds {'.'.join(target)}, which return_columns.csv does not have")
    _check_date_format(row, kinds.get(target) == "date")
    unit = row.get("unit") or ""
    if unit and (unit not in UNITS or not row["column"].startswith("age")):
        raise LayoutError(f"{where} has the unit {unit!r}; it is for ages alone: {_list(UNITS)}, or blank")
    if row["separator"] and not row["take"]:
        raise LayoutError(f"{where} has a separator but no take")
    _number(row["take"], f"{where}: take")


def _check_date_format(row: Row, is_date: bool) -> None:
    """Every date has how it is written, and nothing else has: a date is never guessed."""
    directives = "".join(re.findall("%(.)", row["date_format"]))
    days = "".join(sorted(directives.translate(str.maketrans("b", "m", "HMSz"))))
    strange = set(directives) - set(DATE_DIRECTIVES) or len(set(directives)) < len(directives)
    if days != ("Ydm" if is_date else "") or strange:
        raise LayoutError(
            f"layout_columns.csv: layout {row['layout']}, heading {row['heading']!r} has the date format "
            f"{row['date_format']!r}; "
            + (
                "write it with %Y, %m (or %b for Jan) and %d: %d/%m/%Y; a time of day and a zone behind it are "
                "understood without, before it they are %H, %M, %S"
                if is_date
                else "the column it feeds is no date; leave it blank"
            )
        )


def _number(text: str | None, what: str) -> int:
    if text and not re.fullmatch("[0-9]{1,4}", text):
        raise LayoutError(f"{what} is {text!r}; write a number, or leave it blank")
    return int(text or 0)


def _words(text: str) -> tuple[str, ...]:
    return tuple(sorted({compared(word) for word in text.split("|")} - {""}))


def _check_musts(layout: str, part: Part, must: dict[str, list[str]]) -> None:
    """A part feeds every column without which its records would all be held out."""
    for kind in part.contains:
        if missing := set(must[kind]) - {
            column.column for column in part.columns if column.record_type == kind
        }:
            raise LayoutError(
                f"layout {layout}, part {part.part}: no heading feeds {kind}.{_list(missing)}; give it a row in "
                f"layout_columns.csv, or take {kind} out of what the part contains"
            )


def _check_quarters(seed: str, row: Row) -> None:
    """A quarter written in another way would sort somewhere and never match."""
    try:
        start = quarters.valid(row["from_quarter"])
        end = quarters.valid(row["to_quarter"] or start)
    except ValueError as problem:
        raise LayoutError(f"{seed}: {row['delivered_as']}: {problem}") from None
    if end < start:
        raise LayoutError(f"{seed}: {row['delivered_as']} ends in {end}, before it begins in {start}")


def _resolve(
    name: str, part_rows: dict[str, list[Row]], column_rows: dict[str, list[Row]], derived: tuple[str, ...]
) -> Layout:
    """A layout with the cells and headings it leaves blank taken from what it is based on, part by part.

    Based on several layouts (a force that changed its crime system within a quarter), it has the parts of all.
    """
    if name not in part_rows:
        raise LayoutError(f"layouts.csv: {derived[-1]} is based on {name!r}, which is no layout")
    if name in derived:
        raise LayoutError(f"layouts.csv: layouts based on each other: {' -> '.join((*derived, name))}")
    bases = dict.fromkeys(row["based_on"] for row in part_rows[name] if row["based_on"])
    choice = {row["part"]: row["based_on"] for row in part_rows[name]}
    inherited: dict[str, Part] = {}
    for base in bases:
        for part in _resolve(base, part_rows, column_rows, (*derived, name)).parts:
            if choice.get(part.part) not in (None, "", base):
                continue
            if part.part in inherited:
                raise LayoutError(
                    f"layouts.csv: {name} is based on {_list(bases)}, and both have a part {part.part}; "
                    "give it a row with which"
                )
            alone = len(bases) == 1 and part.layout == base
            inherited[part.part] = replace(part, layout=name) if alone else part
    own = {row["part"]: row for row in part_rows[name]}
    headings: dict[str, list[Row]] = defaultdict(list)
    for row in column_rows[name]:
        headings[row["part"]].append(row)
    if strange := headings.keys() - own.keys() - inherited.keys():
        raise LayoutError(f"layout_columns.csv: layout {name} has no part {_list(strange)}")
    return Layout(
        name,
        tuple(
            _part(name, part, own.get(part, {}), inherited.get(part), headings[part])
            for part in dict.fromkeys((*inherited, *own))
        ),
    )


def _part(layout: str, name: str, row: Row, base: Part | None, headings: list[Row]) -> Part:
    def cell(column: str, inherited: object = "") -> str:
        return row.get(column) or str(inherited)

    def number(column: str, inherited: int) -> int:
        return _number(cell(column, inherited), f"layouts.csv: layout {layout}, part {name}: {column}")

    columns = _columns(layout, headings)
    when, row_kinds = _condition(f"layouts.csv: layout {layout}, part {name}", row, base)
    if base:
        # a derived layout's rows replace every heading of the same column, in its place: the old heading is
        # unknown again. A heading that one of the two ignores belongs to the derived layout's reading of it.
        own = {column.heading for column in columns}
        ignored = {column.heading for column in columns if not column.record_type}
        inherited = (
            column
            for column in base.columns
            if column.heading not in (ignored if column.record_type else own)
        )
        columns = tuple(
            column for group in {**_by_target(inherited), **_by_target(columns)}.values() for column in group
        )
    delimiter = row.get("delimiter")
    part = Part(
        layout=base.layout if base else layout,
        part=name,
        file_pattern=cell("file_pattern", base.file_pattern if base else ""),
        format=cell("format", base.format if base else ""),
        sheet=cell("sheet", base.sheet if base else ""),
        banner_rows=number("banner_rows", base.banner_rows if base else 0),
        example_rows=number("example_rows", base.example_rows if base else 0),
        encoding=cell("encoding", base.encoding if base else "") or "utf-8",
        delimiter=DELIMITERS.get(delimiter, "") if delimiter else base.delimiter if base else ",",
        contains=tuple(cell("contains", "+".join(base.contains) if base else "").split("+")),
        blank_values=tuple(
            filter(None, cell("blank_values", "|".join(base.blank_values) if base else "").split("|"))
        ),
        columns=tuple(replace(column, part=name) for column in columns),
        heading_rows=number("heading_rows", base.heading_rows if base else 1) or 1,
        repeats=number("repeats", base.repeats if base else 0),
        when=when,
        row_kinds=row_kinds,
    )
    _check_made(part, layout, delimiter)
    return part


def _check_made(part: Part, layout: str, delimiter: str | None) -> None:
    if part.format not in FORMATS or not part.file_pattern:
        raise LayoutError(
            f"layouts.csv: layout {layout}, part {part.part} needs a file_pattern and a format of {_list(FORMATS)}"
        )
    if part.encoding not in ENCODINGS or not part.delimiter:
        raise LayoutError(
            f"layouts.csv: layout {layout}, part {part.part} has encoding {part.encoding!r} and delimiter "
            f"{delimiter or ''!r}; use one of {_list(ENCODINGS)}, and one of {' '.join(DELIMITERS)}"
        )
    if part.heading_rows > MOST_HEADING_ROWS:
        raise LayoutError(
            f"layouts.csv: layout {layout}, part {part.part} has {part.heading_rows} heading_rows; a heading stands over "
            f"{MOST_HEADING_ROWS} at most"
        )
    grouped = [column.heading for column in part.columns if GROUP in column.heading]
    if bool(grouped) != bool(part.repeats):
        raise LayoutError(
            f"layouts.csv: layout {layout}, part {part.part} has repeats {part.repeats or ''!r} and "
            f"{_list(grouped) or f'no heading with {GROUP}'}; {GROUP} in a heading stands for 1 up to repeats"
        )
    fed = {column.record_type for column in part.columns} - {""}
    if strange := (set(part.contains) - set(RECORD_TYPES)) | (fed - set(part.contains)):
        raise LayoutError(
            f"layout {layout}, part {part.part}: {_list(strange)} is not among what it contains"
        )


def _by_target(columns: Iterable[Column]) -> dict[tuple[str, str], list[Column]]:
    groups: dict[tuple[str, str], list[Column]] = defaultdict(list)
    for column in columns:
        groups[column.record_type, column.column or column.heading].append(column)
    return groups


def _condition(where: str, row: Row, base: Part | None) -> tuple[Condition | None, tuple[Condition, ...]]:
    """In which rows a part is there, and every text that the heading may have."""
    heading, values, ignored = (row.get(f"when_{of}") or "" for of in ("heading", "values", "ignored"))
    if not (heading or values or ignored):
        return (base.when, base.row_kinds) if base else (None, ())
    if not look_alikes.heading(heading) or not _words(values):
        raise LayoutError(f"{where} has only one of when_heading and when_values; it needs both, or neither")
    if twice := set(_words(values)) & set(_words(ignored)):
        raise LayoutError(f"{where} has {_list(twice)} in when_values and when_ignored")
    known = Condition(look_alikes.heading(heading), tuple(sorted({*_words(values), *_words(ignored)})))
    return Condition(look_alikes.heading(heading), _words(values)), (known,)


def _as_tables(layout: Layout, must: set[tuple[str, str]]) -> Layout:
    """The layout with the parts that read one table joined into one, each heading with `{n}` written out."""
    tables: dict[tuple[str, str, str], list[Part]] = defaultdict(list)
    for part in layout.parts:
        sheet = "" if part.format == "csv" else part.sheet
        columns = (
            replace(column, must=column.must or (column.record_type, column.column) in must)
            for column in part.columns
        )
        tables[part.file_pattern.lower(), part.format, sheet].append(replace(part, columns=tuple(columns)))
    _check_tables(layout.layout, tables)
    return replace(layout, parts=tuple(_joined(layout.layout, parts) for parts in tables.values()))


def _check_tables(layout: str, tables: dict[tuple[str, str, str], list[Part]]) -> None:
    """No file or sheet is two tables of a layout, whatever it is named."""
    for (pattern, form, sheet), parts in tables.items():
        for (other_pattern, other_form, other_sheet), others in tables.items():
            if parts is others or not fnmatchcase(re.sub("[*?]", "1", pattern), other_pattern):
                continue
            of_one_book = form == other_form != "csv"
            if of_one_book and not (is_pattern(other_sheet) and fits_sheet(sheet, other_sheet)):
                continue
            raise LayoutError(
                f"layouts.csv: layout {layout}: a file for part {parts[0].part} would be one for part "
                f"{others[0].part} too; give them a file_pattern or sheet that only one fits, or the same dialect"
            )


def _joined(layout: str, parts: list[Part]) -> Part:
    """Parts of one table as one: the records of a type that a row may hold are numbered through all of them."""
    first = parts[0]
    for part in parts[1:]:
        dialects = [
            (one.layout, one.encoding, one.delimiter, one.banner_rows, one.heading_rows, one.example_rows)
            for one in (first, part)
        ]
        if dialects[0] != dialects[1]:
            raise LayoutError(
                f"layouts.csv: layout {layout}: parts {first.part} and {part.part} read one table; give them the "
                "same based_on, encoding, delimiter, banner_rows, heading_rows and example_rows"
            )
    columns: list[Column] = []
    last = dict.fromkeys(RECORD_TYPES, 0)
    for part in parts:
        for kind in part.contains:
            own = [column for column in part.columns if column.record_type == kind]
            groups = part.repeats if any(GROUP in column.heading for column in own) else 1
            for number in range(1, groups + 1):
                columns += [_placed(column, last[kind] + number, number, part.when) for column in own]
            last[kind] += groups
        columns += [
            one
            for column in part.columns
            if not column.record_type
            for number in range(1, (part.repeats if GROUP in column.heading else 1) + 1)
            for one in (_placed(column, 1, number, None),)
        ]
        if part.when:
            columns.append(Column(part.when.heading, "", "", True, "", "", 0, part=part.part))
    row_kinds: dict[str, set[str]] = defaultdict(set)
    for part in parts:
        for known in part.row_kinds:
            row_kinds[known.heading] |= set(known.values)
    joined = replace(
        first,
        part="+".join(part.part for part in parts),
        contains=tuple(kind for kind in RECORD_TYPES if last[kind]) if len(parts) > 1 else first.contains,
        blank_values=tuple(dict.fromkeys(word for part in parts for word in part.blank_values)),
        columns=tuple(columns),
        when=None,
        row_kinds=tuple(Condition(heading, tuple(sorted(values))) for heading, values in row_kinds.items()),
    )
    _check_groups(layout, joined)
    return joined


def _placed(column: Column, place: int, number: int, when: Condition | None) -> Column:
    grouped = GROUP in column.heading
    return replace(
        column,
        heading=column.heading.replace(GROUP, str(number)),
        place=place,
        group=number if grouped else 0,
        when=when,
    )


def _check_groups(layout: str, part: Part) -> None:
    """A group of persons side by side that a layout ignores is a person lost in every row."""
    fed = {
        re.sub("[0-9]+", GROUP, column.heading): column.heading
        for column in part.columns
        if column.column == REFERENCES.get(column.record_type) and re.search("[0-9]", column.heading)
    }
    feeding = {column.heading for column in part.columns if column.record_type}
    for heading in part.headings:
        like = fed.get(re.sub("[0-9]+", GROUP, heading))
        if like and heading not in feeding:
            raise LayoutError(
                f"layout_columns.csv: layout {layout}, part {part.part}: {heading!r} is ignored, but {like!r} has "
                f"who a person is, so the persons under {heading!r} would be lost; feed it too, or write "
                f"{GROUP} for the number and repeats in layouts.csv"
            )


def _columns(layout: str, rows: Iterable[Row]) -> tuple[Column, ...]:
    columns: dict[tuple[str, str, str], Column] = {}
    for row in rows:
        column = Column(
            heading=look_alikes.heading(row["heading"]),
            record_type=row["record_type"],
            column=row["column"],
            must=row["must"] == "Y",
            date_format=row["date_format"],
            separator=row["separator"],
            take=int(row["take"] or 0),
            unit=row.get("unit") or "",
        )
        target = column.heading, column.record_type, column.column
        if target in columns:
            raise LayoutError(
                f"layout_columns.csv: layout {layout}, part {row['part']}, heading {row['heading']!r} has two rows for "
                f"{'.'.join(target[1:]) if column.record_type else 'what is ignored'}; keep one"
            )
        columns[target] = column
    return tuple(columns.values())


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def return_columns(record_type: str, seeds: Path = SEEDS) -> tuple[str, ...]:
    """Columns of a record type, in the order of `return_columns.csv` and of the raw Parquet."""
    return load(seeds).columns[record_type]
