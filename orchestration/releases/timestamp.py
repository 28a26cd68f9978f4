"""A release's manifest time-stamped by an authority of RFC 3161: that it was there at that time can be shown to anybody.

The manifest has the ends of the ledger's chains. What is sent is its SHA-512 and a number drawn at random, nothing else, and
only where an authority is named.
"""

import hashlib
import os
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import urlsplit

from orchestration.home import Home
from orchestration.ledger import evidence, log
from orchestration.ledger.evidence import TIMESTAMP
from orchestration.ledger.opening import ledger_of
from orchestration.stopping import Stopped
from orchestration.turns import write_whole

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse

PATIENCE = 20  # seconds
LARGEST = 100_000  # bytes of an answer; with all certificates they have 3,000 to 8,000


class NotStamped(Stopped):
    """A release could not be time-stamped, in a sentence; it is published all the same."""


def authority() -> str | None:
    """The address of the authority that this installation names, `CPAI_TIMESTAMP_URL`."""
    return os.environ.get("CPAI_TIMESTAMP_URL") or None


def stamp(home: Home, release: str, address: str) -> datetime:
    """Have a release time-stamped: `timestamp.tsr` in its folder. When the authority says it was. Raises NotStamped."""
    folder = home.releases / release
    if (folder / TIMESTAMP).exists():
        raise NotStamped(f"{release} is time-stamped already: {TIMESTAMP} in {folder}")
    if urlsplit(address).scheme not in ("http", "https"):
        raise NotStamped(f"{address} is no address of a time-stamp authority: write http:// or https://")
    request = (
        _client().TimestampRequestBuilder().data((folder / "manifest.json").read_bytes()).nonce().build()
    )
    answer = _asked(address, request.as_bytes())
    try:
        response = _read(answer)
        if response.tst_info.nonce != request.nonce:
            raise ValueError("it answers another question")
    except ValueError as problem:
        raise NotStamped(f"the time-stamp authority {address} gave no time stamp: {problem}") from None
    if found := _differs(folder, response):
        raise NotStamped(f"the time-stamp authority {address} gave another's time stamp: {found}")
    write_whole(folder / TIMESTAMP, answer)
    (folder / TIMESTAMP).chmod(0o400)
    with ledger_of(home) as engine, engine.begin() as connection:
        log.note(connection, "administration", "release time-stamped", {"release": release})
        evidence.note_files(connection, home, folder / TIMESTAMP)
    return response.tst_info.gen_time


def problems_of(folder: Path, roots: tuple[Path, ...] = ()) -> list[str]:
    """What is wrong with the time stamp of a release, in sentences; `roots`: PEM files of certificates that are trusted. None
    for a release without one, unless an authority is asked for."""
    if not (folder / TIMESTAMP).exists():
        return [f"{folder.name} has no time stamp"] if roots else []
    try:
        response = _read((folder / TIMESTAMP).read_bytes())
    except ValueError as problem:
        return [f"{TIMESTAMP} is damaged ({problem}); restore it from a copy"]
    if found := _differs(folder, response):
        return [found]
    return _not_trusted(folder, response, roots) if roots else []


def in_words(folder: Path, roots: tuple[Path, ...] = ()) -> list[str]:
    """When a release that has no problem was time-stamped, in a sentence; none for one that was not."""
    if not (folder / TIMESTAMP).exists():
        return []
    at = _read((folder / TIMESTAMP).read_bytes()).tst_info.gen_time.astimezone(UTC)
    told = f"time-stamped at {at:%Y-%m-%d %H:%M:%S} UTC"
    return [
        told
        if roots
        else f"{told}, by an authority that was not looked at: give its certificate, --authority FILE"
    ]


def _client() -> Any:
    try:
        import rfc3161_client
    except ImportError:
        raise NotStamped("time stamps need a library: pip install 'cpai-warehouse[timestamp]'") from None
    return rfc3161_client


def _asked(address: str, request: bytes) -> bytes:
    asked = urllib.request.Request(  # noqa: S310 - the scheme is looked at above
        address, data=request, headers={"Content-Type": "application/timestamp-query"}
    )
    try:
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:  # noqa: S310
            return answer.read(LARGEST)
    except (URLError, OSError) as problem:
        raise NotStamped(
            f"the time-stamp authority {address} does not answer ({getattr(problem, 'reason', problem)}): the release is "
            "published; give `cpai timestamp RELEASE` later"
        ) from None


def _read(answer: bytes) -> "TimeStampResponse":
    """Raises ValueError for what is no granted answer."""
    client = _client()
    response = client.decode_timestamp_response(answer)
    if client.PKIStatus(response.status) != client.PKIStatus.GRANTED:
        raise ValueError("it was refused")
    # read when they are asked for: what is damaged is to be known here
    token = response.tst_info
    _ = token.message_imprint.message, token.nonce, token.gen_time
    return response


def _differs(folder: Path, response: "TimeStampResponse") -> str | None:
    wanted = hashlib.sha512((folder / "manifest.json").read_bytes()).digest()
    if response.tst_info.message_imprint.message == wanted:
        return None
    return f"{TIMESTAMP} is of another manifest: the release was replaced, or its time stamp was"


def _not_trusted(folder: Path, response: "TimeStampResponse", roots: tuple[Path, ...]) -> list[str]:
    from cryptography.x509 import load_pem_x509_certificates

    client = _client()
    builder = client.VerifierBuilder()
    try:
        for root in roots:
            for certificate in load_pem_x509_certificates(root.read_bytes()):
                builder = builder.add_root_certificate(certificate)
        builder.build().verify_message(response, (folder / "manifest.json").read_bytes())
    except (ValueError, OSError) as problem:
        return [f"the certificates of the authority cannot be read: {problem}"]
    except client.VerificationError as problem:
        return [f"{TIMESTAMP} is by none of the authorities given: {problem}"]
    return []
