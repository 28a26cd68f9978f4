"""A release signed by a key that an ssh-agent holds and no file has, checked like any other; each way in which it cannot be."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from by_command import done, said
from small_home import Gate
from waiting import until

from orchestration import doors, signing
from orchestration.releases import publish

pytestmark = pytest.mark.skipif(not shutil.which("ssh-agent"), reason="this machine has no ssh-agent")
PHRASE = "open"


def asked_phrase(folder: Path) -> dict[str, str]:
    """The environment in which ssh-add has its passphrase without a terminal."""
    asks = folder / "asks"
    asks.write_text(f"#!/bin/sh\necho {PHRASE}\n")
    asks.chmod(0o700)
    return {"SSH_ASKPASS": str(asks), "SSH_ASKPASS_REQUIRE": "force"}


@pytest.fixture
def agent(monkeypatch):
    """An ssh-agent with no key; the folder of its socket."""
    # the name of a socket has 107 letters at most
    with tempfile.TemporaryDirectory(prefix="cpai-agent-") as name:
        folder = Path(name)
        socket = folder / "socket"
        process = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        try:
            until(socket.exists, "the agent's socket is there")
            yield folder
        finally:
            process.terminate()
            process.wait()


def add(folder: Path, comment: str, *words: str, kind: str = "ed25519") -> tuple[str, Path]:
    """A new key in the agent, its file gone; its fingerprint and the file of its public key."""
    file = folder / f"key{len(list(folder.glob('*.pub')))}"
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", comment, "-f", file], check=True)
    subprocess.run(["ssh-add", "-q", *words, file], check=True, capture_output=True)
    file.unlink()
    public = file.with_suffix(".pub")
    told = subprocess.run(["ssh-keygen", "-l", "-f", public], check=True, capture_output=True, text=True)
    return told.stdout.split()[1], public


def test_a_release_signed_by_agents_is_checked_as_one_signed_by_files(agent, home, tmp_path, monkeypatch):
    fingerprint, analyst = add(agent, "anna@desk")
    _, assurer = add(agent, "ben on his token")
    me = doors.operator().partition(" as ")[0]
    granted = done(home, "keys", "grant", me, "--role", "analyst", "--public-key", analyst)
    done(home, "keys", "grant", "ben", "--role", "assurer", "--public-key", assurer)
    monkeypatch.setenv(signing.KEY, f"agent:{fingerprint}")
    release = publish.publish(home, "2023", Gate()).path
    done(home, "assure", "2023.r1", "--key", "agent:ben on his token")
    (signature,) = json.loads((release / "attestation.dsse.json").read_text())["signatures"]
    assert signature["keyid"] == granted["keyid"]
    # whoever checks has no agent
    monkeypatch.delenv("SSH_AUTH_SOCK")
    checked = said(home, "verify", release, "--keys", home.releases / "keys.dsse.json")
    assert checked.exit_code == 0 and "ben (assurer" in checked.output, checked.output
    assert said(home, "verify").exit_code == 0
    forged = tmp_path / release.name
    shutil.copytree(release, forged)
    file = forged / "attestation.dsse.json"
    file.chmod(0o600)
    file.write_text(file.read_text().replace(signature["sig"][:8], "0" * 8))
    checked = said(home, "verify", forged, "--keys", home.releases / "keys.dsse.json")
    assert checked.exit_code == 1 and "has no good signature" in checked.output


def no_agent(_: Path, patch: pytest.MonkeyPatch) -> None:
    patch.delenv("SSH_AUTH_SOCK")


def not_installed(_: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setitem(sys.modules, "paramiko", None)


def gone(folder: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("SSH_AUTH_SOCK", str(folder / "gone"))


def locked(folder: Path, _: pytest.MonkeyPatch) -> None:
    add(folder, "anna")
    subprocess.run(
        ["ssh-add", "-q", "-x"], check=True, capture_output=True, env=os.environ | asked_phrase(folder)
    )


def another(folder: Path, _: pytest.MonkeyPatch) -> None:
    add(folder, "ben")


def two_of_one_name(folder: Path, _: pytest.MonkeyPatch) -> None:
    add(folder, "anna")
    add(folder, "anna")


def of_another_kind(folder: Path, _: pytest.MonkeyPatch) -> None:
    add(folder, "anna", kind="ecdsa")


def refused(folder: Path, _: pytest.MonkeyPatch) -> None:
    # it asks its holder each time, and nobody is there
    add(folder, "anna", "-c")


CANNOT = {
    no_agent: "agent:anna is a key of an ssh-agent, and SSH_AUTH_SOCK names none: start one",
    not_installed: "paramiko is not installed: pip install 'cpai-warehouse[agent]'",
    gone: "the ssh-agent of SSH_AUTH_SOCK offers no key: it is gone, locked (ssh-add -X) or has none yet (ssh-add FILE)",
    locked: "the ssh-agent of SSH_AUTH_SOCK offers no key: it is gone, locked (ssh-add -X)",
    another: "the ssh-agent has no key anna: ssh-add -l lists those that it has",
    two_of_one_name: "the ssh-agent has 2 keys anna: name one by its fingerprint, SHA256:...",
    of_another_kind: "agent:anna is a key of another kind than ed25519: make one by ssh-keygen -t ed25519",
    refused: "the ssh-agent did not sign by agent:anna: it was refused",
}


@pytest.mark.parametrize("why", CANNOT)
def test_what_keeps_an_agent_from_signing_is_one_sentence_and_nothing_is_written(
    agent, home, monkeypatch, tmp_path, why
):
    why(agent, monkeypatch)
    me = doors.operator().partition(" as ")[0]
    of_it = [("--public-key", file) for file in agent.glob("*.pub")] if why is refused else [()]
    done(home, "keys", "grant", me, "--role", "analyst", *of_it[0])
    answer = said(home, "keys", "export", tmp_path / "list.json", "--key", "agent:anna")
    assert answer.exit_code == 1 and CANNOT[why] in answer.output, answer.output
    assert len(answer.output.splitlines()) == 1 and not (tmp_path / "list.json").exists()


def test_a_public_key_of_another_kind_is_given_no_role(agent, home):
    _, public = add(agent, "anna", kind="ecdsa")
    answer = said(home, "keys", "grant", "anna", "--role", "analyst", "--public-key", public)
    assert answer.exit_code == 1 and "is no public key (PEM or OpenSSH) that can be read" in answer.output
