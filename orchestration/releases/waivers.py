"""Waivers are signed: a row of `seeds/waivers.csv` counts with the signature of somebody who has the role, and not by the name
that is typed into it. In a home in which nobody has a role it counts by the name, and the release says so.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, select

from orchestration import signing
from orchestration.home import SEEDS, Home, seed_rows
from orchestration.ledger import evidence, log, signers
from orchestration.ledger.opening import ledger_of
from orchestration.ledger.tables import waiver_signatures
from orchestration.ledger.transactions import now
from orchestration.releases.attest import holder
from orchestration.signing import NotSigned
from orchestration.stopping import NotThere

if TYPE_CHECKING:
    from pathlib import Path

    from securesystemslib.signer import Signer

WAIVED = "urn:cpai:waiver:1"
ROLE = "waiver"

Row = Mapping[str, Any]


def sign(home: Home, rule: str, force: str, quarter: str, signer: "Signer", seeds: "Path" = SEEDS) -> str:
    """Sign the waiver of a rule for a force and quarter, as it stands in the seed; who signed. Raises NotSigned, NotThere."""
    wanted = (rule, force, quarter)
    found = [row for row in seed_rows("waivers.csv", seeds) if _of(row) == wanted]
    if not found:
        raise NotThere(
            f"seeds/waivers.csv has no row of {rule} for {force} {quarter}: write it there first, with its reason"
        )
    with ledger_of(home) as engine:
        person = holder(signers.rows(engine), signer.public_key.keyid, ROLE)["person"]
        for row in found:
            predicate = {"row": dict(row), "signed_at": now(), "person": person, "role": ROLE}
            envelope = signing.sign({"/".join(wanted): digest(row)}, WAIVED, predicate, signer)
            written = dict(zip(("rule", "force", "quarter"), wanted, strict=True))
            with engine.begin() as connection:
                about = {**written, "key": signer.public_key.keyid, "username": person}
                log.note(connection, "administration", "waiver signed", about, reason=row["reason"])
                written |= {"row_sha256": digest(row), "person": person, "keyid": signer.public_key.keyid}
                written |= {"signed_at": predicate["signed_at"], "envelope": envelope}
                evidence.insert_rows(connection, waiver_signatures, [written])
    return person


def unsigned(home: Home, quarters: Collection[str], seeds: "Path" = SEEDS) -> list[str]:
    """A sentence for each waiver of these quarters, or of no single quarter, that nobody who has the role has signed; none
    where nobody has a role."""
    with ledger_of(home) as engine:
        if not signers.rows(engine):
            return []
        signed = signatures(engine)
    return [
        f"seeds/waivers.csv: the waiver of {row['rule']} for {row['force'] or 'every force'} "
        f"{row['quarter'] or 'in every quarter'} is not signed by a person with the role {ROLE}: cpai waive sign {row['rule']} "
        f"{row['force']} {row['quarter']} --key FILE, or take the row out"
        for row in seed_rows("waivers.csv", seeds)
        if (row["quarter"] in quarters or not row["quarter"]) and digest(row) not in signed
    ]


def signatures(engine: Engine) -> dict[str, dict[str, Any]]:
    """By digest of a row who signed it, when and with which key: of those signatures that are good."""
    keys = [row for row in signers.rows(engine) if row["keyid"] and row["role"] == ROLE]
    with engine.connect() as connection:
        rows = connection.execute(select(waiver_signatures)).mappings().all()
    return {row["row_sha256"]: said for row in rows if (said := _good(row, keys))}


def _good(row: Row, keys: Iterable[Row]) -> dict[str, Any] | None:
    of = [key for key in keys if key["keyid"] == row["keyid"]]
    try:
        statement = signing.opened(row["envelope"], WAIVED, [signing.key_of(key) for key in of])
    except NotSigned:
        return None
    said, key = statement.predicate, of[-1]
    counted = key["valid_from"] <= said["signed_at"] and not (
        key["revoked_at"] and key["revoked_at"] < said["signed_at"]
    )
    if not counted or row["row_sha256"] not in statement.subjects.values():
        return None
    return {"person": key["person"], "signed_at": said["signed_at"], "keyid": key["keyid"]}


def told(home: Home, waivers: Iterable[Row]) -> list[dict[str, Any]]:
    """The waivers of a release, each with who signed it: None where it counts by the name in the seed alone."""
    with ledger_of(home) as engine:
        signed = signatures(engine)
    return [{**row, "signed": signed.get(digest(row))} for row in waivers]


def digest(row: Row) -> str:
    """SHA-256 of a waiver: of its seven columns, whatever else the row has."""
    columns = ("rule", "force", "quarter", "reason", "signed_by", "signed_on", "expires")
    text = json.dumps({name: str(row[name] or "") for name in columns}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _of(row: Row) -> tuple[str, str, str]:
    return row["rule"], row["force"], row["quarter"]
