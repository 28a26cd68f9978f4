"""A warehouse that was built step by step, each time what had changed, is the warehouse built at once from all of it."""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from stepwise import follow
from world import CODES, FORCES, OTHER_CELLS, QUARTERS, REFERENCES, SUMMARIES

from orchestration.home import Home
from orchestration.warehouse import changes

MANY = int(os.environ.get("CPAI_SEQUENCES", "1000"))


def days(quarter: str) -> st.SearchStrategy[str]:
    """A day of the quarter, or of one before or after it."""
    month = {"1": "02", "2": "05", "3": "08"}[quarter[-1]]
    return st.sampled_from(
        [f"{quarter[:4]}-{month}-10", f"{quarter[:4]}-{month}-20", "2023-04-02", "2024-06-01"]
    )


# one of them has no reference
persons = st.sets(st.sampled_from([0, 1, 2, None]), max_size=3)


@st.composite
def crimes(draw, quarter: str) -> dict:
    status = draw(st.sampled_from(["recorded", "recorded", "recorded", "cancelled"]))
    cancelled = (
        {"cancellation_code": draw(st.sampled_from(["C1", "C2", "C3"]))} if status == "cancelled" else {}
    )
    linked = draw(st.sampled_from([None, *REFERENCES, *(f"{force}:{REFERENCES[0]}" for force in FORCES)]))
    return {
        "crime_reference": draw(st.sampled_from([*REFERENCES, None])),
        "columns": {
            "offence_code": draw(st.sampled_from(CODES)),
            "recorded_on": draw(days(quarter)),
            "committed_from": draw(st.sampled_from(["2023-03-01", None])),
            "status": status,
            "csa_flag": draw(st.sampled_from(["Y", "N", "perhaps"])),
            "offenders_stated": draw(st.sampled_from(["1", "3", None])),
            "incident_reference": draw(st.sampled_from(["I1", "I2", None])),
            "linked_crime_reference": linked,
            "summary": draw(st.sampled_from(SUMMARIES)),
            **cancelled,
        },
        "victims": draw(persons),
        "suspects": draw(persons),
    }


@st.composite
def sent(draw) -> tuple:
    quarter = draw(st.sampled_from(QUARTERS))
    status = draw(st.sampled_from(["accepted"] * 6 + ["refused", "nil", "missing"]))
    return (
        "receive",
        draw(st.sampled_from(FORCES)),
        quarter,
        status,
        draw(st.lists(crimes(quarter), min_size=1, max_size=5)),
    )


ANSWERS = st.fixed_dictionaries(
    {
        "group_based": st.sampled_from(["yes", "yes", "no", "cannot_tell"]),
        "criterion": st.sampled_from(["cse", "familial", "other"]),
        "committed_by_children": st.sampled_from(["yes", "no", "not_collected"]),
        "offenders_read": st.integers(1, 3),
    }
)
STEPS = st.lists(
    st.one_of(
        sent(),
        sent(),
        st.tuples(st.just("read"), st.integers(0, 50), ANSWERS),
        st.tuples(st.just("ask_twice"), st.integers(0, 50)),
        st.tuples(st.just("count_anew"), st.integers(0, 5)),
        st.tuples(st.just("read_anew"), st.sampled_from(FORCES)),
        st.tuples(st.just("change_seed"), st.sampled_from([*OTHER_CELLS])),
        st.tuples(st.just("build")),
        st.tuples(st.just("killed"), st.integers(1, 100)),
    ),
    min_size=4,
    max_size=12,
)


@pytest.mark.parametrize(
    ("part", "examples"),
    [
        (0, 2),
        # in two parts, which two processes can try beside each other
        *(pytest.param(part, MANY // 2, marks=pytest.mark.proof) for part in (1, 2)),
    ],
)
def test_built_step_by_step_is_built_at_once(part, examples, parts):
    @seed(part)
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(STEPS)
    def holds(steps):
        with TemporaryDirectory() as folder:
            assert follow(steps, parts, Home(Path(folder))) == []

    holds()


def test_no_table_is_made_whole_of_records_of_what_changed_alone(parsed):
    """While the warehouse is built, sources of records hold the returns that changed: a table that is made anew would lose
    all others."""
    manifest = json.loads((parsed / "manifest.json").read_text(encoding="utf-8"))
    nodes = manifest["nodes"]
    records = {f"source.cpai.raw.{kind}" for kind in changes.KINDS}

    def sources(key: str) -> set[str]:
        node = nodes.get(key)
        if node is None or node["config"]["materialized"] not in {"view", "ephemeral"}:
            return {key}
        return {found for parent in node["depends_on"]["nodes"] for found in sources(parent)}

    anew = [
        node["name"]
        for node in nodes.values()
        if node["resource_type"] == "model"
        and node["config"]["materialized"] == "table"
        and any(sources(parent) & records for parent in node["depends_on"]["nodes"])
    ]
    assert anew == []
