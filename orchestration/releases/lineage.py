"""The release's lineage as dbt wrote it: its manifest, freed of machine paths and run times."""

import json
import sys
from pathlib import Path
from typing import Any

from orchestration.home import PROJECT, Home
from orchestration.stopping import Damaged, read_json

NAME = "dbt_manifest.json"
# differ between two builds of the same models
OF_ONE_RUN = {
    *(
        "invocation_id",
        "invocation_started_at",
        "run_started_at",
        "generated_at",
        "created_at",
        "user_id",
        "env",
    ),
}


class MachinePath(RuntimeError):
    """A lineage file would carry a path of this machine into the release."""


def dbt_manifest(home: Home) -> dict:
    """dbt's manifest of the last build. Raises Damaged, of one that is not there too."""
    file = home.dbt / "target" / "manifest.json"
    if not file.exists():
        raise Damaged(file, "is missing")
    return read_json(file)


def write(home: Home, folder: Path) -> None:
    """dbt's manifest into `folder`. Raises MachinePath when a path of this machine is still in it.

    Nothing else that may lie in dbt's folder: what a release holds must not hang on who ran `make docs` before.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # on one line: 2 MB with indentation take the pure-Python encoder a second
    text = json.dumps(_without_run(dbt_manifest(home)), sort_keys=True, ensure_ascii=False)
    (folder / NAME).write_text(_without_paths(home, text, NAME) + "\n", encoding="utf-8")


def _without_run(value: Any) -> Any:
    if isinstance(value, dict):
        # a column may be named created_at: its value is a dict, a run's is a number or text
        return {
            key: _without_run(item)
            for key, item in value.items()
            if key not in OF_ONE_RUN or (isinstance(item, dict) and key != "env")
        }
    if isinstance(value, list):
        return [_without_run(item) for item in value]
    return value


def _without_paths(home: Home, text: str, name: str) -> str:
    places = {str(home.root), str(PROJECT), sys.prefix, str(Path.home())}
    for place in sorted(places, key=len, reverse=True):
        text = text.replace(f"{place}/", "")
    for place in (str(home.root), str(PROJECT)):
        if place in text:
            raise MachinePath(f"lineage/{name} names {place}: make the path relative in the dbt project")
    return text
