"""What a forger does to a release, its signatures, its ledger or the list of keys: whoever holds an older witness or a list of
keys has a sentence that names it."""

import json
import random
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from small_home import Gate, describe_models, make_home, resubmit
from sqlalchemy import text

from orchestration import doors, signing
from orchestration.command import cpai
from orchestration.home import Home, file_hash
from orchestration.ledger import evidence, signers
from orchestration.ledger.opening import ledger_of
from orchestration.ledger.transactions import now
from orchestration.releases import attest, everything, package, publish, waivers
from orchestration.signing import NotSigned

ANNA, BEN = "anna", "ben"


def make_key(home: Home, name: str, role: str, person: str) -> Path:
    file = home.root.parent / f"{name}.pem"
    with ledger_of(home) as engine:
        signers.grant(engine, person, role, signing.make_key(file, home))
    return file


@pytest.fixture(scope="module")
def signed(tmp_path_factory) -> Home:
    """Two releases of one period, signed by anna and assured by ben; the list of keys of after each is kept beside the home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publish.release_inputs, "code_hash", lambda: "c0de")
        home = make_home(tmp_path_factory.mktemp("signed") / "home")
        with doors.coming_by("command", ANNA):
            analyst = make_key(home, "analyst", "analyst", ANNA)
            assurer = make_key(home, "assurer", "assurer", BEN)
            patch.setenv(signing.KEY, str(analyst))
            for release in ("2023.r1", "2023.r2"):
                if release == "2023.r2":
                    resubmit(home, "kent", "2023-Q1")
                assert publish.publish(home, "2023", Gate()).name == release
                shutil.copytree(home.releases / release, home.root.parent / "held" / release)
                attest.assure(home, release, signing.load_key(assurer))
                attest.write_list(home, listed(home, release), signing.load_key(assurer))
        describe_models(home)
    return home


def listed(home: Home, release: str) -> Path:
    return home.root.parent / f"{release}.keys.json"


@pytest.fixture
def home(signed, tmp_path, monkeypatch) -> Home:
    monkeypatch.delenv(signing.KEY, raising=False)
    shutil.copytree(signed.root.parent, tmp_path / "all", symlinks=True)
    return Home(tmp_path / "all" / "home")


@pytest.fixture
def newest(home) -> Path:
    return home.releases / "2023.r2"


def asked(folder: Path, *words: str) -> list[str]:
    """What the command says of a release by the list of keys alone, where no home is."""
    answer = CliRunner().invoke(cpai, ["--home", "/nowhere", "verify", str(folder), *words, "--json"])
    assert answer.exit_code in (0, 1), answer.output
    said = json.loads(answer.stdout)
    return [] if said["done"] else said["reasons"]


def by_list(home: Home, folder: Path, release: str = "2023.r2", *more: str) -> list[str]:
    return asked(folder, "--keys", str(listed(home, release)), *more)


def changed(file: Path, offset: int) -> None:
    file.chmod(0o600)
    data = bytearray(file.read_bytes())
    data[offset] ^= 1 << random.randrange(8)
    file.write_bytes(data)


def test_a_signed_release_needs_no_home(home, newest):
    assert by_list(home, newest) == []
    said = signing.unproved((newest / evidence.ATTESTATION).read_text())
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    subjects = {one["name"] for one in said["subject"]}
    assert {"manifest.json", "figures.csv", "marts.duckdb", "quality/index.html"} <= subjects
    made_of = said["predicate"]["materials"]
    manifest = json.loads((newest / "manifest.json").read_text())
    assert len(made_of["submissions"]) == 12
    assert all(len(row["archived"]) == 1 and row["received_at"] for row in made_of["submissions"])
    assert made_of["readings"] == manifest["last_of_reading_chain"]
    assert made_of["ledger"] == manifest["ledger"]
    assert made_of["code_sha256"] == "c0de" and len(made_of["requirements_lock_sha256"]) == 64
    assert said["predicate"]["previous"]["sha256"] == file_hash(home.releases / "2023.r1" / "manifest.json")


@pytest.mark.parametrize("many", [30, pytest.param(1000, marks=pytest.mark.proof)])
def test_every_flipped_bit_is_named(home, newest, many):
    known = attest.read_lists([listed(home, "2023.r2")])
    files = sorted(file for file in newest.rglob("*") if file.is_file())
    assert len(files) > 30
    for number in range(many):
        # each file once, then any
        file = files[number] if number < len(files) else random.choice(files)
        before, mode = file.read_bytes(), file.stat().st_mode
        if not before:
            continue
        changed(file, random.randrange(len(before)))
        name = file.relative_to(newest).as_posix()
        problems = attest.problems_of(newest, known)
        assert any(name in one for one in problems), (name, problems)
        file.write_bytes(before)
        file.chmod(mode)
    assert attest.problems_of(newest, known) == []


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda folder: (folder / "figures.csv").unlink(), "figures.csv is missing"),
        (lambda folder: (folder / "extra.txt").write_text("x"), "extra.txt is not of the release"),
        (lambda folder: (folder / "quality" / "x.csv").write_text("x"), "quality/x.csv is not of the release"),
        (lambda folder: (folder / "marts" / "of").symlink_to("/etc"), "marts/of is not of the release"),
        (lambda folder: (folder / evidence.ATTESTATION).unlink(), "attestation.dsse.json is missing"),
        (lambda folder: (folder / evidence.ASSURANCE).unlink(), "assurance.dsse.json is missing"),
        (lambda folder: (folder / "manifest.json").unlink(), "manifest.json is missing"),
    ],
)  # fmt: skip
def test_what_is_missing_or_more_is_named(home, newest, damage, named):
    damage(newest)
    assert any(one.startswith(named) for one in by_list(home, newest))


def test_a_link_in_the_place_of_a_file_is_named(home, newest):
    shutil.move(newest / "figures.csv", newest.parent / "same.csv")
    (newest / "figures.csv").symlink_to(newest.parent / "same.csv")
    assert by_list(home, newest) == ["figures.csv is a link and no file of the release"]


def rewrite(folder: Path) -> None:
    """A figure of the release changed, with a manifest that agrees."""
    figures = folder / "figures.csv"
    figures.chmod(0o600)
    figures.write_text(figures.read_text().replace("kent", "KENT"))
    (folder / "manifest.json").chmod(0o600)
    head = json.loads((folder / "manifest.json").read_text())
    package.write_manifest(folder, {name: value for name, value in head.items() if name != "files"})


def test_a_release_rewritten_with_a_consistent_manifest_is_named(home, newest):
    rewrite(newest)
    problems = by_list(home, newest)
    assert [one.partition(" ")[0] for one in problems] == ["figures.csv", "manifest.json"]
    forge(
        home,
        f"update releases set manifest_sha256 = '{file_hash(newest / 'manifest.json')}' where release = '2023.r2'",
    )
    problems = everything.problems(home)
    assert any(one.startswith("releases 2023.r2 of the ledger is not as it was written") for one in problems)
    assert any("2023.r2: figures.csv was changed after it was signed" in one for one in problems)


def test_another_signer_is_named(home, newest):
    """The whole release signed anew, by a key that nobody gave a role."""
    rewrite(newest)
    thief = home.root.parent / "thief.pem"
    signing.make_key(thief, home)
    sign_anew(newest, signing.load_key(thief))
    (problem,) = [one for one in by_list(home, newest) if one.startswith(evidence.ATTESTATION)]
    assert "has no good signature of a known key" in problem


def test_a_forged_signature_is_named_beside_the_home(home, newest):
    thief = home.root.parent / "thief.pem"
    signing.make_key(thief, home)
    sign_anew(newest, signing.load_key(thief))
    answer = CliRunner().invoke(cpai, ["--home", str(home.root), "verify"])
    assert answer.exit_code == 1 and "has no good signature of a known key" in answer.output
    assert any("attestation.dsse.json is not as it was written" in one for one in everything.problems(home))


def test_a_second_signature_lends_nobody_s_name(home, newest):
    """One analyst's good signature beside another's name."""
    with doors.coming_by("command", ANNA):
        make_key(home, "carl", "analyst", "carl")
    file = newest / evidence.ATTESTATION
    document = json.loads(file.read_text())
    document["signatures"].insert(0, {"keyid": key_id(home, "carl"), "sig": document["signatures"][0]["sig"]})
    file.chmod(0o600)
    file.write_text(json.dumps(document, sort_keys=True) + "\n")
    assert any(
        "is no signed statement that can be read" in one
        for one in attest.problems_of(newest, attest.listed(home))
    )


def sign_anew(folder: Path, signer, **otherwise: object) -> None:
    """The attestation of a release, over what it has now."""
    file = folder / evidence.ATTESTATION
    said = signing.unproved(file.read_text())["predicate"] | otherwise
    subjects = {
        path.relative_to(folder).as_posix(): file_hash(path)
        for path in folder.rglob("*")
        if path.is_file() and path.name not in evidence.SIGNATURES
    }
    file.chmod(0o600)
    file.write_text(signing.sign(subjects, attest.RELEASED, said, signer))


def test_the_analyst_alone_is_named_as_both(home, newest):
    analyst = signing.load_key(home.root.parent / "analyst.pem")
    said = signing.unproved((newest / evidence.ASSURANCE).read_text())
    (newest / evidence.ASSURANCE).chmod(0o600)
    subjects = {evidence.ATTESTATION: file_hash(newest / evidence.ATTESTATION)}
    (newest / evidence.ASSURANCE).write_text(
        signing.sign(subjects, attest.ASSURED, said["predicate"] | {"person": ANNA}, analyst)
    )
    assert any("has no good signature of a known key" in one for one in by_list(home, newest))
    # and with a second key, of the same person, that has the other role
    with doors.coming_by("command", ANNA):
        second = signing.load_key(make_key(home, "second", "assurer", ANNA))
    (newest / evidence.ASSURANCE).write_text(
        signing.sign(
            subjects, attest.ASSURED, said["predicate"] | {"person": ANNA, "signed_at": now()}, second
        )
    )
    assert f"{ANNA} signed as analyst and as assurer: an assurer is somebody else" in attest.problems_of(
        newest, attest.listed(home)
    )
    (newest / evidence.ASSURANCE).unlink()
    with pytest.raises(NotSigned, match="an assurer is somebody else"):
        attest.assure(home, "2023.r2", second)
    with pytest.raises(NotSigned, match="is of no assurer"):
        attest.assure(home, "2023.r2", analyst)


def revoke(home: Home, person: str, reason: str = "lost") -> None:
    with doors.coming_by("command", BEN), ledger_of(home) as engine:
        signers.revoke(engine, person, None, reason)


def test_a_revoked_key_signs_nothing_more_and_what_it_signed_before_stands(home, newest, monkeypatch):
    revoke(home, ANNA)
    assert attest.problems_of(newest, attest.listed(home)) == []
    with pytest.raises(NotSigned, match="was revoked"):
        attest.holder(attest.listed(home)["keys"], key_id(home, "analyst"), "analyst")
    signer = signing.load_key(home.root.parent / "analyst.pem")
    sign_anew(newest, signer, signed_at="2999-01-01T00:00:00+00:00")
    (problem, *_) = attest.problems_of(newest, attest.listed(home))
    assert (
        "signed on 2999-01-01 with the key of anna, which was revoked on" in problem and "(lost)" in problem
    )
    # with the date of before it is not the one that the list has
    rewrite(newest)
    sign_anew(newest, signer, signed_at="2023-01-01T00:00:00+00:00")
    assert any(
        "before the key of anna counted" in one for one in attest.problems_of(newest, attest.listed(home))
    )
    known = attest.read_lists([listed(home, "2023.r2")])
    sign_anew(newest, signer, signed_at=known["keys"][0]["valid_from"])
    problems = attest.problems_of(newest, known)
    assert any("is signed, and not the 2023.r2 that the list of" in one for one in problems)


def key_id(home: Home, name: str) -> str:
    return signing.load_key(home.root.parent / f"{name}.pem").public_key.keyid


def test_an_old_release_put_back_as_current_is_named(home):
    old = home.releases / "2023.r1"
    assert by_list(home, old, "2023.r1") == [], "who holds the list of then"
    (problem,) = by_list(home, old)
    assert problem.startswith("2023.r1 is an old release: 2023.r2 is the current one of 2023")
    assert by_list(home, old, "2023.r2", "--superseded") == []
    assert not any("put back" in one for one in everything.problems(home))
    (home.releases / "current").unlink()
    (home.releases / "current").symlink_to("2023.r1")
    assert any(
        "current points at 2023.r1, which 2023.r2 has replaced" in one for one in everything.problems(home)
    )


def test_a_release_that_was_never_published_is_named(home, newest):
    """By who has the analyst's key and not the ledger."""
    signer = signing.load_key(home.root.parent / "analyst.pem")
    known = attest.read_lists([listed(home, "2023.r2")])
    sign_anew(newest, signer, release="2023.r3", signed_at=known["keys"][0]["valid_from"])
    assert any("2023.r3 is not among the releases" in one for one in attest.problems_of(newest, known))
    sign_anew(newest, signer, release="2023.r3", sequence=3, signed_at="2999-01-01T00:00:00+00:00")
    assert any("does not follow the last release" in one for one in attest.problems_of(newest, known))


