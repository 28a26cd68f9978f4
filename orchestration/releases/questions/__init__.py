"""What a release's marts.duckdb holds beside the tables that dbt builds: small dimensions, and views for analysts.

A view costs nothing until it is asked: the build and the release are no slower for them. Each is a file here, and its
words are in `questions.yml`; the questions, their categories and what is not collected are rows of seeds.
"""

# ruff: noqa: S608 - names in the SQL are this package's own

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, Template

from orchestration.home import seed_rows, settings
from orchestration.releases.figures import base, definition, label
from orchestration.statements import Connection, quoted

FOLDER = Path(__file__).resolve().parent


@cache
def words() -> dict[str, Any]:
    """`questions.yml`: shared column words, tables, views in the order of their making."""
    return yaml.load((FOLDER / "questions.yml").read_text(encoding="utf-8"), yaml.CSafeLoader)


def tables_described() -> dict[str, dict]:
    """By table: description, columns (name -> meaning) and key, of the dimensions made here."""
    return {name: _complete(table) for name, table in words()["tables"].items()}


def views_described() -> dict[str, dict]:
    """By view: description, columns (name -> meaning) and key, in the order in which one needs another; `counts` are
    the columns whose meaning says what their percentages mean too."""
    views = {name: _complete(view) for name, view in words()["views"].items()}
    views |= {row["question"]: _wide_described(row) for row in questions()}
    return views | {f"by_{split}": _split_described(split, columns) for split, columns in splits().items()}


def questions() -> list[dict[str, str]]:
    return seed_rows("publication/questions.csv")


def interval_policy() -> dict[str, int]:
    rows = settings("publication/interval_policy.csv", "setting")
    return {name: rows.number(name) for name in rows}


def splits() -> dict[str, dict[str, str]]:
    """By split that the publication prints: its categories, each with the column it has in the wide view."""
    found: dict[str, dict[str, str]] = {}
    for row in seed_rows("breakdown_categories.csv"):
        if not row["breakdown"].endswith(("total", "group_based", "_recorded", "_wide")):
            category = row["category"]
            # no column starts with a digit
            column = f"aged_{category}" if category[0].isdigit() else category
            found.setdefault(row["breakdown"], {})[category] = column
    return found


def add_dimensions(connection: Connection) -> None:
    """The tables `dim_figure`, `dim_outcome` and `dim_known_break` in `target`, sorted by key."""
    columns = ("figure_id", "scheme", "unit", "population", "criterion", "breakdown", "category")
    cursor = connection.execute(
        # what any place has the nation has; a figure without a rounding is a plain count, and has no base
        f"select distinct {', '.join(columns)}, percent_rounding from target.main.figures "
        "where place_type = 'national'"
    )
    figures = [dict(zip((*columns, "denominator"), row, strict=True)) for row in cursor.fetchall()]
    _table(
        connection,
        "dim_figure",
        [
            {
                "figure_id": figure["figure_id"],
                "scheme": figure["scheme"],
                "counts": label(figure),
                "base": base(figure) or None,
                "definition": definition(figure),
            }
            for figure in figures
        ],
    )
    outcomes = seed_rows("outcomes.csv")
    _table(
        connection,
        "dim_outcome",
        [
            {
                "outcome_code": row["code"],
                "meaning": row["meaning"],
                "outcome_group": row["outcome_group"],
            }
            for row in outcomes
        ],
    )
    slugs = {row["prc_name"]: row["force"] for row in seed_rows("forces.csv")}
    _table(
        connection,
        "dim_known_break",
        [
            {
                "starts_on": row["start"],
                "ends_on": row["end"] or None,
                "force": slugs.get(row["scope"]),
                "what": row["what"],
                "kind": row["kind"],
            }
            for row in seed_rows("known_breaks.csv")
        ],
    )


