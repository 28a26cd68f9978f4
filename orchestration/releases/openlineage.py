"""The release's lineage as OpenLineage run events, one JSON object a line, for any catalogue that reads them.

https://openlineage.io/spec/2-0-2/OpenLineage.json: a COMPLETE event for each step from what came in (archived files, the
ledger, seeds, police recorded crime) to the published tables and the views over them. Names and columns only; no value of a
record. Reports and feeds are made after a release, which never changes: their events stand beside them, in LATER.
"""

import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

from orchestration.home import file_hash
from orchestration.quarters import first_day, following, in_period
from orchestration.releases.views import SCHEMA
from orchestration.warehouse.columns import EVERY, Column, Traced

NAMESPACE = "cpai"
PRODUCER = "https://pypi.org/project/cpai-warehouse"
SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
FACETS = "https://openlineage.io/spec/facets"
# by the name that a facet has in an event: the version and the name of its schema
SCHEMAS = {
    "schema": ("1-2-0", "SchemaDatasetFacet"),
    "documentation": ("1-1-0", "DocumentationDatasetFacet"),
    "version": ("1-0-1", "DatasetVersionDatasetFacet"),
    "columnLineage": ("1-2-0", "ColumnLineageDatasetFacet"),
    "dataQualityAssertions": ("1-1-0", "DataQualityAssertionsDatasetFacet"),
    "outputStatistics": ("1-0-2", "OutputStatisticsOutputDatasetFacet"),
    "jobType": ("2-0-4", "JobTypeJobFacet"),
    "sql": ("1-1-0", "SQLJobFacet"),
    "jobDocumentation": ("1-1-0", "DocumentationJobFacet"),
    "nominalTime": ("1-0-1", "NominalTimeRunFacet"),
    "processing_engine": ("1-1-1", "ProcessingEngineRunFacet"),
}
# what runs a step, where it is not Dagster
INTEGRATIONS = {"MODEL": "DBT", "REPORT": "CPAI", "FEED": "CPAI"}
LATER = "lineage.ndjson"  # in the folder of a feed, and of a period's reports
# of dbt's sources: which step wrote each; those of control and history are of the warehouse's own making
OF_RETURNS = ("crimes", "victims", "suspects", "intake_findings", "submissions")
OF_READINGS = ("readings", "reading_slots")


@dataclass(frozen=True)
class Step:
    """A job that ran: `at` is when it ended; `facets` those of the job."""

    job: str
    at: str
    inputs: list[dict]
    outputs: list[dict]
    kind: tuple[str, str]
    facets: Mapping[str, dict]


def write(
    file: Path,
    dbt: dict,
    head: dict,
    published: Sequence[dict],
    views: Iterable[dict],
    results: Iterable[Any],
    traced: Mapping[str, Traced],
) -> int:
    """Write the events of a release. Returns their number.

    `head` is its manifest, whose `times` have when the last return was `received`, the last reading `read` and the warehouse
    last `built`; `published` are its tables and `views` its views as package.py describes them; `results` those of the gate;
    `traced` has the columns of models by dbt's id.
    """
    at = {"read": head["created_at"], **head["times"], "published": head["created_at"]}
    steps = [
        *_sources(dbt, head, at),
        *_models(dbt, head, at, traced),
        _publication(head, published, results, at),
        *_views(dbt, head, published, views, at, traced),
    ]
    _write(file, [_complete(head, step) for step in steps])
    return len(steps)


def write_later(
    folder: Path, head: dict, period: str, steps: Iterable[Step], before: Path | None = None
) -> None:
    """Write the events of what was made, for a period, of the release with the manifest `head`. `before`: the folder as it
    was, whose events of other jobs stand."""
    head = head | {"period": period, "tools": {"duckdb": version("duckdb")}}
    # each time is another run
    events = {step.job: _complete(head, step, step.at) for step in steps}
    earlier = before / LATER if before else None
    if earlier and earlier.is_file():
        lines = earlier.read_text(encoding="utf-8").splitlines()
        events = {event["job"]["name"]: event for event in map(json.loads, lines)} | events
    _write(folder / LATER, events.values())


def released(head: dict, table: str) -> dict:
    """A table, view or file of a release."""
    return _dataset(_released(head, table), version={"datasetVersion": head["fingerprint"]})


def of_warehouse(table: str) -> dict:
    return _dataset(table)


def made(name: str, file: Path, described: Mapping[str, Any] = MappingProxyType({})) -> dict:
    """A file that was made. `described`: its `rows`, and its `schema` of column, type and meaning, where these are known."""
    fields = [
        {"name": one["column"], "type": one["type"], "description": one["meaning"]}
        for one in described.get("schema", [])
    ]
    schema = {"schema": {"fields": fields}} if fields else {}
    counted = {"rowCount": described["rows"]} if described else {}
    statistics = _facet("outputStatistics", size=file.stat().st_size, **counted)
    of = _dataset(name, version={"datasetVersion": file_hash(file)}, **schema)
    return of | {"outputFacets": {"outputStatistics": statistics}}


