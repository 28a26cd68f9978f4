"""One force's quarter as the columns of a return: what stays the same is spelled once, what differs from tile
to tile (references, days, person numbers) is filled in for each tile."""

import re
from collections.abc import Iterable
from datetime import date
from functools import cache, cached_property

import numpy as np

from orchestration.returns.layouts.parts import Layout
from orchestration.synthetic import spelling
from orchestration.synthetic.numbering import NUMBERS_WITHIN_A_CRIME, year_offsets
from orchestration.synthetic.reference import NO_DATE, forces
from orchestration.synthetic.return_workbook import BLANK, date_cell, number_cell, text_cell
from orchestration.synthetic.year import ForceQuarter, Tile, number_of

Cells = np.ndarray
"""Ready cells (text of a CSV field or XML of a workbook cell), one per record."""

FIRST_DAY, LAST_DAY = -36000, 25900
CRIME_DATES = ("recorded_on", "reported_on", "committed_from", "committed_to", "cancelled_on", "outcome_on")
BIRTHS_AS_EXCEL_DATES = ("cumbria",)
RECURRING = 9_000_000_000
"""Added to the number of a person who is on crimes of several years."""
NULL_LAYOUTS = ("athena", "connect")


class Sheeted:
    """How a value becomes a cell: in a CSV file or in a workbook."""

    def __init__(self, workbook: bool, delimiter: str = ",") -> None:
        self.workbook = workbook
        self.blank = BLANK if workbook else ""
        self._special = re.compile(f'[{re.escape(delimiter)}"\r\n]')

    def one(self, text: str) -> str:
        if self.workbook:
            return text_cell(text)
        if self._special.search(text):
            return '"' + text.replace('"', '""') + '"'
        return text

    def texts(self, values: Iterable[str]) -> Cells:
        """For values that repeat."""
        values = list(values)
        made = {value: self.one(value) for value in set(values)}
        return _cells([made[value] for value in values])

    def plain(self, values: Iterable[str]) -> Cells:
        """For values that differ and hold nothing that needs quoting."""
        if not self.workbook:
            return _cells(list(values))
        return _cells([f'<c t="inlineStr"><is><t>{v}</t></is></c>' if v else BLANK for v in values])

    def numbers(self, values: np.ndarray, as_number: bool) -> Cells:
        """Whole numbers, -1 for none."""
        render = number_cell if self.workbook and as_number else self.one
        made = {v: render(str(v)) if v >= 0 else self.blank for v in np.unique(values).tolist()}
        return _cells([made[v] for v in values.tolist()])

    def days(self, values: np.ndarray, date_format: str, as_date: bool) -> Cells:
        table = _day_cells(self.workbook, date_format, as_date)
        return table[np.where(values == NO_DATE, 0, values - FIRST_DAY + 1)]


@cache
def _day_cells(workbook: bool, date_format: str, as_date: bool) -> Cells:
    """A cell for each day from FIRST_DAY to LAST_DAY, a blank in front: a look-up is 50 times faster than
    formatting, and at scale 50 there are 40 million dates."""
    if workbook and as_date:
        return _cells([BLANK, *(date_cell(n) for n in range(FIRST_DAY, LAST_DAY + 1))])
    shape = date_format.replace("%Y", "{0}").replace("%m", "{1}").replace("%d", "{2}")
    days = np.datetime_as_string(np.arange(FIRST_DAY, LAST_DAY + 1).astype("datetime64[D]")).tolist()
    texts = (shape.format(*day.split("-")) for day in days)
    if not workbook:
        return _cells(["", *texts])
    return _cells([BLANK, *(text_cell(text) for text in texts)])


