"""How far records single somebody out: on each set of columns that somebody may know, what is unique and what is below k.

`python benchmarks/singling_out.py RELEASE_FOLDER FEED_FOLDER...` prints the table of orchestration/releases/DATA_PROTECTION.md,
from what each measured of itself as it was written.
"""

import argparse
import json
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    measured = {folder: _measured(folder) for folder in parser.parse_args().folders}
    sets = list(dict.fromkeys(name for of in measured.values() for name in of))
    print("| known | " + " | ".join(folder.name for folder in measured) + " |")
    print("|---|" + "---|" * len(measured))
    for name in sets:
        print(f"| {name} | " + " | ".join(_shown(of.get(name)) for of in measured.values()) + " |")


def _measured(folder: Path) -> dict[str, dict]:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return {row["set"]: row for row in manifest["singling_out"]}


def _shown(row: dict | None) -> str:
    if row is None:
        return "not there"
    unique, below = (100 * row[name] / row["records"] for name in ("unique_records", "below_k"))
    return f"{unique:.1f}, {below:.1f}"


if __name__ == "__main__":
    main()
