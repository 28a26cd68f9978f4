"""Publishing with a public tier: in the manifest like any file, and an unsafe one shuts the gate."""

import dataclasses
import json

import pytest
from small_home import Gate, change

from orchestration.releases import calendar, package, publish
from orchestration.releases.disclosure import audit, policy, public
from orchestration.releases.replay import replay
from orchestration.releases.verify import verify


@pytest.fixture
def wanted(home, monkeypatch):
    """The policy asks for a public tier of however few crimes; the two criteria of the small figures are no whole split."""
    asked = dataclasses.replace(policy.read(), fewest_crimes=0)
    monkeypatch.setattr(policy, "read", lambda: asked)
    change(home, "delete from marts.figures where breakdown = 'criterion'")
    return home


def test_a_release_of_few_crimes_has_no_public_tier(home):
    asked = policy.read()
    assert asked.written and asked.fewest_crimes > 100
    released = publish.publish(home, "2023", Gate())
    assert not (released.path / "public").exists()


def test_no_public_tier_unless_the_policy_asks_for_it(wanted, monkeypatch):
    asked = dataclasses.replace(policy.read(), written=False)
    monkeypatch.setattr(policy, "read", lambda: asked)
    assert not (publish.publish(wanted, "2023", Gate()).path / "public").exists()


def test_the_public_tier_is_part_of_the_release(wanted):
    released = publish.publish(wanted, "2023", Gate())
    files = {"public/figures.csv", "public/disclosure.json", "public/statement.json"}
    assert files <= set(package.files_of(released.path))
    assert verify(wanted) == []
    assert not [problem for problem in replay(wanted) if "public" in problem]
    assert "[c]" not in (released.path / "figures.csv").read_text(), (
        "exact counts stay in the restricted tier"
    )


def test_the_public_tier_says_what_it_is_and_what_was_wrong_in_what_it_shows(wanted, monkeypatch):
    erratum = {"release": "2023.r1", "place": "", "period": "2023", "reason": "counted twice"}
    erratum |= {"found_on": "2024-12-01", "corrected_in": "2023.r2", "figure_id": "scale.cpai"}
    not_shown = erratum | {"place": "kent", "period": "2023-01"}
    said = calendar.statement("2023")
    monkeypatch.setattr(calendar, "statement", lambda period: said | {"errata": [erratum, not_shown]})
    released = publish.publish(wanted, "2023", Gate())
    statement = json.loads((released.path / "public" / "statement.json").read_text())
    assert (statement["release"], statement["status"], statement["errata"]) == ("2023.r1", "final", [erratum])


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
    raise audit.NotSafe(["1 hidden cell of crime total by force and year can be worked out: publish fewer"])


def test_figures_that_contradict_each_other_shut_the_gate(wanted):
    change(
        wanted,
        "update marts.figures set numerator = numerator + 1 where place_type = 'national' and period = '2023'",
    )
    with pytest.raises(publish.GateShut, match="the public tier: parts and whole disagree"):
        publish.publish(wanted, "2023", Gate())
    assert not (wanted.releases / "current").exists()
