"""A release as an attested thing: who signed what of it, and what anybody finds who holds it and the list of keys.

In the release: `attestation.dsse.json`, an in-toto statement over every file of it, with what it was made from, signed by the
analyst who publishes; and `assurance.dsse.json`, a statement over that attestation, signed by an assurer, who is somebody else.
No file that was published changes when the second is added. The list of keys (`keys.dsse.json`) has each public key, its role
and its person, from when and until when it counts, and every release in order: who holds a newer list knows what is current.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, select

from orchestration import signing
from orchestration.home import PROJECT, Home, file_hash, settings
from orchestration.ledger import chain, erasures, evidence, log, signers
from orchestration.ledger.evidence import ASSURANCE, ATTESTATION
from orchestration.ledger.opening import ledger_of
from orchestration.ledger.tables import homes, releases, submissions
from orchestration.ledger.transactions import now
from orchestration.signing import NotSigned
from orchestration.turns import write_whole

if TYPE_CHECKING:
    from securesystemslib.signer import Signer

RELEASED, ASSURED, KEYS = "urn:cpai:release:1", "urn:cpai:assurance:1", "urn:cpai:keys:1"
SIGN_A_LIST = ("analyst", "assurer")

Row = Mapping[str, Any]


def required() -> bool:
    """Whether a release has to be signed: `signatures_required` of seeds/publication/signing_policy.csv."""
    return settings("publication/signing_policy.csv", "setting")["signatures_required"] == "yes"


def is_signed(folder: Path) -> bool:
    return any((folder / name).exists() for name in evidence.SIGNATURES)


def key_given(home: Home, named: str | None = None) -> "Signer | None":
    """The key to sign with: of the file, or the ssh-agent's, that is named, else of CPAI_SIGNING_KEY; None where neither is.
    Raises NotSigned."""
    named = named or os.environ.get(signing.KEY)
    if not named:
        return None
    if named.startswith(signing.AGENT):
        from orchestration import ssh_agent

        return ssh_agent.load(named)
    return signing.load_key(Path(named), home)


def holder(standing: Iterable[Row], keyid: str, role: str) -> Row:
    """The row of a key with a role, as it counts now. Raises NotSigned."""
    row = next((row for row in standing if row["keyid"] == keyid and row["role"] == role), None)
    if row is None:
        raise NotSigned(
            f"key {keyid[:12]} is of no {role} of this home: cpai keys make FILE --role {role}, or name another"
        )
    if row["revoked_at"]:
        raise NotSigned(
            f"key {keyid[:12]} of {row['person']} was revoked on {row['revoked_at'][:10]}: name another"
        )
    return row


def attestation(home: Home, folder: Path, head: Row, signer: "Signer") -> str:
    """The analyst's statement on a release that lies whole in `folder`, signed. Raises NotSigned."""
    with ledger_of(home) as engine:
        row = holder(signers.rows(engine), signer.public_key.keyid, "analyst")
        before = _released(engine)
        received = _received(engine, head)
        (identity,) = _identity(engine)
    last = before[-1] if before else None
    subjects = {path.relative_to(folder).as_posix(): file_hash(path) for path in _files(folder)}
    lock = PROJECT / "requirements.lock"
    predicate = {
        "release": head["release"],
        "period": head["period"],
        "home": identity,
        "signed_at": now(),
        "person": row["person"],
        "role": "analyst",
        "sequence": len(before) + 1,
        "previous": last and {"release": last["release"], "sha256": last["manifest_sha256"]},
        "materials": {
            "submissions": received,
            "readings": head["last_of_reading_chain"],
            "ledger": head["ledger"],
            "recorded_crime": head["recorded_crime"],
            "seeds_sha256": head["seeds_sha256"],
            "seeds": head["seeds"],
            "code_sha256": head["code_sha256"],
            "code_commit": head["code_commit"],
            "requirements_lock_sha256": file_hash(lock) if lock.exists() else None,
        },
    }
    return signing.sign(subjects, RELEASED, predicate, signer)


def _received(engine: Engine, head: Row) -> list[dict[str, Any]]:
    """The submissions that a release was made from, as the manifest has them: its files by the hash of the archive."""
    with engine.connect() as connection:
        known = {
            (row.force, row.quarter, row.submission): row.received_at
            for row in connection.execute(select(submissions))
        }
    return [
        {
            **{name: row[name] for name in ("force", "quarter", "submission")},
            "received_at": known.get((row["force"], row["quarter"], row["submission"])),
            "archived": [file["sha256"] for file in row["files"]],
        }
        for row in head["submissions"]
    ]


