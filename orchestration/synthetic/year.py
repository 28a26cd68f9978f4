"""A synthetic year: its crimes, victims and suspects, and those of one force's quarter as plain arrays."""

from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from orchestration.synthetic.numbering import CALIBRATED, numbered


@dataclass(frozen=True)
class Year:
    """Positions join the frames: `victims.crime` and `suspects.crime` point into `crimes`."""

    quarters: tuple[str, ...]
    crimes: pd.DataFrame
    victims: pd.DataFrame
    suspects: pd.DataFrame


def number_of(quarter: str) -> int:
    """1 for 2023-Q1, which random draws of that year start from; earlier ones are far above, for no seed of a generator
    is negative."""
    year, number = quarter.split("-Q")
    return ((int(year) - CALIBRATED) * 4 + int(number)) % 10_000


@dataclass(frozen=True)
class Tile:
    """The `number`th copy of the base year (0 … `of` - 1)."""

    number: int
    of: int


@dataclass
class ForceQuarter:
    """A force's quarter of the base year as plain arrays; persons' `crime` counts from its first crime."""

    force: str
    quarter: str
    crimes: dict[str, np.ndarray]
    victims: dict[str, np.ndarray]
    suspects: dict[str, np.ndarray]
    linked: dict[str, np.ndarray] = field(default_factory=dict)
    last_serial: int = 0
    drawn: dict[int, list[int]] = field(default_factory=dict)
    """Number of a tile -> positions of its crimes in the recall sample."""

    @property
    def year(self) -> int:
        return int(self.quarter[:4])

    @property
    def n(self) -> int:
        return len(self.crimes["serial"])

    def days_moved(self, tile: Tile) -> np.ndarray:
        return _moved(self.crimes["serial"], self.crimes["recorded_on"], tile)

    def references(self, tile: Tile) -> list[str]:
        serials = (self.crimes["serial"] - 1) * tile.of + tile.number + 1
        return numbered(self.force)(serials, self.crimes["recorded_on"] + self.days_moved(tile))

    def part(self, chosen: np.ndarray) -> "ForceQuarter":
        """The crimes of this mask, with their persons."""
        place = np.cumsum(chosen) - 1

        def of_these(people: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            kept = chosen[people["crime"]]
            return {name: values[kept] for name, values in people.items()} | {
                "crime": place[people["crime"][kept]]
            }

        return replace(
            self,
            crimes={name: values[chosen] for name, values in self.crimes.items()},
            victims=of_these(self.victims),
            suspects=of_these(self.suspects),
            linked={name: values[chosen] for name, values in self.linked.items()},
            drawn={},
        )

    def links(self, tile: Tile) -> dict[int, str]:
        """Position of a cancelled crime -> the crime it points to, `force:reference` when elsewhere."""
        to = {}
        for position in np.flatnonzero(self.linked["serial"] > 0).tolist():
            force = self.linked["force"][position]
            serial, recorded = (
                self.linked[name][position : position + 1] for name in ("serial", "recorded_on")
            )
            number = (serial - 1) * tile.of + tile.number + 1
            reference = numbered(force)(number, recorded + _moved(serial, recorded, tile))[0]
            to[position] = reference if force == self.force else f"{force}:{reference}"
        return to


def force_quarters(year: Year) -> dict[tuple[str, str], ForceQuarter]:
    """(force, quarter) -> its records. Records must be in order of return (`in_order_of_return`)."""
    crimes = {name: year.crimes[name].to_numpy() for name in year.crimes}
    people = [{name: table[name].to_numpy() for name in table} for table in (year.victims, year.suspects)]
    linked = crimes["linked"]
    targets = {
        "force": crimes["force"][linked],
        "serial": np.where(linked >= 0, crimes["serial"][linked], 0),
        "recorded_on": crimes["recorded_on"][linked],
    }
    last = year.crimes.groupby("force").serial.max()
    keys = list(zip(crimes["force"], crimes["quarter"], strict=True))
    starts = [0, *(i for i in range(1, len(keys)) if keys[i] != keys[i - 1]), len(keys)]
    found = {}
    for start, end in pairwise(starts):
        persons = []
        for table in people:
            low, high = np.searchsorted(table["crime"], [start, end])
            persons.append({name: values[low:high] for name, values in table.items()})
            persons[-1]["crime"] = persons[-1]["crime"] - start
        force, quarter = keys[start]
        found[force, quarter] = ForceQuarter(
            force,
            quarter,
            {name: values[start:end] for name, values in crimes.items()},
            persons[0],
            persons[1],
            {name: values[start:end] for name, values in targets.items()},
            int(last[force]),
        )
    return found


def _moved(serials: np.ndarray, recorded: np.ndarray, tile: Tile) -> np.ndarray:
    """Days by which a tile moves everything about a crime; the day recorded stays in its month."""
    if tile.number == 0:
        return np.zeros(len(serials), dtype=int)
    months = recorded.astype("datetime64[D]").astype("datetime64[M]")
    first = months.astype("datetime64[D]").astype(int)
    last = (months + 1).astype("datetime64[D]").astype(int) - 1
    wish = recorded + (serials * 7 + tile.number * 5) % 17 - 8
    return np.clip(wish, first, last) - recorded
