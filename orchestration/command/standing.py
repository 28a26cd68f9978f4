"""What a run or a publication was made from, noted at its end: where all of it is as it was, nothing is made again.

Files are known by size, time and inode, as by the gate; what is noted is compared before Dagster, dbt or Great Expectations
are imported, which takes 5 s. Anything that differs, and a new day (waivers run out by the day), goes the whole way.

What others bring meanwhile (a delivery that lands, a reading in the room) is noted as it was before: it was not built. What
whoever has the turn alone writes is noted as it is afterwards.
"""

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from orchestration import clock
from orchestration.home import Home
from orchestration.turns import write_whole

FILE = "standing.json"
# what a run or a publication writes
WRITTEN = ("archive", "raw", "history", "reading", "warehouse.duckdb")
# of the ledger, what whoever has the turn alone writes
RECEIPTS = (
    *("submissions", "submission_files", "submission_folders", "raw_files", "recorded_crime_releases"),
    *("explanations", "items", "reading_events", "worklist", "worklist_quarters", "releases"),
)
# of the ledger, what nothing is made of: who did what, who may come into the room, who holds which case
BESIDE = (
    "evidence",
    "log_entries",
    "users",
    "sign_ins",
    "second_factors",
    "second_factor_uses",
    "pauses",
    "gold_slots",
)
# a first reading is due of every candidate: models read what is due beyond it
OF = {"reading_slots": "where role <> 'first' or round > 1"}

State = dict[str, str]


def begun(home: Home, what: str) -> State:
    """What comes from others, by part, for `run 2023-Q1` or `publish 2023`."""
    # late: every command imports this one, and they take 0.4 s
    from orchestration.releases.inputs import code_hash, seed_hashes
    from orchestration.returns.landing import RECORDED_CRIME

    kind, *wanted = what.split()
    landing = {f"landing/{name}": home.landing / name for name in (*wanted, RECORDED_CRIME)}
    # what lies astray is named by a run
    names = sorted(path.name for path in home.landing.iterdir()) if home.landing.is_dir() else []
    seeds = _hash(json.dumps(seed_hashes(), sort_keys=True))
    keys = (os.environ.get(name, "") for name in ("CPAI_TOKEN_KEY", "CPAI_TOKEN_KEY_BEFORE"))
    return {
        **({name: _seen(path) for name, path in landing.items()} if kind == "run" else {}),
        # by a hash: a name may be a person's
        **({"landing": _hash("\n".join(names))} if kind == "run" else {}),
        "read": _ledger(home, RECEIPTS, without=True),
        "models, code and seeds": f"{code_hash()} {seeds}",
        "key": _hash("\n".join(keys)),
        "token.key": _seen(home.root / "token.key"),
        # waivers run out by it
        "day": clock.today().isoformat(),
    }


def made(home: Home, answer: Any) -> State:
    """What came of it, by part; a publication has its release in `answer`."""
    release = answer["release"] if isinstance(answer, dict) else ""
    published = {"release": _seen(home.releases / release), "live": str(_live(home))} if release else {}
    return {
        **{part: _seen(home.root / part) for part in WRITTEN},
        "received": _ledger(home, RECEIPTS),
        **published,
    }


def stands(home: Home, what: str) -> dict[str, Any]:
    """What was noted of `run 2023-Q1` or `publish 2023`, where nothing has changed since; else empty."""
    note = _notes(home).get(what, {})
    state = {**begun(home, what), **made(home, note["answer"])} if note else {}
    return note if note and note["state"] == state else {}


def last_run(home: Home) -> dict[str, Any]:
    """The note of the run that stands by its name, `run 2023-Q1`; empty where none does."""
    return {what: one for what in _notes(home) if what.startswith("run ") and (one := stands(home, what))}


def note(home: Home, what: str, before: State, answer: Any) -> None:
    """Keep what a run or publication was made from and what came of it, with what it answered: of the last run, and of as
    many publications as `seeds/storage.csv` has. `before`: what was `begun` with."""
    from orchestration.storage import publications_kept

    kind = what.partition(" ")[0]
    kept = _notes(home)
    # the newest last
    of_kind = [of for of in kept if of.startswith(f"{kind} ") and of != what]
    spare = len(of_kind) + 1 - (publications_kept() if kind == "publish" else 1)
    kept = {of: one for of, one in kept.items() if of not in (*of_kind[: max(spare, 0)], what)}
    state = {**before, **made(home, answer)}
    home.dbt.mkdir(parents=True, exist_ok=True)
    write_whole(home.dbt / FILE, json.dumps({**kept, what: {"state": state, "answer": answer}}))


def still(home: Home, run: dict[str, Any]) -> None:
    """A run that stood before a publication stands after it: what it built was built from the same."""
    for what, one in run.items():
        note(home, what, one["state"], one["answer"])


def forget(home: Home) -> None:
    """Nothing stands: the next run and publication go the whole way."""
    (home.dbt / FILE).unlink(missing_ok=True)


def _notes(home: Home) -> dict[str, Any]:
    try:
        return json.loads((home.dbt / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # not there, or damaged: the whole way notes it again


def _ledger(home: Home, tables: Iterable[str], without: bool = False) -> str:
    """How many rows each of these tables of the ledger has and which came last, or `without` them each other one: rows are
    added, and what is erased by law has a row, too. The file would tell of the log and of who signed in as well."""
    file = home.root / "ledger.db"
    if os.environ.get("CPAI_LEDGER_URL"):
        return os.urandom(8).hex()  # who uses a server goes the whole way: connecting to it takes its imports
    if not file.exists():
        return ""
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as ledger:
        there = [name for (name,) in ledger.execute("select name from sqlite_master where type = 'table'")]
        wanted = sorted(set(there) - {*tables, *BESIDE} if without else set(there) & {*tables})
        rows = [
            (name, *ledger.execute(f"select count(*), max(rowid) from {name} {OF.get(name, '')}").fetchone())  # noqa: S608 - ours
            for name in wanted
        ]
    return _hash(json.dumps(rows))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _live(home: Home) -> Path | None:
    current = home.releases / "current"
    return current.readlink() if current.is_symlink() else None


def _seen(part: Path) -> str:
    """A file, or every file of a folder, as it can be told apart without reading it."""
    digest = hashlib.sha256()
    for path in _files(part):
        seen = path.stat()
        digest.update(f"{path} {seen.st_size} {seen.st_mtime_ns} {seen.st_ino}\n".encode())
    return digest.hexdigest()


def _files(part: Path) -> list[Path]:
    if part.is_dir():
        return sorted(Path(at, name) for at, _, files in os.walk(part) for name in files)
    return [part] if part.exists() else []
