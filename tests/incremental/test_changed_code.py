"""A changed seed, rule, macro or model has made again what hangs on it, and nothing else; what comes out is what a build at once
gives."""

import shutil
from pathlib import Path

import duckdb
import pytest
from by_hand import KEY
from some import some
from world import World

from orchestration.home import DBT_PROJECT, SEEDS, Home
from orchestration.warehouse import dbt, made_by, selection


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """The dbt project and the seeds in a folder, for changing."""
    folder = tmp_path / "project"
    shutil.copytree(DBT_PROJECT, folder / "dbt_project", ignore=shutil.ignore_patterns("target"))
    shutil.copytree(SEEDS, folder / "seeds")
    for module in (dbt, made_by):
        monkeypatch.setattr(module, "DBT_PROJECT", folder / "dbt_project")
        monkeypatch.setattr(module, "SEEDS", folder / "seeds")
    return folder


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def seen(manifest, keys: str = "keys", source: str = "source") -> dict[str, str]:
    return made_by.fingerprints(manifest, keys, source)


def moved(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {key.split(".")[2] if "." in key else key for key, _ in before.items() ^ after.items()}


def test_a_seed_is_another_by_its_cells_and_so_is_what_reads_it_while_it_is_compiled(manifest, project):
    before = seen(manifest)
    edit(project / "seeds" / "forces.csv", "Kent", "County of Kent")
    assert moved(before, seen(manifest)) == {"forces", "stg_crimes", "stg_victims", "stg_suspects"}


def test_a_model_is_another_by_its_code_and_by_every_macro_behind_it(manifest, monkeypatch):
    before = seen(manifest)
    with monkeypatch.context() as patch:
        node = manifest.nodes["model.cpai.balance"]
        patch.setattr(node, "raw_code", node.raw_code + "-- more")
        assert moved(before, seen(manifest)) == {"balance"}
    macro = manifest.macros["macro.cpai.default__matches"]
    called_by = {
        node.name
        for node in manifest.nodes.values()
        if macro.unique_id in made_by._called(manifest.macros, node)
    }
    monkeypatch.setattr(macro, "macro_sql", macro.macro_sql + "-- more")
    assert len(called_by) > 1 and moved(before, seen(manifest)) == called_by


def test_another_key_setting_or_tool_makes_every_node_another(manifest, project, monkeypatch):
    before = seen(manifest)
    assert seen(manifest) == before
    assert moved(before, seen(manifest, keys="others")) == {"project"}
    edit(project / "dbt_project" / "dbt_project.yml", 'first_scheme: "2023"', 'first_scheme: "2024"')
    assert moved(before, seen(manifest)) == {"project"}
    edit(project / "dbt_project" / "dbt_project.yml", 'first_scheme: "2024"', 'first_scheme: "2023"')
    monkeypatch.setattr(made_by, "version", lambda _: "0")
    assert moved(before, seen(manifest)) == {"project"}


def test_a_model_in_python_may_read_any_source(manifest):
    assert moved(seen(manifest), seen(manifest, source="another")) == {"dim_figure", "measured_agreement"}


def test_every_macro_is_seen_behind_a_node_or_belongs_to_the_project(manifest):
    """What dbt calls by itself is behind no node: a change of it would have nothing made again."""
    behind = {macro for node in manifest.nodes.values() for macro in made_by._called(manifest.macros, node)}
    unseen = {key for key in manifest.macros if key.startswith("macro.cpai.")} - behind
    assert {key for key in unseen if ".spark__" not in key} == {*made_by.OF_DBT}


@pytest.mark.parametrize(
    "key", ["seed.cpai.waivers", "seed.cpai.forces", "model.cpai.figures", "model.cpai.cpai_crimes"]
)
def test_all_that_hangs_on_a_changed_node_is_made_after_the_rest(manifest, key):
    nodes = manifest.nodes
    hangs = {key}
    while more := {one for one in nodes if {*selection._parents(nodes[one])} & hangs} - hangs:
        hangs |= more
    made = {
        nodes[one].name
        for one in hangs
        if nodes[one].resource_type in {"seed", "model", "test"}
        and nodes[one].config.materialized != "ephemeral"
    }
    of_one_build = {one for one, node in nodes.items() if selection.OF_THIS_BUILD in node.tags}
    asked = {
        node.name
        for one, node in nodes.items()
        if one in of_one_build
        or (node.resource_type == "test" and {*selection._parents(node)} <= of_one_build)
    }
    selected = selection.of_change(nodes, changed={key})
    assert made <= {*selected.anew} <= made | asked
    without = selection.of_change(nodes)
    # what data reaches is made before, but for what is made anew
    assert {*without.names} - {*selected.anew} <= {*selected.names} <= {*without.names} - made
    assert not {nodes[one].name for one in selected.stand} & made


def build(home: Home) -> dict[str, int]:
    """By name, how many times each node was made."""
    told: list[str] = []
    found = dbt.run_dbt(home, None, lambda one: told.append(one.node) if one.seconds is not None else None)
    assert found.problems == []
    return {node.split(".")[2]: told.count(node) for node in told}


def tables(home: Home, left_out: set[str]) -> dict[str, list[tuple]]:
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        names = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where schema_name <> 'control' order by all"
        ).fetchall()
        return {
            name: sorted(connection.execute(f"from {name}").fetchall(), key=repr)
            for (name,) in names
            if name.split(".")[1] not in left_out
        }


