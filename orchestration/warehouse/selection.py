"""Which of dbt's nodes a build makes again where models and seeds are as they were: data alone has changed, and the day."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

STEPS = {"ephemeral", "view"}  # not tables: a view reads what there is when it is asked
# a waiver runs out by the day, whatever comes
CLOCK = re.compile(r"\b(current_date|current_timestamp|now\(\)|today\(\))")
READINGS = ("source.cpai.raw.readings", "source.cpai.raw.reading_slots")


@dataclass(frozen=True)
class Selection:
    """Names of the models and tests to run; the nodes that stand as they are, each with those that it reads; and whether
    everything that readings change is among the models."""

    names: list[str]
    stand: dict[str, set[str]]
    has_readings: bool


def of_data(
    nodes: Mapping[str, Any], models: Collection[str] | None = None, all_stand: bool = False
) -> Selection:
    """Of dbt's `nodes` by id, those that data or the day reaches, all or those named in `models`, with every test of them;
    none where `all_stand`."""
    moved = (
        set()
        if all_stand
        else _reached(nodes, lambda key: key.startswith("source.") or _reads_the_day(nodes.get(key)))
    )
    wanted = {key for key in moved if _is_table(nodes[key]) and (models is None or nodes[key].name in models)}
    tests = [
        key
        for key, node in nodes.items()
        if node.resource_type == "test" and any(_behind(nodes, parent) & wanted for parent in _parents(node))
    ]
    by_readings = _reached(nodes, lambda key: key in READINGS)
    built = {"seed", "model"}
    asked = [
        key
        for key, node in nodes.items()
        if node.resource_type in built and (models is None or node.name in models)
    ]
    return Selection(
        names=sorted(nodes[key].name for key in (*wanted, *tests)),
        stand={
            key: set(_read(nodes, key)) & {*asked}
            for key in asked
            if key not in wanted and nodes[key].config.materialized != "ephemeral"
        },
        has_readings={key for key in by_readings if _is_table(nodes[key])} <= wanted,
    )


def _is_table(node: Any) -> bool:
    return node.resource_type == "model" and node.config.materialized not in STEPS


def _parents(node: Any) -> list[str]:
    return getattr(node.depends_on, "nodes", [])  # a seed depends on macros alone


def _behind(nodes: Mapping[str, Any], key: str) -> set[str]:
    """A node, or for a view and an ephemeral model the tables that it shows."""
    node = nodes.get(key)
    if node is None or node.resource_type != "model" or _is_table(node):
        return {key}
    return {table for parent in _parents(node) for table in _behind(nodes, parent)}


def _read(nodes: Mapping[str, Any], key: str) -> Iterator[str]:
    """What a node reads, through ephemeral models."""
    for parent in _parents(nodes[key]):
        if parent in nodes and nodes[parent].config.materialized == "ephemeral":
            yield from _read(nodes, parent)
        else:
            yield parent


def _reads_the_day(node: Any) -> bool:
    return CLOCK.search(getattr(node, "raw_code", "") or "") is not None


def _reached(nodes: Mapping[str, Any], begins: Callable[[str], bool]) -> set[str]:
    """The models where something begins, and those that lead back to them."""
    reached: dict[str, bool] = {}

    def is_reached(key: str) -> bool:
        if key not in reached:
            parents = _parents(nodes[key]) if key in nodes else []
            reached[key] = begins(key) or any(map(is_reached, parents))
        return reached[key]

    return {key for key, node in nodes.items() if node.resource_type == "model" and is_reached(key)}
