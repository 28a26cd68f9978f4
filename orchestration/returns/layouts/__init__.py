"""Layouts: how each crime system writes its return. Rows in `seeds/layouts`, resolved here, never code.

layout_for("kent", "2023-Q1").parts[0].headings     # what a file of that return has to be headed
forces_of("norfolk-and-suffolk", "2023-Q1")         # whose records a delivery holds
"""

import fnmatch
from functools import cache
from pathlib import Path, PurePosixPath

from orchestration.home import SEEDS, seed_rows
from orchestration.returns.layouts.parts import Layout, LayoutError, Part, fits_sheet
from orchestration.returns.layouts.written import load


def layout_for(delivered_as: str, quarter: str, seeds: Path = SEEDS) -> Layout:
    """The one layout that a folder of `landing/<quarter>/` is written in.

    Raises LayoutError when the seeds give none, or more than one.
    """
    all_layouts = load(seeds)
    found = [
        layout
        for layout, start, end in all_layouts.used_from.get(delivered_as, ())
        if _current(quarter, start, end)
    ]
    if len(found) != 1:
        raise LayoutError(
            f"{delivered_as} has {'no layout' if not found else 'more than one layout'} for {quarter}"
            f"{': ' + ', '.join(found) if found else ''}; correct seeds/layouts/force_layouts.csv"
        )
    return all_layouts.layouts[found[0]]


def all_layouts(seeds: Path = SEEDS) -> dict[str, Layout]:
    """Every layout by name."""
    return load(seeds).layouts


@cache
def part_of(layout: str | None, file: str | None, sheet: str | None) -> Part | None:
    """The part of a layout that a file, and its sheet, were read as."""
    if layout not in all_layouts() or not file:
        return None
    name = PurePosixPath(file).name.lower()
    parts = [
        part for part in all_layouts()[layout].parts if fnmatch.fnmatchcase(name, part.file_pattern.lower())
    ]
    # a sheet that the layout names by its number has only one name in the file
    named = [part for part in parts if fits_sheet(sheet or "", part.sheet)] or [
        part for part in parts if part.sheet.isdigit()
    ]
    return next(iter(named or parts), None)


def delivered(quarter: str, seeds: Path = SEEDS) -> tuple[str, ...]:
    """Names that a folder of `landing/<quarter>/` may have: forces and joint deliveries, sorted."""
    return tuple(
        sorted(
            name
            for name, rows in load(seeds).used_from.items()
            if any(_current(quarter, start, end) for _, start, end in rows)
        )
    )


def deliverers(seeds: Path = SEEDS) -> frozenset[str]:
    """Names that a folder may have in some quarter, and every force: one new in forces.csv has no layout yet."""
    forces = {row["force"] for row in seed_rows("forces.csv", seeds)}
    return frozenset(forces | load(seeds).used_from.keys())


def forces_of(delivered_as: str, quarter: str, seeds: Path = SEEDS) -> dict[str, str]:
    """force -> the prefix its crime references have in this delivery ("" when one force sends alone)."""
    joint = load(seeds).joint.get(delivered_as, ())
    return {force: prefix for force, prefix, start, end in joint if _current(quarter, start, end)} or {
        delivered_as: ""
    }


@cache
def force_codes() -> dict[str, str]:
    """force -> `46/`, for the forces whose crime references always begin so."""
    patterns = {row["force"]: row["reference_pattern"] for row in seed_rows("forces.csv")}
    return {force: code for force, code in force_numbers().items() if patterns[force].startswith(code)}


@cache
def force_numbers() -> dict[str, str]:
    """force -> `46/`, its number on the Police National Computer as a reference may begin with it."""
    return {row["force"]: f"{row['pnc_code']}/" for row in seed_rows("forces.csv")}


@cache
def certain_force_codes() -> frozenset[str]:
    """The forces of which it is certain that their references begin so: a return may be refused for it."""
    certain = {row["force"] for row in seed_rows("forces.csv") if row["reference_certainty"] == "high"}
    return frozenset(certain & force_codes().keys())


@cache
def personal_columns() -> frozenset[str]:
    """Columns of the return that name a person or may: they stop at staging."""
    return frozenset(row["column"] for row in seed_rows("return_columns.csv") if row["personal"] == "Y")


def _current(quarter: str, start: str, end: str) -> bool:
    # quarters sort as text; an open end is open for ever
    return start <= quarter and (not end or quarter <= end)
