"""The release's lineage as OpenLineage run events, one JSON object a line, for any catalogue that reads them.

https://openlineage.io/spec/2-0-2/OpenLineage.json: a COMPLETE event for each step from what came in (archived files, the
ledger, seeds, police recorded crime) to the published tables. Names and columns only; no value of a record.
"""

import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.quarters import first_day, following, in_period

NAMESPACE = "cpai"
PRODUCER = "https://pypi.org/project/cpai-warehouse"
SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
FACETS = "https://openlineage.io/spec/facets"
# by the name that a facet has in an event: the version and the name of its schema
SCHEMAS = {
    "schema": ("1-2-0", "SchemaDatasetFacet"),
    "documentation": ("1-1-0", "DocumentationDatasetFacet"),
    "version": ("1-0-1", "DatasetVersionDatasetFacet"),
    "dataQualityAssertions": ("1-1-0", "DataQualityAssertionsDatasetFacet"),
    "outputStatistics": ("1-0-2", "OutputStatisticsOutputDatasetFacet"),
    "jobType": ("2-0-4", "JobTypeJobFacet"),
    "sql": ("1-1-0", "SQLJobFacet"),
    "jobDocumentation": ("1-1-0", "DocumentationJobFacet"),
    "nominalTime": ("1-0-1", "NominalTimeRunFacet"),
    "processing_engine": ("1-1-1", "ProcessingEngineRunFacet"),
}
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


def write(file: Path, dbt: dict, head: dict, published: Iterable[dict], results: Iterable[Any]) -> int:
    """Write the events of a release. Returns their number.

    `head` is its manifest, whose `times` have when the last return was `received`, the last reading `read` and the warehouse
    last `built`; `published` are its tables as `package.write_files` gives them; `results` those of the gate.
    """
    at = {"read": head["created_at"], **head["times"], "published": head["created_at"]}
    steps = [*_sources(dbt, head, at), *_models(dbt, head, at), _publication(head, published, results, at)]
    lines = (json.dumps(_complete(head, step), sort_keys=True, ensure_ascii=False) for step in steps)
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return len(steps)


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


def _models(dbt: dict, head: dict, at: Mapping[str, str]) -> list[Step]:
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
            [_described(node)],
            ("BATCH", "MODEL"),
            _of_model(node),
        )
        for node in _sorted(dbt["nodes"])
        if node["resource_type"] == "model"
    ]


def _of_model(node: dict) -> dict[str, dict]:
    """What a model is, and its SQL as it is written."""
    facets = {"documentation": _facet("jobDocumentation", description=node["description"])}
    if node.get("language", "sql") == "sql" and node.get("raw_code"):
        facets["sql"] = _facet("sql", query=node["raw_code"], dialect="duckdb")
    return facets


def _publication(
    head: dict, published: Iterable[dict], results: Iterable[Any], at: Mapping[str, str]
) -> Step:
    """Tables of the warehouse to those of the release, with what was checked of each and how many rows it has."""
    checked: dict[str, list[dict]] = defaultdict(list)
    for result in results:
        if not result.error:
            assertion = {"assertion": f"{result.rule}: {result.expectation}", "success": bool(result.success)}
            if assertion not in checked[result.table]:
                checked[result.table].append(assertion)
    rows = {f"{one['schema']}.{one['table']}": one["rows"] for one in published}
    inputs = [_dataset(table) for table in sorted(rows)]
    outputs = []
    for table in sorted(rows):
        assertions = {"dataQualityAssertions": {"assertions": checked[table]}} if checked[table] else {}
        of = _dataset(
            f"releases/{head['release']}/{table}",
            version={"datasetVersion": head["fingerprint"]},
            **assertions,
        )
        outputs.append(
            of | {"outputFacets": {"outputStatistics": _facet("outputStatistics", rowCount=rows[table])}}
        )
    return Step("publish", at["published"], inputs, outputs, ("BATCH", "PUBLICATION"), {})


def _complete(head: dict, step: Step) -> dict:
    run = uuid.uuid5(uuid.NAMESPACE_URL, f"{PRODUCER}/{head['fingerprint']}/{step.job}")
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
                    integration="DBT" if job_type == "MODEL" else "DAGSTER",
                    jobType=job_type,
                ),
                **step.facets,
            },
        },
        "inputs": step.inputs,
        "outputs": step.outputs,
    }


def _described(node: dict) -> dict:
    fields = [
        {"name": name, "type": column.get("data_type") or "", "description": column.get("description", "")}
        for name, column in node["columns"].items()
    ]
    return _dataset(
        _name(node), schema={"fields": fields}, documentation={"description": node["description"]}
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
    return f"{node['schema']}.{node['name']}"


def _sorted(nodes: dict[str, dict]) -> list[dict]:
    return [nodes[key] for key in sorted(nodes)]
