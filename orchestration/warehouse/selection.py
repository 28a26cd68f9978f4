"""Which of dbt's nodes a build makes again: those that changed data or the day reach, and those that changed code reaches."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

BUILT = {"seed", "model"}
STEPS = {"ephemeral", "view"}  # not tables: a view reads what there is when it is asked
# a waiver runs out by the day, whatever comes
CLOCK = re.compile(r"\b(current_date|current_timestamp|now\(\)|today\(\))")
OF_THIS_BUILD = (
    "of_this_build"  # dbt's tag of a table that lists what the build that it is made in makes again
)
READINGS = ("source.cpai.raw.readings", "source.cpai.raw.reading_slots")


@dataclass(frozen=True)
class Selection:
    """Names of the models and tests to run; those to run after them from nothing, their code being another; the nodes that
    stand as they are, each with those that it reads; and whether everything that readings change is among the models."""

    names: list[str]
    anew: list[str]
    stand: dict[str, set[str]]
    has_readings: bool


def of_change(
    nodes: Mapping[str, Any],
    models: Collection[str] | None = None,
    all_stand: bool = False,
    changed: Collection[str] = (),
) -> Selection:
    """Of dbt's `nodes` by id, those that data or the day reaches, all or those named in `models`, with every test of them;
    none where `all_stand`. And whatever hangs on a node that is `changed`."""
    anew = {
        key
        for key in _reached(nodes, lambda key: key in changed)
        if nodes[key].resource_type in BUILT and nodes[key].config.materialized != "ephemeral"
    }
    # what is made from nothing asks these which of its rows are to be made, and they say all; what was made before it they
    # told of the returns that came
    asked_anew = {key for key in _led_to(nodes, anew) if OF_THIS_BUILD in nodes[key].tags}
    moved = (
        set()
        if all_stand
        else _reached(nodes, lambda key: key.startswith("source.") or _reads_the_day(nodes.get(key)))
    )
    wanted = {
        key for key in moved - anew if _is_table(nodes[key]) and (models is None or nodes[key].name in models)
    }
    tests = {key: node for key, node in nodes.items() if node.resource_type == "test"}
    anew |= asked_anew
    tests_anew = {key for key in tests if key in changed or _is_of(nodes, key, anew)}
    of_wanted = {key for key in tests.keys() - tests_anew if _is_of(nodes, key, wanted)}
    by_readings = _reached(nodes, lambda key: key in READINGS)
    wished = [
        key
        for key, node in nodes.items()
        if node.resource_type in BUILT and (models is None or node.name in models)
    ]
    return Selection(
        names=sorted(nodes[key].name for key in wanted | of_wanted),
        anew=sorted(nodes[key].name for key in anew | tests_anew),
        stand={
            key: set(_read(nodes, key)) & {*wished}
            for key in wished
            if key not in wanted | anew and nodes[key].config.materialized != "ephemeral"
        },
        has_readings={key for key in by_readings if _is_table(nodes[key])} <= wanted | anew,
    )


def _led_to(nodes: Mapping[str, Any], keys: set[str]) -> set[str]:
    """These nodes, the ephemeral ones in them, and the tables of one build that they ask, with those that these ask."""
    found: set[str] = set()
    waiting = [*keys]
    while waiting:
        if (key := waiting.pop()) not in found:
            found.add(key)
            waiting += [
                parent
                for parent in _parents(nodes[key])
                if parent in nodes
                and (nodes[parent].config.materialized == "ephemeral" or OF_THIS_BUILD in nodes[parent].tags)
            ]
    return found


def _is_of(nodes: Mapping[str, Any], test: str, tables: set[str]) -> bool:
    return any({parent, *_behind(nodes, parent)} & tables for parent in _parents(nodes[test]))


def _is_table(node: Any) -> bool:
    return node.resource_type == "model" and node.config.materialized not in STEPS


def _parents(node: Any) -> list[str]:
    return getattr(node.depends_on, "nodes", [])  # a seed depends on macros alone


def _behind(nodes: Mapping[str, Any], key: str) -> set[str]:
    """A node, or for a view and an ephemeral model the tables that it shows."""
    node = nodes.get(key)
    if node is None or node.config.materialized not in STEPS:
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
    return CLOCK.search(getattr(node, "raw_code", "")) is not None


def _reached(nodes: Mapping[str, Any], begins: Callable[[str], bool]) -> set[str]:
    """The nodes where something begins, and those that lead back to them."""
    reached: dict[str, bool] = {}

    def is_reached(key: str) -> bool:
        if key not in reached:
            parents = _parents(nodes[key]) if key in nodes else []
            reached[key] = begins(key) or any(map(is_reached, parents))
        return reached[key]

    return {key for key in nodes if is_reached(key)}
