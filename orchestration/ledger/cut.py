"""A ledger as it once was: the rows that it then had, in a new one.

Rows are only ever added, each with an entry in the chain of evidence, so that an earlier end of that chain says which rows
there were. What no release is made from (who may come into the reading room, what forces explain, the state of the worklist)
stays behind.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Table, insert, select, update

from orchestration.ledger import chain, evidence, tables
from orchestration.stopping import Stopped

LEFT_BEHIND = (tables.users, tables.second_factors, tables.explanations)
Then = Mapping[str, Mapping[str, str]]  # place in the chain of evidence -> name -> SHA-256


class OtherLedger(Stopped, RuntimeError):
    """The ledger is not the one that a release was made from, or was changed since."""


@dataclass(frozen=True)
class End:
    """Where a ledger ended: the number of the last row of each of its chains, and of the last slot that models read."""

    evidence: int
    readings: int
    log: int
    slots: int


def of_release(head: Mapping[str, Any]) -> dict[str, int]:
    """The last row of each chain when the release of manifest `head` was made. Raises OtherLedger."""
    ends = head.get("ledger", {})
    if not ends.get("evidence", {}).get("hash"):
        raise OtherLedger(
            f"{head['release']} was made before the ledger had its chain of evidence, and nothing says what the ledger then "
            "held: cpai replay in its own home makes its tables again"
        )
    return {name: chain.number_of(ends[name], table) for name, table in chain.CHAINS.items()}


def check(source: Engine, head: Mapping[str, Any]) -> None:
    """Raises OtherLedger where a ledger does not go, unbroken, through where the manifest `head` has its end."""
    problems: list[str] = []
    for name, table in chain.CHAINS.items():
        end = head["ledger"][name]
        problems += chain.ends_otherwise(source, {head["release"]: end}, table)
        problems += chain.verify(source, chain.number_of(end, table), table)
    if problems:
        raise OtherLedger(*problems)


def copy(source: Engine, target: Engine, end: End, erased_since: bool = False) -> None:
    """Fill `target`, a new ledger, with what `source` had at `end`. The check value of the key is its own.

    Where records were `erased_since` by law, what was changed by it comes as it is now. Raises OtherLedger for a row that is
    otherwise not as it was.
    """
    with source.connect() as there, target.begin() as here:
        home = there.execute(select(tables.homes.c.identity, tables.homes.c.made_at)).mappings().one()
        here.execute(update(tables.homes).values(**home))
        then = _then(there, end.evidence)
        for table in tables.metadata.sorted_tables:
            if rows := list(_rows(there, table, end, then, erased_since)):
                here.execute(insert(table), rows)


def _then(connection: Connection, upto: int) -> Then:
    """What the chain of evidence knew when entry `upto` was its last."""
    entries = tables.evidence.c
    known: dict[str, dict[str, str]] = {}
    statement = select(entries.place, entries.name, entries.sha256).where(entries.number <= upto)
    for place, name, sha256 in connection.execute(statement.order_by(entries.number)):
        of_place = known.setdefault(place, {})
        # the order is that of the first entry, and what is lawfully gone is not there
        of_place[name] = sha256
    return {place: {name: sha256 for name, sha256 in of.items() if sha256} for place, of in known.items()}


def _rows(
    connection: Connection, table: Table, end: End, then: Then, erased_since: bool
) -> Iterator[dict[str, Any]]:
    if table.name in evidence.ROWS and table not in LEFT_BEHIND:
        yield from _known(connection, table, then, erased_since)
    elif table.name in evidence.TIED or table is tables.evidence:
        (number,) = table.primary_key.columns
        upto = _last(table, end, then)
        statement = select(table).order_by(number)
        if not (erased_since and table in (tables.erasures, tables.erased)):
            statement = statement.where(number <= upto)
        yield from map(dict, connection.execute(statement).mappings())
    elif table is tables.reading_slots:
        yield from map(dict, connection.execute(select(table).where(table.c.slot <= end.slots)).mappings())
    elif table is tables.items:
        yield from map(dict, connection.execute(select(table)).mappings())


def _last(table: Table, end: End, then: Then) -> int:
    """Number of the last row that a table of a chain had: erasures by their ties."""
    numbers = {tables.evidence: end.evidence, tables.readings: end.readings, tables.log_entries: end.log}
    if table in numbers:
        return numbers[table]
    ties = (name.split() for name in then.get(evidence.CHAIN, {}))
    return max((int(number) for name, number in ties if name == table.name), default=0)


def _known(connection: Connection, table: Table, then: Then, erased_since: bool) -> Iterator[dict[str, Any]]:
    """The rows of a table that the chain of evidence knew then, as it knew them, in the order of their names."""
    known = then.get(table.name, {})
    there = {evidence.row_name(table, row): dict(row) for row in connection.execute(select(table)).mappings()}
    for name, sha256 in known.items():
        row = there.get(name)
        if (not row or evidence.row_hash(table, row) != sha256) and not erased_since:
            raise OtherLedger(
                f"{table.name} {name} of the ledger {'was taken out' if not row else 'is not as it was written'}; cpai verify "
                "--home names what else is; take another backup"
            )
    kept = [
        row for name, row in there.items() if name in known or (erased_since and table is tables.raw_files)
    ]
    if table is tables.releases:
        order = list(known)
        kept.sort(key=lambda row: order.index(row["release"]))
        live = {row["period"]: row["release"] for row in kept}
        kept = [row | {"live": live[row["period"]] == row["release"]} for row in kept]
    yield from kept
