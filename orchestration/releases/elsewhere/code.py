"""Whether this code, these seeds and these tools are those that a release was made by; where not, how to come by them."""

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from orchestration.releases import inputs, package

LOCK = "requirements.lock"
NAMED = 3  # of the seeds or tools that differ


def other_code(head: Mapping[str, Any], places: Iterable[Path]) -> list[str]:
    """Sentences where the release of manifest `head` was made by others. `places`: folders where its wheel may lie."""
    name, commit = head["release"], head["code_commit"] or ""
    differ = []
    if inputs.code_hash() != head["code_sha256"]:
        differ.append("code")
    now = inputs.seed_hashes()
    if seeds := sorted(seed for seed in now | head["seeds"] if now.get(seed) != head["seeds"].get(seed)):
        more = f" and {len(seeds) - NAMED} more" if len(seeds) > NAMED else ""
        differ.append(f"seeds ({', '.join(seeds[:NAMED])}{more})")
    if differ:
        return [f"{name} was made by other {' and '.join(differ)} than this: {_way(name, commit, places)}"]
    return _other_tools(head)


def _way(name: str, commit: str, places: Iterable[Path]) -> str:
    """What to do, in commands."""
    again = f"cpai replay {name} --from BACKUP"
    if commit and (wheel := _wheel_of(commit, places)):
        return (
            f"{wheel} is of that commit: python3 -m venv then && then/bin/pip install -r {wheel.with_name(LOCK)} && "
            f"then/bin/pip install --no-deps {wheel} && then/bin/{again}"
        )
    if commit.endswith("+changes"):
        return (
            f"its files differed from commit {commit.removesuffix('+changes')}, and where they differ it does not say: ask who "
            "published it for that checkout, and give the command there"
        )
    if not commit:
        return (
            f"its commit is not known, the SHA-256 of its source is {name}'s code_sha256: find that checkout"
        )
    return (
        f"git worktree add ../cpai-{commit[:12]} {commit} && make -C ../cpai-{commit[:12]} .venv/installed && "
        f"../cpai-{commit[:12]}/.venv/bin/{again}"
    )


def _wheel_of(commit: str, places: Iterable[Path]) -> Path | None:
    """A wheel of this commit, which `make wheel` writes into it, with the versions of its tools beside it."""
    locked = (place for place in places if (place / LOCK).is_file())
    for wheel in (wheel for place in locked for wheel in sorted(place.glob("*.whl"))):
        try:
            with zipfile.ZipFile(wheel) as parts:
                if parts.read("orchestration/commit").decode().strip() == commit:
                    return wheel
        except (zipfile.BadZipFile, KeyError, OSError):
            continue
    return None


def _other_tools(head: Mapping[str, Any]) -> list[str]:
    """The tools' versions, which bytes hang on: of Python the first two numbers."""
    then, now = (_to_compare(tools) for tools in (head["tools"], package.tool_versions()))
    others = sorted(tool for tool in then | now if then.get(tool) != now.get(tool))
    if not others:
        return []
    listed = ", ".join(f"{tool} {then.get(tool, 'none')}, here {now.get(tool, 'none')}" for tool in others)
    return [
        f"{head['release']} was made by other tools ({listed}): make again where requirements.lock is installed as it is (make "
        ".venv/installed)"
    ]


def _to_compare(tools: Mapping[str, str]) -> dict[str, str]:
    return {**tools, "python": ".".join(tools["python"].split(".")[:2])}
