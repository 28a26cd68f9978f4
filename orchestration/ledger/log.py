"""The log that the law asks for (Data Protection Act 2018, s. 62): who collected, altered, consulted, disclosed, combined
or erased what, when, by which door, for whom. One chain, append-only: `cpai log`.

An entry is written before the act: what failed after all has an entry too, what happened always has one. It names a
set by ids, never by content: a crime as a keyed token (`token`), a file as its SHA-256.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Engine

from orchestration import doors
from orchestration.home import Home
from orchestration.ledger import chain
from orchestration.ledger.opening import ledger_of
from orchestration.ledger.tables import log_entries
from orchestration.ledger.transactions import now

ACTIONS = (
    "collection",
    "alteration",
    "consultation",
    "disclosure",
    "combination",
    "erasure",
    "administration",
)
# what a set is named by; a value is an id, a number, or a list of ids
IDS = (
    *("force", "forces", "quarter", "quarters", "period", "as_of", "submission", "files", "release", "older", "figure"),
    *("place", "feed", "record", "key", "slot", "item", "cases", "reading", "readings", "rows", "username", "roles"),
    *("sign_in", "rule", "partition", "run"),
)  # fmt: skip
LONGEST = 200  # letters of an id: what is longer is content


def note(
    where: Home | Engine | Connection,
    action: str,
    what: str,
    set_: Mapping[str, Any] | None = None,
    to: str | None = None,
    reason: str | None = None,
) -> None:
    """One entry: `what` was done with the set named by ids, `to` whom it was disclosed, the `reason` where one is asked.

    On a connection it stands with the rest of its transaction or not at all.
    """
    note_each(where, action, what, [(set_ or {}, to)], reason)


def note_each(
    where: Home | Engine | Connection,
    action: str,
    what: str,
    sets: Iterable[tuple[Mapping[str, Any], str | None]],
    reason: str | None = None,
) -> None:
    """An entry for each set and whom it was disclosed to: 44 packs are 44 disclosures."""
    if isinstance(where, Home):
        with ledger_of(where) as engine:
            return note_each(engine, action, what, sets, reason)
    if isinstance(where, Engine):
        with where.begin() as connection:
            return note_each(connection, action, what, sets, reason)
    assert action in ACTIONS, action
    (door, who), moment = doors.by(), now()
    rows = [
        {
            "at": moment,
            "who": who,
            "door": door,
            "action": action,
            "what": what,
            "concerns": json.dumps(_checked(set_), sort_keys=True, ensure_ascii=False),
            "recipient": to,
            "reason": reason,
        }
        for set_, to in sets
    ]
    if rows:
        _alone(where)
        chain.append(where, rows, log_entries)
    return None


def _checked(set_: Mapping[str, Any]) -> dict[str, Any]:
    named = {name: value for name, value in set_.items() if value is not None}
    for name, value in named.items():
        ids = value if isinstance(value, (list, tuple)) else [value]
        if name not in IDS or any(not isinstance(one, (str, int)) or len(str(one)) > LONGEST for one in ids):
            raise ValueError(
                f"{name} is no id that the log may have of a set: see IDS in orchestration/ledger/log.py"
            )
    return named


def _alone(connection: Connection) -> None:
    """Only this transaction appends until it ends: two that read the same end would fork the chain."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("select pg_advisory_xact_lock(62)")
        return
    sqlite = connection.connection.driver_connection
    assert sqlite is not None
    # one that has written already is the only one writing
    if not sqlite.in_transaction:
        connection.exec_driver_sql("begin immediate")


def verify(engine: Engine, ends: Mapping[str, Mapping[str, Any]] | None = None) -> list[str]:
    """A sentence for each break of the chain, and for each place (a release, home.json) that knew another end of it."""
    return chain.verify(engine, table=log_entries) + chain.ends_otherwise(engine, ends or {}, log_entries)
