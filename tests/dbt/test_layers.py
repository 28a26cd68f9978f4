"""Each layer reads only what stands before it: dbt's manifest beside one table, without exceptions."""

import json

import pytest

BEFORE_CPAI = ["reference", "intermediate"]
# layer: what its models may read
READS = {
    # control: what the last whole build was made from
    "staging": ["raw", "control"],
    "intermediate": ["reference", "staging", "intermediate"],
    "cpai": [*BEFORE_CPAI, "cpai"],
    "cocad": [*BEFORE_CPAI, "cpai", "cocad"],
    "marts": [*BEFORE_CPAI, "cpai", "cocad", "marts"],
    # history: what earlier builds and releases found, as they wrote it
    "quality": [*BEFORE_CPAI, "cpai", "cocad", "marts", "quality", "history"],
    "release": ["marts", "quality", "release"],
}


@pytest.fixture(scope="module")
def manifest(parsed):
    return json.loads((parsed / "manifest.json").read_text(encoding="utf-8"))


def layer_of(manifest: dict, key: str) -> str:
    """A model's layer is its folder, a seed's is reference, a source's is its name."""
    if key.startswith("source."):
        return manifest["sources"][key]["source_name"]
    node = manifest["nodes"][key]
    return "reference" if node["resource_type"] == "seed" else node["fqn"][1]


def edges(manifest: dict) -> list[tuple[str, str]]:
    """(model, what it reads) by the keys of the manifest."""
    return [
        (key, parent)
        for key, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
        for parent in node["depends_on"]["nodes"]
    ]


def not_allowed(manifest: dict, read: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [
        (model, parent)
        for model, parent in read
        if layer_of(manifest, parent) not in READS[layer_of(manifest, model)]
    ]


def test_each_layer_reads_what_stands_before_it(manifest):
    read = edges(manifest)
    assert {layer_of(manifest, model) for model, _ in read} == READS.keys()
    assert not_allowed(manifest, read) == []


def test_a_staging_model_reads_one_source(manifest):
    staged = [model for model, _ in edges(manifest) if layer_of(manifest, model) == "staging"]
    assert len(staged) == len(set(staged)) > 0


@pytest.mark.parametrize(
    ("model", "parent"),
    [
        ("model.cpai.figures", "model.cpai.stg_submissions"),
        ("model.cpai.cpai_crimes", "source.cpai.raw.crimes"),
        ("model.cpai.int_crimes", "model.cpai.cpai_crimes"),
        ("model.cpai.stg_crimes", "seed.cpai.offences"),
        ("model.cpai.fct_crimes", "model.cpai.rule_results"),
    ],
)
def test_an_edge_that_goes_back_is_found(manifest, model, parent):
    assert not_allowed(manifest, [*edges(manifest), (model, parent)]) == [(model, parent)]


def test_the_glossary_names_the_same_layers(manifest):
    text = manifest["docs"]["doc.cpai.__overview__"]["block_contents"]
    table = text.partition("| layer |")[2].partition("\n\n")[0]
    named = [line.split("|")[1].strip() for line in table.splitlines()[2:]]
    assert named == ["reference", *READS]
