"""Where things are: the project (seeds, dbt models) and the home (everything received, built and published)."""

import csv
import os
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
# a checkout has seeds/ beside orchestration/; an installed wheel carries them inside the package
PROJECT = PACKAGE.parent if (PACKAGE.parent / "seeds").is_dir() else PACKAGE / "project"
SEEDS = PROJECT / "seeds"
DBT_PROJECT = PROJECT / "dbt_project"


def seed_rows(name: str, seeds: Path = SEEDS) -> list[dict[str, str]]:
    """The rows of a seed as text by column: `forces.csv`, `layouts/layouts.csv`."""
    with (seeds / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@dataclass(frozen=True)
class Home:
    """One folder, `CPAI_HOME`: its parts are interfaces that analysts and forces rely on.

    With `as_of` (a moment: ISO text in UTC, to the second) it is the home as receipts and readings then were, with
    a warehouse of its own.
    """

    root: Path
    as_of: str | None = None

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def archive(self) -> Path:
        return self.root / "archive"

    @property
    def raw(self) -> Path:
        return self.root / "raw"

    @property
    def history(self) -> Path:
        """What outlives the warehouse: `orchestration/warehouse/history.py`."""
        return self.root / "history"

    @property
    def warehouse(self) -> Path:
        if self.as_of:
            # the file's name is the database's name in every model: only its folder can tell two of them apart
            moment = self.as_of.replace("+00:00", "Z").replace(":", "")
            return self.root / "as_of" / moment / "warehouse.duckdb"
        return self.root / "warehouse.duckdb"

    @property
    def ledger_url(self) -> str:
        return os.environ.get("CPAI_LEDGER_URL") or f"sqlite:///{self.root / 'ledger.db'}"

    @property
    def reading(self) -> Path:
        """What readers are shown: only the reading room and workbooks read it."""
        return self.root / "reading"

    @property
    def releases(self) -> Path:
        return self.root / "releases"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    @property
    def dbt(self) -> Path:
        """dbt's target and log folder: build output, kept out of the project."""
        return self.root / "dbt"


def home(root: str | Path | None = None) -> Home:
    """The home at `root`, else at `CPAI_HOME`, else `data/` in the working directory."""
    return Home(Path(root or os.environ.get("CPAI_HOME") or "data").resolve())
