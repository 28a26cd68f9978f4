"""The code location: what a data engineer sees in Dagster before anything has run."""

import json
import os
import re
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import dagster as dg
import pytest

import orchestration
from orchestration import quarters
from orchestration.home import Home
from orchestration.warehouse.tested import names

REVIEWED = Path(__file__).with_name("asset_graph.txt")


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


def test_the_schedule_asks_for_the_quarter_that_ended(defs, tmp_path):
    from orchestration.schedules_and_sensors import quarterly

    context = dg.build_schedule_context(
        scheduled_execution_time=datetime(2024, 1, 15, 6), resources={"home": Home(tmp_path)}
    )
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
        "views",
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
    assert set(pairwise(story)) <= arrows | {("marts", "quality"), ("views", "releases")}
    assert set(groups.values()) - set(story) <= {"reference", "force_packs"}


def test_publishing_asks_for_the_period_once(defs, graph):
    job = defs.resolve_job_def("publish")
    assert {"2023", "2023-Q1"} <= set(job.partitions_def.get_partition_keys())
    assert dg.validate_run_config(job, {})  # and nothing else


def test_quarters_read_as_they_are_written(graph):
    keys = graph.get(dg.AssetKey("returns")).partitions_def.get_partition_keys()
    assert keys[0] == f"metropolitan|{quarters.FIRST}" and "kent|2023-Q4" in keys


def test_what_is_imported_from_inside_dagster_is_listed():
    """Each with its reason beside it, and a test at Dagster's pages or in its own files."""
    within = {
        path.name
        for path in (Path(orchestration.__file__).parent).rglob("*.py")
        if re.search(r"(from|import) dagster(_\w+)?\._", path.read_text())
    }
    assert within == {"event_log.py", "runs.py"}


def _as_text(graph) -> str:
    """Each asset: key, group, kinds; below it what it is made from, and its checks, those that block with a star."""
    lines = []
    for key in sorted(graph.get_all_asset_keys()):
        node = graph.get(key)
        lines.append(f"{key.to_user_string()} [{node.group_name}] {' '.join(sorted(node.kinds))}")
        lines += [f"    < {parent.to_user_string()}" for parent in sorted(node.parent_keys)]
        checks = sorted(graph.get_check_keys_for_assets({key}), key=lambda check: check.name)
        lines += [f"    ? {check.name}{' *' if graph.get(check).blocking else ''}" for check in checks]
    return "\n".join(lines) + "\n"


def test_the_graph_is_the_one_that_was_reviewed(graph):
    """A renamed or vanished asset shows in review. After a change that is meant:
    UPDATE_ASSET_GRAPH=1 pytest tests/command/test_definitions.py, and commit the file."""
    if os.environ.get("UPDATE_ASSET_GRAPH"):
        REVIEWED.write_text(_as_text(graph), encoding="utf-8")
    assert _as_text(graph).splitlines() == REVIEWED.read_text(encoding="utf-8").splitlines()


def test_each_asset_is_described_owned_and_linked_to_its_code(graph):
    nodes = [graph.get(key) for key in graph.get_all_asset_keys()]
    assert len(nodes) > 80
    for node in nodes:
        assert node.description and node.owners and node.kinds, node.key
        assert node.tags["cpai/data"] in {"personal_data", "crime_records", "figures", "code_lists"}
        if node.is_materializable:
            references = node.metadata["dagster/code_references"].code_references
            assert references and all(Path(each.file_path).is_file() for each in references), node.key


def test_each_model_has_its_columns_from_its_contract(graph):
    contracts = [
        graph.get(key)
        for key in graph.get_all_asset_keys()
        # a step in Python has no contract: its schema is in orchestration/readings/agreement.py
        if graph.get(key).group_name in {"marts", "cocad"} and key.path[0] != "agreement_steps"
    ]
    assert contracts
    for node in contracts:
        columns = node.metadata["dagster/column_schema"].columns
        assert columns and all(column.description and column.type for column in columns), node.key


def test_each_test_of_dbts_is_named_by_a_check(graph, parsed):
    """One check a model, for each event costs as much as building a small table; it names the tests one by one."""
    nodes = json.loads((parsed / "manifest.json").read_text())["nodes"].values()
    said = {
        key.asset_key.path[-1]: graph.get(key).description
        for key in graph.asset_check_keys
        if key.name == "dbt_tests"
    }
    about_models = [
        (str(node["attached_node"]).split(".")[-1], name)
        for node in nodes
        if node["resource_type"] == "test" and str(node.get("attached_node")).startswith("model.")
        for name in names(node)
    ]
    assert about_models
    assert [(model, name) for model, name in about_models if name not in said[model]] == []
