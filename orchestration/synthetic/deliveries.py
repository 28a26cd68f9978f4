"""In which order synthetic returns came: a row of `deliveries.csv` for each folder and each
file of readings, with the quarter whose returns it
came with, or `refresh` for what came last of all."""

from functools import cache
from pathlib import Path

from orchestration import quarters as calendar
from orchestration.home import seed_rows

Came = tuple[str, Path]
"""With the returns of which quarter, and the folder or file of readings."""


@cache
def quarter_of(name: str, quarter: str) -> str:
    """With which quarter's returns a return came: its own; later where a known break has that none came in time."""
    (scope,) = [row["prc_name"] for row in seed_rows("forces.csv") if row["force"] == name] or [""]
    for row in seed_rows("known_breaks.csv"):
        if row["scope"] == scope and row["kind"].startswith("missing return"):
            first, last = (_quarter(row[edge]) for edge in ("start", "end"))
            if first <= quarter <= last:
                return calendar.following(last)
    return quarter


def _quarter(day: str) -> str:
    return calendar.of_month(day[:7])


def write(path: Path, came: list[Came]) -> None:
    """Every delivery, in the order in which they came."""
    in_order = sorted(came, key=lambda one: (one[0] == "refresh", one[0]))
    lines = [f"{quarter},{path.as_posix()}" for quarter, path in in_order]
    path.write_text("\n".join(["delivered_with,path", *lines, ""]), encoding="utf-8")