def documented(description: str) -> dict[str, dict]:
    """The facet of a job that says what it is."""
    return {"documentation": _facet("jobDocumentation", description=description)}


def _write(file: Path, events: Iterable[dict]) -> None:
    lines = (json.dumps(event, sort_keys=True, ensure_ascii=False) for event in events)
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _sources(dbt: dict, head: dict, at: Mapping[str, str]) -> list[Step]:
    """What came in, to the tables that dbt's sources name: each from what it is."""
    sources = {(source["schema"], source["name"]): source for source in _sorted(dbt["sources"])}

    def outputs(schema: str, *names: str) -> list[dict]:
        found = [
            source for (of, name), source in sources.items() if of == schema and (name in names or not names)
        ]
        return [_described(source) for source in found]

    returned = {file["sha256"] for row in head["submissions"] for file in row["files"]}
    recorded = {row["sha256"]: row["published_on"] for row in head.get("recorded_crime", [])}
    last = head["last_of_reading_chain"]
    read = _dataset(
        "ledger/readings",
        version={"datasetVersion": f"{last['reading_id']} {last.get('hash') or ''}".strip()},
    )
    receipts = _dataset("ledger/submissions")
    intake = ("BATCH", "INTAKE")
    found = [
        Step(
            "returns",
            at["received"],
            [*map(_archived, sorted(returned)), receipts],
            outputs("raw", *OF_RETURNS),
            intake,
            {},
        ),
        Step("readings", at["read"], [read], outputs("raw", *OF_READINGS), intake, {}),
        Step(
            "police_recorded_crime",
            at["received"],
            [_archived(sha256) for sha256 in sorted(recorded)],
            outputs("raw", "police_recorded_crime"),
            intake,
            {},
        ),
        Step("control", at["built"], [receipts], outputs("control"), intake, {}),
        Step(
            "history",
            at["built"],
            [_dataset(f"releases/{release}") for release in head.get("compared_with") or []],
            outputs("history"),
            intake,
            {},
        ),
    ]
    return [step for step in found if step.outputs]


def _archived(sha256: str) -> dict:
    return _dataset(f"archive/{sha256}", version={"datasetVersion": sha256})


def _models(dbt: dict, head: dict, at: Mapping[str, str], traced: Mapping[str, Traced]) -> list[Step]:
    nodes = {**dbt["sources"], **dbt["nodes"]}
    seeds = head.get("seeds", {})

    def source(node: dict) -> dict:
        if node["resource_type"] != "seed":
            return _dataset(_name(node))
        file = node["original_file_path"].partition("seeds/")[2]
        return _dataset(
            _name(node), **({"version": {"datasetVersion": seeds[file]}} if file in seeds else {})
        )

    return [
        Step(
            f"dbt.{_name(node)}",
            at["built"],
            [source(nodes[parent]) for parent in sorted(node["depends_on"]["nodes"]) if parent in nodes],
            [_described(node, _of_columns(traced[key].columns) if key in traced else {})],
            ("BATCH", "MODEL"),
            _of_model(node),
        )
        for key, node in sorted(dbt["nodes"].items())
        if node["resource_type"] == "model"
    ]


def _of_model(node: dict) -> dict[str, dict]:
    """What a model is, and its SQL as it is written."""
    facets = documented(node["description"])
    if node.get("language", "sql") == "sql" and node.get("raw_code"):
        facets["sql"] = _facet("sql", query=node["raw_code"], dialect="duckdb")
    return facets


def _publication(
    head: dict, published: Sequence[dict], results: Iterable[Any], at: Mapping[str, str]
) -> Step:
    """Tables of the warehouse to those of the release, column by column, with what was checked of each and how many rows it
    has."""
    checked: dict[str, list[dict]] = defaultdict(list)
    for result in results:
        if not result.error:
            assertion = {"assertion": f"{result.rule}: {result.expectation}", "success": bool(result.success)}
            if assertion not in checked[result.table]:
                checked[result.table].append(assertion)
    rows = {f"{one['schema']}.{one['table']}": one["rows"] for one in published}
    columns = {
        f"{one['schema']}.{one['table']}": [field["name"] for field in one["fields"]] for one in published
    }
    inputs = [_dataset(table) for table in sorted(rows)]
    outputs = []
    for table in sorted(rows):
        assertions = {"dataQualityAssertions": {"assertions": checked[table]}} if checked[table] else {}
        # what publishing adds is made from nothing
        as_built = {name: [(table, name)] for name in columns[table] if name != "release"}
        of = _dataset(
            _released(head, table),
            version={"datasetVersion": head["fingerprint"]},
            **assertions,
            **_of_columns(as_built),
        )
        outputs.append(
            of | {"outputFacets": {"outputStatistics": _facet("outputStatistics", rowCount=rows[table])}}
        )
    return Step("publish", at["published"], inputs, outputs, ("BATCH", "PUBLICATION"), {})