def add_views(connection: Connection, release: dict) -> None:
    """Every view in `target`; `release` has the row of `release_status`.

    Their SQL names tables without a database, so that they work under whatever name marts.duckdb is attached.
    """
    row = ", ".join(
        f"{_literal(release.get(name))} as {name}" for name in words()["views"]["release_status"]["columns"]
    )
    connection.execute("use target")
    connection.execute("begin")
    for name in views_described():
        sql = f"select {row}" if name == "release_status" else _sql(name)
        connection.execute(f'create view "{name}" as {sql}')
    connection.execute("commit")
    connection.execute("use memory")


def _sql(view: str) -> str:
    file = FOLDER / f"{view}.sql"
    if file.exists():
        return _template(file.name).render(interval_policy())
    if view.startswith("by_"):
        split = view.removeprefix("by_")
        return _template("wide_figures.sql").render(breakdown=split, categories=splits()[split])
    return _template("wide.sql").render(
        question=view, categories=[row["category"] for row in _categories(view)]
    )


@cache
def _template(name: str) -> Template:
    # SQL, from rows of seeds
    return Environment(autoescape=False).from_string((FOLDER / name).read_text(encoding="utf-8"))  # noqa: S701


def _categories(question: str) -> list[dict[str, str]]:
    return [row for row in seed_rows("publication/question_categories.csv") if row["question"] == question]


def _complete(described: dict) -> dict:
    """The words of its own columns before those that every table shares."""
    return {
        "description": described["description"],
        "columns": words()["shared"] | described["columns"],
        "keys": described.get("key", []),
        "counts": [],
    }


def _wide_described(question: dict[str, str]) -> dict:
    units = " or ".join(question["unit"].split(" and "))
    columns = words()["shared"] | {
        "known": f"{question['of_whom'][0].upper()}{question['of_whom'][1:]}.",
        "not_recorded": "Those of whom it is not known, where the force's layout has the field.",
        "not_collected": "Those of whom it is not known as the force's layout has no such field.",
    }
    counts = [row["category"] for row in _categories(question["question"])]
    for row in _categories(question["question"]):
        name = row["category"]
        columns[name] = (
            f"How many are {row['meaning']}; `percent_{name}`: of those known; `percent_{name}_low` and "
            f"`percent_{name}_high`: of all, were none and were all of those not known so."
        )
        columns |= {f"percent_{name}{end}": columns[name] for end in ("", "_low", "_high")}
    return {
        "description": f"One row per {units}, population, place and period. {question['asks']} "
        f"Percentages are of {question['of_whom']}. Not collected: {question['not_collected']}.",
        "columns": columns,
        "keys": ["unit", "population", "place_type", "place", "period_type", "period"],
        "counts": counts,
    }


def _split_described(split: str, categories: dict[str, str]) -> dict:
    columns = words()["shared"] | {
        "criterion": "`all`, or the criterion that the figures are about.",
        "base": "The named population of the percentages.",
        "known": "The base: those for whom the thing is recorded.",
        "is_comparable": "Whether every force of the place is in the matched-force series.",
        "status": "`published`, `caveat` or `withheld`, by the agreement of readers.",
    }
    for category, column in categories.items():
        name = category.replace("_", " ")
        columns[column] = (
            f"Count of the category {name}, and `percent_{column}` as printed; null where withheld, or not a category "
            "of the unit."
        )
        columns[f"percent_{column}"] = columns[column]
    return {
        "description": "One row per unit, population, criterion, scheme, place and period. The figures split by "
        f"{split.replace('_', ' ')}, side by side.",
        "columns": columns,
        "keys": ["unit", "population", "criterion", "scheme", "place_type", "place", "period_type", "period"],
        "counts": list(categories.values()),
    }


def _table(connection: Connection, name: str, rows: list[dict]) -> None:
    import pyarrow as pa

    connection.register("rows_of_a_dimension", pa.Table.from_pylist(rows))
    dates = ", ".join(f"{column}::date as {column}" for column in rows[0] if column.endswith("_on"))
    columns = f"* replace ({dates})" if dates else "*"
    connection.execute(
        f"create table target.main.{name} as select {columns} from rows_of_a_dimension order by all"
    )
    connection.unregister("rows_of_a_dimension")


def _literal(value: str | None) -> str:
    return "null::varchar" if value is None else quoted(value)
