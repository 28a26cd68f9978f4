"""The rulebook: each rule's statement, severity and what to do, from `seeds/rules.csv`."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from orchestration.home import SEEDS, seed_rows


@dataclass(frozen=True)
class Rule:
    """One row of `seeds/rules.csv`, as far as an expectation needs it."""

    rule: str
    statement: str
    home: str
    severity: str
    dimension: str
    what_to_do: str


def rulebook(file: Path = SEEDS / "rules.csv") -> dict[str, Rule]:
    """Every rule by its code, read again when the file changed: Dagster runs for weeks."""
    return _read(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _read(file: Path, _changed: int) -> dict[str, Rule]:
    return {
        row["rule"]: Rule(**{name: row[name] for name in Rule.__dataclass_fields__})
        for row in seed_rows(file.name, file.parent)
    }
