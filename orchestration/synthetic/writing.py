"""Writes the synthetic year: `landing/<quarter>/<force>/…` in each force's layout, readings, truth apart."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from orchestration.returns.layouts import delivered, forces_of, layout_for
from orchestration.returns.layouts.parts import Layout, Part
from orchestration.synthetic import population, prompts, readings
from orchestration.synthetic.numbering import numbered
from orchestration.synthetic.records import Cells, Sheeted, Spelled
from orchestration.synthetic.return_workbook import Workbook
from orchestration.synthetic.truth import Truth
from orchestration.synthetic.year import ForceQuarter, Tile, force_quarters

Progress = Callable[[int, int, str], object]

SENT_TWICE = {"2023-Q1": ("west-yorkshire", "lancashire", "essex")}
"""Returns whose first delivery was followed by a better one: only the second is calibrated."""
REFUSED_FIRST = {"2023-Q2": ("cleveland",)}
"""Returns whose first delivery has a heading that no layout has."""
WITH_MANIFEST = ("metropolitan",)
DUPLICATES = 0.003
"""Share of records that stand twice, to the letter, in files of one record type."""
BANNER = ("CSAE return", "Quarter", "Force", "Produced by the performance team")


def write_year(
    into: Path,
    year: int = 2023,
    scale: float = 1,
    seed: int = 2023,
    truth: Path | None = None,
    progress: Progress | None = None,
) -> None:
    """Writes a synthetic year under `into`: `landing/` (44 forces, 4 quarters, 6 layouts) and `readings/`.

    scale: a whole number of copies of the base year, so that every count is that many times the published
    one; or a share below 1, a stratified sample whose counts only the truth has. truth: a folder for what
    the pipeline should find, never read by it. progress: called with returns done, returns in all, what is
    being written. The same year, scale and seed give the same bytes. Raises ValueError for a year or scale
    that cannot be made.
    """
    if year != 2023:
        raise ValueError(f"no published counts for {year}: only 2023 can be made up")
    if scale <= 0 or (scale > 1 and scale != int(scale)):
        raise ValueError(f"scale {scale}: use a whole number, or a share between 0 and 1")
    base = population.base_year(year, seed)
    if scale < 1:
        base = population.sample(base, scale, seed)
    tiles = [Tile(number, max(1, int(scale))) for number in range(max(1, int(scale)))]
    rows = force_quarters(base, year)
    prompts.draw(rows, tiles)
    kept_truth = Truth(truth) if truth else None
    returns = [(quarter, name) for quarter in base.quarters for name in _deliveries(quarter)]
    for quarter in base.quarters:
        readings.start(into / "readings" / f"{quarter}.csv")
    for done, (quarter, name) in enumerate(returns):
        if progress:
            progress(done, len(returns), f"{quarter} {name}")
        of_return = [rows[force, quarter] for force in forces_of(name, quarter) if (force, quarter) in rows]
        if not of_return:
            continue
        folder = into / "landing" / quarter / name
        layout = layout_for(name, quarter)
        last = folder
        if name in SENT_TWICE.get(quarter, ()):
            _write_return(folder / "1", name, layout, of_return, tiles, seed, first_try=True)
            last = folder / "2"
        if name in REFUSED_FIRST.get(quarter, ()):
            _write_return(folder / "1", name, layout, of_return, tiles, seed, strange_heading=True)
            last = folder / "2"
        _write_return(last, name, layout, of_return, tiles, seed)
        for force_quarter in of_return:
            readings.append(into / "readings" / f"{quarter}.csv", force_quarter, tiles, seed)
            if kept_truth:
                kept_truth.add(force_quarter, tiles)
    if kept_truth:
        kept_truth.close()
    if progress:
        progress(len(returns), len(returns), "done")


def _deliveries(quarter: str) -> list[str]:
    """Who delivers: a force that is part of a joint delivery does not send alone as well."""
    names = delivered(quarter)
    joint = {force for name in names for force in forces_of(name, quarter) if force != name}
    return [name for name in names if name not in joint]


def _write_return(
    folder: Path,
    name: str,
    layout: Layout,
    of_return: list[ForceQuarter],
    tiles: list[Tile],
    seed: int,
    first_try: bool = False,
    strange_heading: bool = False,
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    quarter = of_return[0].quarter
    spelled = [Spelled(rows, layout, seed, first_try) for rows in of_return]
    if layout.parts[0].format == "csv":
        for part in layout.parts:
            _write_csv(folder / _file_name(part, name, quarter), part, spelled, tiles, strange_heading)
    else:
        _write_workbook(folder / _file_name(layout.parts[0], name, quarter), layout, spelled, tiles)
    if name in WITH_MANIFEST:
        _write_manifest(folder)


def _write_manifest(folder: Path) -> None:
    lines = ["file,sha256,records"]
    for path in sorted(folder.glob("*s.csv")):
        content = path.read_bytes()
        records = content.count(b"\r\n") - 1
        lines.append(f"{path.name},{hashlib.sha256(content).hexdigest()},{records}")
    (folder / "manifest.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")


def _file_name(part: Part, name: str, quarter: str) -> str:
    """`*crime*.csv` -> `kent_2023-Q1_crimes.csv`; a pattern without a star is the name."""
    if "*" not in part.file_pattern:
        return part.file_pattern
    stem, _, ending = part.file_pattern.replace("*", "").rpartition(".")
    return f"{name}_{quarter}{f'_{stem}s' if stem else ''}.{ending}"


def _write_csv(
    path: Path, part: Part, spelled: list[Spelled], tiles: list[Tile], strange_heading: bool
) -> None:
    sheeted = spelled[0].sheeted
    headings = list(part.headings)
    if strange_heading and part.contains == ("crimes",):
        headings[len(headings) // 2] += " (old)"
    force, quarter = spelled[0].rows.force, spelled[0].rows.quarter
    with path.open("w", encoding=part.encoding, newline="") as file:
        for line in BANNER[: part.banner_rows]:
            file.write(f"{line}: {quarter if line == 'Quarter' else force}\r\n")
        file.write(part.delimiter.join(sheeted.one(heading) for heading in headings) + "\r\n")
        for number in range(1, part.example_rows + 1):
            file.write(part.delimiter.join([f"example {number}"] * len(headings)) + "\r\n")
        for tile in tiles:
            for one in spelled:
                columns = _columns(part, one, one.tile(tile), tile)
                lines = "\r\n".join(map(part.delimiter.join, zip(*columns, strict=True)))
                if lines:
                    file.write(lines + "\r\n")


def _write_workbook(path: Path, layout: Layout, spelled: list[Spelled], tiles: list[Tile]) -> None:
    sheeted: Sheeted = spelled[0].sheeted
    names = {}
    for part in layout.parts:
        place = int(part.sheet) if part.sheet.isdigit() else 0
        # the data may stand on a later sheet, behind a cover
        names |= {f"Cover {n}" if place > 1 else f"Sheet{n}": None for n in range(1, place)}
        names["Data" if place else part.sheet] = part
    book = Workbook(path, list(names))
    for name, part in names.items():
        with book.sheet(name) as sheet:
            if part is None:
                sheet.write([[sheeted.one("CSAE return")], [sheeted.one(spelled[0].rows.quarter)]])
                continue
            sheet.write([[sheeted.one(heading) for heading in part.headings]])
            for tile in tiles:
                for one in spelled:
                    sheet.write(zip(*_columns(part, one, one.tile(tile), tile), strict=True))
    book.close()


def _columns(part: Part, one: Spelled, cells: dict[str, dict[str, Cells]], tile: Tile) -> list[Cells]:
    """The cells of a part, a column for each heading, in the rows that the part's record types fan out to."""
    at = _rows_of(part, one.rows)
    absent = one.sheeted.one("NULL") if "NULL" in part.blank_values else one.sheeted.blank
    filled: dict[str, Cells] = {}
    for column in part.columns:
        if column.heading in filled:
            continue
        n = len(next(iter(at.values())))
        values = cells.get(column.record_type, {}).get(column.column)
        if values is None:
            filled[column.heading] = np.full(n, one.sheeted.blank, dtype=object)
            continue
        # position -1: no such person on the crime
        filled[column.heading] = np.append(values, absent)[at[column.record_type]]
    if part.contains == ("victims",) and _has_orphan(one.rows) and tile.number == 0:
        _add_orphan(part, one, filled)
    return [filled[heading] for heading in part.headings]


