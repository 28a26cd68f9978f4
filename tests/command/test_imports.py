"""Imports follow the story: a module imports what stands in its own row of LAYERS or in one above, and none in a circle.

All imports count, those inside functions and those for a type checker too.
"""

import ast
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("orchestration", "expectations")
LONGEST = 60  # lines of a function
# The order, from what all share to what nobody imports. A module is of the row that has the longest beginning of its name.
LAYERS = (
    (
        "clock",
        "quarters",
        "schemes",
        "printing",
        "stopping",
        "progress",
        "strict_csv",
        "statements",
        "spreadsheets",
        "parquet",
        "turns",
        "home",
        "keys",
        "signing",
        "ssh_agent",
        "at_rest",
        "doors",
    ),
    # what pages, packs, the gate, Dagster and the terminal share
    ("outbox", "in_print", "verdicts", "showing", "runs", "pages"),
    ("ledger",),
    ("expectations",),
    ("returns",),
    ("warehouse", "warehouse_plugin"),
    # what a force is answered asks the models of the warehouse: its pack, the check before it sends, a draft layout tried
    ("returns.pack", "returns.check", "returns.layouts.trial"),
    ("readings",),
    ("holding", "gate", "releases"),
    ("erasure",),
    ("storage",),
    ("synthetic",),
    ("event_log", "jobs"),
    ("schedules_and_sensors", "asset_groups"),
    ("definitions",),
    ("in_process",),
    ("command", "__main__"),
)


def modules(root: Path) -> dict[str, Path]:
    """Every module by its dotted name."""
    found = {}
    for package in PACKAGES:
        for file in sorted((root / package).rglob("*.py")):
            name = ".".join(file.relative_to(root).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = file
    return found


def imports(root: Path) -> dict[str, set[str]]:
    """The modules that each module imports, anywhere in it."""
    files = modules(root)
    return {
        name: {found for found in _named(ast.parse(file.read_text(encoding="utf-8")), files) if found != name}
        for name, file in files.items()
    }


def _named(tree: ast.Module, files: dict[str, Path]) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are written out from the package on"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [name if name in files else node.module for name in names]
    return [name for name in found if name in files]


def row_of(module: str) -> int:
    """Where a module stands in LAYERS; of the packages themselves, which hold nothing, at the top."""
    name = module.removeprefix("orchestration").removeprefix(".")
    rows = {one: number for number, layer in enumerate(LAYERS) for one in layer}
    beginnings = [one for one in rows if name == one or name.startswith(f"{one}.")]
    return rows[max(beginnings, key=len)] if beginnings else (0 if not name else -1)


def against_the_order(root: Path) -> list[str]:
    return sorted(
        f"{module} imports {imported}"
        for module, those in imports(root).items()
        for imported in those
        if row_of(imported) > row_of(module)
    )


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """The sets of modules that reach one another."""
    reached = {}
    for module in graph:
        seen, left = set(), list(graph[module])
        while left:
            if (one := left.pop()) not in seen:
                seen.add(one)
                left += graph[one]
        reached[module] = seen
    return [
        {module, *(one for one in seen if module in reached[one])}
        for module, seen in reached.items()
        if module in seen
    ]


def test_every_module_stands_in_the_order():
    found = modules(ROOT)
    assert len(found) > 200
    assert [module for module in found if row_of(module) < 0] == []


def test_every_row_of_the_order_is_there():
    names = {name.removeprefix("orchestration.") for name in modules(ROOT)}
    assert [one for layer in LAYERS for one in layer if one not in names] == []


def test_imports_follow_the_story():
    assert against_the_order(ROOT) == []


def test_no_import_goes_round_in_a_circle():
    assert circles(imports(ROOT)) == []


def test_a_migration_of_the_ledger_imports_no_live_code():
    """What it makes of an old ledger is the same for ever, whatever the code becomes."""
    migrations = {name: those for name, those in imports(ROOT).items() if ".migrations." in name}
    assert len(migrations) > 7
    assert {name: those for name, those in migrations.items() if those} == {}


@pytest.mark.parametrize(
    ("module", "line", "is_found"),
    [
        ("returns/archive.py", "from orchestration.releases import figures", against_the_order),
        (
            "printing.py",
            "def _later():\n    from orchestration import home",
            lambda root: circles(imports(root)),
        ),
    ],
)
def test_a_planted_import_is_found(tmp_path, module, line, is_found):
    for package in PACKAGES:
        for name, file in modules(ROOT).items():
            if name.startswith(package):
                copy = tmp_path / file.relative_to(ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    planted = tmp_path / "orchestration" / module
    planted.write_text(f"{planted.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    assert is_found(tmp_path)


def test_no_function_is_longer_than_a_screen():
    functions = [
        (f"{module}.{node.name}", node.end_lineno - node.lineno + 1)
        for module, file in modules(ROOT).items()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert len(functions) > 1000
    assert [one for one in functions if one[1] > LONGEST] == []


def twice(files: list[Path]) -> list[str]:
    """Names that two modules of the tests have. Each folder of tests is on the path, so that the one is imported for the
    other: by whichever of two processes has the folders in another order."""
    names = Counter(file.name for file in files if file.name != "conftest.py")
    return sorted(name for name, many in names.items() if many > 1)


def test_no_two_modules_of_the_tests_have_one_name():
    files = sorted((ROOT / "tests").rglob("*.py"))
    assert len(files) > 100 and twice(files) == []
    assert twice([*files, Path("tests/storage/killed.py")]) == ["killed.py"]
