"""Whatever shape the layout rows give a table: they load, a file of that shape is read to exactly its records, and
staging's keys hold."""

import csv
import shutil
from collections import Counter
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.home import SEEDS, Home, seed_rows
from orchestration.returns import check, mapping, parsing, raw
from orchestration.returns.layouts import all_layouts
from orchestration.returns.layouts.parts import RECORD_TYPES
from orchestration.returns.layouts.written import load
from orchestration.warehouse import changes, compiled

QUARTER = "2023-Q1"
KINDS = ("victims", "suspects")
CRIME = ("crime_reference", "offence_code", "recorded_on", "status")
ROLES = {"victims": "VIC|Victim", "suspects": "SUS"}
BLANK = {kind: "" for kind in ("layout", "part", "heading", "record_type", "column", "must", "date_format")}


@st.composite
def shapes(draw):
    """How one crime system writes: in one table or three, persons by row, by role or side by side."""
    form = draw(st.sampled_from(["csv", "xlsx"]))
    return {
        "form": form,
        "kind": draw(st.sampled_from(["flat", "flat in parts", "roles", "tables"])),
        "side by side": {kind: draw(st.integers(0, 4)) for kind in KINDS},
        "banner_rows": draw(st.integers(0, 3)),
        "example_rows": draw(st.integers(0, 2)),
        "heading_rows": draw(st.integers(1, 3)),
        "encoding": draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"])),
        "delimiter": draw(st.sampled_from([",", ";", "|", "tab"])),
        "sheet": draw(st.sampled_from(["name", "number", "pattern"])),
        "date_format": draw(st.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%d-%b-%Y", "%Y%m%d"])),
        "time": draw(st.sampled_from(["", " 10:00", "T10:00:00.5Z"])),
    }


CRIMES = st.lists(
    st.fixed_dictionaries(
        # each person: whether the force has who it is
        {kind: st.lists(st.booleans(), max_size=4) for kind in KINDS}
    ),
    min_size=1,
    max_size=4,
)


def records_of(crimes):
    """(record type, crime, person's reference, age) of every record sent."""
    found = []
    for number, crime in enumerate(crimes):
        reference = f"46/{number}/23"
        found.append(("crimes", reference, "", ""))
        for kind in KINDS:
            for person, is_known in enumerate(crime[kind]):
                name = f"{kind[0]}{number}{person}" if is_known else ""
                found.append((kind, reference, name, str(10 * person + number + 1)))
    return found


class Written:
    """The seeds' rows and the files of a return of one shape."""

    def __init__(self, shape, crimes, folder):
        self.shape, self.folder = shape, folder
        self.layouts, self.columns = [], []
        self.of = {}
        for kind, reference, name, age in records_of(crimes):
            self.of.setdefault(reference, {one: [] for one in RECORD_TYPES})[kind].append((name, age))
        self.wide = shape["side by side"] if shape["kind"] != "roles" else dict.fromkeys(KINDS, 0)
        for kind in KINDS:
            most = max(len(of[kind]) for of in self.of.values())
            if self.wide[kind]:
                self.wide[kind] = max(self.wide[kind], most)

    def write(self):
        kind = self.shape["kind"]
        if kind == "tables":
            tables = {one: ([one], self._table([one])) for one in RECORD_TYPES}
        else:
            tables = {"all": (list(RECORD_TYPES), self._table(list(RECORD_TYPES)))}
        for name, (kinds, rows) in tables.items():
            self._rows_of_seeds(name, kinds)
            self.tables = {**getattr(self, "tables", {}), name: rows}
        _write(self.folder / "seeds", self.layouts, self.columns)
        return self._files()

    # the rows of a table: its headings, then its cells

    def _groups(self, kind):
        return range(1, self.wide[kind] + 1) if self.wide[kind] else [""]

    def _headings(self, kinds):
        headings = ["Ref"] + (["Code", "Put on", "Status"] if "crimes" in kinds else [])
        headings += ["Role", "Person", "Age"] if self.shape["kind"] == "roles" else []
        if self.shape["kind"] != "roles":
            headings += [
                f"{kind} {what}{n}"
                for kind in KINDS
                if kind in kinds
                for n in self._groups(kind)
                for what in ("id", "age")
            ]
        return headings

    def _table(self, kinds):
        rows = [self._headings(kinds)]
        for reference, of in self.of.items():
            start = [reference] + (["19E", self._day(), "recorded"] if "crimes" in kinds else [])
            if self.shape["kind"] == "roles":
                persons = [
                    [ROLES[kind].split("|")[-1].lower(), *person] for kind in KINDS for person in of[kind]
                ]
                rows += [start + person for person in persons or [["", "", ""]]]
                continue
            across = [[]]
            for kind in (kind for kind in KINDS if kind in kinds):
                across = [cells + person for cells in across for person in self._beside(kind, of[kind])]
            rows += [start + cells for cells in across if "crimes" in kinds or any(cells)]
        return rows

    def _beside(self, kind, persons):
        """The cells of a crime's persons of one type: all in a row side by side, or a row for each."""
        if not self.wide[kind]:
            return [list(person) for person in persons] or [["", ""]]
        padded = persons + [("", "")] * (self.wide[kind] - len(persons))
        return [[cell for person in padded for cell in person]]

    def _day(self):
        from datetime import date

        return date(2023, 2, 3).strftime(self.shape["date_format"]) + self.shape["time"]

    # the rows of seeds

    def _rows_of_seeds(self, name, kinds):
        parts = {name: kinds}
        if self.shape["kind"] in ("roles", "flat in parts"):
            parts = {kind: [kind] for kind in RECORD_TYPES}
        # one part has one number for all its groups
        counts = {self.wide[kind] for kind in kinds if kind in KINDS and self.wide[kind]}
        if len(counts) > 1:
            parts = {kind: [kind] for kind in RECORD_TYPES}
        for part, of in parts.items():
            row = {
                "layout": "made", "part": part, "format": self.shape["form"], "contains": "+".join(of),
                "file_pattern": self._file(name), "sheet": self._sheet(name),
                **{cell: str(self.shape[cell]) for cell in ("banner_rows", "example_rows", "heading_rows")},
                "encoding": self.shape["encoding"], "delimiter": self.shape["delimiter"],
            }  # fmt: skip
            repeats = {self.wide[kind] for kind in of if kind in KINDS and self.wide[kind]}
            row["repeats"] = str(*repeats) if repeats else ""
            if self.shape["kind"] == "roles" and part in ROLES:
                row |= {"when_heading": self._over("Role"), "when_values": ROLES[part]}
            self.layouts.append(row)
            for kind in of:
                self._feeds(part, kind)

    def _feeds(self, part, kind):
        reference = f"{kind[:-1]}_reference"
        feeds = {"Ref": "crime_reference"}
        if kind == "crimes":
            feeds |= dict(zip(("Code", "Put on", "Status"), CRIME[1:], strict=True))
        elif self.shape["kind"] == "roles":
            feeds |= {"Person": reference, "Age": "age_at_offence"}
        else:
            n = "{n}" if self.wide[kind] else ""
            feeds |= {f"{kind} id{n}": reference, f"{kind} age{n}": "age_at_offence"}
        for heading, column in feeds.items():
            date_format = self.shape["date_format"] if column == "recorded_on" else ""
            self.columns.append(
                {
                    **BLANK, "layout": "made", "part": part, "heading": self._over(heading), "record_type": kind,
                    "column": column, "must": "Y", "date_format": date_format,
                }
            )  # fmt: skip

    def _over(self, heading):
        return " ".join([f"over{n}" for n in range(1, self.shape["heading_rows"])] + [heading])

    # the files

    def _file(self, name):
        return f"{name}.csv" if self.shape["form"] == "csv" else "return.xlsx"

    def _sheet(self, name):
        if self.shape["form"] == "csv":
            return ""
        return {"name": name, "number": str(list(self._names()).index(name) + 1), "pattern": f"{name[:3]}*"}[
            self.shape["sheet"]
        ]

    def _names(self):
        return RECORD_TYPES if self.shape["kind"] == "tables" else ("all",)

    def _whole(self, rows):
        headings, *cells = rows
        width = len(headings)
        above = [[f"over{n}", *[""] * (width - 1)] for n in range(1, self.shape["heading_rows"])]
        banner = [["a banner", *[""] * (width - 1)]] * self.shape["banner_rows"]
        return [*banner, *above, headings, *[["e.g."] * width] * self.shape["example_rows"], *cells]

    def _files(self):
        tables = {name: self._whole(rows) for name, rows in self.tables.items()}
        if self.shape["form"] == "csv":
            mark = "\t" if self.shape["delimiter"] == "tab" else self.shape["delimiter"]
            for name, rows in tables.items():
                with (self.folder / f"{name}.csv").open(
                    "w", encoding=self.shape["encoding"], newline=""
                ) as file:
                    csv.writer(file, delimiter=mark).writerows(rows)
            return {f"{name}.csv": self.folder / f"{name}.csv" for name in tables}
        book = xlsxwriter.Workbook(self.folder / "return.xlsx", {"strings_to_numbers": False})
        for name, rows in tables.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, cell in enumerate(row):
                    sheet.write_string(number, column, cell)
        book.close()
        return {"return.xlsx": self.folder / "return.xlsx"}


def _write(seeds: Path, layouts, columns):
    (seeds / "layouts").mkdir(parents=True, exist_ok=True)
    for name in ("return_columns.csv", "forces.csv"):
        shutil.copy(SEEDS / name, seeds / name)
    joint = (SEEDS / "joint_returns.csv").read_text(encoding="utf-8").splitlines()[0]
    (seeds / "joint_returns.csv").write_text(joint + "\n", encoding="utf-8")
    used = [{"delivered_as": "kent", "layout": "made", "from_quarter": QUARTER, "to_quarter": "", "note": ""}]
    for name, rows in (("layouts", layouts), ("layout_columns", columns), ("force_layouts", used)):
        with (seeds / "layouts" / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(
                file, list(seed_rows(f"layouts/{name}.csv")[0]), restval="", lineterminator="\n"
            )
            writer.writeheader()
            writer.writerows(rows)


@pytest.fixture(scope="module")
def staging(tmp_path_factory):
    """Staging in memory, made anew for the records of each example."""
    home = Home(tmp_path_factory.mktemp("staging"))
    raw.ensure(home)
    connection = duckdb.connect()
    steps = compiled.steps(check.MODELS)
    compiled.build(connection, [step for step in steps if step.kind == "seed"], home.raw)
    staged = [step for step in steps if step.name.startswith(("stg_", "int_"))]
    for schema in {step.schema for step in staged}:
        connection.execute(f'create schema if not exists "{schema}"')
    return home, connection, staged


def stage(staging, records):
    home, connection, staged = staging
    for kind, table in records.items():
        path = raw.records_file(home, kind, QUARTER, "kent", 1)
        raw.write(raw._with_origin(table, kind, "kent", QUARTER, 1), path)
    submission = {
        "force": "kent",
        "quarter": QUARTER,
        "submission": 1,
        "layout": "national",
        "status": "accepted",
    }
    row = (
        submission | {kind: table.num_rows for kind, table in records.items()} | {"received_at": "2023-04-20"}
    )
    raw.write(pa.Table.from_pylist([row], schema=raw.submissions_schema()), home.raw / "submissions.parquet")
    # each example anew: nothing is built yet, and all of it has changed
    connection.execute("delete from warehouse.control.changed_returns")
    changes.prepare(connection, home.raw)
    for step in staged:
        connection.execute(f"create or replace {step.kind} {step.relation} as {step.sql}")
    return connection


# an example takes a second: a layout loaded, files written and read, staging made
QUIET = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}


@settings(max_examples=6, **QUIET)
@given(shape=shapes(), crimes=CRIMES)
def test_what_loads_is_read_to_its_records_and_the_keys_of_staging_hold(
    shape, crimes, tmp_path_factory, staging
):
    reads_and_stages(shape, crimes, tmp_path_factory, staging)


@pytest.mark.proof
@settings(max_examples=200, **QUIET)
@given(shape=shapes(), crimes=CRIMES)
def test_many_layouts_that_load_are_read(shape, crimes, tmp_path_factory, staging):
    reads_and_stages(shape, crimes, tmp_path_factory, staging)


def reads_and_stages(shape, crimes, tmp_path_factory, staging) -> None:
    folder = tmp_path_factory.mktemp("made")
    written = Written(shape, crimes, folder)
    files = written.write()
    layout = all_layouts(folder / "seeds")["made"]
    load.cache_clear()
    records = mapping.records(parsing.read(files, layout))
    sent = records_of(crimes)
    found = [
        (
            kind,
            row["crime_reference"],
            row.get(f"{kind[:-1]}_reference") if kind in KINDS else "",
            row.get("age_at_offence"),
        )
        for kind in RECORD_TYPES
        for row in records[kind].to_pylist()
    ]
    assert Counter(tuple(cell or "" for cell in row) for row in found) == Counter(sent)
    for table in records.values():
        places = [
            (row["file"], row["sheet"], row["record_number"], row["place_in_row"])
            for row in table.to_pylist()
        ]
        assert len(set(places)) == len(places)
    connection = stage(staging, records)
    key = "record_type, force, quarter, submission, file, sheet, record_number, place_in_row"
    held = connection.execute(
        f"select count(*), count(distinct ({key})) from intermediate.int_rejected_records"
    ).fetchone()
    unknown = sum(kind in KINDS and not name for kind, _, name, _ in sent)
    assert held == (unknown, unknown)
    for kind in RECORD_TYPES:
        (staged,) = connection.execute(f"select count(*) from intermediate.int_{kind}").fetchone()
        assert staged == sum(kind == one and (one == "crimes" or bool(name)) for one, _, name, _ in sent)
