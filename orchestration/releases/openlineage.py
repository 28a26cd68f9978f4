"""The release's lineage as OpenLineage run events, one JSON object a line, for any catalogue that reads them.

https://openlineage.io/spec/2-0-2/OpenLineage.json: a COMPLETE event for each step from the archived files to
the published tables. Names and columns only; no value of a record, and the same inputs give the same events.
"""

import json
import uuid
from pathlib import Path

from orchestration.quarters import first_day, following, in_period

NAMESPACE = "cpai"
PRODUCER = "https://pypi.org/project/cpai-warehouse"
SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
FACETS = "https://openlineage.io/spec/facets"
SCHEMA = f"{FACETS}/1-1-1/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet"
DOCUMENTATION = f"{FACETS}/1-0-1/DocumentationDatasetFacet.json#/$defs/DocumentationDatasetFacet"
VERSION = f"{FACETS}/1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet"


def write(file: Path, dbt: dict, head: dict, published: set[str]) -> int:
    """Write the events of a release, whose `published` tables have the warehouse's names (`marts.figures`).

    `head` is the release's manifest: its submissions are the first inputs, its fingerprint names the runs.
    Returns the number of events.
    """
    events = [_receipt(dbt, head), *_models(dbt), _publication(head, published)]
    lines = (json.dumps(_complete(head, *event), sort_keys=True, ensure_ascii=False) for event in events)
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return len(events)


def _receipt(dbt: dict, head: dict) -> tuple[str, list[dict], list[dict]]:
    """Archived files to the raw record tables that dbt's sources name."""
    files = sorted({file["sha256"] for row in head["submissions"] for file in row["files"]})
    archived = [
        _dataset(f"archive/{sha256}", version={"datasetVersion": sha256, "_schemaURL": VERSION})
        for sha256 in files
    ]
    return "returns", archived, [_described(source) for source in _sorted(dbt["sources"])]


def _models(dbt: dict) -> list[tuple[str, list[dict], list[dict]]]:
    nodes = {**dbt["sources"], **dbt["nodes"]}
    return [
        (
            f"dbt.{_name(node)}",
            [_dataset(_name(nodes[parent])) for parent in sorted(node["depends_on"]["nodes"])],
            [_described(node)],
        )
        for node in _sorted(dbt["nodes"])
        if node["resource_type"] == "model"
    ]


def _publication(head: dict, published: set[str]) -> tuple[str, list[dict], list[dict]]:
    version = {"datasetVersion": head["fingerprint"], "_schemaURL": VERSION}
    tables = sorted(published)
    outputs = [_dataset(f"releases/{head['release']}/{table}", version=version) for table in tables]
    return "publish", [_dataset(table) for table in tables], outputs


def _complete(head: dict, job: str, inputs: list[dict], outputs: list[dict]) -> dict:
    run = uuid.uuid5(uuid.NAMESPACE_URL, f"{PRODUCER}/{head['fingerprint']}/{job}")
    return {
        "eventType": "COMPLETE",
        # the moment the period ends, not that of the build: the same inputs make the same bytes
        "eventTime": f"{first_day(following(in_period(head['period'])[-1]))}T00:00:00Z",
        "producer": PRODUCER,
        "schemaURL": SPEC,
        "run": {"runId": str(run)},
        "job": {"namespace": NAMESPACE, "name": job},
        "inputs": inputs,
        "outputs": outputs,
    }


def _described(node: dict) -> dict:
    fields = [
        {"name": name, "type": column.get("data_type") or "", "description": column.get("description", "")}
        for name, column in node["columns"].items()
    ]
    return _dataset(
        _name(node),
        schema={"fields": fields, "_schemaURL": SCHEMA},
        documentation={"description": node["description"], "_schemaURL": DOCUMENTATION},
    )


def _dataset(name: str, **facets: dict) -> dict:
    described = {key: {"_producer": PRODUCER, **facet} for key, facet in facets.items()}
    return {"namespace": NAMESPACE, "name": name, "facets": described}


def _name(node: dict) -> str:
    return f"{node['schema']}.{node['name']}"


def _sorted(nodes: dict[str, dict]) -> list[dict]:
    return [nodes[key] for key in sorted(nodes)]
