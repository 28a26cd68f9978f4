"""Entries appended to the log: `ledger/log.py` is its door for everybody."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from orchestration import doors
from orchestration.ledger import chain
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
    *("sign_in", "rule", "partition", "run", "part", "planned_on", "announced_on"),
)  # fmt: skip
LONGEST = 200  # letters of an id: what is longer is content


def write(
    connection: Connection,
    action: str,
    what: str,
    sets: Iterable[tuple[Mapping[str, Any], str | None]],
    reason: str | None = None,
) -> None:
    """An entry for each set and whom it was disclosed to, with the rest of the transaction or not at all."""
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
        alone(connection)
        chain.append(connection, rows, log_entries)


def _checked(set_: Mapping[str, Any]) -> dict[str, Any]:
    named = {name: value for name, value in set_.items() if value is not None}
    for name, value in named.items():
        ids = value if isinstance(value, (list, tuple)) else [value]
        if name not in IDS or any(not isinstance(one, (str, int)) or len(str(one)) > LONGEST for one in ids):
            raise ValueError(
                f"{name} is no id that the log may have of a set: see IDS in orchestration/ledger/entries.py"
            )
    return named


def alone(connection: Connection) -> None:
    """Only this transaction appends until it ends: two that read the same end would fork the chain."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("select pg_advisory_xact_lock(62)")
        return
    sqlite = connection.connection.driver_connection
    assert sqlite is not None
    # one that has written already is the only one writing
    if not sqlite.in_transaction:
        connection.exec_driver_sql("begin immediate")
