"""Layouts: how each crime system writes its return. Rows in `seeds/layouts`, resolved here, never code.

layout_for("kent", "2023-Q1").parts[0].headings     # what a file of that return has to be headed
forces_of("norfolk-and-suffolk", "2023-Q1")         # whose records a delivery holds
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

from orchestration import quarters
from orchestration.home import SEEDS, seed_rows

RECORD_TYPES = ("crimes", "victims", "suspects")
FORMATS = ("csv", "xlsx", "xlsm", "xls", "ods")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1")
# "tab" is written out in the seeds: a bare tab is lost by the first editor that trims cells
DELIMITERS = {",": ",", ";": ";", "|": "|", "tab": "\t"}
# A year of two digits is not among them: 05 is a child's birth or a pensioner's.
DATE_DIRECTIVES = "YmbdHMS"

Row = dict[str, str]


class LayoutError(ValueError):
    """The layout seeds contradict themselves, or say nothing about what was asked: names the rows to mend."""


@dataclass(frozen=True)
class Column:
    """One heading of a part feeding one column of one record type; record_type "" is a heading we ignore."""

    heading: str
    record_type: str
    column: str
    must: bool
    date_format: str
    separator: str
    take: int


@dataclass(frozen=True)
class Part:
    """One table of a layout: a CSV file, or one sheet of a workbook.

    `layout` is the one whose code spellings its records have: in a return written by two crime systems, the
    layout that the part is based on, else the part's own.
    """

    layout: str
    part: str
    file_pattern: str
    format: str
    sheet: str
    banner_rows: int
    example_rows: int
    encoding: str
    delimiter: str
    contains: tuple[str, ...]
    blank_values: tuple[str, ...]
    columns: tuple[Column, ...]

    @cached_property
    def headings(self) -> tuple[str, ...]:
        """Every heading the layout knows for this part, once each, in the order of the seed."""
        return tuple(dict.fromkeys(column.heading for column in self.columns))

    @cached_property
    def sources(self) -> dict[tuple[str, str], tuple[Column, ...]]:
        """(record type, column) -> the headings that may feed it; more than one are aliases."""
        sources: dict[tuple[str, str], list[Column]] = defaultdict(list)
        for column in self.columns:
            if column.record_type:
                sources[column.record_type, column.column].append(column)
        return {key: tuple(columns) for key, columns in sources.items()}

    def of(self, record_type: str) -> dict[str, tuple[Column, ...]]:
        """column -> headings that may feed it, for one record type of the part."""
        return {column: rows for (kind, column), rows in self.sources.items() if kind == record_type}


@dataclass(frozen=True)
class Layout:
    """All parts of a return, with everything inherited from the layouts it is based on filled in."""

    layout: str
    parts: tuple[Part, ...]

    def part(self, name: str) -> Part:
        return next(part for part in self.parts if part.part == name)


@dataclass(frozen=True)
class _Layouts:
    """Everything the layout seeds say, validated once for each seeds folder."""

    layouts: dict[str, Layout]
    used_from: dict[str, tuple[tuple[str, str, str], ...]]  # delivered_as -> (layout, from, to)
    joint: dict[str, tuple[tuple[str, str, str, str], ...]]  # delivered_as -> (force, prefix, from, to)
    columns: dict[str, tuple[str, ...]]


def layout_for(delivered_as: str, quarter: str, seeds: Path = SEEDS) -> Layout:
    """The one layout that a folder of `landing/<quarter>/` is written in.

    Raises LayoutError when the seeds give none, or more than one.
    """
    all_layouts = _load(seeds)
    found = [
        layout
        for layout, start, end in all_layouts.used_from.get(delivered_as, ())
        if _current(quarter, start, end)
    ]
    if len(found) != 1:
        raise LayoutError(
            f"{delivered_as} has {'no layout' if not found else 'more than one layout'} for {quarter}"
            f"{': ' + ', '.join(found) if found else ''}; mend seeds/layouts/force_layouts.csv"
        )
    return all_layouts.layouts[found[0]]


def all_layouts(seeds: Path = SEEDS) -> dict[str, Layout]:
    """Every layout by name."""
    return _load(seeds).layouts


def delivered(quarter: str, seeds: Path = SEEDS) -> tuple[str, ...]:
    """Names that a folder of `landing/<quarter>/` may have: forces and joint deliveries, sorted."""
    return tuple(
        sorted(
            name
            for name, rows in _load(seeds).used_from.items()
            if any(_current(quarter, start, end) for _, start, end in rows)
        )
    )


def deliverers(seeds: Path = SEEDS) -> frozenset[str]:
    """Names that a folder may have in some quarter, and every force: one new in forces.csv has no layout yet."""
    forces = {row["force"] for row in seed_rows("forces.csv", seeds)}
    return frozenset(forces | _load(seeds).used_from.keys())


def forces_of(delivered_as: str, quarter: str, seeds: Path = SEEDS) -> dict[str, str]:
    """force -> the prefix its crime references have in this delivery ("" when one force sends alone)."""
    joint = _load(seeds).joint.get(delivered_as, ())
    return {force: prefix for force, prefix, start, end in joint if _current(quarter, start, end)} or {
        delivered_as: ""
    }


@cache
def force_codes() -> dict[str, str]:
    """force -> `46/`, for the forces whose crime references always begin so."""
    codes = {
        row["force"]: (f"{row['pnc_code']}/", row["reference_pattern"]) for row in seed_rows("forces.csv")
    }
    return {force: code for force, (code, pattern) in codes.items() if pattern.startswith(code)}


def return_columns(record_type: str, seeds: Path = SEEDS) -> tuple[str, ...]:
    """Columns of a record type, in the order of `return_columns.csv` and of the raw Parquet."""
    return _load(seeds).columns[record_type]


def _current(quarter: str, start: str, end: str) -> bool:
    # quarters sort as text; an open end is open for ever
    return start <= quarter and (not end or quarter <= end)


@cache
def _load(seeds: Path) -> _Layouts:
    columns: dict[str, list[str]] = {kind: [] for kind in RECORD_TYPES}
    must: dict[str, list[str]] = {kind: [] for kind in RECORD_TYPES}
    dates: set[tuple[str, str]] = set()
    for row in seed_rows("return_columns.csv", seeds):
        columns[row["record_type"]].append(row["column"])
        if row["must"] == "Y":
            must[row["record_type"]].append(row["column"])
        if row["kind"] == "date":
            dates.add((row["record_type"], row["column"]))

    part_rows: dict[str, list[Row]] = defaultdict(list)
    for row in seed_rows("layouts/layouts.csv", seeds):
        part_rows[row["layout"]].append(row)
    column_rows: dict[str, list[Row]] = defaultdict(list)
    for row in seed_rows("layouts/layout_columns.csv", seeds):
        if row["record_type"] and row["column"] not in columns.get(row["record_type"], ()):
            raise LayoutError(
                f"layout_columns.csv: layout {row['layout']}, heading {row['heading']!r} feeds "
                f"{row['record_type']}.{row['column']}, which return_columns.csv does not have"
            )
        _check_date_format(row, (row["record_type"], row["column"]) in dates)
        column_rows[row["layout"]].append(row)
    if unknown := column_rows.keys() - part_rows.keys():
        raise LayoutError(
            f"layout_columns.csv names layouts that layouts.csv does not have: {_list(unknown)}"
        )

    layouts = {name: _resolve(name, part_rows, column_rows, ()) for name in part_rows}
    for layout in layouts.values():
        for kind, names in must.items():
            fed = {column for part in layout.parts for column in part.of(kind)}
            if missing := set(names) - fed:
                raise LayoutError(f"layout {layout.layout}: no heading feeds {kind}.{_list(missing)}")

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

    forces = {row["force"] for row in seed_rows("forces.csv", seeds)}
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
    if strange := used_from.keys() - joint.keys() - forces:
        raise LayoutError(
            f"force_layouts.csv: {_list(strange)} is no force of forces.csv and no delivery of joint_returns.csv"
        )
    return _Layouts(
        layouts,
        {name: tuple(rows) for name, rows in used_from.items()},
        {name: tuple(rows) for name, rows in joint.items()},
        {kind: tuple(names) for kind, names in columns.items()},
    )


def _check_date_format(row: Row, is_date: bool) -> None:
    """Every date says how it is written, and nothing else does: a date is never guessed."""
    directives = "".join(re.findall("%(.)", row["date_format"]))
    days = "".join(sorted(directives.translate(str.maketrans("b", "m", "HMS"))))
    if days != ("Ydm" if is_date else "") or set(directives) - set(DATE_DIRECTIVES):
        raise LayoutError(
            f"layout_columns.csv: layout {row['layout']}, heading {row['heading']!r} has the date format "
            f"{row['date_format']!r}; "
            + (
                "write it with %Y, %m (or %b for Jan) and %d, and %H, %M, %S for a time of day: %d/%m/%Y"
                if is_date
                else "the column it feeds is no date; leave it blank"
            )
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
                    "give it a row that says which"
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

    columns = _columns(layout, headings)
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
        banner_rows=int(cell("banner_rows", base.banner_rows if base else 0)),
        example_rows=int(cell("example_rows", base.example_rows if base else 0)),
        encoding=cell("encoding", base.encoding if base else "") or "utf-8",
        delimiter=DELIMITERS.get(delimiter, "") if delimiter else base.delimiter if base else ",",
        contains=tuple(cell("contains", "+".join(base.contains) if base else "").split("+")),
        blank_values=tuple(
            filter(None, cell("blank_values", "|".join(base.blank_values) if base else "").split("|"))
        ),
        columns=columns,
    )
    if part.format not in FORMATS or not part.file_pattern:
        raise LayoutError(
            f"layouts.csv: layout {layout}, part {name} needs a file_pattern and a format of {_list(FORMATS)}"
        )
    if part.encoding not in ENCODINGS or not part.delimiter:
        raise LayoutError(
            f"layouts.csv: layout {layout}, part {name} has encoding {part.encoding!r} and delimiter "
            f"{delimiter or ''!r}; use one of {_list(ENCODINGS)}, and one of {' '.join(DELIMITERS)}"
        )
    fed = {column.record_type for column in columns} - {""}
    if strange := (set(part.contains) - set(RECORD_TYPES)) | (fed - set(part.contains)):
        raise LayoutError(f"layout {layout}, part {name}: {_list(strange)} is not among what it contains")
    return part


def _by_target(columns: Iterable[Column]) -> dict[tuple[str, str], list[Column]]:
    groups: dict[tuple[str, str], list[Column]] = defaultdict(list)
    for column in columns:
        groups[column.record_type, column.column or column.heading].append(column)
    return groups


def _columns(layout: str, rows: Iterable[Row]) -> tuple[Column, ...]:
    columns = []
    for row in rows:
        if row["separator"] and not row["take"]:
            raise LayoutError(
                f"layout_columns.csv: layout {layout}, heading {row['heading']!r} has a separator but no take"
            )
        columns.append(
            Column(
                heading=row["heading"],
                record_type=row["record_type"],
                column=row["column"],
                must=row["must"] == "Y",
                date_format=row["date_format"],
                separator=row["separator"],
                take=int(row["take"] or 0),
            )
        )
    return tuple(columns)


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