def _rows_of(part: Part, rows: ForceQuarter) -> dict[str, np.ndarray]:
    """Record type -> for each row of the part the position of its record, -1 for none."""
    n = {"crimes": rows.n, "victims": len(rows.victims["crime"]), "suspects": len(rows.suspects["crime"])}
    if len(part.contains) == 1:
        kind = part.contains[0]
        at = np.arange(n[kind])
        if part.format == "csv" and n[kind]:
            step = round(1 / DUPLICATES)
            at = np.concatenate([at, at[(n[kind] * 7) % min(step, n[kind]) :: step]])
        return {kind: at}
    starts, sizes = {}, {}
    for kind, people in (("victims", rows.victims), ("suspects", rows.suspects)):
        counts = (
            np.bincount(people["crime"], minlength=rows.n) if kind in part.contains else np.zeros(rows.n, int)
        )
        starts[kind], sizes[kind] = np.cumsum(counts) - counts, counts
    across = np.maximum(sizes["suspects"], 1)
    each = np.maximum(sizes["victims"], 1) * across
    crime = np.repeat(np.arange(rows.n), each)
    inside = np.arange(len(crime)) - np.repeat(np.cumsum(each) - each, each)
    at = {"crimes": crime}
    for kind, step in (("victims", inside // across[crime]), ("suspects", inside % across[crime])):
        at[kind] = np.where(sizes[kind][crime] > 0, starts[kind][crime] + step, -1)
    return at


def _has_orphan(rows: ForceQuarter) -> bool:
    return rows.n >= 150 and (rows.last_serial + int(rows.quarter[-1])) % 6 == 0


def _add_orphan(part: Part, one: Spelled, filled: dict[str, Cells]) -> None:
    """A victim of a crime that is in no file: one record the intake has to reject."""
    rows = one.rows
    nowhere = numbered(rows.force, rows.year)(
        np.array([rows.last_serial * 1000 + 7]), rows.crimes["recorded_on"][:1]
    )[0]
    for column in part.columns:
        value = filled[column.heading][0]
        if column.column == "crime_reference":
            value = one.sheeted.one(nowhere)
        elif column.column == "victim_reference":
            value = one.sheeted.one("19999999")
        filled[column.heading] = np.append(filled[column.heading], value)