class Spelled:
    """A force's quarter in the spelling of its layout. `tile()` gives every column of every record type."""

    def __init__(self, rows: ForceQuarter, layout: Layout, seed: int, first_try: bool = False) -> None:
        self.rows = rows
        self.layout = layout
        self.habits = spelling.habits_of(layout.layout)
        part = layout.parts[0]
        self.sheeted = Sheeted(part.format == "xlsx", part.delimiter)
        self.columns = {
            (column.record_type, column.column): column for p in layout.parts for column in p.columns
        }
        position = forces().index.get_loc(rows.force)
        self._rng = np.random.default_rng([seed, 2, position, number_of(rows.quarter)])
        self.eats = self.habits.code == "eaten"
        if first_try:
            self._as_first_sent()
        self.static = {
            "crimes": self._crimes(),
            "victims": self._people(rows.victims),
            "suspects": self._people(rows.suspects) | self._suspects(),
        }

    @cached_property
    def null_share(self) -> float:
        return 0.4 if self.layout.layout.split("-")[0] in NULL_LAYOUTS else 0.0

    def tile(self, tile: Tile) -> dict[str, dict[str, Cells]]:
        rows, sheeted = self.rows, self.sheeted
        moved = rows.days_moved(tile)
        texts = rows.references(tile)
        crimes = dict(self.static["crimes"])
        crimes["crime_reference"] = references = sheeted.plain(texts)
        incidents = rows.crimes["incident"] * tile.of + tile.number + year_offsets(rows.crimes["recorded_on"])
        crimes["incident_reference"] = sheeted.plain([f"INC{number:08}" for number in incidents.tolist()])
        for name in CRIME_DATES:
            crimes[name] = self._days("crimes", name, rows.crimes[name], moved)
        impossible = rows.crimes["impossible_date"]
        if impossible.any():
            shape = self.columns["crimes", "committed_from"].date_format
            text = shape.replace("%d", "31").replace("%m", "02").replace("%Y", str(rows.year))
            crimes["committed_from"][impossible] = sheeted.one(text)
        links = np.full(rows.n, sheeted.blank, dtype=object)
        for position, reference in rows.links(tile).items():
            links[position] = sheeted.one(reference)
        crimes["linked_crime_reference"] = links
        if "hidden" in rows.linked:
            links[rows.linked["hidden"]] = sheeted.blank

        victims = self._tile_people("victims", rows.victims, references, moved, tile, 20_000_000)
        suspects = self._tile_people("suspects", rows.suspects, references, moved, tile, 60_000_000)
        suspects["arrested_on"] = self._days(
            "suspects", "arrested_on", rows.suspects["arrested_on"], moved[rows.suspects["crime"]]
        )
        first_victim = np.searchsorted(rows.victims["crime"], rows.suspects["crime"])
        has = np.isin(rows.suspects["crime"], rows.victims["crime"])
        to = np.full(len(has), sheeted.blank, dtype=object)
        to[has] = victims["victim_reference"][first_victim[has]]
        suspects["victim_reference"] = to
        return {"crimes": crimes, "victims": victims, "suspects": suspects}

    def _days(self, record_type: str, name: str, days: np.ndarray, moved: np.ndarray) -> Cells:
        column = self.columns.get((record_type, name))
        as_date = self.eats or (name == "date_of_birth" and self.rows.force in BIRTHS_AS_EXCEL_DATES)
        shape = column.date_format if column and column.date_format else "%Y-%m-%d"
        return self.sheeted.days(np.where(days == NO_DATE, NO_DATE, days + moved), shape, as_date)

    def _tile_people(
        self,
        kind: str,
        people: dict[str, np.ndarray],
        references: Cells,
        moved: np.ndarray,
        tile: Tile,
        first_number: int,
    ) -> dict[str, Cells]:
        columns = dict(self.static[kind])
        columns["crime_reference"] = references[people["crime"]]
        reference = f"{kind[:-1]}_reference"
        if self.rows.force in NUMBERS_WITHIN_A_CRIME:
            columns[reference] = self.sheeted.numbers(people["within"], as_number=False)
        else:
            numbers = people["number"] * tile.of + tile.number + first_number
            numbers += np.where(
                people["recurs"], RECURRING, year_offsets(self.rows.crimes["recorded_on"])[people["crime"]]
            )
            columns[reference] = self.sheeted.plain([str(number) for number in numbers.tolist()])
        columns[reference][people["state"].astype(bool)] = self.sheeted.one("STATE")
        # a person of several years was born on one day, whichever days a tile moves
        days, born = np.where(people["recurs"], 0, moved[people["crime"]]), people["born_on"]
        columns["date_of_birth"] = self._days(kind, "date_of_birth", born, days)
        if (kind, "surname") in self.columns:
            numbers = people["number"].tolist()
            surnames = [f"Surname{number % 1000:03}" for number in numbers]
            forenames = [f"Forename{number % 89:02}" for number in numbers]
            if self.columns[kind, "surname"].separator:
                separator = self.columns[kind, "surname"].separator
                plain = Sheeted(False).days(
                    np.where(born == NO_DATE, NO_DATE, born + days), "%Y-%m-%d", False
                )
                joined = [
                    separator.join(filter(None, names))
                    for names in zip(surnames, forenames, plain, strict=True)
                ]
                unnamed = (people.get("identified", np.full(len(joined), "Y")) == "N") | people[
                    "state"
                ].astype(bool)
                columns["surname"] = self.sheeted.plain(
                    np.where(unnamed & (plain == ""), "Missing value", np.array(joined, dtype=object))
                )
            else:
                columns["surname"] = self.sheeted.plain(surnames)
                columns["forenames"] = self.sheeted.plain(forenames)
        return columns

    def _spelled(self, record_type: str, name: str, values: np.ndarray) -> Cells:
        column = self.columns.get((record_type, name))
        if column and column.separator == " - ":
            values = spelling.with_label(name, values, column.separator)
        cells = self.sheeted.texts(values.tolist())
        if self.null_share:
            blank = (values == "") & (self._rng.random(len(values)) < self.null_share)
            cells[blank] = self.sheeted.one("NULL")
        return cells

    def _crimes(self) -> dict[str, Cells]:
        rows, habits, rng = self.rows.crimes, self.habits, self._rng
        codes = spelling.codes(rng, habits.code, rows["offence_code"], rows["offence_class"])
        cells = {
            "offence_code": self._eaten(codes) if self.eats else self.sheeted.texts(codes.tolist()),
            "offence_description": self.sheeted.texts(spelling.titles(rows["offence_class"]).tolist()),
            "status": self.sheeted.texts(
                np.where(rows["status"] == "recorded", habits.statuses[0], habits.statuses[1]).tolist()
            ),
            "offenders_stated": self.sheeted.numbers(rows["offenders_stated"], as_number=self.eats),
            "summary": self.sheeted.texts(spelling.summaries(rng, rows["said"]).tolist()),
        }
        for name in ("csa_flag", "cse_flag", "online_flag", "children_flag"):
            cells[name] = self._spelled("crimes", name, spelling.flags(habits, rows[name]))
        cells["location_type"] = self._spelled(
            "crimes", "location_type", spelling.locations(habits, rows["location_type"])
        )
        for name in ("cancellation_code", "local_authority", "outcome_code"):
            cells[name] = self._spelled("crimes", name, rows[name])
        return cells

    def _people(self, people: dict[str, np.ndarray]) -> dict[str, Cells]:
        kind = "suspects" if "relationship" in people else "victims"
        rng, habits = self._rng, self.habits
        state = people["state"].astype(bool)
        in_cocad = self.rows.crimes["is_cocad"][people["crime"]].astype(bool)

        def blanked(values: np.ndarray) -> np.ndarray:
            return np.where(state, "", values)

        ages = np.where(people["sends_age"].astype(bool), people["age"], -1)
        return {
            "gender": self._spelled(
                kind, "gender", blanked(spelling.genders(rng, habits, people["gender"], in_cocad))
            ),
            "age_at_offence": self.sheeted.numbers(ages, as_number=self.eats),
            "self_defined_ethnicity": self._spelled(
                kind,
                "self_defined_ethnicity",
                blanked(spelling.self_defined(rng, habits, people["self_defined"])),
            ),
            "observed_ethnicity": self._spelled(
                kind, "observed_ethnicity", blanked(spelling.observed(rng, habits, people["observed"]))
            ),
            "disability": self._spelled(kind, "disability", spelling.flags(habits, people["disability"])),
            "nationality": self._spelled(kind, "nationality", people["nationality"]),
        }

    def _suspects(self) -> dict[str, Cells]:
        people, habits = self.rows.suspects, self.habits
        cells = {
            name: self._spelled("suspects", name, spelling.flags(habits, people[name]))
            for name in ("identified", "deceased")
        }
        roles = np.where(people["role"] == "suspect", habits.roles[0], habits.roles[1])
        cells["role"] = self.sheeted.texts(roles.tolist())
        cells["relationship"] = self._spelled(
            "suspects", "relationship", spelling.relationships(self._rng, habits, people["relationship_code"])
        )
        return cells

    def _eaten(self, codes: np.ndarray) -> Cells:
        """`19/8` typed into a workbook becomes 19 August 2020: nearly always, half shown as a number."""
        fate = self._rng.random(len(codes))
        cells = []
        for code, luck in zip(codes, fate, strict=True):
            prefix, slash, sub = code.partition("/")
            eaten = slash and prefix.isdigit() and sub.isdigit() and int(sub) <= 12 and int(prefix) <= 28
            if not eaten or luck < 0.05:
                cells.append(text_cell(code))
                continue
            day = (date(2020, int(sub), int(prefix)) - date(1970, 1, 1)).days
            cells.append(date_cell(day) if luck < 0.5 else number_cell(day + 25569))
        return _cells(cells)

    def _as_first_sent(self) -> None:
        """What the same quarter looked like in an earlier delivery: not yet reclassified, not yet cancelled,
        ethnicity still to come."""
        rows, rng = self.rows, self._rng
        crimes, n = dict(rows.crimes), rows.n
        changed = rng.choice(n, max(1, n // 30), replace=False)
        like = rng.permutation(changed)
        for name in ("offence_code", "offence_class"):
            values = crimes[name].copy()
            values[changed] = crimes[name][like]
            crimes[name] = values
        undone = (crimes["status"] == "cancelled") & (rng.random(n) < 0.7)
        crimes["status"] = np.where(undone, "recorded", crimes["status"])
        crimes["cancellation_code"] = np.where(undone, "", crimes["cancellation_code"])
        crimes["cancelled_on"] = np.where(undone, NO_DATE, crimes["cancelled_on"])
        people = []
        for table in (rows.victims, rows.suspects):
            late = rng.random(len(table["crime"])) < 0.4
            people.append(table | {"self_defined": np.where(late, "", table["self_defined"])})
        self.rows = ForceQuarter(
            rows.force,
            rows.quarter,
            crimes,
            *people,
            linked=rows.linked | {"hidden": undone},
            last_serial=rows.last_serial,
        )


def _cells(values: list[str]) -> Cells:
    cells = np.empty(len(values), dtype=object)
    cells[:] = values
    return cells
