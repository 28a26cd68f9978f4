"""One synthetic home with every exemplar in it, built once by dbt; tests change copies of its warehouse."""

import shutil
from collections.abc import Callable

import duckdb
import pytest
from exemplar_home import build, query
from rule_checks import COUNT_PERSONS_ANEW, changes_persons, persons_counted

from orchestration.home import Home, seed_rows

RULE_CHECKS = ("rule_checks_in_a_return", "rule_checks_across_returns", "rule_checks_after_reading")


@pytest.fixture(scope="session")
def built(tmp_path_factory, parsed) -> Home:
    """The home after dbt: seeds and models, no tests; every candidate read once."""
    home = Home(tmp_path_factory.mktemp("exemplars"))
    build(home, parsed)
    return home


@pytest.fixture
def copy(built, tmp_path) -> Callable[..., Home]:
    """`copy("update …")` gives a home whose warehouse is a copy, changed by these statements."""

    def changed(*statements: str) -> Home:
        # the same file name: compiled models name the database after it
        shutil.copy(built.warehouse, tmp_path / "warehouse.duckdb")
        home = Home(tmp_path)
        with duckdb.connect(str(home.warehouse)) as connection:
            for statement in statements:
                connection.execute(statement)
        return home

    return changed


@pytest.fixture
def judged(built, copy) -> Callable[..., Home]:
    """`judged("update …")` gives a changed copy whose findings and rule results were made anew from it."""
    compiled = built.dbt / "target" / "compiled" / "cpai" / "models" / "quality"
    remade = [
        f"create or replace table {schema}.{model} as {(compiled / f'{model}.sql').read_text()}"
        for schema, model in (
            ("quality", "waiver_verdicts"),
            *(("rule_checks", name) for name in RULE_CHECKS),
            ("quality", "rule_results"),
        )
    ]
    counted_anew = [*persons_counted(built), COUNT_PERSONS_ANEW]
    return lambda *statements: copy(
        *statements, *(counted_anew if changes_persons(statements) else ()), *remade
    )


WAIVERS = [
    {"rule": rule, "force": force, "quarter": "2023-Q2", "reason": "agreed"}
    | {"signed_by": "A Person", "signed_on": "2023-08-01", "expires": "2099-12-31"}
    for rule, force in (
        ("CR15", "devon-and-cornwall"),
        ("CR55", "cleveland"),
        ("CR55", "dorset"),
        ("CR55", "gwent"),
    )
]


@pytest.fixture
def accepted(judged, monkeypatch) -> Callable[..., Home]:
    """`accepted("update …")` is `judged` with signed waivers, in the seed too, for all that fails as built."""

    def seed(name: str) -> list[dict]:
        return WAIVERS if name == "waivers.csv" else seed_rows(name)

    monkeypatch.setattr("expectations.release.seed_rows", seed)
    written = ", ".join(f"({', '.join(map(repr, row.values()))})" for row in WAIVERS)
    return lambda *statements: judged(f"insert into reference.waivers values {written}", *statements)


@pytest.fixture
def rows() -> Callable[[Home, str], list[tuple]]:
    """`rows(home, "select …")` gives tuples, through a connection that is closed again."""
    return query