def assure(home: Home, release: str, signer: "Signer") -> str:
    """Sign a release as its assurer: `assurance.dsse.json` in its folder. The assurer's name. Raises NotSigned."""
    folder = home.releases / release
    if not (folder / ATTESTATION).is_file():
        raise NotSigned(f"{release} is not signed by an analyst: there is nothing to assure")
    if (folder / ASSURANCE).exists():
        raise NotSigned(f"{release} is assured already")
    with ledger_of(home) as engine:
        standing = signers.rows(engine)
        row = holder(standing, signer.public_key.keyid, "assurer")
        people = [one for one in standing if one["keyid"]]
        first = _signed(folder / ATTESTATION, RELEASED, people, "analyst")
        if first["keyid"] == row["keyid"] or first["person"] == row["person"]:
            raise NotSigned(
                f"{release} was signed by {first['person']} as its analyst, and an assurer is somebody else: ask another"
            )
        predicate = {"release": release, "signed_at": now(), "person": row["person"], "role": "assurer"}
        subjects = {ATTESTATION: file_hash(folder / ATTESTATION)}
        write_whole(folder / ASSURANCE, signing.sign(subjects, ASSURED, predicate, signer))
        (folder / ASSURANCE).chmod(0o400)
        with engine.begin() as connection:
            about = {"release": release, "key": row["keyid"], "username": row["person"]}
            log.note(connection, "administration", "release assured", about)
            evidence.note_files(connection, home, folder / ASSURANCE)
    return row["person"]


# the list of keys ---------------------------------------------------------------------------------------------------


def write_list(home: Home, file: Path, signer: "Signer") -> dict[str, Any]:
    """The list of keys and releases as they stand, signed by an analyst or assurer; what it says. Raises NotSigned."""
    with ledger_of(home) as engine:
        standing = signers.rows(engine)
        keyid = signer.public_key.keyid
        roles = [row["role"] for row in standing if row["keyid"] == keyid and row["role"] in SIGN_A_LIST]
        row = holder(standing, keyid, roles[0] if roles else SIGN_A_LIST[0])
        evidence.ends(engine)
    predicate = listed(home) | {"person": row["person"]}
    subjects = {one["release"]: one["manifest_sha256"] for one in predicate["releases"]}
    write_whole(file, signing.sign(subjects, KEYS, predicate, signer))
    if file.resolve().is_relative_to(home.root.resolve()):
        with ledger_of(home) as engine, engine.begin() as connection:
            evidence.note_files(connection, home, file)
    return predicate


def listed(home: Home) -> dict[str, Any]:
    """What a list of keys says, by the ledger as it stands."""
    with ledger_of(home) as engine:
        standing, every, ends = signers.rows(engine), _released(engine), chain.ends(engine)
        gone = {one["release"]: erasures.gone(engine, f"release {one['release']}") for one in every}
        (identity,) = _identity(engine)
    of_keys = ("person", "role", "keyid", "public_key", "valid_from", "revoked_at", "reason")
    return {
        "home": identity,
        # it only ever grows: of two lists the later has the greater
        "number": ends["evidence"]["number"],
        "signed_at": now(),
        "keys": [{name: one[name] for name in of_keys} for one in standing if one["keyid"]],
        "releases": [
            {
                **one,
                **{
                    name.partition(".")[0]: _hash_of(home.releases / one["release"] / name)
                    for name in (ATTESTATION, ASSURANCE)
                },
                "erased": {path: of["is_now"] for path, of in gone[one["release"]].items()},
            }
            for one in every
        ],
        "ledger": ends,
    }


