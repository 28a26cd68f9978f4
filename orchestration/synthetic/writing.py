"""Writes synthetic years: `landing/<quarter>/<force>/…` in each force's layout, readings, truth apart."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np

from orchestration import quarters as calendar
from orchestration.returns.layouts import delivered, forces_of, layout_for
from orchestration.returns.layouts.parts import Layout, Part
from orchestration.synthetic import deliveries, population, prompts, readings, reopened
from orchestration.synthetic.numbering import CALIBRATED, changed_on, numbered
from orchestration.synthetic.police_recorded_crime import RecordedCrime
from orchestration.synthetic.records import LAST_DAY, Cells, Sheeted, Spelled
from orchestration.synthetic.reference import day_of, years_of
from orchestration.synthetic.return_workbook import Workbook
from orchestration.synthetic.series import Series
from orchestration.synthetic.truth import Truth
from orchestration.synthetic.year import ForceQuarter, Tile, Year, force_quarters

Progress = Callable[[int, int, str], object]

SENT_TWICE = {"Q1": ("west-yorkshire", "lancashire", "essex")}
"""Returns whose first delivery was followed by a better one: only the second is calibrated."""
REFUSED_FIRST = {"Q2": ("cleveland",)}
"""Returns whose first delivery has a heading that no layout has."""
WITH_MANIFEST = ("metropolitan",)
DUPLICATES = 0.003
"""Share of records that stand twice, to the letter, in files of one record type."""
BANNER = ("CSAE return", "Quarter", "Force", "Produced by the performance team")


def write_years(
    into: Path,
    first: int = CALIBRATED,
    last: int = CALIBRATED,
    scale: float = 1,
    seed: int = 2023,
    truth: Path | None = None,
    progress: Progress | None = None,
) -> None:
    """Writes synthetic years under `into`: `landing/` (44 forces, each year's quarters and layouts) and `readings/`.

    scale: a whole number of copies of the base year, so that every count of 2023 is that many times the published
    one; or a share below 1, a stratified sample whose counts only the truth has. truth: a folder for what
    the pipeline should find, never read by it. progress: called with returns done, returns in all, what is
    being written. The same years, scale and seed give the same bytes, and 2023 the same beside other years as alone.
    Beside other years come releases of recorded crime, `refresh/` (old returns sent anew, with their readings) and
    `deliveries.csv`, which has when each came. Raises ValueError for a year or scale that cannot be made.
    """
    _can_be_made(first, last, scale)
    series = Series(population.base_year(CALIBRATED, seed), scale, seed)
    asked = [f"{year}-Q{number}" for year in range(first, last + 1) for number in (1, 2, 3, 4)]
    writer = _Writer(into, series, asked, Truth(truth) if truth else None, progress)
    for quarter in asked:
        writer.write(quarter)
    if asked[0][:4] != asked[-1][:4] or first != CALIBRATED:
        writer.refresh()
        deliveries.write(into / "deliveries.csv", writer.came)
    if writer.truth:
        writer.truth.close()
    if progress:
        progress(writer.total, writer.total, "done")


def _can_be_made(first: int, last: int, scale: float) -> None:
    if scale <= 0 or (scale > 1 and scale != int(scale)):
        raise ValueError(f"scale {scale}: use a whole number, or a share between 0 and 1")
    if last < first:
        raise ValueError(f"{first}-{last}: the first year is after the last")
    known = range(int(calendar.FIRST[:4]), years_of(np.array([LAST_DAY]))[0])
    for year in (first, last):
        if year not in known:
            raise ValueError(
                f"{year} cannot be made up: seeds/layouts/force_layouts.csv has layouts from {known[0]} on, and "
                f"dates are written until {known[-1]}"
            )


class _Writer:
    """Writes quarter by quarter what is delivered, and notes when it came."""

    def __init__(
        self, into: Path, series: Series, asked: list[str], truth: Truth | None, progress: Progress | None
    ) -> None:
        self.into, self.series, self.asked, self.truth, self.progress = into, series, asked, truth, progress
        self.tiles = [Tile(number, series.tiles) for number in range(series.tiles)]
        self.came: list[deliveries.Came] = []
        self.done, self.total = 0, sum(len(_deliveries(quarter)) for quarter in asked)
        self.recorded_crime = RecordedCrime(into / "landing" / "recorded_crime")

    def write(self, quarter: str) -> None:
        """The returns and readings of a quarter, and after the last of a year the recorded crime."""
        rows = self._rows(quarter)
        self._started(quarter, Path("readings", f"{quarter}.csv"))
        for name in _deliveries(quarter):
            self._told(f"{quarter} {name}")
            of_return = [
                rows[force, quarter] for force in forces_of(name, quarter) if (force, quarter) in rows
            ]
            if not of_return:
                continue
            came = deliveries.quarter_of(name, quarter)
            came = came if came in self.asked else quarter
            answers = Path("readings", f"{quarter}.csv")
            self.came += [(came, folder) for folder in self._deliver(name, quarter, of_return)]
            if came != quarter:
                # what is not there cannot be read
                answers = answers.with_stem(f"{quarter}-{name}")
                self._started(came, answers)
            for force_quarter in of_return:
                readings.append(self.into / answers, force_quarter, self.tiles, self.series.seed)
                if self.truth:
                    self.truth.add(force_quarter, self.tiles)
        if self.asked[0] != f"{CALIBRATED}-Q1" or len(self.asked) > 4:
            self.recorded_crime.count(quarter, self.series.own(quarter), self.series.tiles)
            if quarter.endswith("Q4"):
                self.came.append((quarter, self.recorded_crime.publish(quarter).relative_to(self.into)))

    def refresh(self) -> None:
        """Old returns of half of all forces sent anew, at once, with readings of what is new to read."""
        for quarter in reopened.quarters_of(self.asked):
            rows = self._rows(quarter)
            answers = Path("refresh", "readings", f"{quarter}.csv")
            self._started("refresh", answers)
            for name in reopened.deliverers(_deliveries(quarter)):
                anew = [
                    reopened.anew(rows[force, quarter], self.series.seed)
                    for force in forces_of(name, quarter)
                ]
                folder = Path("refresh", "landing", quarter, name, "3")
                self._write(folder, name, quarter, [one for one, _ in anew])
                self.came.append(("refresh", folder))
                for one, new in anew:
                    readings.append(
                        self.into / answers, reopened.to_read(one, new), self.tiles, self.series.seed
                    )

    def _started(self, came: str, answers: Path) -> None:
        readings.start(self.into / answers)
        self.came.append((came, answers))

    def _rows(self, quarter: str) -> dict[tuple[str, str], ForceQuarter]:
        if quarter.startswith(str(CALIBRATED)):
            rows = self._calibrated
        else:
            rows = force_quarters(self.series.of(quarter))
            prompts.draw(rows, self.tiles)
        of_quarter = {key: one for key, one in rows.items() if key[1] == quarter}
        own = self.series.own(quarter)
        self._mark_cancelled(of_quarter, own)
        return of_quarter

    @cached_property
    def _calibrated(self) -> dict[tuple[str, str], ForceQuarter]:
        """The base year as one: its records point across its quarters."""
        rows = force_quarters(self.series.calibrated)
        prompts.draw(rows, self.tiles)
        return rows

    def _mark_cancelled(self, rows: dict[tuple[str, str], ForceQuarter], own: Year) -> None:
        """Adds to crimes what only the truth has: whether a later return that was asked for cancels each."""
        later = self.series.cancelled_after(own)
        ahead = len(self.asked) - 1 - self.asked.index(own.quarters[0])
        by_force = own.crimes.serial[(later > 0) & (later <= ahead)].groupby(own.crimes.force).apply(set)
        for (force, quarter), one in rows.items():
            is_own = one.crimes["recorded_on"] >= day_of(calendar.first_day(quarter).isoformat())
            one.crimes["cancelled_later"] = is_own & np.isin(
                one.crimes["serial"], list(by_force.get(force, ()))
            )

    def _deliver(self, name: str, quarter: str, of_return: list[ForceQuarter]) -> list[Path]:
        """Writes a force's return, earlier attempts first; the folders of its deliveries, in that order."""
        folder = Path("landing", quarter, name)
        attempt = None
        if name in SENT_TWICE.get(quarter[5:], ()):
            attempt = {"first_try": True}
        if name in REFUSED_FIRST.get(quarter[5:], ()):
            attempt = {"strange_heading": True}
        if attempt:
            self._write(folder / "1", name, quarter, of_return, **attempt)
        last = folder / "2" if attempt else folder
        self._write(last, name, quarter, of_return)
        return [folder / "1", last] if attempt else [last]

    def _write(
        self, folder: Path, name: str, quarter: str, of_return: list[ForceQuarter], **how: bool
    ) -> None:
        for layout, rows in _in_layouts(layout_for(name, quarter), of_return):
            _write_return(self.into / folder, name, layout, rows, self.tiles, self.series.seed, **how)
        if name in WITH_MANIFEST and not list((self.into / folder).glob("*.xlsx")):
            _write_manifest(self.into / folder)

    def _told(self, what: str) -> None:
        if self.progress:
            self.progress(self.done, self.total, what)
        self.done += 1


def _in_layouts(layout: Layout, of_return: list[ForceQuarter]) -> Iterator[tuple[Layout, list[ForceQuarter]]]:
    """A return in two layouts has the crimes from before the change of system in the files of the first, the rest in
    those of the second."""
    used = {"workbook" if part.format == "xlsx" else "files": part.layout for part in layout.parts}
    if len(used) == 1:
        yield layout, of_return
        return
    for kind, name in used.items():
        parts = tuple(part for part in layout.parts if (part.format == "xlsx") == (kind == "workbook"))
        rows = []
        for one in of_return:
            newer = one.crimes["recorded_on"] >= changed_on(one.force)
            rows.append(one.part(newer == (kind == "workbook")))
        yield replace(layout, layout=name, parts=parts), rows


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
    nowhere = numbered(rows.force)(np.array([rows.last_serial * 1000 + 7]), rows.crimes["recorded_on"][:1])[0]
    for column in part.columns:
        value = filled[column.heading][0]
        if column.column == "crime_reference":
            value = one.sheeted.one(nowhere)
        elif column.column == "victim_reference":
            value = one.sheeted.one("19999999")
        filled[column.heading] = np.append(filled[column.heading], value)
