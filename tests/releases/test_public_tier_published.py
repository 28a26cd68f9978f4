"""Publishing with a public tier: in the manifest like any file, and an unsafe one shuts the gate."""

import dataclasses

import pytest
from small_home import Gate, change

from orchestration.releases import package, publish
from orchestration.releases.disclosure import policy, public
from orchestration.releases.verify import verify


@pytest.fixture
def wanted(home, monkeypatch):
    """The policy asks for a public tier; the two criteria of the small figures are no whole split."""
    asked = dataclasses.replace(policy.read(), written=True)
    monkeypatch.setattr(policy, "read", lambda: asked)
    change(home, "delete from marts.figures where breakdown = 'criterion'")
    return home


def test_no_public_tier_unless_the_policy_asks_for_it(home):
    assert not policy.read().written
    released = publish.publish(home, "2023", Gate())
    assert not (released.path / "public").exists()


def test_the_public_tier_is_part_of_the_release(wanted):
    released = publish.publish(wanted, "2023", Gate())
    assert {"public/figures.csv", "public/disclosure.json"} <= set(package.files_of(released.path))
    assert verify(wanted) == []
    assert "[c]" not in (released.path / "figures.csv").read_text(), (
        "exact counts stay in the restricted tier"
    )


def test_a_tier_that_can_be_worked_out_shuts_the_gate(wanted, monkeypatch):
    first = publish.publish(wanted, "2023", Gate())
    change(wanted, "update marts.figures set numerator = numerator * 2")
    monkeypatch.setattr(publish.release_inputs, "code_hash", lambda: "other")
    monkeypatch.setattr(public, "audit", _narrow)
    with pytest.raises(publish.GateShut, match="can be worked out"):
        publish.publish(wanted, "2023", Gate())
    assert (wanted.releases / "current").resolve() == first.path
    assert verify(wanted) == []


def _narrow(*_):
    raise public.NotSafe(["1 hidden cell of crime total by force and year can be worked out: publish fewer"])


def test_figures_that_contradict_each_other_shut_the_gate(wanted):
    change(
        wanted,
        "update marts.figures set numerator = numerator + 1 where place_type = 'national' and period = '2023'",
    )
    with pytest.raises(publish.GateShut, match="the public tier: parts and whole disagree"):
        publish.publish(wanted, "2023", Gate())
    assert not (wanted.releases / "current").exists()
