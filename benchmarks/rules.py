"""What checking every rule costs beside building the CPAI itself, from the same staged records.

    python benchmarks/rules.py HOME

HOME is a home that is built: its warehouse is only read, and dbt's compiled SQL is run as it stands, without dbt, into
a database in a file that is thrown away. What the SQL makes is read by what follows, so a warehouse built by older
models of the CPAI will do. Prints seconds of work (of the processor, so that a busy machine measures the same) and
seconds on the clock for each, and the ratio of the work; the target is 0.5. Of several rounds the least of each model
counts: on a shared machine the same SQL took 8.0 to 10.8 s of work within three minutes, and others only ever add.
"""

import argparse
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

TARGET = 0.5


def run(home: Path) -> dict[str, tuple[float, float]]:
    """model -> seconds of work and seconds on the clock, in the order of the build."""
    compiled = home / "dbt" / "target" / "compiled" / "cpai" / "models"
    models = sorted((compiled / "cpai").glob("cpai_*.sql"), key=lambda file: _depth(file.stem))
    models += sorted((compiled / "quality").glob("rule_checks_*.sql"))
    models.append(compiled / "quality" / "rule_results.sql")
    took: dict[str, tuple[float, float]] = {}
    made: list[str] = []
    with TemporaryDirectory(dir=home) as aside, duckdb.connect() as connection:
        connection.execute(f"attach '{home / 'warehouse.duckdb'}' as warehouse (read_only)")
        connection.execute(f"attach '{Path(aside) / 'made.duckdb'}' as made")
        connection.execute("set preserve_insertion_order = false")
        # as in dbt's connection: views of staging read raw/ and make tokens
        connection.execute(f"set file_search_path = '{home / 'raw'}'")
        connection.execute("set variable token_key = 'of a benchmark'")
        for file in models:
            sql = file.read_text(encoding="utf-8")
            for name in made:
                sql = sql.replace(f'"warehouse".{name}', f"made.{name.split('.')[1]}")
            started, worked = time.monotonic(), time.process_time()
            connection.execute(f"create table made.{file.stem} as {sql}")
            took[f"{file.parent.name}.{file.stem}"] = (
                time.process_time() - worked,
                time.monotonic() - started,
            )
            schema = "rule_checks" if file.stem.startswith("rule_checks_") else file.parent.name
            made.append(f'"{schema}"."{file.stem}"')
    return took


def _depth(model: str) -> int:
    order = ["cpai_classified_crimes", "cpai_crimes", "cpai_exclusions"]
    return order.index(model) if model in order else len(order)


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("home", type=Path)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--json", action="store_true")
    asked = words.parse_args()
    rounds = [run(asked.home.resolve()) for _ in range(asked.rounds)]
    took = {model: min(one[model] for one in rounds) for model in rounds[0]}
    cpai = sum(worked for model, (worked, _) in took.items() if model.startswith("cpai."))
    rules = sum(worked for worked, _ in took.values()) - cpai
    if asked.json:
        print(json.dumps({"models": took, "cpai": cpai, "rules": rules, "ratio": rules / cpai}))
    else:
        for model, (worked, waited) in took.items():
            print(f"{model:40} {worked:7.2f} s of work, {waited:7.2f} s")
        print(f"CPAI {cpai:.2f} s, rules {rules:.2f} s: {rules / cpai:.2f} times the CPAI, target {TARGET}")
