"""Who may publish, assure and waive, and with which public keys: rows of the ledger, in its chain of evidence.

An *analyst* publishes and signs releases, an *assurer*, who is somebody else, assures them, and a person with the role *waiver*
signs waivers. A home in which nobody has a role has no rule: anybody of the machine may, and what is published says so.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Engine, select

from orchestration import doors
from orchestration.ledger import evidence, log
from orchestration.ledger.tables import signers
from orchestration.ledger.transactions import now
from orchestration.stopping import Stopped

ROLES = {"analyst": "publishes and signs releases", "assurer": "assures releases", "waiver": "signs waivers"}
NOBODY = "nobody has a role in this home yet: anybody of the machine may publish and waive"


class NotAllowed(Stopped, PermissionError):
    """Who asks has not the role that it takes."""


def rows(engine: Engine) -> list[dict[str, Any]]:
    """Each person, role and key as it now stands, in the order in which they came."""
    with engine.connect() as connection:
        return _rows(connection)


def _rows(connection: Connection) -> list[dict[str, Any]]:
    found: dict[tuple, dict[str, Any]] = {}
    for row in connection.execute(select(signers).order_by(signers.c.change)).mappings():
        found[row["person"], row["role"], row["keyid"]] = dict(row)
    return list(found.values())


def person() -> str:
    """Who acts: `anna` of `anna as cpai`, since a role is of who signed in to the machine."""
    return doors.by()[1].partition(" as ")[0]


def has(standing: Iterable[dict[str, Any]], who: str, role: str) -> bool:
    return any(row["person"] == who and row["role"] == role and not row["revoked_at"] for row in standing)


def require(engine: Engine, role: str, to_do: str) -> str | None:
    """The person who acts, who has the role; None where nobody has any. Raises NotAllowed."""
    standing = rows(engine)
    if not standing:
        return None
    if not has(standing, who := person(), role):
        others = sorted({row["person"] for row in standing if row["role"] == role and not row["revoked_at"]})
        ask = f"ask {' or '.join(others)}" if others else "nobody has it now"
        raise NotAllowed(
            f"{who} has not the role {role}, which it takes to {to_do}: {ask}, or have it granted by cpai keys grant "
            f"{who} --role {role}"
        )
    return who


def grant(
    engine: Engine, who: str, role: str, key: dict[str, Any] | None = None, valid_from: str | None = None
) -> dict[str, Any]:
    """Give somebody a role, and with it a public key (`keyid`, `public_key`). Raises NotAllowed."""
    with engine.begin() as connection:
        standing = _rows(connection)
        _may_change(standing)
        if key and (of := [row for row in standing if row["keyid"] == key["keyid"] and row["person"] != who]):
            raise NotAllowed(f"the key {key['keyid'][:12]} is {of[0]['person']}'s: make another for {who}")
        row = {"person": who, "role": role, "keyid": None, "public_key": None, **(key or {})}
        row |= {"valid_from": valid_from or now(), "revoked_at": None, "reason": None, "changed_by": person()}
        return _write(connection, row, f"role {role} granted")


def revoke(engine: Engine, name: str, role: str | None, reason: str) -> list[dict[str, Any]]:
    """Take a key (by the beginning of its id) or a person's role away, from now on. Raises NotAllowed."""
    with engine.begin() as connection:
        standing = _rows(connection)
        _may_change(standing)
        meant = [
            row
            for row in standing
            if not row["revoked_at"]
            and role in (None, row["role"])
            and (row["person"] == name or (len(name) >= 8 and (row["keyid"] or "").startswith(name)))
        ]
        if not meant:
            raise NotAllowed(f"no key or role of {name} stands: cpai keys list has what does")
        return [
            _write(
                connection,
                {**row, "revoked_at": now(), "reason": reason, "changed_by": person()},
                f"role {row['role']} revoked",
                reason,
            )
            for row in meant
        ]


def may_change(engine: Engine) -> None:
    """Raises NotAllowed where who acts may give and take no role."""
    _may_change(rows(engine))


def _may_change(standing: list[dict[str, Any]]) -> None:
    """The first role is given by anybody; after that by who has one."""
    if standing and not any(has(standing, person(), role) for role in ROLES):
        others = sorted({row["person"] for row in standing if not row["revoked_at"]})
        raise NotAllowed(
            f"{person()} has no role here, and gives none: ask {' or '.join(others) or 'nobody'}"
        )


def _write(
    connection: Connection, row: dict[str, Any], what: str, reason: str | None = None
) -> dict[str, Any]:
    row = {name: value for name, value in row.items() if name != "change"}
    log.note(
        connection,
        "administration",
        what,
        {"username": row["person"], "roles": [row["role"]], "key": row["keyid"]},
        reason=reason,
    )
    return evidence.insert_rows(connection, signers, [row])[0]
