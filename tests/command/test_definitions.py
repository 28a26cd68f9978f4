"""The code location: what a data engineer sees in Dagster before anything has run."""

import re
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import dagster as dg
import pytest

import orchestration


@pytest.fixture(scope="module")
def defs(parsed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CPAI_HOME", str(parsed.parents[1]))
        from orchestration.definitions import defs

        dg.Definitions.validate_loadable(defs)
        yield defs


@pytest.fixture(scope="module")
def graph(defs):
    return defs.resolve_asset_graph()


def test_returns_are_partitioned_by_force_and_quarter(graph):
    names = graph.get(dg.AssetKey("returns")).partitions_def.partition_dimension_names
    assert sorted(names) == ["force", "quarter"]


def test_the_graph_runs_unbroken_from_returns_to_release(graph):
    reached, todo = set(), [dg.AssetKey("returns")]
    while todo:
        key = todo.pop()
        if key not in reached:
            reached.add(key)
            todo += graph.get(key).child_keys
    assert dg.AssetKey("release") in reached
    untouched = {
        key for key in graph.get_all_asset_keys() if graph.get(key).group_name == "intermediate"
    } - reached
    # intermediate models of code lists and of the open data have other sources; those of the returns do not
    assert dg.AssetKey(["intermediate", "int_crimes"]) not in untouched


@pytest.mark.parametrize("suite", ["returns", "cpai", "cocad", "marts", "release"])
def test_each_suite_is_a_blocking_check(graph, suite):
    (check,) = [key for key in graph.asset_check_keys if key.name == f"{suite}_suite"]
    assert graph.get(check).blocking


def test_readings_reach_cocad_and_not_staging_of_returns(graph):
    below = dg.AssetSelection.assets("readings").downstream().resolve(graph)
    assert dg.AssetKey(["cocad", "cocad_crimes"]) in below
    assert dg.AssetKey(["intermediate", "int_crimes"]) not in below


def test_a_whole_year_is_one_range_of_partitions():
    from orchestration.returns.assets import PARTITIONS, partition_range

    tags = partition_range("2023-Q1", "2023-Q4")
    chosen = PARTITIONS.get_partition_keys_in_range(
        dg.PartitionKeyRange(
            tags["dagster/asset_partition_range_start"], tags["dagster/asset_partition_range_end"]
        )
    )
    assert len(chosen) == 44 * 4


def test_the_schedule_asks_for_the_quarter_that_ended(defs):
    from orchestration.schedules_and_sensors import quarterly

    context = dg.build_schedule_context(scheduled_execution_time=datetime(2024, 1, 15, 6))
    request = quarterly(context)
    assert request.tags["dagster/asset_partition_range_start"].endswith("|2023-Q4")
    assert request.tags["cpai/from"] == "schedule"


def test_groups_read_as_the_story_does(graph):
    """The lineage collapsed: no arrow goes back, so Dagster draws the groups in this order."""
    story = [
        "returns",
        "staging",
        "intermediate",
        "cpai",
        "candidates",
        "readings",
        "cocad",
        "marts",
        "quality",
        "releases",
    ]
    groups = {key: graph.get(key).group_name for key in graph.get_all_asset_keys()}
    arrows = {
        (groups[parent], groups[key])
        for key in graph.get_all_asset_keys()
        for parent in graph.get(key).parent_keys
        if {groups[parent], groups[key]} <= set(story) and groups[parent] != groups[key]
    }
    assert [pair for pair in arrows if story.index(pair[0]) > story.index(pair[1])] == []
    assert set(pairwise(story)) <= arrows | {("marts", "quality")}
    assert set(groups.values()) - set(story) <= {"reference", "force_packs", "default"}


def test_publishing_asks_for_the_period_once(defs, graph):
    job = defs.resolve_job_def("publish")
    assert {"2023", "2023-Q1"} <= set(job.partitions_def.get_partition_keys())
    assert dg.validate_run_config(job, {})  # and nothing else


def test_quarters_read_as_they_are_written(graph):
    keys = graph.get(dg.AssetKey("returns")).partitions_def.get_partition_keys()
    assert keys[0] == "metropolitan|2023-Q1" and "kent|2023-Q4" in keys


def test_what_is_imported_from_inside_dagster_is_listed():
    """Each with its reason beside it, and a test at Dagster's pages or in its own files."""
    within = {
        path.name
        for path in (Path(orchestration.__file__).parent).rglob("*.py")
        if re.search(r"(from|import) dagster(_\w+)?\._", path.read_text())
    }
    assert within == {"event_log.py", "runs.py"}
