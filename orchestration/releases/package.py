"""The data of a release: `marts.duckdb`, Parquet, CSV, the data package on them, the manifest.

The dbt manifest has the tables and the meaning of each column; the warehouse is only read.
"""

# ruff: noqa: S608 - table names come from dbt's manifest, never from a user

import json
import platform
import re
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from expectations import Result
from orchestration.home import file_hash
from orchestration.ledger.evidence import ADDED
from orchestration.releases import singling_out, views
from orchestration.returns.layouts import personal_columns
from orchestration.spreadsheets import copy_csv
from orchestration.statements import Connection, quoted, rows_of
from orchestration.turns import to_the_disk
from orchestration.warehouse.tested import checks_of

PUBLISHED = ("marts", "quality")
# DuckDB refuses `marts.figures` in a file marts.duckdb that has a schema marts (catalog and schema of one
# name). In the file's main schema, `marts.figures` and plain `figures` both work.
SCHEMA_OF_FILE = {"marts": "main", "quality": "quality"}
# evidence that people open in a spreadsheet
AS_CSV = (
    "expectation_results",
    "rule_results",
    "rule_changes",
    "restatements",
    "figure_revisions",
    "field_completeness",
    "force_profile",
)
# design: personal data stops before the CPAI; a release with one of these columns must not come to be
FORBIDDEN = personal_columns() | {"person_token"}
TOOLS = (
    "duckdb",
    "dbt-core",
    "dbt-duckdb",
    "dagster",
    "great-expectations",
    "sqlalchemy",
    "pyarrow",
    "jinja2",
)
LICENCE = {
    "name": "OGL-UK-3.0",
    "title": "Open Government Licence v3.0",
    "path": "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
}
RELEASE_COLUMN = "Name of the release that the figure belongs to."
TYPES = {
    "VARCHAR": "string",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "datetime",
    "TIMESTAMP WITH TIME ZONE": "datetime",
    "FLOAT": "number",
    "DOUBLE": "number",
}


class NotPublishable(RuntimeError):
    """The tables are not fit to be a release; the message names the table, the column and what to do."""


def _at(schema: str, table: str) -> str:
    return f'target.{SCHEMA_OF_FILE[schema]}."{table}"'


def published_models(dbt: dict, period: str) -> dict[tuple[str, str], dict]:
    """dbt model by (schema, table) of every mart and evidence table that belongs in a release of `period`."""
    models = {
        (node["schema"], node.get("alias") or node["name"]): node
        for node in dbt["nodes"].values()
        if node["resource_type"] == "model"
        and node["schema"] in PUBLISHED
        and node["config"]["materialized"] != "ephemeral"
    }
    # the replication of one year's publication is not about another period
    return {
        (schema, table): node
        for (schema, table), node in sorted(models.items())
        if not table.startswith("replication_") or table == f"replication_{period}"
    }


def stays_in_home(node: dict) -> set[str]:
    """The columns of a model that no release has: what a force wrote, and a person's number."""
    return {
        name
        for name, column in node.get("columns", {}).items()
        if column.get("meta", {}).get("stays_in_home")
    }


def key_of(dbt: dict, node: dict) -> list[str]:
    """The columns that identify a row: the model's primary key, else the `unique_key` of its tests, else those that its YAML
    names (`key`) where a test of what it is made from holds them."""
    for constraint in node.get("constraints", []):
        if constraint["type"] == "primary_key" and constraint["columns"]:
            return constraint["columns"]
    for check in checks_of(dbt, node["unique_id"]):
        if check.name == "unique_key":
            return [*check.columns]
    return node["config"].get("meta", {}).get("key", [])


def primary_key(dbt: dict, node: dict) -> list[str]:
    """The same as others know it: none where a column of it may be null (`may_be_null` in its YAML)."""
    columns = node.get("columns", {})
    key = key_of(dbt, node)
    return [] if any(columns.get(name, {}).get("meta", {}).get("may_be_null") for name in key) else key


# which table a column of this name refers to, where that table has such a row for each: `refers_to`
DIMENSIONS = {
    ("force",): "dim_force",
    ("quarter",): "dim_quarter",
    ("offence_code",): "dim_offence",
    ("inclusion_rule",): "dim_cpai_reason",
    ("figure_id", "scheme"): "dim_figure",
    ("population", "unit", "breakdown"): "dim_breakdown",
    ("force", "quarter", "crime_reference"): "fct_crimes",
}
NAMED_OTHERWISE = {"inclusion_rule": "reason"}
# a finding may be of a crime that was left out, a revision of a figure that is not given any more, a waiver of anything
NO_ROW_FOR_EACH = {
    ("findings", "fct_crimes"),
    ("figure_revisions", "dim_figure"),
    ("waiver_verdicts", "dim_force"),
    ("waiver_verdicts", "dim_quarter"),
}
# DuckDB keeps an index for a key: it adds 40 MB to 3 MB of figures of a national year
KEYS_UP_TO = 10_000


