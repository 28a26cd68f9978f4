"""Packs on disk: `packs/<quarter>/<force>.<submission>/` in the home, with the files of `FILES`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.home import Home
from orchestration.ledger import evidence, log
from orchestration.ledger.opening import ledger_of
from orchestration.ledger.receipts import read_explanations, read_submissions
from orchestration.progress import over
from orchestration.returns.checks import EXPLAINED, MOST_BESIDE_RECORDS
from orchestration.returns.landing import is_clutter
from orchestration.returns.pack.gathering import gather
from orchestration.returns.pack.order import in_order
from orchestration.returns.pack.pack_workbook import write_workbook
from orchestration.returns.pack.page import page
from orchestration.returns.parsing import EXPLANATIONS
from orchestration.spreadsheets import write_csv
from orchestration.turns import swap_in
from orchestration.warehouse.dbt import open_read_only

if TYPE_CHECKING:
    from sqlalchemy import Engine

# the fill-in is there where there is something to explain
FILES = ("index.html", "pack.xlsx", "pack.json", EXPLANATIONS)


def write_packs(home: Home, quarter: str, forces: Iterable[str] | None = None) -> list[Path]:
    """Write the packs of a quarter (of some forces) from the warehouse as it stands; the folders written.

    Raises WarehouseClosed where there is no warehouse yet.
    """
    with ledger_of(home) as engine:
        with open_read_only(home) as connection:
            # staging's views read crimes/*/*.parquet, as dbt does
            connection.execute("set file_search_path = ?", [str(home.raw)])
            packs = gather(connection, quarter, home.raw, forces, explanations(engine, quarter))
        sets = [
            ({name: pack[name] for name in ("force", "quarter", "submission")}, pack["force"])
            for pack in packs.values()
        ]
        log.note_each(engine, "disclosure", "return pack written", sets)
        ends = evidence.ends(engine)
    # kept by the force: a ledger that was cut off or written anew since no longer goes through there
    for pack in packs.values():
        pack["ledger"] = ends
    made = over(f"writing packs of {quarter}", packs.values(), name=lambda pack: pack["force"])
    written = [write_pack(pack, folder_of(home, pack)) for pack in made]
    with ledger_of(home) as engine, engine.begin() as connection:
        evidence.note_files(connection, home, *written)
    return written


def explanations(engine: Engine, quarter: str) -> dict[str, list[dict[str, Any]]]:
    """force -> what it explained about the quarter, as its own pack repeats it."""
    found = {}
    for force in {row["force"] for row in read_submissions(engine, quarter)}:
        rows = read_explanations(engine, force, quarter)
        found[force] = [
            {name: row[name] for name in ("rule", "crime_reference", "explanation")} for row in rows
        ]
    return found


def folder_of(home: Home, pack: dict[str, Any]) -> Path:
    return home.root / "packs" / pack["quarter"] / f"{pack['force']}.{pack['submission']}"


def write_pack(pack: dict[str, Any], folder: Path) -> Path:
    """Write one pack's files, whole or not at all, in place of the pack that is there; returns `folder`."""
    aside = folder.with_name(f".{folder.name}.writing")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        rows = to_explain(pack)
        (aside / "index.html").write_text(page(pack, bool(rows)) + "\n", encoding="utf-8")
        write_workbook(pack, aside / "pack.xlsx")
        (aside / "pack.json").write_text(
            json.dumps(pack, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
        if rows:
            write_csv(aside / EXPLANATIONS, list(EXPLAINED), rows, mark=True)
        swap_in(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


def may_be_replaced(folder: Path) -> bool:
    """Whether a pack may take the place of a folder: it is not there, is empty, or holds a pack and nothing else."""
    names = (
        {path.name for path in folder.iterdir() if not is_clutter(path.name)} if folder.exists() else set()
    )
    return not names or ("pack.json" in names and names <= set(FILES))


def to_explain(pack: dict[str, Any]) -> list[dict[str, Any]]:
    """What is not explained yet, as rows of `explanations.csv` for the force to fill in: for each rule one about all of its
    records, then one for each crime. Of more than may come back only the former."""
    explained = {(row["rule"], row["crime_reference"]) for row in pack["explanations"]}
    rows: list[dict[str, Any]] = []
    for finding in in_order([*pack["findings"], *pack["found_by_the_centre"]]):
        rule = finding["code"]
        if finding["answer"] != "explain" or (rule, None) in explained:
            continue
        crimes = {row["crime_reference"] for row in finding["failing"]}
        if left := {crime for crime in crimes if (rule, crime) not in explained}:
            rows += [{"rule": rule, "crime_reference": crime} for crime in (None, *sorted(left - {None}))]
    return rows if len(rows) <= MOST_BESIDE_RECORDS else [row for row in rows if not row["crime_reference"]]
