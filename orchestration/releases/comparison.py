"""What a release would hold that an earlier one does not: found from its tables, beside what they are made from.

Inputs alone do not show it. A table of a period is made from more than the period's own returns: a return of a later
quarter cancels crimes of this one, and an earlier one is what this one is compared with. So the rows themselves decide,
and the inputs show why they differ.
"""

# ruff: noqa: S608 - table names come from dbt's manifest, never from a user

from dataclasses import dataclass
from pathlib import Path

from orchestration.releases import inputs as release_inputs
from orchestration.releases import package
from orchestration.statements import Connection, quoted

# the gate's results are of their day (waivers expire), history grows, revisions are of the releases then there, and who
# can be singled out is measured on what a release has
NOT_FROM_THE_WAREHOUSE = (
    "quality/expectation_results",
    "quality/rule_result_history",
    "quality/release_history",
    "quality/figure_revisions",
    "quality/singling_out",
)
NAMED = 5  # of the tables, and of what else differs, named in a sentence


@dataclass(frozen=True)
class Comparison:
    """How the release that would be made differs from `release`: in which inputs of its period, in what else the
    warehouse was built from, and in which tables."""

    release: str
    inputs: list[str]
    beside: list[str]
    tables: list[str]

    @property
    def differs(self) -> bool:
        return bool(self.inputs or self.tables)

    @property
    def alarm(self) -> str | None:
        """What is wrong where tables differ and their inputs do not."""
        if self.inputs or self.beside or not self.tables:
            return None
        return (
            f"ALARM: {listed(self.tables)} would not be as in {self.release}, though no return, reading, waiver, seed "
            "or code has changed since. Somebody may have edited the warehouse, raw/ or a release: build the warehouse "
            f"again (cpai run) and ask cpai verify; cpai diff {self.release} and the new release shows the figures"
        )

    @property
    def sentences(self) -> list[str]:
        """Why a release was made beside the live one."""
        sentences = [f"it differs from {self.release} in what it is made from: {', '.join(self.inputs)}"]
        if not self.inputs:
            sentences = [f"{listed(self.tables)} differ from those of {self.release}"]
            if self.beside:
                sentences.append(f"since then: {listed(self.beside)}")
        return [*sentences, *([self.alarm] if self.alarm else [])]

    def as_rows(self) -> dict:
        """For the manifest."""
        return {
            "release": self.release,
            "inputs": self.inputs,
            "beside": self.beside,
            "tables": self.tables,
            "alarm": self.alarm,
        }


def compare(
    connection: Connection,
    dbt: dict,
    folder: Path,
    head: dict,
    inputs: release_inputs.Inputs,
    quarters: list[str],
) -> Comparison:
    """The release that `inputs` and the attached `warehouse` would make, beside that of `folder`, whose manifest is
    `head`."""
    return Comparison(
        release=head["release"],
        inputs=_inputs_that_differ(head, inputs),
        beside=came_since(connection, head, inputs, quarters),
        tables=tables_that_differ(connection, dbt, folder, inputs.period, quarters),
    )


def _inputs_that_differ(head: dict, inputs: release_inputs.Inputs) -> list[str]:
    if head["fingerprint"] == inputs.fingerprint:
        return []
    names = [
        name.replace("_", " ")
        for name in release_inputs.COMPARED
        # a release of an older version of this project has no such name in its manifest
        if name in head and head[name] != getattr(inputs, name)
    ]
    return [*names, *(["code"] if head["code_sha256"] != inputs.code else [])] or ["inputs"]


def came_since(
    connection: Connection, head: dict, inputs: release_inputs.Inputs, quarters: list[str]
) -> list[str]:
    """What else the warehouse was built from that has come, gone or changed since, a few words each."""
    then = head.get("beside", {})
    found = []
    for name, now in inputs.beside.items():
        before = then.get(name, [])
        found += [one for one in now if one not in before]
        found += [f"{one}, is no more" for one in before if one not in now]
    if head.get("last_of_reading_chain") != inputs.last_of_chain:
        found.append(f"readings up to {inputs.last_of_chain['reading_id']}")
    if head.get("key") not in (None, inputs.key):
        found.append("another key, by which readers have other tokens")
    now = package.waivers(connection, "warehouse", quarters)
    if _text(head.get("waivers", [])) != _text(now):
        found.append("waivers, or the day that they run out")
    return found


def _text(rows: list[dict]) -> list[str]:
    """Rows as the manifest has them: dates as text."""
    return sorted(str({name: str(value) for name, value in row.items()}) for row in rows)


def tables_that_differ(
    connection: Connection, dbt: dict, folder: Path, period: str, quarters: list[str]
) -> list[str]:
    """Tables with other rows than the release in `folder` has, in whatever order, or with other columns; its file
    where it cannot be read."""
    import duckdb

    try:
        connection.execute(f"attach {quoted(folder / 'marts.duckdb')} as released (read_only)")
    except duckdb.Error:
        return ["marts.duckdb"]
    try:
        return _tables_that_differ(connection, dbt, period, package.within(period, quarters))
    finally:
        connection.execute("detach released")


def _tables_that_differ(connection: Connection, dbt: dict, period: str, periods: list[str]) -> list[str]:
    now = package.columns_of(connection, "warehouse")
    then = package.columns_of(connection, "released")
    differ = []
    for (schema, table), node in package.published_models(dbt, period).items():
        if f"{schema}/{table}" in NOT_FROM_THE_WAREHOUSE:
            continue
        key = package.SCHEMA_OF_FILE[schema], table
        columns = [column for column in then.get(key, []) if column != ("release", "VARCHAR")]
        kept = package.stays_in_home(node)
        if not columns or columns != [one for one in now.get((schema, table), []) if one[0] not in kept]:
            differ.append(f"{schema}.{table}")
            continue
        of_period = package.of_period(dict(columns))
        contents = [
            _content(
                connection,
                f'{database}."{table}" where {of_period}',
                columns,
                {"periods": periods} if "$periods" in of_period else {},
            )
            for database in (f"warehouse.{schema}", f"released.{key[0]}")
        ]
        if contents[0] != contents[1]:
            differ.append(f"{schema}.{table}")
    return differ


def _content(connection: Connection, rows: str, columns: list[tuple[str, str]], parameters: dict) -> tuple:
    """What differs between other rows, in whatever order they stand: how many, and the sum of their hashes."""
    names = ", ".join(f'"{name}"' for name, _ in columns)
    return connection.execute(f"select count(*), sum(hash({names})) from {rows}", parameters).fetchone()


def listed(names: list[str]) -> str:
    shown = "; ".join(names[:NAMED])
    return f"{shown} and {len(names) - NAMED:,} more" if len(names) > NAMED else shown
