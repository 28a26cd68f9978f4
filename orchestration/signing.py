"""Signatures: private keys in files, and statements in envelopes (DSSE) that are signed with them, ed25519.

A private key is a PEM file (PKCS#8) for its owner alone, outside every home: who has the home has not the key; or an ssh-agent
holds it (`ssh_agent.py`). What is signed is JSON; the envelope's file has one spelling, so that no byte of it can change unseen.
"""

import json
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.home import Home
from orchestration.stopping import Stopped

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner, Key, Signer

IN_TOTO = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PASSPHRASE = "CPAI_SIGNING_PASSPHRASE"  # noqa: S105 - the name of a variable
KEY = "CPAI_SIGNING_KEY"
AGENT = "agent:"  # in place of a file, before the fingerprint or the comment of a key that an ssh-agent holds


class NotSigned(Stopped, RuntimeError):
    """Something cannot be signed, or is not signed as it has to be."""


@dataclass(frozen=True)
class Statement:
    """What an envelope says: the digests of its subjects, a type of ours, what is said of them, and whose key signed it."""

    subjects: dict[str, str]
    kind: str
    predicate: dict[str, Any]
    keyid: str


def make_key(file: Path, home: Home, passphrase: str | None = None) -> dict[str, Any]:
    """A new private key in a file that is not there yet; its public key, as `public_of` gives it. Raises NotSigned."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
    )
    from securesystemslib.signer import CryptoSigner

    _outside(file, home)
    private = Ed25519PrivateKey.generate()
    secrecy = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    written = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secrecy)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise NotSigned(f"{file} is there already: a key is never written over; name another file") from None
    except OSError as problem:
        raise NotSigned(f"{file} cannot be written: {problem.strerror}") from None
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(written)
    return public_of(CryptoSigner(private))


def load_key(file: Path, home: Home | None = None) -> "CryptoSigner":
    """The private key of a file; its passphrase, where it has one, from CPAI_SIGNING_PASSPHRASE. Raises NotSigned."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.signer import CryptoSigner

    if home:
        _outside(file, home)
    if not file.is_file():
        raise NotSigned(f"there is no key {file}: make one by cpai keys make, or name another file")
    if os.name != "nt" and stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise NotSigned(f"{file} may be read by others than its owner: chmod 600 {file}")
    passphrase = os.environ.get(PASSPHRASE)
    try:
        private = load_pem_private_key(file.read_bytes(), passphrase.encode() if passphrase else None)
    except TypeError:
        wrong = "has a passphrase: give it in" if not passphrase else "has no passphrase: do not set"
        raise NotSigned(f"{file} {wrong} {PASSPHRASE}") from None
    except ValueError:
        raise NotSigned(
            f"{file} is no private key that can be read, or {PASSPHRASE} is not its own: name another file"
        ) from None
    if not isinstance(private, Ed25519PrivateKey):
        raise NotSigned(f"{file} is a key of another kind than ed25519: make one by cpai keys make")
    return CryptoSigner(private)


def read_public(file: Path) -> dict[str, Any]:
    """`keyid` and `public_key` of a public key as PEM, or as OpenSSH writes it. Raises NotSigned."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key, load_ssh_public_key
    from securesystemslib.signer import SSlibKey

    written = file.read_bytes()
    try:
        public = (load_ssh_public_key if written.startswith(b"ssh-") else load_pem_public_key)(written)
    except ValueError:
        raise NotSigned(
            f"{file} is no public key (PEM or OpenSSH) that can be read: name another file"
        ) from None
    if not isinstance(public, Ed25519PublicKey):
        raise NotSigned(
            f"{file} is a key of another kind than ed25519: make one by openssl genpkey -algorithm ed25519"
        )
    key = SSlibKey.from_crypto(public)
    return {"keyid": key.keyid, "public_key": json.dumps(key.to_dict(), sort_keys=True)}


def public_of(signer: "Signer") -> dict[str, Any]:
    """`keyid` and `public_key` of a private key, as the ledger and the list of keys have them."""
    key = signer.public_key
    return {"keyid": key.keyid, "public_key": json.dumps(key.to_dict(), sort_keys=True)}


def sign(subjects: dict[str, str], kind: str, predicate: dict[str, Any], signer: "Signer") -> str:
    """The text of an envelope with an in-toto statement: `subjects` by name their SHA-256."""
    from securesystemslib.dsse import Envelope

    statement = {
        "_type": STATEMENT,
        "subject": [
            {"name": name, "digest": {"sha256": digest}} for name, digest in sorted(subjects.items())
        ],
        "predicateType": kind,
        "predicate": predicate,
    }
    payload = json.dumps(statement, sort_keys=True, ensure_ascii=False).encode()
    envelope = Envelope(payload, IN_TOTO, {})
    envelope.sign(signer)
    return _text(envelope.to_dict())


def opened(text: str, kind: str, keys: Iterable["Key"]) -> Statement:
    """What an envelope of this kind says, once the signature of one of these keys is found good. Raises NotSigned."""
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import VerificationError

    try:
        # it changes the dictionary that it is given
        envelope = Envelope.from_dict(json.loads(text))
        document = json.loads(envelope.payload)
        # one signature: a second would stand beside the one that is looked at
        (keyid,) = envelope.signatures
        if envelope.payload_type != IN_TOTO or _text(envelope.to_dict()) != text:
            raise ValueError
        statement = Statement(
            {one["name"]: one["digest"]["sha256"] for one in document["subject"]},
            document["predicateType"],
            document["predicate"],
            keyid,
        )
    except Exception:  # whatever it is, it is no envelope of ours
        raise NotSigned("is no signed statement that can be read") from None
    if document["_type"] != STATEMENT or statement.kind != kind:
        raise NotSigned("is a statement of another kind")
    try:
        envelope.verify(list(keys), 1)
    except (ValueError, VerificationError):
        raise NotSigned(f"has no good signature of a known key (it names {keyid[:12]})") from None
    return statement


def unproved(text: str) -> dict[str, Any]:
    """What an envelope says, its signature not looked at: for what has other evidence."""
    from securesystemslib.dsse import Envelope

    try:
        return json.loads(Envelope.from_dict(json.loads(text)).payload)
    except Exception:  # whatever it is, it is no envelope of ours
        raise NotSigned("is no signed statement that can be read") from None


def key_of(row: Mapping[str, Any]) -> "Key":
    """A public key as `public_of` gave it. Raises NotSigned where its id is another key's."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from securesystemslib.signer import SSlibKey

    try:
        key = SSlibKey.from_dict(row["keyid"], json.loads(row["public_key"]))
        known = SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.keyval["public"])))
    except Exception:  # whatever it is, it is no key of ours
        raise NotSigned(f"key {str(row.get('keyid'))[:12]} is no public key that can be read") from None
    if known.keyid != key.keyid:
        raise NotSigned(f"key {key.keyid[:12]} is another key than its id says")
    return key


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, sort_keys=True) + "\n"


def _outside(file: Path, home: Home) -> None:
    if file.resolve().is_relative_to(home.root.resolve()):
        raise NotSigned(
            f"{file} is in the home, and who has the home would have the key: name a file elsewhere"
        )
