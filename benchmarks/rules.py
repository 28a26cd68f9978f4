"""What judging every rule costs beside building the CPAI itself, from the same staged records.

    python benchmarks/rules.py HOME

HOME is a home that is built: its warehouse is only read, and dbt's compiled SQL is run as it stands, without dbt, into
a database in a file that is thrown away. Prints seconds for each and their ratio; the target is 0.5.
"""

import argparse
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

TARGET = 0.5


def run(home: Path) -> dict[str, float]:
    """model -> seconds, in the order of the build."""
    compiled = home / "dbt" / "target" / "compiled" / "cpai" / "models"
    models = sorted((compiled / "cpai").glob("cpai_*.sql"), key=lambda file: _depth(file.stem))
    models += sorted((compiled / "quality").glob("judgements_*.sql"))
    models.append(compiled / "quality" / "rule_results.sql")
    took: dict[str, float] = {}
    with TemporaryDirectory(dir=home) as aside, duckdb.connect() as connection:
        connection.execute(f"attach '{home / 'warehouse.duckdb'}' as warehouse (read_only)")
        connection.execute(f"attach '{Path(aside) / 'made.duckdb'}' as made")
        connection.execute("set preserve_insertion_order = false")
        # as in dbt's connection: views of staging read raw/ and make tokens
        connection.execute(f"set file_search_path = '{home / 'raw'}'")
        connection.execute("set variable token_key = 'of a benchmark'")
        for file in models:
            started = time.monotonic()
            connection.execute(f"create table made.{file.stem} as {file.read_text(encoding='utf-8')}")
            took[f"{file.parent.name}.{file.stem}"] = time.monotonic() - started
    return took


def _depth(model: str) -> int:
    order = ["cpai_classified_crimes", "cpai_crimes", "cpai_exclusions"]
    return order.index(model) if model in order else len(order)


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("home", type=Path)
    words.add_argument("--json", action="store_true")
    asked = words.parse_args()
    took = run(asked.home.resolve())
    cpai = sum(seconds for model, seconds in took.items() if model.startswith("cpai."))
    rules = sum(took.values()) - cpai
    if asked.json:
        print(json.dumps({"models": took, "cpai": cpai, "rules": rules, "ratio": rules / cpai}))
    else:
        for model, seconds in took.items():
            print(f"{model:40} {seconds:7.2f} s")
        print(f"CPAI {cpai:.2f} s, rules {rules:.2f} s: {rules / cpai:.2f} times the CPAI, target {TARGET}")
