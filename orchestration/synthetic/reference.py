"""What the synthetic year is built from: the project's seeds, read once."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from orchestration.home import SEEDS, seed_rows

ASSUMED = tomllib.loads(Path(__file__).with_name("assumed.toml").read_text(encoding="utf-8"))
"""What is made up, by name."""
NO_DATE = -(10**6)
"""Days since 1970-01-01 that mean: no date."""


@cache
def seed(name: str) -> pd.DataFrame:
    """One seed as text, blank for blank. Shared: copy before changing."""
    return pd.DataFrame(seed_rows(f"{name}.csv"), dtype=object)


@cache
def published() -> dict[str, tuple[int, int]]:
    """figure_id -> numerator and denominator (0 where the publication prints none)."""
    return {
        row["figure_id"]: (int(row["numerator"] or 0), int(row["denominator"] or 0))
        for row in seed_rows("published_2023.csv")
    }


def count(figure_id: str) -> int:
    return published()[figure_id][0]


def base(figure_id: str) -> int:
    return published()[figure_id][1]


@cache
def offences() -> pd.DataFrame:
    rows = seed("offences").copy()
    rows["age_min"] = pd.to_numeric(rows.victim_age_min.replace("", "0")).astype(int)
    rows["age_max"] = pd.to_numeric(rows.victim_age_max.replace("", "200")).astype(int)
    # codes of the law before May 2004 and codes not yet open are planted on purpose, never drawn
    rows["open"] = ((rows.valid_to == "") | (rows.valid_to >= "2023-12-31")) & (
        rows.valid_from < "2023-01-01"
    )
    return rows


@cache
def classes() -> pd.DataFrame:
    """The class-level row of each offence class that has one."""
    rows = offences()
    return rows[rows.is_class_level == "Y"].set_index("offence_class")


def classes_that_name_a_child() -> list[str]:
    rows = classes()
    return rows.index[(rows.names_a_child == "Y") & (rows.counts_only_when_flagged == "N")].tolist()


@cache
def forces() -> pd.DataFrame:
    return seed("forces").set_index("force", drop=False)


@cache
def local_authorities() -> dict[str, list[str]]:
    """Codes of the local authorities of each force as they are today; a force without an area has none."""
    rows = seed("local_authorities")
    return rows[rows.until == ""].groupby("force").code.apply(list).to_dict()


@dataclass(frozen=True)
class RecordedCrime:
    """Police recorded crime of two real quarters: crimes[quarter][force, class]."""

    forces: list[str]
    classes: list[str]
    crimes: dict[str, np.ndarray]

    def of(self, quarter: str, offence_class: str) -> np.ndarray:
        """One number a force."""
        return self.crimes[quarter][:, self.classes.index(offence_class)]


@cache
def recorded_crime(quarters: tuple[str, ...]) -> RecordedCrime:
    rows = pd.concat(
        pd.read_csv(path, dtype={"offence_code": str})
        for path in sorted((SEEDS / "police_recorded_crime" / "releases").glob("*/*.csv"))
    )
    slugs = dict(zip(forces().prc_name, forces().force, strict=True))
    rows = rows[rows.calendar_quarter.isin(quarters)].assign(
        force=lambda all_rows: all_rows.force_name.map(slugs)
    )
    if rows.force.isna().any():
        raise ValueError(
            "police recorded crime names a force that seeds/forces.csv does not: add its prc_name"
        )
    force_list, class_list = forces().force.tolist(), sorted(rows.offence_code.unique())
    table = rows.groupby(["calendar_quarter", "force", "offence_code"]).offences.sum()
    return RecordedCrime(
        force_list,
        class_list,
        {
            quarter: table[quarter]
            .unstack(fill_value=0)
            .reindex(force_list, fill_value=0)[class_list]
            .to_numpy()
            for quarter in quarters
        },
    )


def day(year: int, month: int = 1, date: int = 1) -> int:
    """Days since 1970-01-01."""
    return day_of(f"{year:04}-{month:02}-{date:02}")


def day_of(written: str) -> int:
    return int(np.datetime64(written, "D").astype(int))


def years_of(days: np.ndarray) -> np.ndarray:
    return days.astype("datetime64[D]").astype("datetime64[Y]").astype(int) + 1970
