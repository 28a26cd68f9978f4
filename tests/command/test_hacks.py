"""What is private to a library is used only where CONTRIBUTING.md lists it: with its gain, what notices, when it goes."""

import ast
import re
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("orchestration", "expectations", "tests", "benchmarks")
# dbt publishes no list of what is public: its documentation has the runner, dbt-duckdb's the plugins
OF_DBT = ("dbt.cli.main", "dbt.adapters.duckdb.plugins")
# an underscore keeps them apart from columns of a row; they are documented
DOCUMENTED = {"_mapping", "_replace", "_asdict", "_fields", "_make", "_exit"}
# a test may compare with what a listed hack replaces
AS_LISTED = ("dagster._core.storage.event_log.schema",)


def is_private(module: str) -> bool:
    package, *within = module.split(".")
    if package == "dbt":
        return not module.startswith(OF_DBT)
    return any(re.match("_[a-z]", part) for part in within)


def is_of_a_library(module: str) -> bool:
    return not (ROOT / module.split(".")[0]).exists() and find_spec(module.split(".")[0]) is not None


def private_imports(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if is_private(alias.name)}
        elif isinstance(node, ast.ImportFrom) and node.module:
            named = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            found |= (
                {node.module} if is_private(node.module) else {name for name in named if is_private(name)}
            )
    return {name for name in found if is_of_a_library(name)}


def private_attributes(tree: ast.Module) -> set[str]:
    """Attributes with an underscore that nothing in the module is named by."""
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    own |= {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in {"self", "cls"}
    }
    of_super = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "super()"
    }
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return {name for name in (used - own) | of_super if re.match("_[a-z]", name) and name not in DOCUMENTED}


def found_in(folders: tuple[str, ...]) -> set[tuple[str, str]]:
    """File and private name. Of the project's own private names tests may use any: those are not of a library."""
    found = set()
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            names = private_imports(tree)
            if folder in {"orchestration", "expectations"}:
                names |= private_attributes(tree)
            found |= {(file.relative_to(ROOT).as_posix(), name) for name in names}
    return found


def listed() -> list[list[str]]:
    (table,) = re.findall(r"## Hacks\n.*?\n\|---[|-]*\n(.*?)(?:\n\n|\Z)", CONTRIBUTING, flags=re.DOTALL)
    return [[cell.strip() for cell in line.strip("| ").split("|")] for line in table.strip().splitlines()]


CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def in_code(cell: str) -> list[str]:
    return re.findall("`([^`]+)`", cell)


def test_what_the_project_uses_is_what_the_table_lists():
    rows = {(file, name) for row in listed() for file in in_code(row[1]) for name in in_code(row[2])}
    assert len(rows) > 5
    assert found_in(("orchestration", "expectations")) == rows


def test_tests_reach_for_nothing_more():
    names = {name for row in listed() for name in in_code(row[2])}
    found = found_in(("tests", "benchmarks"))
    assert found
    assert [(file, name) for file, name in sorted(found) if not name.startswith((*names, *AS_LISTED))] == []


def test_each_hack_names_a_file_its_gain_and_a_test_that_is_there():
    rows = listed()
    assert rows
    for hack, files, _names, gain, noticed, *_remove in rows:
        assert hack and gain
        named = in_code(files) + in_code(noticed)
        assert len(named) >= 2 and [name for name in named if not (ROOT / name).exists()] == []


def test_a_private_name_is_found_however_it_is_imported():
    code = """
import dagster._core.errors
from dagster import _check
from dbt.task import run
from dbt.cli.main import dbtRunner
def f(source):
    source._assets = []
"""
    tree = ast.parse(code)
    assert private_imports(tree) == {"dagster._core.errors", "dagster._check", "dbt.task"}
    assert private_attributes(tree) == {"_core", "_assets"} - {"_core"}
