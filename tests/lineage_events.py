"""Events of OpenLineage read back by the classes that its own client has: a key, a type or a version that is not of the
schema is an error there, and what comes out again has to be what was read."""

import json
from typing import Any

from openlineage.client import facet_v2 as facets
from openlineage.client.event_v2 import (
    InputDataset,
    Job,
    OutputDataset,
    Run,
    RunEvent,
    RunState,
    set_producer,
)
from openlineage.client.serde import Serde

from orchestration.releases.openlineage import PRODUCER

CLASSES = {
    "schema": facets.schema_dataset.SchemaDatasetFacet,
    "version": facets.dataset_version_dataset.DatasetVersionDatasetFacet,
    "dataQualityAssertions": facets.data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet,
    "columnLineage": facets.column_lineage_dataset.ColumnLineageDatasetFacet,
    "outputStatistics": facets.output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet,
    "jobType": facets.job_type_job.JobTypeJobFacet,
    "sql": facets.sql_job.SQLJobFacet,
    "nominalTime": facets.nominal_time_run.NominalTimeRunFacet,
    "processing_engine": facets.processing_engine_run.ProcessingEngineRunFacet,
}
DOCUMENTATION = {
    "dataset": facets.documentation_dataset.DocumentationDatasetFacet,
    "job": facets.documentation_job.DocumentationJobFacet,
}


def _facets(written: dict[str, dict], of: str = "dataset") -> dict[str, Any]:
    found = {}
    for key, facet in written.items():
        kind = DOCUMENTATION[of] if key == "documentation" else CLASSES[key]
        content = {name: value for name, value in facet.items() if not name.startswith("_")}
        if key == "schema":
            fields = facets.schema_dataset.SchemaDatasetFacetFields
            content["fields"] = [fields(**one) for one in content["fields"]]
        elif key == "dataQualityAssertions":
            one_of = facets.data_quality_assertions_dataset.Assertion
            content["assertions"] = [one_of(**one) for one in content["assertions"]]
        elif key == "columnLineage":
            one_of = facets.column_lineage_dataset
            content["fields"] = {
                name: one_of.Fields([one_of.InputField(**one) for one in field["inputFields"]])
                for name, field in content["fields"].items()
            }
        found[key] = kind(**content)
    return found


def read_back(line: str) -> dict:
    """The event, when the classes take it and give it back as it was; AssertionError, TypeError or ValueError if not."""
    set_producer(PRODUCER)
    event = json.loads(line)
    run, job = event["run"], event["job"]
    datasets = {
        side: [
            kind(
                one["namespace"],
                one["name"],
                facets=_facets(one["facets"]),
                **{name: _facets(one[name]) for name in (f"{side[:-1]}Facets",) if name in one},
            )
            for one in event[side]
        ]
        for side, kind in (("inputs", InputDataset), ("outputs", OutputDataset))
    }
    made = RunEvent(
        eventTime=event["eventTime"],
        eventType=RunState(event["eventType"]),
        producer=event["producer"],
        run=Run(run["runId"], _facets(run["facets"])),
        job=Job(job["namespace"], job["name"], _facets(job["facets"], "job")),
        **datasets,
    )
    assert _filled(json.loads(Serde.to_json(made))) == _filled(event)
    return event


def _filled(value: Any) -> Any:
    """Without what is empty: the client leaves it out."""
    if isinstance(value, dict):
        return {key: _filled(one) for key, one in value.items() if one not in (None, {}, [])}
    return [_filled(one) for one in value] if isinstance(value, list) else value
