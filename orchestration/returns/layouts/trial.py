"""A draft tried on the files it was made from, in a home that is thrown away: its counts beside the files' own.

trial(drafted, {"extract.csv": Path("extract.csv")}, "kent", "2025-Q2").lines()

A wrong map shows in them: fewer persons than there are cells that name one, records held out, codes that are on no list.
Counts and codes of rules alone; nothing of a record.
"""

import shutil
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from orchestration.home import SEEDS, seed_rows
from orchestration.returns.check import CannotCheck, check
from orchestration.returns.grids import Grid
from orchestration.returns.layouts import layout_for
from orchestration.returns.layouts.drafting import Draft, Row
from orchestration.returns.layouts.parts import REFERENCES, LayoutError, compared
from orchestration.returns.parsing import read
from orchestration.returns.reasons import Unreadable
from orchestration.spreadsheets import write_csv

DRAFTED = ("layouts", "layout_columns", "force_layouts")
WORDS = {"cpai": "in the CPAI"}
COLUMNS = (
    ("rows", "rows"),
    ("different", "different"),
    ("named", "named there"),
    ("received", "received"),
    ("duplicate", "repeats"),
    ("held_out", "held out"),
)
SHARE, SEVERAL = "share", "2 or more"
# fewer show nothing
ENOUGH = 10
TOLERATED = 0.02


@dataclass(frozen=True)
class Counts:
    """Of one record type: what the files hold under the headings that name it, and what became of it.

    `different`: references written there; `named`: crimes, or persons of crimes, that they name, counted apart from
    intake; `several`: crimes with two or more of them.
    """

    record_type: str
    rows: int
    different: int
    named: int
    several: int
    received: int
    held_out: int
    duplicate: int

    @property
    def share_held_out(self) -> float:
        """Of what was received."""
        return self.held_out / self.received if self.received else 0.0

    @property
    def doubts(self) -> list[str]:
        """What of these counts is seldom so in a right map, a sentence each."""
        doubts = []
        if self.named >= ENOUGH and self.different * 2 < self.named:
            doubts.append(
                f"{self.record_type}: {self.different:,} different references name {self.named:,} of them; right where "
                "it is a number within the crime, wrong where it is how many"
            )
        if self.received < self.named:
            doubts.append(
                f"{self.record_type}: {self.named:,} are named, {self.received:,} were received; is a row, a sheet or "
                "one of the columns side by side left out?"
            )
        if self.held_out > TOLERATED * self.received:
            doubts.append(
                f"{self.record_type}: {self.held_out:,} of {self.received:,} would be held out; is a heading of what "
                "every record has to have the wrong one, or a date format?"
            )
        return doubts


@dataclass(frozen=True)
class Trial:
    """What a draft made of its files, or why it could make nothing of them."""

    refused: list[str]
    counts: list[Counts] = field(default_factory=list)
    counted: dict[str, Any] = field(default_factory=dict)
    findings: list[tuple[str, int, str]] = field(default_factory=list)

    @property
    def doubts(self) -> list[str]:
        """What may show a wrong map."""
        doubts = [sentence for one in self.counts for sentence in one.doubts]
        return doubts + [
            f"{one.record_type}: none came; is the heading that names them another?"
            for one in self.counts
            if not one.received
        ]

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        counts = [{**asdict(one), "share_held_out": round(one.share_held_out, 4)} for one in self.counts]
        return {**asdict(self), "counts": counts, "doubts": self.doubts}

    def lines(self) -> list[str]:
        """For a terminal."""
        if self.refused:
            return ["The rows do not read the files yet:", *(f"  {sentence}" for sentence in self.refused)]
        lines = [
            "".join([f"{'':<10}", *(f"{name:>13}" for name in (*dict(COLUMNS).values(), SHARE, SEVERAL))])
        ]
        for one in self.counts:
            cells = [f"{getattr(one, name):>13,}" for name, _ in COLUMNS]
            cells += [f"{one.share_held_out:>13.1%}", f"{one.several:>13,}"]
            lines.append("".join([f"{one.record_type:<10}", *cells]))
        counted = {name: count for name, count in self.counted.items() if isinstance(count, int)}
        lines.append(", ".join(f"{WORDS.get(name, name)} {count:,}" for name, count in counted.items()))
        left_out = ", ".join(
            f"{row['reason']} {row['crimes']:,}" for row in self.counted.get("exclusions", ())
        )
        lines.append(f"left out: {left_out or 'none'}")
        lines += [f"  {code:<5}{records:>6,}  {sentence}" for code, records, sentence in self.findings]
        return lines + [f"Look again: {sentence}" for sentence in self.doubts]