def refers_to(key: tuple[str, str], columns: Iterable[str]) -> list[dict]:
    """Foreign keys of a table in the form of a data package: the columns, the table and its columns."""
    (schema, table), there = key, set(columns)
    return [
        {
            "fields": list(fields),
            "reference": {
                "resource": f"marts.{to}",
                "fields": [NAMED_OTHERWISE.get(field, field) for field in fields],
            },
        }
        for fields, to in DIMENSIONS.items()
        if set(fields) <= there and (schema, table) != ("marts", to) and (table, to) not in NO_ROW_FOR_EACH
    ]


def constraints_of(dbt: dict, node: dict) -> dict[str, dict]:
    """By column what dbt's tests hold: `required` and `enum`; a column of the key is required."""
    found: dict[str, dict] = {name: {"required": True} for name in primary_key(dbt, node)}
    for check in checks_of(dbt, node["unique_id"]):
        if check.name == "not_null":
            found.setdefault(check.columns[0], {})["required"] = True
        elif check.name == "accepted_values":
            found.setdefault(check.columns[0], {})["enum"] = check.of
    return found


def declare_keys(connection: Connection, dbt: dict, period: str) -> None:
    """Put what `constraints_of` and `key_of` say into the tables of `target`; a key only up to KEYS_UP_TO rows.

    Raises NotPublishable where the rows are otherwise.
    """
    import duckdb

    built = columns_of(connection, "target")
    for (schema, table), node in published_models(dbt, period).items():
        there = [name for name, _ in built[SCHEMA_OF_FILE[schema], table]]
        key = primary_key(dbt, node)
        required = [name for name, of in constraints_of(dbt, node).items() if of.get("required")]
        try:
            for name in required:
                if name in there:
                    connection.execute(f'alter table {_at(schema, table)} alter column "{name}" set not null')
            (rows,) = connection.execute(f"select count(*) from {_at(schema, table)}").fetchone()
            if key and rows <= KEYS_UP_TO:
                columns = ", ".join(f'"{name}"' for name in key)
                connection.execute(f"alter table {_at(schema, table)} add primary key ({columns})")
        except duckdb.ConstraintException:
            raise NotPublishable(
                f"{schema}.{table} has a row without a value of {', '.join(required)}, or two of one key: correct the model, "
                "or say in its YAML that the column may be null (may_be_null)"
            ) from None


def copy_tables(connection: Connection, dbt: dict, release: str, period: str, quarters: list[str]) -> None:
    """Copy the period's rows of each mart and evidence table from `warehouse` to `target`, sorted by key.

    `figures` gains the column `release`. Tables with a quarter keep the period's quarters, dimensions all.
    Raises NotPublishable when a table is not built, has a forbidden column or one that is too fine, or there is no figure.
    """
    built = columns_of(connection, "warehouse")
    connection.execute("create schema target.quality")
    for (schema, table), node in published_models(dbt, period).items():
        source = f'warehouse.{schema}."{table}"'
        kept = stays_in_home(node)
        columns = {name: kind for name, kind in built.get((schema, table), []) if name not in kept}
        if not columns:
            raise NotPublishable(
                f"{schema}.{table} is not in the warehouse: build it (cpai run), then publish"
            )
        if personal := sorted(FORBIDDEN & columns.keys()):
            raise NotPublishable(
                f"{schema}.{table} has the personal column {personal[0]}: take it out of the dbt model"
            )
        if fine := singling_out.too_fine(columns.items()):
            raise NotPublishable(
                f"{schema}.{table} has the column {fine[0]} beside crime_reference, and no release has a day or what "
                "seeds/publication/coarsening.csv takes out: take it out of the dbt model"
            )
        added = f", {quoted(release)} as release" if (schema, table) == ("marts", "figures") else ""
        where = "true" if table.startswith("dim_") else of_period(columns)
        periods = {"periods": within(period, quarters)} if where != "true" else {}
        kept &= {name for name, _ in built[schema, table]}
        released = f"* exclude ({', '.join(sorted(kept))})" if kept else "*"
        # rows in one order make the same bytes again
        order = ", ".join(f'"{column}"' for column in key_of(dbt, node)) or "all"
        connection.execute(
            f"create table {_at(schema, table)} as "
            f"select {released}{added} from {source} where {where} order by {order}",
            periods,
        )
    if not connection.execute("select count(*) from target.main.figures").fetchone()[0]:
        raise NotPublishable(
            f"marts.figures has no figure of {period}: run its quarters (cpai run), then publish"
        )


