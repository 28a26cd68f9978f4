"""Keys, roles and waivers by the command: who gave them is in the law's log."""

import shutil

import pytest
from by_command import done, said
from small_home import Gate, describe_models

from orchestration import doors, signing
from orchestration.home import Home
from orchestration.releases import publish, waivers

ROW = dict.fromkeys(("rule", "force", "quarter", "reason", "signed_by", "signed_on", "expires"), "x")
ROW |= {"rule": "CR15", "force": "kent", "quarter": "2023-Q1"}


@pytest.fixture
def bare(made, tmp_path, monkeypatch) -> Home:
    monkeypatch.delenv(signing.KEY, raising=False)
    home = Home(tmp_path / "home")
    shutil.copytree(made.root, home.root)
    describe_models(home)
    return home


def noted(home: Home) -> list[tuple[str, str]]:
    rows = done(home, "log", "--action", "administration")
    assert all(row["who"] == doors.operator() for row in rows)
    return [(row["what"], row["reason"]) for row in rows if "username" in row["set"]]


def test_a_release_is_signed_and_assured_by_the_command(bare, tmp_path, monkeypatch):
    analyst, assurer, waiving = (tmp_path / f"{name}.pem" for name in ("analyst", "assurer", "waiving"))
    assert "nobody has a role" in said(bare, "keys", "list").output
    key = done(bare, "keys", "make", analyst, "--role", "analyst")
    assert key["person"] == doors.operator().partition(" as ")[0]
    done(bare, "keys", "make", assurer, "--role", "assurer", "--person", "ben")
    monkeypatch.setenv(signing.KEY, str(analyst))
    publish.publish(bare, "2023", Gate())
    listed = bare.releases / "keys.dsse.json"
    folder = bare.releases / "2023.r1"
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(folder, elsewhere)
    assert "assurance.dsse.json is missing" in said(bare, "verify", elsewhere, "--keys", listed).output
    assert "alone: the other signature is missing" in said(bare, "verify").output
    answer = said(bare, "assure", "2023.r1", "--key", analyst)
    assert answer.exit_code == 1 and "is of no assurer" in answer.output
    done(bare, "assure", "2023.r1", "--key", assurer)
    answer = said(bare, "verify", folder, "--keys", listed)
    assert answer.exit_code == 0 and "ben (assurer" in answer.output, answer.output
    assert said(bare, "verify", folder).exit_code == 2, "a list of keys is asked for"
    monkeypatch.setattr(waivers, "seed_rows", lambda *_: [ROW])
    done(bare, "keys", "make", waiving, "--role", "waiver", "--person", "carla")
    assert done(bare, "waive", "sign", "CR15", "kent", "2023-Q1", "--key", waiving)["person"] == "carla"
    assert (
        "has no row of CR16"
        in said(bare, "waive", "sign", "CR16", "kent", "2023-Q1", "--key", waiving).output
    )
    done(bare, "keys", "revoke", "carla", "--reason", "left")
    answer = said(bare, "waive", "sign", "CR15", "kent", "2023-Q1", "--key", waiving)
    assert answer.exit_code == 1 and "was revoked" in answer.output
    assert done(bare, "keys", "export", tmp_path / "list.json", "--key", assurer)["number"] > 0
    assert noted(bare) == [
        ("role analyst granted", None),
        ("role assurer granted", None),
        ("release assured", None),
        ("role waiver granted", None),
        ("waiver signed", "x"),
        ("role waiver revoked", "left"),
    ]


def test_a_public_key_that_was_made_elsewhere_is_taken(bare, tmp_path):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = Ed25519PrivateKey.generate().public_key()
    (tmp_path / "dora.pem").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    row = done(bare, "keys", "grant", "dora", "--role", "assurer", "--public-key", tmp_path / "dora.pem")
    assert len(row["keyid"]) == 64
    (tmp_path / "none.pem").write_text("x")
    answer = said(bare, "keys", "grant", "dora", "--role", "assurer", "--public-key", tmp_path / "none.pem")
    assert answer.exit_code == 1 and "is no public key" in answer.output