def test_a_newer_list_is_signed_by_who_the_older_one_knows(home, tmp_path):
    lists = [listed(home, "2023.r1"), listed(home, "2023.r2")]
    assert attest.read_lists(lists)["number"] == attest.read_lists(lists[1:])["number"]
    thief = home.root.parent / "thief.pem"
    public = signing.make_key(thief, home)
    said = attest.read_lists(lists[1:])
    key = {
        **public,
        "person": "thief",
        "role": "analyst",
        "valid_from": "",
        "revoked_at": None,
        "reason": None,
    }
    forged = tmp_path / "forged.json"
    said |= {"keys": [key], "number": said["number"] + 1}
    forged.write_text(signing.sign({}, attest.KEYS, said, signing.load_key(thief)))
    with pytest.raises(NotSigned, match=r"forged\.json has no good signature of a known key"):
        attest.read_lists([*lists, forged])
    # a rotation: the new key is in a list that an old one signed
    with doors.coming_by("command", ANNA):
        make_key(home, "new", "analyst", ANNA)
        attest.write_list(home, tmp_path / "a.json", signing.load_key(home.root.parent / "analyst.pem"))
        revoke(home, key_id(home, "analyst"), "rotated")
        with pytest.raises(NotSigned, match="was revoked"):
            attest.write_list(home, tmp_path / "b.json", signing.load_key(home.root.parent / "analyst.pem"))
        attest.write_list(home, tmp_path / "b.json", signing.load_key(home.root.parent / "new.pem"))
    assert attest.read_lists([*lists, tmp_path / "a.json", tmp_path / "b.json"])
    with pytest.raises(NotSigned, match=r"b\.json has no good signature"):
        attest.read_lists([*lists, tmp_path / "b.json"])


