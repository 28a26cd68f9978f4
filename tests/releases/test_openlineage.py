"""Lineage events of a release are OpenLineage's: its own client takes each, and they say what came from what, and when."""

import json
from datetime import datetime

import duckdb
import pytest
from lineage_events import read_back
from small_home import Gate, make_home
from some import some

from orchestration.releases import openlineage
from orchestration.releases.publish import publish
from orchestration.warehouse.columns import Traced


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    home = make_home(tmp_path_factory.mktemp("lineage") / "home")
    file = home.dbt / "target" / "manifest.json"
    dbt = json.loads(file.read_text())
    for schema, name in (
        *(("raw", name) for name in ("crimes", "readings", "police_recorded_crime")),
        *(("control", "changed_returns"), ("history", "rule_results")),
    ):
        columns = {"force": {"name": "force", "description": "Slug."}}
        source = {
            "resource_type": "source",
            "schema": schema,
            "name": name,
            "description": "Rows.",
            "columns": columns,
            "original_file_path": "models/staging/_sources.yml",
        }
        dbt["sources"][f"source.cpai.{schema}.{name}"] = source
    seed = {
        "resource_type": "seed",
        "schema": "reference",
        "name": "forces",
        "original_file_path": "../seeds/forces.csv",
    }
    dbt["nodes"]["seed.cpai.forces"] = seed
    dbt["nodes"]["model.cpai.fct_crimes"]["depends_on"] = {
        "nodes": ["source.cpai.raw.crimes", "source.cpai.raw.readings", "seed.cpai.forces"]
    }
    dbt["nodes"]["model.cpai.fct_crimes"]["raw_code"] = "select 1 as force"
    file.write_text(json.dumps(dbt))
    return publish(home, "2023", Gate()).path


@pytest.fixture(scope="module")
def lines(release) -> list[str]:
    return some((release / "lineage" / "openlineage.ndjson").read_text(encoding="utf-8").splitlines())


@pytest.fixture(scope="module")
def by_job(lines) -> dict[str, dict]:
    return {event["job"]["name"]: event for event in map(read_back, lines)}


@pytest.mark.parametrize(
    ("where", "wrong"),
    [
        (("eventTime",), "today"),
        (("run", "runId"), "1"),
        (
            ("run", "facets", "nominalTime", "_schemaURL"),
            "https://openlineage.io/spec/facets/9-9-9/Nothing.json",
        ),
        (("job", "facets", "jobType", "kind"), "MODEL"),
        (("schemaURL",), "https://openlineage.io/spec/1-0-0/OpenLineage.json"),
    ],
)
def test_what_is_not_of_the_schema_is_found(lines, where, wrong):
    event = json.loads(lines[0])
    at = event
    for key in where[:-1]:
        at = at[key]
    at[where[-1]] = wrong
    with pytest.raises((AssertionError, TypeError, ValueError)):
        read_back(json.dumps(event))


def names(datasets: list[dict]) -> list[str]:
    return [one["name"] for one in datasets]


def test_each_table_comes_from_what_it_is_made_from(by_job, release):
    head = json.loads((release / "manifest.json").read_text())
    archived = {f"archive/{file['sha256']}" for row in head["submissions"] for file in row["files"]}
    returns = by_job["returns"]
    assert set(names(returns["inputs"])) == archived | {"ledger/submissions"}
    assert names(returns["outputs"]) == ["raw.crimes"]
    readings = by_job["readings"]
    assert names(readings["inputs"]) == ["ledger/readings"] and names(readings["outputs"]) == ["raw.readings"]
    last = head["last_of_reading_chain"]
    assert readings["inputs"][0]["facets"]["version"]["datasetVersion"].startswith(f"{last['reading_id']} ")
    recorded = by_job["police_recorded_crime"]
    assert names(recorded["inputs"]) == [f"archive/{head['recorded_crime'][0]['sha256']}"]
    assert names(recorded["outputs"]) == ["raw.police_recorded_crime"]


def test_seeds_have_their_versions(by_job, release):
    seeds = json.loads((release / "manifest.json").read_text())["seeds"]
    (forces,) = [one for one in by_job["dbt.marts.fct_crimes"]["inputs"] if one["name"] == "reference.forces"]
    assert forces["facets"]["version"]["datasetVersion"] == seeds["forces.csv"]