def waivers(connection: Connection, database: str, quarters: list[str]) -> list[dict]:
    """The waivers of these quarters, and those of no single quarter, each with whether it counts."""
    return rows_of(
        connection,
        f"select * from {database}.quality.waiver_verdicts "
        "where quarter is null or quarter in (select unnest(?)) order by all",
        [quarters],
    )


def of_period(columns: Iterable[str]) -> str:
    """Which rows of a table with these columns are of the `$periods` of a release: a condition."""
    if "period" in columns:
        return "period in (select unnest($periods))"
    if "quarter" in columns:
        return "quarter is null or quarter in (select unnest($periods))"
    if "month" in columns:
        return "month in (select unnest($periods))"
    return "true"


def within(period: str, quarters: list[str]) -> list[str]:
    """Every period inside `period`: itself, its quarters (`2023-Q1`) and months (`2023-01`)."""
    months = [
        f"{quarter[:4]}-{3 * int(quarter[-1]) - offset:02d}" for quarter in quarters for offset in (2, 1, 0)
    ]
    return sorted({period, *quarters, *months})


def verdict(result: Result) -> str:
    """`pass`, `failed`, or `error` of an expectation that could not run: never a failure, never a pass."""
    if result.error:
        return "error"
    return "pass" if result.success else "failed"


def write_expectation_results(connection: Connection, results: Iterable) -> None:
    """`target.quality.expectation_results` from the gate's results, in the gate's order by suite and rule."""
    columns = [name for name, _ in columns_of(connection, "target")["quality", "expectation_results"]]
    rows = sorted(
        (
            result.suite,
            result.rule,
            result.table,
            result.expectation,
            result.severity,
            result.dimension,
            verdict(result),
            result.tested,
            result.failed,
            result.error or "",
            result.statement,
            result.what_to_do,
            json.dumps(result.failing_keys, default=str),
        )
        for result in results
    )
    if rows:
        import pyarrow as pa

        # at once: row by row DuckDB took 6 ms for each of some 250
        table = pa.table(dict(zip(columns, zip(*rows, strict=True), strict=True)))
        connection.register("checked", table)
        connection.execute("insert into target.quality.expectation_results by name select * from checked")
        connection.unregister("checked")