# the ledger -----------------------------------------------------------------------------------------------------------


def forge(home: Home, *statements: str) -> None:
    with ledger_of(home) as engine, engine.begin() as connection:
        triggers = connection.exec_driver_sql(
            "select name, sql from sqlite_master where type = 'trigger'"
        ).all()
        for name, _ in triggers:
            connection.exec_driver_sql(f"drop trigger {name}")
        for statement in statements:
            connection.execute(text(statement))
        for _, sql in triggers:
            connection.exec_driver_sql(sql)


def of_chains(problems: list[str]) -> list[str]:
    return [
        one
        for one in problems
        if "in the ledger as it was" in one or "the ledger has another manifest" in one
    ]


@pytest.mark.parametrize("chain", ["evidence", "log_entries"])
def test_entries_cut_off_the_end_are_found_by_who_holds_a_release(home, chain):
    """The thief has the home: what is in it says nothing any more."""
    held = home.root.parent / "held" / "2023.r2"
    assert everything.witnessed(home, [held]) == []
    key = {"evidence": "number", "log_entries": "entry"}[chain]
    end = json.loads((held / "manifest.json").read_text())["ledger"]["log" if "log" in chain else chain][key]
    forge(home, f"delete from {chain} where {key} >= {end}")
    for known in ("home.json", "releases"):
        forget(home.root / known)
    assert of_chains(everything.witnessed(home, [held]))
    answer = CliRunner().invoke(cpai, ["--home", str(home.root), "verify", "--witness", str(held)])
    assert answer.exit_code == 1 and "2023.r2" in answer.output