def read_lists(files: Sequence[Path]) -> dict[str, Any]:
    """The newest of these lists. Each is signed by a key that the one before it (or, of the first, it itself) has as good:
    who got the first from somebody they trust can trust the rest. Raises NotSigned."""
    found = []
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
            said = signing.unproved(text)["predicate"]
            found.append((said["number"], file, text, said))
        except (OSError, UnicodeDecodeError, KeyError, TypeError, NotSigned):
            raise NotSigned(f"{file} is no list of keys that can be read: ask for it again") from None
    found.sort(key=lambda one: one[0])
    trusted = found[0][3]
    for _, file, text, said in found:
        try:
            keys = [
                signing.key_of(row)
                for row in trusted["keys"]
                if not row["revoked_at"] and row["role"] in SIGN_A_LIST
            ]
            signing.opened(text, KEYS, keys)
        except NotSigned as problem:
            raise NotSigned(f"{file} {problem}: ask for it again, from who gave you the first") from None
        if said["home"] != trusted["home"]:
            raise NotSigned(f"{file} is the list of another home: leave it out")
        trusted = said
    return trusted


# what anybody finds ---------------------------------------------------------------------------------------------------


def problems_of(folder: Path, known: Row, superseded: bool = False) -> list[str]:
    """What is wrong with a release as it lies in `folder`, by a list of keys alone: a sentence each. `superseded`: a release
    that a later one replaced is asked about on purpose."""
    if not folder.is_dir():
        return [f"{folder} is no folder: name that of a release"]
    try:
        first = _signed(folder / ATTESTATION, RELEASED, known["keys"], "analyst")
    except NotSigned as problem:
        return [str(problem), *_second_problems(folder, known, None)]
    said, problems = first["said"], []
    row = next((one for one in known["releases"] if one["release"] == said["release"]), None)
    lawful = row["erased"] if row else {}
    problems += _file_problems(folder, first["subjects"], lawful)
    problems += _second_problems(folder, known, first)
    if said["home"] != known["home"]:
        problems.append(f"{said['release']} is of another home than the list of keys")
    return problems + _place_problems(folder, said, row, known, superseded)


def in_words(home: Home, release: str) -> str:
    """Whether and by whom a release of the home is signed, in a sentence."""
    folder = home.releases / release
    if not is_signed(folder):
        return f"{release} is not signed: no analyst and no assurer stand for it"
    return f"{release} is signed by {signed_by(folder)}"


def signed_by(folder: Path) -> str:
    """Who signed a release that has no problem, in words; an assurer that is lacking is said."""
    there = [folder / name for name in (ATTESTATION, ASSURANCE) if (folder / name).is_file()]
    people = [signing.unproved(file.read_text(encoding="utf-8"))["predicate"] for file in there]
    if len(people) == 1:
        (one,) = people
        return (
            f"{one['person']} ({one['role']}, {one['signed_at'][:10]}) alone: the other signature is missing"
        )
    return " and ".join(f"{one['person']} ({one['role']}, {one['signed_at'][:10]})" for one in people)


def _second_problems(folder: Path, known: Row, first: Row | None) -> list[str]:
    try:
        second = _signed(folder / ASSURANCE, ASSURED, known["keys"], "assurer")
    except NotSigned as problem:
        return [str(problem)]
    if first is None:
        return []
    problems = []
    if second["subjects"] != {ATTESTATION: file_hash(folder / ATTESTATION)}:
        problems.append(f"{ASSURANCE} is of another attestation: the release was assured as something else")
    if second["keyid"] == first["keyid"] or second["person"] == first["person"]:
        problems.append(f"{first['person']} signed as analyst and as assurer: an assurer is somebody else")
    return problems


def _signed(file: Path, kind: str, keys: Iterable[Row], role: str) -> dict[str, Any]:
    """What a statement says (`said`), its `subjects`, and `person` and `keyid` of who signed it in this role, with a key that
    counted then. Raises NotSigned, with the file's name."""
    if file.is_symlink() or not file.is_file():
        raise NotSigned(f"{file.name} is missing: the release is not signed by an {role}")
    try:
        own = [row for row in keys if row["role"] == role]
        statement = signing.opened(
            file.read_text(encoding="utf-8"), kind, [signing.key_of(row) for row in own]
        )
    except UnicodeDecodeError:
        raise NotSigned(f"{file.name} is no signed statement that can be read") from None
    except NotSigned as problem:
        raise NotSigned(f"{file.name} {problem}: it was changed, or signed by who is no {role}") from None
    at = statement.predicate["signed_at"]
    (row,) = [one for one in own if one["keyid"] == statement.keyid][-1:]
    if row["revoked_at"] and row["revoked_at"] < at:
        raise NotSigned(
            f"{file.name} was signed on {at[:10]} with the key of {row['person']}, which was revoked on "
            f"{row['revoked_at'][:10]} ({row['reason']})"
        )
    if at < row["valid_from"]:
        raise NotSigned(f"{file.name} was signed on {at[:10]}, before the key of {row['person']} counted")
    if statement.predicate["person"] != row["person"]:
        raise NotSigned(
            f"{file.name} names {statement.predicate['person']}, and the key is {row['person']}'s"
        )
    return {
        "said": statement.predicate,
        "subjects": statement.subjects,
        "person": row["person"],
        "keyid": row["keyid"],
    }


