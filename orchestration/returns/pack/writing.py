"""Packs on disk: `packs/<quarter>/<force>.<submission>/{index.html,pack.xlsx,pack.json}` in the home."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.home import Home
from orchestration.returns.pack.gathering import gather
from orchestration.returns.pack.page import page
from orchestration.returns.pack.workbook import write_workbook

if TYPE_CHECKING:
    from sqlalchemy import Engine


def write_packs(home: Home, quarter: str, forces: Iterable[str] | None = None) -> list[Path]:
    """Write the packs of a quarter (of some forces) from the warehouse as it stands; the folders written.

    Raises FileNotFoundError where there is no warehouse yet.
    """
    from orchestration import ledger
    from orchestration.warehouse.dbt import open_read_only

    if not home.warehouse.exists():
        raise FileNotFoundError(f"there is no warehouse in {home.root} yet: run `cpai run {quarter}` first")
    with open_read_only(home) as connection:
        # staging's views say crimes/*/*.parquet, as dbt does
        connection.execute("set file_search_path = ?", [str(home.raw)])
        packs = gather(connection, quarter, home.raw, forces, explanations(ledger.open_ledger(home), quarter))
    return [write_pack(pack, folder_of(home, pack)) for pack in packs.values()]


def explanations(engine: Engine, quarter: str) -> dict[str, list[dict[str, Any]]]:
    """force -> what it explained about the quarter, as its own pack repeats it."""
    from orchestration import ledger

    found = {}
    for force in {row["force"] for row in ledger.read_submissions(engine, quarter)}:
        rows = ledger.read_explanations(engine, force, quarter)
        found[force] = [
            {name: row[name] for name in ("rule", "crime_reference", "explanation")} for row in rows
        ]
    return found


def folder_of(home: Home, pack: dict[str, Any]) -> Path:
    return home.root / "packs" / pack["quarter"] / f"{pack['force']}.{pack['submission']}"


def write_pack(pack: dict[str, Any], folder: Path) -> Path:
    """Write one pack's three files, whole or not at all; returns `folder`."""
    aside = folder.with_name(f".{folder.name}.writing")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    (aside / "index.html").write_text(page(pack) + "\n", encoding="utf-8")
    write_workbook(pack, aside / "pack.xlsx")
    (aside / "pack.json").write_text(json.dumps(pack, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)
    return folder
