"""What a run or a publication was made from, noted at its end: where all of it is as it was, nothing is made again.

Files are known by size, time and inode, as by the gate; what is noted is compared before Dagster, dbt or Great Expectations
are imported, which takes 5 s. Anything that differs, and a new day (waivers run out by the day), goes the whole way.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration.home import Home
from orchestration.releases.inputs import code_hash, seed_hashes
from orchestration.returns.landing import RECORDED_CRIME
from orchestration.storage import publications_kept
from orchestration.turns import write_whole

FILE = "standing.json"
# all that a run reads and makes but its landing folders
PARTS = ("archive", "raw", "history", "reading", "warehouse.duckdb", "ledger.db", "token.key", "home.json")


def of_run(home: Home, wanted: Iterable[str]) -> dict[str, str]:
    """What a run of these quarters would be made from, by part."""
    landing = {f"landing/{name}": home.landing / name for name in (*wanted, RECORDED_CRIME)}
    # what lies astray is named by a run
    names = sorted(path.name for path in home.landing.iterdir()) if home.landing.is_dir() else []
    return {
        **_parts(home),
        **{name: _seen(path) for name, path in landing.items()},
        # by a hash: a name may be a person's
        "landing": hashlib.sha256("\n".join(names).encode()).hexdigest(),
    }


def of_publication(home: Home, release: str) -> dict[str, str]:
    """What a publication whose release this is would be made from, by part."""
    return {**_parts(home), "release": _seen(home.releases / release), "live": str(_live(home))}


def noted(home: Home, what: str) -> dict[str, Any]:
    """What was noted of a run or publication, `run 2023-Q1` or `publish 2023`; empty where nothing was."""
    try:
        return json.loads((home.dbt / FILE).read_text(encoding="utf-8")).get(what, {})
    except (OSError, ValueError):
        return {}  # not there, or damaged: the whole way notes it again


def note(home: Home, what: str, state: dict[str, str], answer: Any) -> None:
    """Keep the state that a run or publication came to, with what it answered: the last run, and as many publications as
    `seeds/storage.csv` has."""
    kind = what.partition(" ")[0]
    try:
        kept = json.loads((home.dbt / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        kept = {}
    # the newest last
    of_kind = [of for of in kept if of.startswith(f"{kind} ") and of != what]
    spare = len(of_kind) + 1 - (publications_kept() if kind == "publish" else 1)
    kept = {of: before for of, before in kept.items() if of not in (*of_kind[: max(spare, 0)], what)}
    home.dbt.mkdir(parents=True, exist_ok=True)
    write_whole(home.dbt / FILE, json.dumps({**kept, what: {"state": state, "answer": answer}}))


def forget(home: Home) -> None:
    """Nothing stands: the next run and publication go the whole way."""
    (home.dbt / FILE).unlink(missing_ok=True)


def _parts(home: Home) -> dict[str, str]:
    seeds = hashlib.sha256(json.dumps(seed_hashes(), sort_keys=True).encode()).hexdigest()
    # a ledger on a server has no file: who uses one goes the whole way
    server = {"server": os.urandom(8).hex()} if os.environ.get("CPAI_LEDGER_URL") else {}
    return {
        **{part: _seen(home.root / part) for part in PARTS},
        "wal": _seen(home.root / "ledger.db-wal"),
        "models, code and seeds": f"{code_hash()} {seeds}",
        "key": hashlib.sha256(os.environ.get("CPAI_TOKEN_KEY", "").encode()).hexdigest(),
        "day": datetime.now(UTC).date().isoformat(),
        **server,
    }


def _live(home: Home) -> Path | None:
    current = home.releases / "current"
    return current.readlink() if current.is_symlink() else None


def _seen(part: Path) -> str:
    """A file, or every file of a folder, as it can be told apart without reading it."""
    digest = hashlib.sha256()
    for path in _files(part):
        seen = path.stat()
        if path.name == "ledger.db-wal" and not seen.st_size:
            continue  # readers leave an empty one
        digest.update(f"{path} {seen.st_size} {seen.st_mtime_ns} {seen.st_ino}\n".encode())
    return digest.hexdigest()


def _files(part: Path) -> list[Path]:
    if part.is_dir():
        return sorted(Path(at, name) for at, _, files in os.walk(part) for name in files)
    return [part] if part.exists() else []