def forget(part: Path) -> None:
    if part.is_dir():
        shutil.rmtree(part)
        part.mkdir()
    else:
        document = json.loads(part.read_text())
        part.write_text(json.dumps(document | {"ledger": {}, "seen": {}}))


def test_a_ledger_written_anew_with_its_releases_is_found_by_who_holds_one(home):
    """Every chain is consistent, and so is every manifest: the home finds nothing, a release from before does."""
    held = home.root.parent / "held" / "2023.r1"
    forge(home, *(f"delete from {table}" for table in ("evidence", "log_entries", "releases")))
    with ledger_of(home) as engine, engine.begin() as connection:
        evidence.take(connection, home)
    for known in ("home.json", "releases"):
        forget(home.root / known)
    with ledger_of(home) as engine:
        assert evidence.problems(engine) == []
    problems = of_chains(everything.witnessed(home, [held]))
    assert any("the ledger has another manifest" in one for one in problems)
    assert any("chain of evidence" in one for one in problems) and any(
        "of the log" in one for one in problems
    )
    assert of_chains(everything.witnessed(home, [listed(home, "2023.r1")]))


# a home without keys, and one that asks for them -----------------------------------------------------------------------


def test_who_has_no_role_does_not_publish(home):
    with (
        doors.coming_by("command", "carl"),
        pytest.raises(signers.NotAllowed, match="carl has not the role analyst"),
    ):
        publish.publish(home, "2023", Gate())
    with doors.coming_by("command", BEN), pytest.raises(signers.NotAllowed, match="ask anna"):
        publish.publish(home, "2023", Gate())
    with ledger_of(home) as engine, doors.coming_by("command", "carl"), pytest.raises(signers.NotAllowed):
        signers.grant(engine, "carl", "analyst")
    with doors.coming_by("command", "anna as cpai"), ledger_of(home) as engine:
        assert signers.require(engine, "analyst", "publish") == ANNA


