"""What warehouses are built by step by step: read, compiled and begun once for all tests of a process."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from statements import Model, Warehouse, of_models, seeds_of
from stepwise import Parts
from world import begin

from orchestration.home import Home


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> list[Model]:
    return of_models(tmp_path_factory.mktemp("statements"))


@pytest.fixture(scope="session")
def seeds(tmp_path_factory, parsed) -> Path:
    return seeds_of(tmp_path_factory.mktemp("seeds"), parsed)


@pytest.fixture(scope="session")
def manifest(parsed):
    from dbt.contracts.graph.manifest import Manifest

    return Manifest.from_msgpack((parsed / "partial_parse.msgpack").read_bytes())


@pytest.fixture(scope="session")
def nodes(manifest) -> Mapping[str, Any]:
    return manifest.nodes


@pytest.fixture(scope="session")
def begun(tmp_path_factory, models, seeds) -> Path:
    """A warehouse that was built once, when every force had sent a first return of nothing: each sequence begins with it."""
    folder = tmp_path_factory.mktemp("begun")
    home, built = Home(folder / "home"), folder / "begun.duckdb"
    world = begin(home)
    warehouse = Warehouse(models, seeds, home)
    world.write()
    warehouse.build()
    warehouse.rows(f"attach '{built}' as begun")
    warehouse.rows("copy from database warehouse to begun")
    warehouse.connection.close()
    return built


@pytest.fixture(scope="session")
def parts(models, seeds, begun, nodes) -> Parts:
    return Parts(models, seeds, begun, nodes)
