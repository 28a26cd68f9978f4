"""What each of dbt's nodes is made by: its own code, that of macros it calls, and the seeds that it reads while it is compiled.

Kept in the warehouse beside what it made, so that a changed seed, rule or model has what depends on it made again, and no more.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from orchestration.home import DBT_PROJECT, SEEDS, files_below

PROJECT = "project"  # what every node hangs on: settings, the plugin, and the tools' own versions
OF_THE_PROJECT = ("dbt_project.yml", "profiles.yml")
# no node names them: dbt calls them by itself
OF_DBT = ("macro.cpai.generate_schema_name", "macro.cpai.duckdb__load_csv_rows")
TOOLS = ("dbt-core", "dbt-adapters", "dbt-duckdb", "duckdb")
PARTS = ("schema", "alias", "raw_code", "checksum", "config", "test_metadata", "depends_on")
READ_WHILE_COMPILED = re.compile(r"seed_(?:rows|value)\(\s*'([^']+)'")


def fingerprints(manifest: Any, keys: str, source: str) -> dict[str, str]:
    """By node id, and for `PROJECT`. `manifest`: dbt's, parsed; `keys`: check values of those that tokens are made with;
    `source`: the hash of all there is, which a model in Python may read from."""
    macros = {key: macro.macro_sql for key, macro in manifest.macros.items()}
    seeds = {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files_below(SEEDS)}
    plugin = Path(__file__).parents[1] / "warehouse_plugin.py"
    found = {
        PROJECT: _hash(
            keys,
            *((DBT_PROJECT / name).read_text(encoding="utf-8") for name in OF_THE_PROJECT),
            plugin.read_text(encoding="utf-8"),
            *(macros[key] for key in OF_DBT),
            *map(version, TOOLS),
        )
    }
    for key, node in manifest.nodes.items():
        told = node.to_dict()
        called = [macros[macro] for macro in sorted(_called(manifest.macros, node)) if macro in macros]
        files = {
            file for code in (node.raw_code or "", *called) for file in READ_WHILE_COMPILED.findall(code)
        }
        if node.resource_type == "seed":  # of one above 1 MB dbt's checksum is that of its path
            files.add(Path(node.path).as_posix())
        types = {name: column.data_type for name, column in node.columns.items()}
        found[key] = _hash(
            json.dumps([{part: told.get(part) for part in PARTS}, types], sort_keys=True, default=str),
            *called,
            *(seeds.get(file, "") for file in sorted(files)),
            source if getattr(node, "language", "") == "python" else "",
        )
    return found


def _called(macros: Mapping[str, Any], node: Any) -> set[str]:
    """The macros that a node calls, and those that they call."""
    called: set[str] = set()
    waiting = [*node.depends_on.macros]
    while waiting:
        if (key := waiting.pop()) not in called:
            called.add(key)
            waiting += macros[key].depends_on.macros if key in macros else []
    return called


def _hash(*parts: str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)} {part}".encode())
    return digest.hexdigest()
