"""No test passes because what it goes through is empty."""

import ast
from pathlib import Path

TESTS = Path(__file__).parents[1]


def is_known(things: ast.expr) -> bool:
    """Written out in the test, a constant of the module, or `some(...)`, which fails where there are none."""
    if isinstance(things, ast.Call):
        name = ast.unparse(things.func)
        return name in {"some", "range"} or (
            name in {"enumerate", "pairwise", "zip", "sorted", "reversed"}
            and all(map(is_known, things.args[:1]))
        )
    if isinstance(things, ast.Name):
        return things.id.isupper()
    return isinstance(things, ast.Tuple | ast.List | ast.Dict | ast.Set)


def asserts(node: ast.AST) -> bool:
    return any(
        isinstance(each, ast.Assert)
        or (isinstance(each, ast.With) and "raises" in ast.unparse(each.items[0]))
        for each in ast.walk(node)
    )


def may_be_empty(test: ast.FunctionDef) -> list[ast.For]:
    """The loops of a test that asserts nothing outside of loops, of what may be nothing."""
    loops = [step for step in _outermost(test) if asserts(step)]
    outside = [step for step in test.body if not any(loop in ast.walk(step) for loop in loops)]
    if any(map(asserts, outside)) or any(is_known(loop.iter) for loop in loops):
        return []
    return loops


def _outermost(node: ast.AST) -> list[ast.For]:
    found = []
    for child in ast.iter_child_nodes(node):
        found += [child] if isinstance(child, ast.For) else _outermost(child)
    return found


def test_no_test_passes_for_want_of_things():
    found, seen = [], 0
    for file in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                seen += 1
                found += [f"{file.relative_to(TESTS)} {node.name}" for _ in may_be_empty(node)]
    assert seen > 1000
    assert found == []
