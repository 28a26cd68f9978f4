"""The log that the law asks for (Data Protection Act 2018, s. 62): who collected, altered, consulted, disclosed, combined
or erased what, when, by which door, for whom. One chain, append-only: `cpai log`.

An act that writes the ledger has its entry in the same transaction; before any other the entry is written first, so that
what failed after all may have one too, and what happened always has. An entry names a set by ids, never by content: a
crime as a keyed token, a file as its SHA-256.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, select

from orchestration import keys
from orchestration.home import Home, filled
from orchestration.ledger.entries import write
from orchestration.ledger.erasures import Marks
from orchestration.ledger.inventory import FILE
from orchestration.ledger.opening import ledger_of
from orchestration.ledger.tables import gold_slots, items, log_entries, reading_slots, readings, sign_ins

# what is done, where more than one place has to know its words
CASE_SHOWN = "case shown: "
WORKLIST_TAKEN = "worklist taken out"


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
            return write(connection, action, what, sets, reason)
    return write(where, action, what, sets, reason)


def note_in_a_home(
    home: Home, action: str, what: str, set_: Mapping[str, Any], to: str | None = None
) -> None:
    """The same of what is read from releases alone: nothing where they are copies."""
    if is_home(home):
        note(home, action, what, set_, to)


def is_home(home: Home) -> bool:
    """False of releases that are copies, which have no ledger beside them: one that the environment names is another's."""
    return any(filled(home.root / part) for part in ("ledger.db", FILE, "archive", "raw"))


def token(home: Home, force: str, crime_reference: str) -> str:
    """A crime as the log names it (`record` of a set): who has the log without the key cannot tell which it is."""
    return _token(keys.of(home, _RECORDS), force, crime_reference)


_RECORDS = "records in the log"


def _token(key: bytes, force: str, crime_reference: str) -> str:
    return hmac.new(key, f"{force}\n{crime_reference}".encode(), hashlib.sha256).hexdigest()[:24]


COLUMNS = ("entry", "at", "who", "door", "action", "what", "set", "to", "reason")
SIGN_INS = {"in": "signed in", "out": "signed out", "refused": "sign-in refused", "locked": "sign-in locked"}


def entries(
    home: Home,
    engine: Engine,
    since: str = "",
    action: str | None = None,
    who: str | None = None,
    about: str | None = None,
    crime: tuple[str, str] | None = None,
) -> list[dict[str, Any]]:
    """The log in order, a row for each act by COLUMNS; `set` by name of id.

    What else in the ledger says by itself who did what is not written twice: answers in the reading room are in the chain
    of readings, sign-ins are rows of their own; both stand here in their place. `about`: an id (`2023-Q1`) or an id with
    its name (`force=kent`); `crime`: force and reference.
    """
    with engine.connect() as connection:
        found = [
            row
            for row in (*_written(connection), *_answered(connection), *_signed_in(connection))
            if row["at"] >= since and action in (None, row["action"]) and who in (None, row["who"])
        ]
        if crime:
            of_crime = _ids(home, connection, *crime)
            found = [row for row in found if of_crime & set(_named(row["set"]))]
    if about:
        found = [
            row for row in found if any(about in (one, one.partition("=")[2]) for one in _named(row["set"]))
        ]
    return sorted(found, key=lambda row: row["at"])


def acts(engine: Engine, what: str) -> list[dict[str, Any]]:
    """The entries of one act, in order; not what other tables of the ledger say."""
    with engine.connect() as connection:
        return list(_written(connection, log_entries.c.what == what))


def _written(connection: Connection, *where: ColumnElement[bool]) -> Iterator[dict[str, Any]]:
    for row in connection.execute(select(log_entries).where(*where).order_by(log_entries.c.entry)):
        same = {name: getattr(row, name) for name in COLUMNS if name not in ("set", "to")}
        yield same | {"set": json.loads(row.concerns), "to": row.recipient}


def _answered(connection: Connection) -> Iterator[dict[str, Any]]:
    """Readings that came by no file: of a file there is an entry."""
    columns = [readings.c[name] for name in ("reading_id", "imported_at", "reader", "slot", "corrects")]
    statement = select(*columns).where(readings.c.source_file.is_(None)).order_by(readings.c.reading_id)
    for row in connection.execute(statement):
        what = "reading corrected" if row.corrects else "reading recorded"
        of = {"reading": row.reading_id} | ({"slot": row.slot} if row.slot else {})
        yield _as_entry(row.imported_at, row.reader or "", "alteration", what, of)


def _signed_in(connection: Connection) -> Iterator[dict[str, Any]]:
    for row in connection.execute(select(sign_ins).order_by(sign_ins.c.sign_in)):
        yield _as_entry(
            row.at,
            row.username,
            "administration",
            SIGN_INS[row.outcome],
            {"sign_in": row.ends or row.sign_in},
        )


def _as_entry(at: str, who: str, action: str, what: str, of: dict[str, Any]) -> dict[str, Any]:
    values = (None, at, who, "room", action, what, of, None, None)
    return dict(zip(COLUMNS, values, strict=True))


def _named(set_: Mapping[str, Any]) -> Iterator[str]:
    """`name=id` for each id of a set."""
    for name, value in set_.items():
        for one in value if isinstance(value, list) else [value]:
            yield f"{name}={one}"


def _ids(home: Home, connection: Connection, force: str, crime_reference: str) -> set[str]:
    """What a crime is named by in the sets of the log: its token, its mark where it was erased, its items on the worklist,
    their slots, its readings."""
    of = (items.c.force == force, items.c.crime_reference == crime_reference)
    ids = {
        f"record={_token(key, force, crime_reference)}"
        for key in (one.of(_RECORDS) for one in keys.kept(home))
    }
    ids.add(f"record={Marks(home).of('crime', force, crime_reference)}")
    numbers = set(connection.scalars(select(items.c.item).where(*of)))
    ids |= {f"item={number}" for number in numbers}
    for table in (reading_slots, gold_slots):
        slots = connection.scalars(select(table.c.slot).where(table.c.item.in_(numbers)))
        ids |= {f"slot={slot}" for slot in slots}
    own = select(readings.c.reading_id).where(
        readings.c.force == force, readings.c.crime_reference == crime_reference
    )
    return ids | {f"reading={number}" for number in connection.scalars(own)}
