"""What the data dictionary shows: every table by what it holds, a query to begin with, and what it is made from."""

import hashlib
from base64 import b64encode
from pathlib import Path

from markupsafe import Markup

# in the order of the dbt project's layers, the outermost first; a table is in the first group that takes it
GROUPS = {
    "figures": ("Marts: figures", "published counts and percentages, and what qualifies them"),
    "records": ("Marts: records", "crimes, victims and suspects of the CPAI, one row each"),
    "dimensions": ("Marts: dimensions", "what keys and codes mean"),
    "readings": ("Marts: readings", "how readers agree, and what follows from how they read"),
    "views": ("Release: views", "questions of analysts over the tables, in marts.duckdb"),
    "quality": ("Quality: evidence", "what came, what was checked, what was found and what changed"),
}
READINGS = ("reading_", "reader_", "crosswalks", "settled_", "recall_")
LAYERS = ("staging", "intermediate", "cpai", "cocad", "marts", "quality", "reference")
# of a key's columns the value that a reader knows
WHERE = {"place": "England and Wales", "force": "kent"}
COLUMNS_ASKED = 6


def read(tables: list[dict], views: list[dict], head: dict) -> dict:
    """The page's values; `tables` and `views` are what package.py describes."""
    every = [
        _about(table, is_view, head) for shelf, is_view in ((tables, False), (views, True)) for table in shelf
    ]
    published = {table["name"] for table in every}
    for table in every:
        table["made_into"] = sorted(one["name"] for one in every if table["name"] in one["made_from"])
    groups = [
        {"id": group, "name": name, "about": about, "tables": [one for one in every if one["group"] == group]}
        for group, (name, about) in GROUPS.items()
    ]
    script = Path(__file__).with_name("dictionary.js").read_text(encoding="utf-8")
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return {
        "groups": [group for group in groups if group["tables"]],
        "published": published,
        "script": Markup(script),  # noqa: S704 - our own file
        "script_hash": f"sha256-{digest}",
    }


def _about(table: dict, is_view: bool, head: dict) -> dict:
    lineage = table.get("lineage") or {"made_from": [], "behind": []}
    behind = {layer: [name for name in lineage["behind"] if name.startswith(f"{layer}.")] for layer in LAYERS}
    return table | {
        "name": f"{table['schema']}.{table['table']}",
        "group": _group(table, is_view),
        "query": _query(table, head),
        "made_from": lineage["made_from"],
        "behind": {layer: names for layer, names in behind.items() if names},
    }


def _group(table: dict, is_view: bool) -> str:
    name = table["table"]
    if is_view:
        return "views"
    if table["schema"] == "quality":
        return "quality"
    if name.startswith(READINGS):
        return "readings"
    return {"fct": "records", "dim": "dimensions"}.get(name.partition("_")[0], "figures")


def _query(table: dict, head: dict) -> str:
    """A first look: the key, what stands beside it, and of one place and period where the table has them."""
    names = [field["name"] for field in table["fields"]]
    numbers = [field["name"] for field in table["fields"] if field["type"] in ("integer", "number")]
    more = COLUMNS_ASKED - len(table["keys"])
    asked = list(dict.fromkeys([*table["keys"], *(numbers or names)[: max(more, 1)]]))
    asked = asked if table["keys"] else list(dict.fromkeys([*names[:2], *asked]))
    values = dict(WHERE) | {"period": head["period"]}
    if "place" in names:
        values.pop("force")
    where = [f"{name} = '{value}'" for name, value in values.items() if name in names]
    lines = [
        f"select {', '.join(_quoted(name) for name in asked)}",
        f"from {table['schema']}.{table['table']}",
    ]
    lines += [f"where {' and '.join(where)}"] if where else []
    return "\n".join([*lines, "order by all", "limit 10"])


def _quoted(name: str) -> str:
    return name if name.isidentifier() and name.islower() else f'"{name}"'