def _views(
    dbt: dict,
    head: dict,
    published: Iterable[dict],
    views: Iterable[dict],
    at: Mapping[str, str],
    traced: Mapping[str, Traced],
) -> list[Step]:
    """Each view of a release from the tables and views of the same release."""
    views = list(views)
    there = {f"{one['schema']}.{one['table']}" for one in [*published, *views]}
    models = {
        node.get("alias") or node["name"]: key
        for key, node in dbt["nodes"].items()
        if node["resource_type"] == "model" and node["schema"] == SCHEMA
    }

    def released(columns: Mapping[str, list[Column]]) -> dict[str, list[Column]]:
        # views are dbt's in the warehouse, and beside the marts in a release
        moved = {
            name: [(table.replace(f"{SCHEMA}.", "marts."), column) for table, column in of]
            for name, of in columns.items()
        }
        return {
            name: [(_released(head, table), column) for table, column in of if table in there]
            for name, of in moved.items()
        }

    found = []
    for view in sorted(views, key=lambda one: one["table"]):
        key = models.get(view["table"], "")
        columns = released(traced[key].columns) if key in traced else {}
        fields = [{name: field[name] for name in ("name", "type", "description")} for field in view["fields"]]
        of = _dataset(
            _released(head, f"{view['schema']}.{view['table']}"),
            version={"datasetVersion": head["fingerprint"]},
            schema={"fields": fields},
            documentation={"description": view["description"]},
            **_of_columns(columns),
        )
        inputs = [_dataset(_released(head, table)) for table in view["lineage"]["made_from"]]
        found.append(Step(f"view.{view['table']}", at["published"], inputs, [of], ("BATCH", "VIEW"), {}))
    return found


def _released(head: dict, table: str) -> str:
    return f"releases/{head['release']}/{table}"


def _of_columns(columns: Mapping[str, list[Column]]) -> dict[str, dict]:
    """The facet of column lineage; none where no column is made from another. That rows are counted is no column of theirs."""
    fields = {}
    for name, of in columns.items():
        if inputs := [
            {"namespace": NAMESPACE, "name": table, "field": column}
            for table, column in of
            if column != EVERY
        ]:
            fields[name] = {"inputFields": inputs}
    return {"columnLineage": {"fields": fields}} if fields else {}


def _complete(head: dict, step: Step, *run_of: str) -> dict:
    run = uuid.uuid5(uuid.NAMESPACE_URL, "/".join((PRODUCER, head["fingerprint"], step.job, *run_of)))
    quarters = in_period(head["period"])
    processing, job_type = step.kind
    nominal = [f"{day}T00:00:00Z" for day in (first_day(quarters[0]), first_day(following(quarters[-1])))]
    return {
        "eventType": "COMPLETE",
        "eventTime": step.at,
        "producer": PRODUCER,
        "schemaURL": SPEC,
        "run": {
            "runId": str(run),
            "facets": {
                "nominalTime": _facet("nominalTime", nominalStartTime=nominal[0], nominalEndTime=nominal[1]),
                "processing_engine": _facet(
                    "processing_engine",
                    version=head["tools"]["duckdb"],
                    name="duckdb",
                ),
            },
        },
        "job": {
            "namespace": NAMESPACE,
            "name": step.job,
            "facets": {
                "jobType": _facet(
                    "jobType",
                    processingType=processing,
                    integration=INTEGRATIONS.get(job_type, "DAGSTER"),
                    jobType=job_type,
                ),
                **step.facets,
            },
        },
        "inputs": step.inputs,
        "outputs": step.outputs,
    }


def _described(node: dict, facets: Mapping[str, dict] = MappingProxyType({})) -> dict:
    fields = [
        {"name": name, "type": column.get("data_type") or "", "description": column.get("description", "")}
        for name, column in node["columns"].items()
    ]
    return _dataset(
        _name(node), schema={"fields": fields}, documentation={"description": node["description"]}, **facets
    )


def _dataset(name: str, **facets: dict) -> dict:
    return {
        "namespace": NAMESPACE,
        "name": name,
        "facets": {key: _facet(key, **content) for key, content in facets.items()},
    }


def _facet(key: str, **content: Any) -> dict:
    version, name = SCHEMAS[key]
    return {
        "_producer": PRODUCER,
        "_schemaURL": f"{FACETS}/{version}/{name}.json#/$defs/{name}",
        **content,
    }


def _name(node: dict) -> str:
    return f"{node['schema']}.{node.get('alias') or node['name']}"


def _sorted(nodes: dict[str, dict]) -> list[dict]:
    return [nodes[key] for key in sorted(nodes)]
