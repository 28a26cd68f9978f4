"""What others read a release by: its data package, valid for the tool that they use, and what its tables promise."""

import json

import duckdb
import pytest
from frictionless import Package
from small_home import Gate, change, make_home
from some import some

from orchestration.releases import package
from orchestration.releases.publish import publish


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    home = make_home(tmp_path_factory.mktemp("package") / "home")
    # the small home has three forces, and breaks of others
    change(home, "delete from marts.dim_known_break where force not in (select force from marts.dim_force)")
    file = home.dbt / "target" / "manifest.json"
    dbt = json.loads(file.read_text())
    dbt["nodes"]["test.cpai.sound_rows_returns"] = {
        "resource_type": "test",
        "schema": "tests",
        "attached_node": "model.cpai.returns",
        "test_metadata": {
            "name": "sound_rows",
            "kwargs": {
                "not_null": ["status"],
                "accepted_values": {"status": ["accepted", "nil", "missing"]},
            },
        },
    }
    file.write_text(json.dumps(dbt))
    return publish(home, "2023", Gate()).path


def resources(release) -> dict[str, dict]:
    described = json.loads((release / "datapackage.json").read_text())["resources"]
    return {resource["name"]: resource for resource in described}


def test_the_package_and_the_files_are_valid_by_frictionless(release):
    report = Package(str(release / "datapackage.json")).validate()
    assert report.valid, report.flatten(["name", "type", "note"])[:5]
    assert len(report.tasks) == len(resources(release)) > 40
    assert {task.type for task in report.tasks} == {"table", "file"}


@pytest.mark.parametrize("what", ["byte", "column", "type"])
def test_frictionless_finds_what_is_not_as_described(release, tmp_path, what):
    """The validation above could fail."""
    document = json.loads((release / "datapackage.json").read_text())
    (tmp_path / "figures.csv").write_bytes((release / "figures.csv").read_bytes())
    (figures,) = [one for one in document["resources"] if one["name"] == "marts.figures.csv"]
    figures["schema"].pop("foreignKeys")
    if what == "byte":
        (tmp_path / "figures.csv").write_bytes(
            (release / "figures.csv").read_bytes().replace(b"kent", b"Kent", 1)
        )
    elif what == "column":
        figures["schema"]["fields"].pop()
    else:
        figures["schema"]["fields"][0]["type"] = "integer"
    document["resources"] = [figures]
    (tmp_path / "datapackage.json").write_text(json.dumps(document))
    assert not Package(str(tmp_path / "datapackage.json")).validate().valid


def test_keys_and_enumerations_are_those_of_dbt(release):
    by_name = resources(release)
    status = next(one for one in by_name["quality.returns"]["schema"]["fields"] if one["name"] == "status")
    assert status["constraints"] == {"enum": ["accepted", "nil", "missing"], "required": True}
    crimes = by_name["marts.fct_crimes"]["schema"]
    assert crimes["primaryKey"] == ["force", "quarter", "crime_reference"]
    assert {
        "fields": ["force"],
        "reference": {"resource": "marts.dim_force", "fields": ["force"]},
    } in crimes["foreignKeys"]
    victims = by_name["marts.fct_victims"]["schema"]["foreignKeys"]
    assert any(
        key["reference"]["resource"] == "marts.fct_crimes" and len(key["fields"]) == 3 for key in victims
    )
    # of the public, and of what is in the home alone, nothing is described
    assert not any("person_reference" in json.dumps(one["schema"]) for one in by_name.values())


def test_marts_duckdb_has_the_keys_and_refuses_a_blank(release):
    with duckdb.connect(str(release / "marts.duckdb"), read_only=True) as marts:
        declared = dict(
            marts.execute(
                "select table_name, constraint_column_names from duckdb_constraints() where constraint_type = 'PRIMARY KEY'"
            ).fetchall()
        )
        required = marts.execute(
            "select table_name, column_name from duckdb_columns() where not is_nullable and not internal"
        ).fetchall()
    assert declared["fct_crimes"] == ["force", "quarter", "crime_reference"]
    assert declared["figures"] == ["figure_id", "place_type", "place", "period"]
    assert ("returns", "status") in required and ("fct_crimes", "force") in required


def test_a_key_with_two_rows_is_published_by_nobody(tmp_path):
    home = make_home(tmp_path / "home")
    change(home, "insert into marts.fct_crimes select * from marts.fct_crimes limit 1")
    with pytest.raises(
        package.NotPublishable, match=r"marts\.fct_crimes has a row without a value of .*, or two of one key"
    ):
        publish(home, "2023", Gate())
    assert not list(home.releases.glob("2023.r*"))


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("returns", {"force": "kent", "quarter": "2023-Q1", "submission": None}),
        (
            "intake_findings",
            {"code": "RP01", "force": "kent", "quarter": "2023-Q1", "submission": 1, "field": None},
        ),
    ],
)
def test_a_missing_return_and_a_finding_of_a_whole_record_are_published(parsed, monkeypatch, table, columns):
    dbt = json.loads((parsed / "manifest.json").read_text(encoding="utf-8"))
    (node,) = [one for one in dbt["nodes"].values() if one["unique_id"] == f"model.cpai.{table}"]
    assert set(columns) <= {*package.key_of(dbt, node)} and package.primary_key(dbt, node) == []
    monkeypatch.setattr(package, "published_models", lambda *_: {("quality", table): node})
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as target")
        connection.execute("create schema target.quality")
        marks = ", ".join(f"${name} as {name}" for name in columns)
        connection.execute(f"create table target.quality.{table} as select {marks}", columns)
        package.declare_keys(connection, dbt, "2023")


def test_a_long_table_has_no_index(release, monkeypatch):
    """40 MB for the figures of a national year: its key is not null, and tested by dbt."""
    monkeypatch.setattr(package, "KEYS_UP_TO", 3)
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as target")
        connection.execute(
            "create table target.main.fct_crimes (force varchar, quarter varchar, crime_reference varchar)"
        )
        connection.execute("insert into target.main.fct_crimes select 'kent', '2023-Q1', range from range(4)")
        key = ["force", "quarter", "crime_reference"]
        node = {
            "unique_id": "model.cpai.fct_crimes",
            "resource_type": "model",
            "name": "fct_crimes",
            "schema": "marts",
            "config": {"materialized": "view"},
            "constraints": [{"type": "primary_key", "columns": key}],
        }
        package.declare_keys(connection, {"nodes": {"model.cpai.fct_crimes": node}}, "2023")
        kinds = connection.execute(
            "select constraint_type from duckdb_constraints() where database_name = 'target'"
        ).fetchall()
    assert {kind for (kind,) in some(kinds)} == {"NOT NULL"}
