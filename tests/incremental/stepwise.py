"""A warehouse that is built after each of some steps, beside one that is built at their end."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from statements import Model, Warehouse
from world import OTHER_CELLS, begin

from orchestration.home import Home


def build_by(steps: list[tuple], warehouse: Warehouse, home: Home) -> None:
    """Go on with a warehouse that was begun: build it after each of these steps that is a build, and at their end."""
    world = begin(home)
    for name, *step in [*steps, ("build",)]:
        if name in {"read", "ask_twice"}:
            found = "select force, crime_reference, version from cocad.cocad_candidates order by all"
            getattr(world, name)(warehouse.rows(found), *step)
        elif name == "change_seed":
            warehouse.change_seed(step[0], OTHER_CELLS[step[0]])
        elif name not in {"build", "killed"}:
            getattr(world, name)(*step)
        if name in {"build", "killed"}:
            world.write()
            warehouse.build(killed_after=step[0] if step else None)


@dataclass(frozen=True)
class Parts:
    """What a warehouse is built by, and what it begins with: the seeds alone, or what is begun."""

    models: list[Model]
    seeds: Path
    begun: Path
    nodes: Mapping[str, Any]


def follow(steps: list[tuple], by: Parts, home: Home, changed: list[Model] | None = None) -> list[str]:
    """The tables that differ between a warehouse built after each of these steps, by the models `changed` where given, and
    one that is built at their end."""
    warehouse = Warehouse(changed or by.models, by.begun, home, nodes=by.nodes)
    build_by(steps, warehouse, home)
    at_once = Warehouse(by.models, by.seeds, home)
    for name, *step in steps:
        if name == "change_seed":
            at_once.rows(OTHER_CELLS[step[0]])
    at_once.build()
    built, expected = warehouse.tables(), at_once.tables()
    return [table for table in expected if built[table] != expected[table]]
