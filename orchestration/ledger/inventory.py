"""What a home has to have: its identity, in the ledger and in `home.json`, the parts that were there before, and where the
ledger's chains ended.

An absent part is not a new one: a ledger, an archive, releases or a key that were there and are not are named, with the
day on which they were last there. What can be made again (raw, the warehouse) is not missed here.
"""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, select

from orchestration import keys
from orchestration.home import Home, filled
from orchestration.ledger import chain
from orchestration.ledger.entries import alone, write
from orchestration.ledger.tables import homes, submissions
from orchestration.ledger.transactions import now
from orchestration.stopping import Damaged, Stopped, read_json
from orchestration.turns import write_whole

FILE = "home.json"
KEPT = ("archive", "releases", "history")


class PartLost(Stopped, RuntimeError):
    """Something that this home had is not there any more."""


def before_the_ledger(home: Home, ledger: Path | None) -> dict[str, Any]:
    """What `home.json` has, once everything that was there is there. `ledger`: its file, None for a server's.

    Raises PartLost.
    """
    if ledger and ledger.exists() and not ledger.is_file():
        raise Damaged(ledger, "is a folder and no file")
    file = home.root / FILE
    known: dict[str, Any] = {}
    if file.exists():
        known = read_json(file)
    seen = known.get("seen", {})
    lost = [part for part in KEPT if part in seen and not filled(home.root / part)]
    if ledger and not ledger.exists() and (ledger.name in seen or _received(home)):
        lost.append(ledger.name)
    if keys.FILE in seen and keys.check_value(home) is None:
        lost.append(keys.FILE)
    if lost:
        raise PartLost(*(_sentence(home, part, seen.get(part)) for part in lost))
    return known


def with_the_ledger(home: Home, known: dict[str, Any], connection: Connection) -> None:
    """Compare the ledger's identity and check value of the key with this home's; note what is there today.

    Raises PartLost for the ledger of another home or a new one, and KeyLost for another key.
    """
    row = connection.execute(select(homes)).one()
    if known and row.identity != known["identity"]:
        raise PartLost(
            f"{home.root} has another ledger in place of its own: restore it from a backup, or correct CPAI_LEDGER_URL"
        )
    if not known and _received(home) and connection.execute(select(submissions).limit(1)).first() is None:
        raise PartLost(
            f"{home.root} holds what was received, and its ledger has nothing of it: restore the ledger from a backup, or "
            "correct CPAI_LEDGER_URL"
        )
    value = keys.check_value(home)
    if row.key_check and value and row.key_check in [key.check for key in keys.kept(home)[1:]]:
        _follow(connection, row.key_check, value)
    elif row.key_check and row.key_check != value:
        is_what = "missing" if value is None else "another one"
        raise keys.KeyLost(f"the key of {home.root} is {is_what}: {keys.restored(home)}")
    if value and not row.key_check:
        connection.execute(homes.update().values(key_check=value))
        connection.commit()
    _note(home, known, row.identity, _ends(known, connection))


def _follow(connection: Connection, old: str, new: str) -> None:
    """The ledger's check value is that of the key of now: the key was changed since it was last opened."""
    connection.rollback()  # what was read began a transaction
    alone(connection)
    changed = homes.update().where(homes.c.key_check == old).values(key_check=new)
    if connection.execute(changed).rowcount:  # nobody else was quicker
        write(connection, "administration", "key changed", [({"key": [old, new]}, None)])
    connection.commit()


def key_check(engine: Engine) -> str | None:
    """The check value of the home's key, as the ledger has it."""
    with engine.connect() as connection:
        return connection.scalar(select(homes.c.key_check))


def _received(home: Home) -> bool:
    """Whether something is there that had a receipt when it was made."""
    # a new home has raw/crimes/none/, for dbt
    records = any(folder.name != "none" for folder in home.raw.glob("crimes/*"))
    return records or filled(home.archive) or filled(home.releases)


def _ends(known: dict[str, Any], connection: Connection) -> dict[str, Any]:
    """Where the ledger's chains end; where one does not go through the end that was known, that end, as it is the
    evidence of it: `ledger/witnesses.py`."""
    ends = {}
    for name, table in chain.CHAINS.items():
        before = known.get("ledger", {}).get(name, {})
        ends[name] = (
            chain.head(connection, table) if chain.goes_through(connection, before, table) else before
        )
    return ends


def _note(home: Home, known: dict[str, Any], identity: str, ends: dict[str, Any]) -> None:
    """What is there today, and where the ledger ends."""
    today = now()[:10]
    there = [part for part in (*KEPT, "ledger.db", keys.FILE) if filled(home.root / part)]
    seen = known.get("seen", {}) | dict.fromkeys(there, today)
    noted = {"identity": identity, "seen": dict(sorted(seen.items())), "ledger": ends}
    if noted != known:
        home.root.mkdir(parents=True, exist_ok=True)
        write_whole(home.root / FILE, json.dumps(noted, indent=1) + "\n")


def _sentence(home: Home, part: str, day: str | None) -> str:
    if part == keys.FILE:
        return f"{home.root / part} is missing: {keys.restored(home)}"
    when = (
        f"it was there on {day}: restore it from the backup of that day or a later one"
        if day
        else "restore it from a backup"
    )
    return f"{home.root / part} is missing, and this home had one: {when}"
