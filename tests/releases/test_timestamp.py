"""A release is time-stamped by an authority on this machine, made with openssl, and who has its certificate can tell."""

import shutil

import pytest
from an_authority import Authority
from by_command import said
from small_home import Gate
from some import some

from orchestration.home import Home
from orchestration.ledger.evidence import TIMESTAMP
from orchestration.ledger.opening import ledger_of
from orchestration.ledger.tables import log_entries
from orchestration.releases import everything, publish, timestamp


@pytest.fixture
def released(home) -> Home:
    publish.publish(home, "2023", Gate())
    return home


def asked(home: Home, *words: str):
    return said(home, "timestamp", *words)


def test_a_release_is_stamped_once_and_anybody_with_the_certificate_can_tell(released, authority):
    answer = asked(released, "2023.r1")
    assert answer.exit_code == 0 and "time-stamped at 20" in answer.output, answer.output
    folder = released.releases / "2023.r1"
    assert timestamp.problems_of(folder, (authority.certificate,)) == []
    (told,) = timestamp.in_words(folder, (authority.certificate,))
    assert told.endswith(" UTC")
    with ledger_of(released) as engine, engine.connect() as connection:
        noted = connection.execute(log_entries.select().order_by(log_entries.c.entry.desc()).limit(1)).one()
    assert (noted.action, noted.what) == ("administration", "release time-stamped")
    again = asked(released, "2023.r1")
    assert again.exit_code == 1 and "is time-stamped already" in again.output
    assert [one for one in everything.problems(released) if TIMESTAMP in one] == []


def test_what_is_not_the_stamp_of_this_release_by_this_authority_is_named(released, authority, tmp_path):
    folder = released.releases / "2023.r1"
    assert timestamp.problems_of(folder, (authority.certificate,)) == ["2023.r1 has no time stamp"]
    asked(released, "2023.r1")
    stranger = Authority(tmp_path / "stranger")
    (problem,) = timestamp.problems_of(folder, (stranger.certificate,))
    assert "by none of the authorities given" in problem
    with (folder / "manifest.json").open("a") as manifest:
        manifest.write(" ")
    assert "is of another manifest" in timestamp.problems_of(folder)[0]


def test_a_flipped_byte_of_a_stamp_is_named(released, authority):
    asked(released, "2023.r1")
    file = released.releases / "2023.r1" / TIMESTAMP
    data = file.read_bytes()
    file.chmod(0o600)
    file.write_bytes(data[:-40])
    told = said(released, "verify")
    assert told.exit_code == 1 and TIMESTAMP in told.output, told.output
    for at in some(range(0, len(data), 97)):
        file.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        named = [one for one in everything.problems(released) if TIMESTAMP in one]
        assert named, at
        file.write_bytes(data)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (lambda _: b"<html>sign in</html>", "gave no time stamp"),
        (lambda answer: answer[:-40], "gave no time stamp"),
        (lambda _: b"", "gave no time stamp"),
    ],
)
def test_an_answer_that_is_no_stamp_leaves_the_release_as_it_is(released, authority, given, says):
    authority.given = given
    answer = asked(released, "2023.r1")
    assert answer.exit_code == 1 and says in answer.output and "Traceback" not in answer.output
    assert not (released.releases / "2023.r1" / TIMESTAMP).exists()


def test_the_stamp_of_another_question_is_not_taken(released, authority):
    kept = []
    authority.given = lambda answer: kept.append(answer) or kept[0]
    publish_another = shutil.copytree(released.root, released.root.with_name("other"), symlinks=True)
    assert asked(Home(publish_another), "2023.r1").exit_code == 0
    answer = asked(released, "2023.r1")
    assert answer.exit_code == 1 and "it answers another question" in answer.output


def test_nobody_is_asked_where_no_authority_is_named(released, monkeypatch):
    monkeypatch.delenv("CPAI_TIMESTAMP_URL", raising=False)
    monkeypatch.setattr(timestamp, "_asked", pytest.fail)
    assert timestamp.authority() is None
    answer = asked(released, "2023.r1")
    assert answer.exit_code == 2 and "name the time-stamp authority" in answer.output


def test_an_authority_that_is_away_is_said_and_one_by_file_is_none(released):
    away = asked(released, "2023.r1", "--authority", "http://127.0.0.1:9/")
    assert away.exit_code == 1 and "does not answer" in away.output and "published" in away.output
    file = asked(released, "2023.r1", "--authority", "file:///etc/passwd")
    assert file.exit_code == 1 and "is no address of a time-stamp authority" in file.output