def test_a_home_in_which_nobody_has_a_role_publishes_and_says_so(made, tmp_path, monkeypatch):
    home = Home(tmp_path / "home")
    shutil.copytree(made.root, home.root)
    describe_models(home)
    publish.publish(home, "2023", Gate())
    head = json.loads((home.releases / "2023.r1" / "manifest.json").read_text())
    assert head["hands"]["roles"].startswith("nobody has a role in this home yet")
    assert head["hands"]["waivers"] and all(one["signed"] is None for one in head["hands"]["waivers"])
    answer = CliRunner().invoke(cpai, ["--home", str(home.root), "verify"])
    assert answer.exit_code == 0 and "2023.r1 is not signed: no analyst" in answer.output
    monkeypatch.setattr(attest, "required", lambda: True)
    assert any(
        "attestation.dsse.json is missing" in one for one in everything.release_problems(home, "2023.r1")
    )
    with pytest.raises(NotSigned, match="a release has to be signed"):
        publish.publish(home, "2023", Gate())


WAIVER = {
    "rule": "CR15",
    "force": "kent",
    "quarter": "2023-Q2",
    "reason": "ages agreed with the force",
    "signed_by": "A Person",
    "signed_on": "2023-08-01",
    "expires": "2099-12-31",
}


def test_a_waiver_counts_by_a_signature_and_not_by_a_name(home, monkeypatch):
    rows = [WAIVER]
    monkeypatch.setattr(waivers, "seed_rows", lambda *_: rows)
    resubmit(home, "kent", "2023-Q2")
    describe_models(home)
    with doors.coming_by("command", ANNA):
        with pytest.raises(
            publish.GateShut, match="the waiver of CR15 for kent 2023-Q2 is not signed by a person"
        ):
            publish.publish(home, "2023", Gate())
        assert waivers.unsigned(home, ["2023-Q1"]) == [], "of another quarter"
        with pytest.raises(NotSigned, match="is of no waiver"):
            waivers.sign(home, "CR15", "kent", "2023-Q2", signing.load_key(home.root.parent / "analyst.pem"))
        key = signing.load_key(make_key(home, "waiver", "waiver", BEN))
        assert waivers.sign(home, "CR15", "kent", "2023-Q2", key) == BEN
        assert waivers.unsigned(home, ["2023-Q2"]) == []
        # the row that was signed, and no other
        rows[0] = WAIVER | {"expires": "2100-12-31"}
        assert waivers.unsigned(home, ["2023-Q2"])
        rows[0] = WAIVER
        name = publish.publish(home, "2023", Gate()).name
    head = json.loads((home.releases / name / "manifest.json").read_text())
    signed = {row["force"]: row["signed"] and row["signed"]["person"] for row in head["hands"]["waivers"]}
    assert signed == {"durham": None, "kent": BEN} and head["hands"]["roles"] == "asked for"
    assert head["published_by"] == {"door": "command", "who": ANNA}
    forge(home, "update waiver_signatures set envelope = replace(envelope, 'a', 'b')")
    assert waivers.unsigned(home, ["2023-Q2"])
    assert any(
        "waiver_signatures 1 of the ledger is not as it was" in one for one in everything.problems(home)
    )


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda file: file.chmod(0o640), "may be read by others than its owner"),
        (lambda file: file.write_text("no key"), "is no private key"),
        (lambda file: file.unlink(), "there is no key"),
    ],
)
def test_a_key_that_is_none_is_refused(home, spoil, said):
    file = home.root.parent / "analyst.pem"
    spoil(file)
    with pytest.raises(NotSigned, match=said):
        signing.load_key(file)


def test_a_key_lies_outside_the_home_and_may_have_a_passphrase(home, tmp_path, monkeypatch):
    with pytest.raises(NotSigned, match="is in the home"):
        signing.make_key(home.root / "key.pem", home)
    file = tmp_path / "locked.pem"
    public = signing.make_key(file, home, "correct horse")
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(NotSigned, match="has a passphrase"):
        signing.load_key(file)
    monkeypatch.setenv(signing.PASSPHRASE, "wrong")
    with pytest.raises(NotSigned, match="is not its own"):
        signing.load_key(file)
    monkeypatch.setenv(signing.PASSPHRASE, "correct horse")
    assert signing.load_key(file).public_key.keyid == public["keyid"]
    with pytest.raises(NotSigned, match="is there already"):
        signing.make_key(file, home)
