"""Hostile returns through intake: each is met by its check code, loses no record, and repeats nothing it holds."""

import logging

import pyarrow.parquet as pq
import pytest
from kinds import CANARY, KINDS, WRITTEN, sound

from orchestration.home import SEEDS
from orchestration.returns import archive, arrivals
from orchestration.returns.intake import receive
from orchestration.returns.raw import findings_file, records_file

QUARTER = "2023-Q1"


@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_a_hostile_return_meets_its_check(kind, home, monkeypatch, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    if kind.layout:
        monkeypatch.setattr(arrivals, "layout_for", lambda *_: kind.layout)
    kind.make(home.landing / QUARTER / kind.force)
    (receipt,) = receive(home, QUARTER)
    codes = {reason.split()[0] for reason in receipt.reasons}
    findings = findings_file(home, QUARTER, kind.force, 1)
    found = pq.read_table(findings, partitioning=None).to_pylist() if findings.exists() else []

    if kind.refused:
        assert (receipt.status, codes) == ("refused", set(kind.refused)), receipt.reasons
        assert not records_file(home, "crimes", QUARTER, kind.force, 1).exists()
    else:
        assert (receipt.status, receipt.reasons) == ("accepted", [])
        assert {row["code"] for row in found} == set(kind.found)
        crimes = pq.read_table(
            records_file(home, "crimes", QUARTER, kind.force, 1), partitioning=None
        ).to_pylist()
        assert len(crimes) == (kind.crimes or 3)
        assert {column: crimes[0][column] for column, _ in kind.holds} == dict(kind.holds)
    told = " ".join([*receipt.reasons, str(found), caplog.text, *capfd.readouterr()])
    assert CANARY not in told and "19E" not in told
    assert not any(str(WRITTEN[kind.force][1].format(1000 + n)) in told for n in range(3))


def test_there_are_kinds_enough_and_every_code_they_name_is_in_the_seed():
    names = [kind.name for kind in KINDS]
    assert len(names) == len(set(names)) >= 60
    seed = (SEEDS / "return_checks.csv").read_text(encoding="utf-8")
    for kind in KINDS:
        assert all(f"\n{code}," in seed for code in (*kind.refused, *kind.found))


def test_a_file_that_grows_while_it_is_copied_is_refused_and_then_received(home, monkeypatch):
    path = sound(home.landing / QUARTER / "metropolitan", "metropolitan")["crimes.csv"]
    whole, keep = path.read_bytes(), archive.keep
    path.write_bytes(whole[: len(whole) // 2])

    def growing(file, kept_in):
        kept = keep(file, kept_in)
        if file == path:
            path.write_bytes(whole)
        return kept

    with monkeypatch.context() as patch:
        patch.setattr(archive, "keep", growing)
        (receipt,) = receive(home, QUARTER)
    assert (receipt.status, receipt.reasons) == (
        "refused",
        ["FL11 crimes.csv: is still being written; it is read again once it has settled."],
    )
    (receipt,) = receive(home, QUARTER)
    assert (receipt.status, receipt.counts["crimes"]) == ("accepted", 3)