def trial(drafted: Draft, files: Mapping[str, Path], force: str, quarter: str, seeds: Path = SEEDS) -> Trial:
    """The draft's rows beside the seeds', the files through intake and the models, and what came out."""
    with TemporaryDirectory(prefix="cpai-trial-") as place:
        with_draft, folder = Path(place) / "seeds", Path(place) / "return"
        shutil.copytree(seeds, with_draft)
        _add(drafted, with_draft, force, quarter)
        folder.mkdir()
        for name, path in files.items():
            shutil.copy2(path, folder / Path(name).name)
        try:
            layout = layout_for(force, quarter, with_draft)
            own = read({path.name: path for path in folder.iterdir()}, layout)
            packs = check(folder, force, quarter, layout, with_draft)
        except (LayoutError, CannotCheck) as problem:
            return Trial([str(problem)])
        except Unreadable as problem:
            return Trial([str(reason) for reason in problem.reasons])
    # one for each force of a joint return
    if reasons := [row for pack in packs for row in pack["reasons"]]:
        return Trial(list(dict.fromkeys(f"{row['code']} {row['said']}" for row in reasons)))
    found: dict[tuple[str, str], int] = defaultdict(int)
    for row in (row for pack in packs for row in pack["findings"]):
        found[row["code"], row["statement"]] += row["records"]
    findings = [(code, records, statement) for (code, statement), records in found.items()]
    return Trial([], _counts(own, packs), _counted(packs), findings)


def _add(drafted: Draft, seeds: Path, force: str, quarter: str) -> None:
    """The draft's rows into a copy of the seeds, where the force then has this layout in this quarter alone."""
    for name in DRAFTED:
        path = seeds / "layouts" / f"{name}.csv"
        rows: list[Row] = seed_rows(f"layouts/{name}.csv", seeds)
        new = getattr(drafted, name)
        if name == "force_layouts":
            rows = [row for row in rows if row["delivered_as"] != force]
            new = [
                {
                    "delivered_as": force,
                    "layout": drafted.layout,
                    "from_quarter": quarter,
                    "to_quarter": quarter,
                }
            ]
        write_csv(path, list(rows[0]), [*rows, *new])


def _counted(packs: list[dict[str, Any]]) -> dict[str, Any]:
    """What the return adds to the CPAI, the contact crimes and the candidates, and why other crimes are left out."""
    counted: dict[str, int] = defaultdict(int)
    left_out: dict[str, int] = defaultdict(int)
    for pack in packs:
        for name, count in (pack["counted"] or {}).items():
            if name == "exclusions":
                for row in count:
                    left_out[row["reason"]] += row["crimes"]
            else:
                counted[name] += count
    return {
        **counted,
        "exclusions": [{"reason": reason, "crimes": crimes} for reason, crimes in left_out.items()],
    }


def _counts(grids: list[Grid], packs: list[dict[str, Any]]) -> list[Counts]:
    balance: dict[str, dict[str, int]] = {kind: defaultdict(int) for kind in REFERENCES}
    for row in (row for pack in packs for row in pack["balance"]):
        for name in ("received", "rejected", "duplicate"):
            balance[row["record_type"]][name] += row[name] or 0
    counts = []
    for kind, row in balance.items():
        of_kind = [grid for grid in grids if kind in grid.part.contains]
        named = set().union(*(_named(grid, kind) for grid in of_kind))
        of_crimes = Counter(crime for crime, *_ in named)
        counts.append(
            Counts(
                kind,
                rows=sum(grid.rows for grid in of_kind),
                different=len({key[-1] for key in named}),
                named=len(named),
                several=sum(count > 1 for count in of_crimes.values()),
                received=row["received"],
                held_out=row["rejected"],
                duplicate=row["duplicate"],
            )
        )
    return counts


def _named(grid: Grid, kind: str) -> set[tuple[str, ...]]:
    """The crimes, or persons of crimes, that the cells of a table name, counted apart from what intake makes of it."""
    found: set[tuple[str, ...]] = set()
    texts = {heading: column.to_pylist() for heading, column in grid.columns.items()}
    blank = {None, "", *grid.part.blank_values}
    for feed in grid.part.feeds:
        if feed.record_type != kind:
            continue
        names = dict.fromkeys(("crime_reference", REFERENCES[kind]))
        headings = [
            next((one.heading for one in feed.columns.get(name, ()) if one.heading in texts), None)
            for name in names
        ]
        columns = [texts[heading] for heading in headings if heading is not None]
        when = feed.when
        if len(columns) < len(headings) or (when and when.heading not in texts):
            continue
        for row, key in enumerate(zip(*columns, strict=True)):
            of_kind = when is None or compared(texts[when.heading][row] or "") in when.values
            if of_kind and not blank & set(key):
                found.add(key)
    return found