# by what is changed: the edit, a node that it reaches, and one that it does not
CHANGES = {
    "a seed": ("seeds/forces.csv", "Kent,E23", "Another name,E23", "dim_force", "dim_criterion"),
    "a rule": ("seeds/rules.csv", "N,0.02,3,", "N,0.9,9,", "rule_results", "cpai_crimes"),
    "a list that is read while it is compiled": (
        *("seeds/placeholder_references.csv", "unknown person", "cr/2"),
        *("int_crimes", "dim_criterion"),
    ),
    "a model": (
        *(
            "dbt_project/models/marts/quarter_summary.sql",
            "coalesce(candidates.candidates, 0) as",
            "coalesce(candidates.candidates, 0) + 0 as",
        ),
        *("quarter_summary", "figures"),
    ),
    "a macro": ("dbt_project/macros/wilson_interval.sql", "1.96", "1.64", "release_figures", "cpai_crimes"),
}


def crime(reference: str, number: int) -> dict:
    columns = {"offence_code": "19/16", "recorded_on": "2023-05-10", "status": "recorded", "csa_flag": "Y"}
    return {"crime_reference": reference, "columns": columns, "victims": {number}, "suspects": {0, number}}


@pytest.mark.proof
def test_after_each_change_the_warehouse_is_the_one_that_is_built_at_once(
    tmp_path, project, monkeypatch, manifest
):
    of_one_build = {node.name for node in manifest.nodes.values() if selection.OF_THIS_BUILD in node.tags}
    monkeypatch.setenv("CPAI_TOKEN_KEY", KEY)
    world = World(Home(tmp_path / "home"))
    world.receive("kent", "2023-Q2", "accepted", [crime("CR/1", 1), crime("CR/2", 2)])
    world.write()
    build(world.home)
    for number, (what, (file, old, new, reached, beside)) in enumerate(some(CHANGES.items())):
        edit(project / file, old, new)
        if number % 2:  # and a return came meanwhile
            world.receive("essex", "2023-Q3", "accepted", [crime(f"CR/{number}", 1)])
            world.write()
        made = build(world.home)
        assert made[reached] == 1 and {*made.values()} == {1}, what
        if not number % 2:
            assert beside not in made, what
        at_once = Home(tmp_path / f"at once {number}")
        shutil.copytree(world.home.raw, at_once.raw)
        build(at_once)
        expected, found = tables(at_once, of_one_build), tables(world.home, of_one_build)
        assert [name for name in expected if expected[name] != found[name]] == [], what
        assert found["cpai.cpai_classified_crimes"], what