def columns_of(connection: Connection, catalog: str) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Name and type of every column of a database, by (schema, table)."""
    rows = connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        "where database_name = ? and not internal order by schema_name, table_name, column_index",
        [catalog],
    ).fetchall()
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for schema, table, *column in rows:
        found.setdefault((schema, table), []).append(tuple(column))
    return found


def _field_type(duckdb_type: str) -> str:
    if duckdb_type.startswith("DECIMAL"):
        return "number"
    return TYPES.get(duckdb_type, "integer" if "INT" in duckdb_type else "any")


def write_files(connection: Connection, folder: Path) -> list[dict]:
    """Every table of `target` as Parquet, and those that people open in a spreadsheet as CSV too.

    Returns the resources of the data package, without descriptions: path, schema, table, rows.
    """
    tables = connection.execute(
        "select if(schema_name = 'main', 'marts', schema_name), table_name "
        "from duckdb_tables() where database_name = 'target' order by all"
    ).fetchall()
    resources = []
    for schema, table in tables:
        source = _at(schema, table)
        rows = connection.execute(f"select count(*) from {source}").fetchone()[0]
        paths = [f"{schema}/{table}.parquet"]
        if (schema, table) == ("marts", "figures"):
            paths.append("figures.csv")
        elif table.startswith("replication_"):
            paths.append(f"report/{table}.csv")
        elif table in AS_CSV:
            paths.append(f"quality/{table}.csv")
        elif table.startswith("dim_"):
            # what the CSV files refer to
            paths.append(f"{schema}/{table}.csv")
        for path in paths:
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if path.endswith(".csv"):
                copy_csv(connection, _for_people(connection, schema, table), file)
            else:
                connection.execute(f"copy {source} to {quoted(file)} (format parquet, compression zstd)")
            resources.append({"path": path, "schema": schema, "table": table, "rows": rows})
    return resources


def _for_people(connection: Connection, schema: str, table: str) -> str:
    """The rows of a table as a spreadsheet shows them: of a share four decimals, and not what a computer holds of it."""
    columns = columns_of(connection, "target")[SCHEMA_OF_FILE[schema], table]
    rounded = ", ".join(f'round("{name}", 4) as "{name}"' for name, kind in columns if kind == "DOUBLE")
    return f"select *{f' replace ({rounded})' if rounded else ''} from {_at(schema, table)}"


def describe(connection: Connection, dbt: dict, period: str, resources: list[dict]) -> list[dict]:
    """Resources with title, description and every column's type and description, from dbt's manifest.

    The same words become comments in `target`, so that they travel with marts.duckdb.
    Raises NotPublishable when a table or a column has no description.
    """
    models = published_models(dbt, period)
    connection.execute("begin")  # one commit for hundreds of comments: each would wait for the disk
    copied = columns_of(connection, "target")
    described: dict[tuple[str, str], dict] = {}
    for resource in resources:
        key = schema, table = resource["schema"], resource["table"]
        if key in described:
            continue
        columns = copied[SCHEMA_OF_FILE[schema], table]
        node = models[key]
        about = node["description"]
        words = {name: column.get("description") for name, column in node["columns"].items()}
        if table == "figures":
            words["release"] = RELEASE_COLUMN
        missing = [name for name, _ in columns if not words.get(name)]
        if not about or missing:
            what = f"column {missing[0]} of {schema}.{table}" if missing else f"table {schema}.{table}"
            raise NotPublishable(
                f"{what} has no description: write it in the model's YAML in dbt_project/models"
            )
        constraints = constraints_of(dbt, node)
        said = {name: " ".join(words[name].split()) for name, _ in columns}
        fields = [
            {"name": name, "type": _field_type(kind), "description": said[name]}
            | ({"constraints": constraints[name]} if name in constraints else {})
            for name, kind in columns
        ]
        described[key] = {
            "description": " ".join(about.split()),
            "fields": fields,
            "keys": key_of(dbt, node),
            "primary_key": primary_key(dbt, node),
            "foreign_keys": refers_to(key, (name for name, _ in columns)),
            "lineage": lineage_of(dbt, node),
        }
        _comment(connection, f"table {_at(schema, table)}", described[key]["description"])
        for name, text in said.items():
            _comment(connection, f'column {_at(schema, table)}."{name}"', text)
    connection.execute("commit")
    return [resource | described[resource["schema"], resource["table"]] for resource in resources]


def lineage_of(dbt: dict, node: dict) -> dict[str, list[str]]:
    """What a model is `made_from`, and all that stands `behind` it, each as `schema.table`, without steps that are no table."""
    known = dbt["nodes"] | dbt["sources"]

    def above(node: dict) -> dict[str, dict]:
        found = {}
        for key in node.get("depends_on", {}).get("nodes", []):
            parent = known.get(key)
            if parent and parent.get("config", {}).get("materialized") == "ephemeral":
                found |= above(parent)
            elif parent:
                found[key] = parent
        return found

    direct = above(node)
    behind, waiting = {}, list(direct.values())
    while waiting:
        for key, parent in above(waiting.pop()).items():
            if key not in behind and key not in direct:
                behind[key] = parent
                waiting.append(parent)

    def names(found: dict[str, dict]) -> list[str]:
        return sorted(f"{one['schema']}.{one.get('alias') or one['name']}" for one in found.values())

    return {"made_from": names(direct), "behind": names(behind)}


def describe_views(connection: Connection, dbt: dict) -> list[dict]:
    """The views of marts.duckdb for the dictionary, as `describe` gives the tables.

    Raises NotPublishable when a column has no description.
    """
    made = columns_of(connection, "target")
    written = connection.execute(
        "select view_name, sql from duckdb_views() where database_name = 'target' and not internal"
    ).fetchall()
    tables = {f"{'marts' if schema == 'main' else schema}.{table}": table for schema, table in made}
    found = []
    connection.execute("begin")
    for name, about in views.described(dbt).items():
        if missing := [column for column, _ in made["main", name] if not about["columns"].get(column)]:
            raise NotPublishable(
                f"column {missing[0]} of the view {name} has no description: write it in _release.yml"
            )
        fields = [
            {
                "name": column,
                "type": _field_type(kind),
                "description": " ".join(about["columns"][column].split()),
            }
            for column, kind in made["main", name]
            # shown with its count: the page is half as long
            if column.removeprefix("percent_").removesuffix("_low").removesuffix("_high")
            not in about["counts"]
            or column in about["counts"]
        ]
        view = {
            "description": " ".join(about["description"].split()),
            "fields": fields,
            "keys": about["keys"],
            "lineage": {"made_from": _named_in(dict(written)[name], name, tables), "behind": []},
        }
        # its columns are in the dictionary: comments on 600 of them took 0.3 s
        _comment(connection, f"view {_at('marts', name)}", view["description"])
        found.append({"schema": "marts", "table": name, **view})
    connection.execute("commit")
    return found


def _named_in(sql: str, view: str, tables: dict[str, str]) -> list[str]:
    """The tables and views, `schema.table`, that the SQL of a view names."""
    words = set(re.findall(r"\w+", sql)) - {view}
    return sorted(name for name, table in tables.items() if table in words)


def _comment(connection: Connection, on: str, text: str) -> None:
    connection.execute(f"comment on {on} is {quoted(text)}")


def write_data_package(folder: Path, release: str, resources: list[dict]) -> None:
    """`datapackage.json` (Data Package 2.0): each file with size, hash and every column described, keys and enumerations."""
    document = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": f"cpai-cocad-{release.lower()}",
        "title": f"Group-based child sexual abuse and exploitation crimes, release {release}",
        "description": "Made-up data: no real person or crime. Marts and evidence of one release.",
        "licenses": [LICENCE],
        "resources": [_resource(folder, resource) for resource in resources],
    }
    write_json(folder / "datapackage.json", document)


def _resource(folder: Path, resource: dict) -> dict:
    path = resource["path"]
    is_csv = path.endswith(".csv")
    schema: dict = {"fields": resource["fields"]}
    if is_csv:
        schema["missingValues"] = [""]
    if resource["primary_key"]:
        schema["primaryKey"] = resource["primary_key"]
    if keys := _as_csv(resource["foreign_keys"]) if is_csv else resource["foreign_keys"]:
        schema["foreignKeys"] = keys
    return {
        "name": f"{resource['schema']}.{resource['table']}{'.csv' if is_csv else ''}",
        "path": path,
        # what reads Parquet by way of pandas takes a whole number beside a blank for a fraction
        "type": "table" if is_csv else "file",
        "description": resource["description"],
        "format": "csv" if is_csv else "parquet",
        "mediatype": "text/csv" if is_csv else "application/vnd.apache.parquet",
        **({"encoding": "utf-8"} if is_csv else {}),
        "rowCount": resource["rows"],
        "bytes": (folder / path).stat().st_size,
        "hash": f"sha256:{file_hash(folder / path)}",
        "schema": schema,
    }


def _as_csv(foreign_keys: list[dict]) -> list[dict]:
    """Foreign keys between CSV files: what is Parquet alone is no table to who reads these."""
    return [
        {**key, "reference": {**key["reference"], "resource": f"{key['reference']['resource']}.csv"}}
        for key in foreign_keys
        if key["reference"]["resource"].startswith("marts.dim_")
    ]


def write_json(path: Path, document: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_json(document), encoding="utf-8")


def as_json(document: dict) -> str:
    """A document as a release has it."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def files_of(folder: Path) -> list[str]:
    """Every file of a release but its manifest, its signatures and its time stamp, by path inside the release, sorted."""
    paths = (
        file.relative_to(folder).as_posix()
        for file in folder.rglob("*")
        if file.is_symlink() or not file.is_dir()
    )
    return sorted(path for path in paths if path not in ("manifest.json", *ADDED))


def tool_versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for tool in TOOLS:
        try:
            found[tool] = version(tool)
        except PackageNotFoundError:
            continue
    return found


def write_manifest(folder: Path, head: dict) -> str:
    """`manifest.json`, last: `head` and every file's size and SHA-256. Returns the manifest's own SHA-256."""
    files = [
        {"path": path, "bytes": (folder / path).stat().st_size, "sha256": file_hash(folder / path)}
        for path in files_of(folder)
    ]
    write_json(folder / "manifest.json", head | {"files": files})
    return file_hash(folder / "manifest.json")


def settle(folder: Path) -> None:
    """Everything below `folder` read-only and on disk, so that the rename never shows a hollow release."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_file():
            path.chmod(0o400)
        to_the_disk(path)
    to_the_disk(folder)
