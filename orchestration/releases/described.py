"""A folder and a release described for machines: RO-Crate 1.1, and a DCAT record as the UK cross-government metadata exchange
model asks for it."""

import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestration.home import file_hash
from orchestration.quarters import first_day, following, in_period
from orchestration.releases.package import write_json

CRATE = {
    "@id": "ro-crate-metadata.json",
    "@type": "CreativeWork",
    "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
    "about": {"@id": "./"},
}
LICENCE = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
SUBJECT = "Group-based child sexual abuse crimes recorded by police in England and Wales"


def write(folder: Path, head: Mapping[str, Any], about: Mapping[str, str], written_at: str) -> None:
    """`dcat.json` and, last, `ro-crate-metadata.json` over every file of `folder`. `about`: a sentence by name of a file or,
    with `/`, of a folder."""
    write_json(folder / "dcat.json", _catalogued(head))
    entities = []
    for path in sorted(file for file in folder.rglob("*") if file.is_file()):
        name = path.relative_to(folder).as_posix()
        entities.append(
            {
                "@id": name,
                "@type": "File",
                "name": about.get(name) or about.get(f"{name.partition('/')[0]}/", name),
                "encodingFormat": mimetypes.guess_type(name)[0] or "application/octet-stream",
                "contentSize": str(path.stat().st_size),
                "sha256": file_hash(path),
            }
        )
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Audit pack of release {head['release']}",
        "description": "Evidence for the figures of a release, with a sample walked to the lines of the files received",
        "datePublished": written_at,
        # records with crime references: for who audits, and nobody else
        "license": "Not for publication: for the audit of this release alone",
        "hasPart": [{"@id": entity["@id"]} for entity in entities],
    }
    graph = {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": [CRATE, root, *entities]}
    write_json(folder / "ro-crate-metadata.json", graph)


def _catalogued(head: Mapping[str, Any]) -> dict[str, Any]:
    """The release as a catalogue lists it; its public tier is what others get."""
    quarters = in_period(head["period"])
    return {
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
            "foaf": "http://xmlns.com/foaf/0.1/",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@type": "dcat:Dataset",
        "dct:identifier": head["release"],
        "dct:title": f"{SUBJECT}, {head['period']}",
        "dct:description": (
            "Crimes of the Child Protection and Abuse Investigation dataset, contact crimes with two or more offenders, "
            f"and those that a reader confirmed as group-based. The figures are {head['status']}."
            + (" All records are made up." if head["made_up_data"] else "")
        ),
        "dct:creator": _organisation("National policing programme for group-based child sexual abuse"),
        "dct:publisher": _organisation("Home Office"),
        "dct:issued": _typed(head["created_at"], "dateTime"),
        "dct:modified": _typed(head["created_at"], "dateTime"),
        "dct:temporal": {
            "@type": "dct:PeriodOfTime",
            "dcat:startDate": _typed(first_day(quarters[0]).isoformat(), "date"),
            "dcat:endDate": _typed(first_day(following(quarters[-1])).isoformat(), "date"),
        },
        "dct:spatial": "England and Wales",
        "dct:language": "en-GB",
        "dct:accessRights": "RESTRICTED",
        "dct:license": {"@id": LICENCE},
        "dcat:theme": "Crime and justice",
        "dcat:keyword": ["police recorded crime", "child sexual abuse", "group-based offending"],
        "dcat:version": head["release"],
        "dcat:distribution": [
            {
                "@type": "dcat:Distribution",
                "dct:title": file["path"],
                "dcat:byteSize": file["bytes"],
                "dcat:mediaType": mimetypes.guess_type(file["path"])[0] or "application/octet-stream",
                "dct:accessRights": "OPEN" if file["path"].startswith("public/") else "RESTRICTED",
            }
            for file in head["files"]
            if file["path"].startswith(("public/", "marts/", "figures.csv"))
        ],
    }  # fmt: skip


def _organisation(name: str) -> dict[str, str]:
    return {"@type": "foaf:Organization", "foaf:name": name}


def _typed(value: str, kind: str) -> dict[str, str]:
    return {"@type": f"xsd:{kind}", "@value": value}
