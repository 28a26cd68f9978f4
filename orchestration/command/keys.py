"""`cpai keys`: who may publish, assure and waive, with which keys; `cpai waive`: a waiver, signed."""

import os
from pathlib import Path
from typing import Any

import click

from orchestration.command.asked import Force, Quarter, as_json, pass_home, tell
from orchestration.command.release import signed_with
from orchestration.home import Home

ROLES = (
    "analyst",
    "assurer",
    "waiver",
)  # as `orchestration/ledger/signers.py` has them: that is imported late
of_role = click.option(
    "--role",
    type=click.Choice(ROLES),
    required=True,
    help="analyst publishes, assurer assures, waiver signs waivers.",
)


@click.group()
def keys() -> None:
    """Who may publish, assure and waive here, and with which keys."""


@keys.command("make")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@of_role
@click.option("--person", help="Whose key it is [who signed in to this machine].")
@as_json
@pass_home
def make(home: Home, file: Path, role: str, person: str | None, wants_json: bool) -> None:
    """Make a private key in FILE, outside the home, and give its holder a role. CPAI_SIGNING_PASSPHRASE locks it."""
    from orchestration import signing
    from orchestration.ledger import signers
    from orchestration.ledger.opening import ledger_of

    with ledger_of(home) as engine:
        signers.may_change(engine)
        public = signing.make_key(file, home, os.environ.get(signing.PASSPHRASE))
        row = signers.grant(engine, person or signers.person(), role, public)
    lines = [
        f"{file} is the key {row['keyid'][:12]} of {row['person']}, {role}: keep it where its holder alone reads it",
        "give the list of keys to whoever checks releases: cpai keys export FILE --key KEY",
    ]
    tell(wants_json, {"done": True, **_shown(row)}, lines)


@keys.command("grant")
@click.argument("person")
@of_role
@click.option(
    "--public-key",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The public key (PEM, or as ssh-add -L prints it) of a key that was made elsewhere.",
)
@as_json
@pass_home
def grant(home: Home, person: str, role: str, file: Path | None, wants_json: bool) -> None:
    """Give PERSON a role: a user of this machine, of the reading room, or a schedule."""
    from orchestration import signing
    from orchestration.ledger import signers
    from orchestration.ledger.opening import ledger_of

    public = signing.read_public(file) if file else None
    with ledger_of(home) as engine:
        row = signers.grant(engine, person, role, public)
    tell(wants_json, {"done": True, **_shown(row)}, [f"{person} is {role} now"])


@keys.command("list")
@as_json
@pass_home
def list_(home: Home, wants_json: bool) -> None:
    """Each person, role and key, and whether it counts."""
    from orchestration.ledger import signers
    from orchestration.ledger.opening import ledger_of

    with ledger_of(home) as engine:
        rows = [_shown(row) for row in signers.rows(engine)]
    lines = [
        f"{row['person']}  {row['role']}  {(row['keyid'] or 'no key')[:12]}  from {row['valid_from'][:10]}"
        + (f", revoked on {row['revoked_at'][:10]}: {row['reason']}" if row["revoked_at"] else "")
        for row in rows
    ]
    tell(wants_json, rows, lines or [signers.NOBODY])


@keys.command("revoke")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), help="This role alone.")
@click.option("--reason", required=True, help="Why: rotated, left, lost, ...")
@as_json
@pass_home
def revoke(home: Home, name: str, role: str | None, reason: str, wants_json: bool) -> None:
    """Take a key (NAME: the beginning of its id) or all roles of a person away, from now on."""
    from orchestration.ledger import signers
    from orchestration.ledger.opening import ledger_of

    with ledger_of(home) as engine:
        rows = signers.revoke(engine, name, role, reason)
    lines = [f"{row['person']} is {row['role']} no more: {reason}" for row in rows]
    lines.append("give the new list of keys to whoever checks releases: cpai keys export FILE --key KEY")
    tell(wants_json, {"done": True, "revoked": [_shown(row) for row in rows]}, lines)


@keys.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@signed_with
@as_json
@pass_home
def export(home: Home, file: Path, key: str | None, wants_json: bool) -> None:
    """Write the list of keys and releases, signed by an analyst or assurer, for whoever checks releases without this home."""
    from orchestration.releases import attest

    signer = attest.key_given(home, key)
    if not signer:
        raise click.UsageError("give the key of an analyst or assurer: cpai keys export FILE --key KEY")
    said = attest.write_list(home, file, signer)
    many = f"{len(said['keys'])} keys and {len(said['releases'])} releases"
    tell(
        wants_json,
        {"done": True, "number": said["number"]},
        [f"{file} has {many}, signed by {said['person']}"],
    )


@click.group()
def waive() -> None:
    """Waivers of seeds/waivers.csv, signed."""


@waive.command("sign")
@click.argument("rule")
@click.argument("force", type=Force())
@click.argument("quarter", type=Quarter())
@signed_with
@as_json
@pass_home
def sign(home: Home, rule: str, force: str, quarter: str, key: str | None, wants_json: bool) -> None:
    """Sign the waiver of RULE for FORCE and QUARTER as it stands in seeds/waivers.csv."""
    from orchestration.releases import attest, waivers

    signer = attest.key_given(home, key)
    if not signer:
        raise click.UsageError("give the key of who signs: cpai waive sign RULE FORCE QUARTER --key FILE")
    person = waivers.sign(home, rule, force, quarter, signer)
    said = f"the waiver of {rule} for {force} {quarter} is signed by {person}"
    tell(wants_json, {"done": True, "person": person}, [said])


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("person", "role", "keyid", "valid_from", "revoked_at", "reason")}