def test_times_are_those_at_which_it_happened(by_job, release):
    head = json.loads((release / "manifest.json").read_text())
    assert by_job["returns"]["eventTime"] == "2023-05-01T00:00:00+00:00"
    assert by_job["publish"]["eventTime"] == head["created_at"]
    built = datetime.fromisoformat(by_job["dbt.marts.figures"]["eventTime"])
    assert (
        datetime.fromisoformat("2024-01-01T00:00:00+00:00")
        < built
        <= datetime.fromisoformat(head["created_at"])
    )
    assert by_job["readings"]["eventTime"] == "2023-06-01T00:00:00+00:00"
    nominal = by_job["publish"]["run"]["facets"]["nominalTime"]
    assert (nominal["nominalStartTime"], nominal["nominalEndTime"]) == (
        "2023-01-01T00:00:00Z",
        "2024-01-01T00:00:00Z",
    )


def test_published_tables_have_rows_and_what_was_checked_of_them(by_job, release):
    outputs = {one["name"].rpartition("/")[2]: one for one in by_job["publish"]["outputs"]}
    assert outputs["marts.fct_crimes"]["outputFacets"]["outputStatistics"]["rowCount"] == 48
    resources = json.loads((release / "datapackage.json").read_text())["resources"]
    assert {name: one["outputFacets"]["outputStatistics"]["rowCount"] for name, one in outputs.items()} == {
        resource["name"]: resource["rowCount"]
        for resource in resources
        if not resource["name"].endswith(".csv")
    }
    assert outputs["marts.fct_crimes"]["facets"]["columnLineage"]["fields"]["force"]["inputFields"] == [
        {"namespace": "cpai", "name": "marts.fct_crimes", "field": "force"}
    ]
    # what publishing adds comes from nowhere
    assert "release" not in outputs["marts.figures"]["facets"]["columnLineage"]["fields"]
    assert by_job["dbt.marts.fct_crimes"]["job"]["facets"]["sql"]["query"] == "select 1 as force"
    assert by_job["dbt.marts.fct_crimes"]["job"]["facets"]["jobType"]["integration"] == "DBT"


def test_each_view_of_the_release_comes_from_tables_of_the_same_release(by_job, release):
    with duckdb.connect(str(release / "marts.duckdb"), read_only=True) as marts:
        views = [
            name
            for (name,) in marts.execute("select view_name from duckdb_views() where not internal").fetchall()
        ]
    tables = set(names(by_job["publish"]["outputs"]))
    made = {f"releases/{release.name}/marts.{view}" for view in some(views)}
    for view in views:
        event = by_job[f"view.{view}"]
        assert names(event["outputs"]) == [f"releases/{release.name}/marts.{view}"]
        assert set(names(event["inputs"])) <= tables | made
    assert f"releases/{release.name}/marts.figures" in names(by_job["view.release_figures"]["inputs"])


def test_columns_lead_from_a_view_to_what_forces_sent():
    """By the facets alone, as a catalogue follows them."""
    traced = {
        "model.cpai.stg_crimes": Traced(
            columns={"code": [("raw.crimes", "offence_code")], "n": [("raw.crimes", "*")]}
        ),
        "model.cpai.by_code": Traced(
            columns={"code": [("marts.fct_crimes", "code")], "all": [("release.other", "x")]}
        ),
    }
    model = {
        "resource_type": "model",
        "description": "Rows.",
        "columns": {},
        "depends_on": {"nodes": []},
        "config": {},
    }
    nodes = {
        "model.cpai.stg_crimes": model | {"schema": "staging", "name": "stg_crimes"},
        "model.cpai.by_code": model | {"schema": "release", "name": "codes", "alias": "by_code"},
    }
    head = {"release": "2023.r1", "fingerprint": "f", "seeds": {}}
    at = {"built": "t", "published": "t"}
    fct = {"schema": "marts", "table": "fct_crimes"}
    view = {
        "schema": "marts",
        "table": "by_code",
        "description": "Codes.",
        "fields": [],
        "lineage": {"made_from": ["marts.fct_crimes"]},
    }
    staged, _ = openlineage._models({"sources": {}, "nodes": nodes}, head, at, traced)[::-1]
    (of_view,) = openlineage._views({"nodes": nodes}, head, [fct], [view], at, traced)
    fields = staged.outputs[0]["facets"]["columnLineage"]["fields"]
    # that rows are counted is no column
    assert fields == {
        "code": {"inputFields": [{"namespace": "cpai", "name": "raw.crimes", "field": "offence_code"}]}
    }
    (source,) = of_view.outputs[0]["facets"]["columnLineage"]["fields"]["code"]["inputFields"]
    assert (source["name"], source["field"]) == ("releases/2023.r1/marts.fct_crimes", "code")
    # of a table that the release has not, nothing is said
    assert "all" not in of_view.outputs[0]["facets"]["columnLineage"]["fields"]