def _file_problems(folder: Path, subjects: Mapping[str, str], lawful: Mapping[str, str | None]) -> list[str]:
    there = {path.relative_to(folder).as_posix(): path for path in _files(folder)}
    wanted = {path: digest for path, digest in {**subjects, **lawful}.items() if digest}
    problems = [f"{path} is missing" for path in sorted(wanted.keys() - there.keys())]
    problems += [f"{path} is not of the release" for path in sorted(there.keys() - wanted.keys())]
    for path in sorted(wanted.keys() & there.keys()):
        if there[path].is_symlink():
            problems.append(f"{path} is a link and no file of the release")
        elif not there[path].is_file() or file_hash(there[path]) != wanted[path]:
            problems.append(f"{path} was changed after it was signed")
    return problems


def _place_problems(folder: Path, said: Row, row: Row | None, known: Row, superseded: bool) -> list[str]:
    """Whether the list has the release as it is, and as the current one of its period."""
    name, last, of = said["release"], known["releases"][-1:], f"the list of {known['signed_at'][:10]}"
    if row is None:
        if said["signed_at"] < known["signed_at"]:
            return [f"{name} is not among the releases of {of}: it was never published"]
        before = said["previous"] and said["previous"]["sha256"]
        if said["sequence"] == len(known["releases"]) + 1 and before != (last and last[0]["manifest_sha256"]):
            return [f"{name} does not follow the last release of {of}: others were published in between"]
        return []  # newer than the list
    if row["attestation"] != file_hash(folder / ATTESTATION):
        return [f"{name} is signed, and not the {name} that {of} has"]
    if row["assurance"] != _hash_of(folder / ASSURANCE) and (
        row["assurance"] or _signed_at(folder / ASSURANCE) < known["signed_at"]
    ):
        return [f"{ASSURANCE} is not the one that {of} has"]
    later = [one for one in known["releases"] if one["period"] == row["period"] and one["live"]]
    if not row["live"] and later and not superseded:
        return [
            f"{name} is an old release: {later[-1]['release']} is the current one of {row['period']}, since "
            f"{later[-1]['created_at'][:10]}; to look at it as an old one, give --superseded"
        ]
    return []


def _files(folder: Path) -> list[Path]:
    """Everything in a release that is no folder, but for the signatures and the time stamp, which have their own."""
    found = []
    for at, folders, files in os.walk(folder):
        found += [Path(at, name) for name in files]
        found += [Path(at, name) for name in folders if Path(at, name).is_symlink()]
    return sorted(path for path in found if path.parent != folder or path.name not in evidence.ADDED)


def _signed_at(file: Path) -> str:
    try:
        return signing.unproved(file.read_text(encoding="utf-8"))["predicate"]["signed_at"]
    except (OSError, UnicodeDecodeError, KeyError, NotSigned):
        return ""  # it is a problem of its own


def _hash_of(file: Path) -> str | None:
    return file_hash(file) if file.is_file() else None


def _released(engine: Engine) -> list[dict[str, Any]]:
    """Every release in the order of publication, with its place in it; of a period the last is the live one."""
    columns = [releases.c[name] for name in ("release", "period", "created_at", "manifest_sha256")]
    with engine.connect() as connection:
        came = {name: number for number, name in enumerate(evidence.order(connection, releases))}
        found = [dict(row) for row in connection.execute(select(*columns)).mappings()]
    found.sort(key=lambda row: (came.get(row["release"], len(came)), row["created_at"]))
    live = {row["period"]: row["release"] for row in found}.values()
    return [
        {**row, "sequence": number, "live": row["release"] in live} for number, row in enumerate(found, 1)
    ]


def _identity(engine: Engine) -> tuple[str]:
    with engine.connect() as connection:
        return (connection.scalars(select(homes.c.identity)).one(),)
