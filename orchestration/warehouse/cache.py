"""What is made once for each version of the models and kept outside every home: JSON files in `CPAI_CACHE`, else in `cpai` in the
user's cache folder. What is damaged there, or of another version, counts as not there and is made again."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from orchestration.turns import write_whole


def place(name: str, version: str) -> Path:
    """The file that `name` of this version is kept in."""
    chosen = os.environ.get("CPAI_CACHE")
    folder = Path(chosen or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cpai")
    return folder / f"{name}.{version[:16]}.json"


def read(file: Path, version: str) -> Any:
    """What `write` was given for this version; None where there is none."""
    try:
        told = json.loads(file.read_bytes())
        return told["content"] if told["version"] == version else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write(file: Path, version: str, content: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, json.dumps({"version": version, "content": content}))


def write_if_it_can(file: Path, version: str, content: Any) -> None:
    """Where a cache cannot be written, its content is made again the next time."""
    with suppress(OSError):
        write(file, version, content)
