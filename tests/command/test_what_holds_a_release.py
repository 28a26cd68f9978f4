"""`cpai run` and `cpai status` name every force whose records are beyond the tolerance of a rule that blocks."""

import json

import duckdb
import pytest
from by_command import said

from expectations import Result
from orchestration import gate, holding
from orchestration.command import summary
from orchestration.home import Home

RESULTS = """
create schema quality; create schema reference;
create table reference.rules as select * from (values
    ('HO01', 'crime', 'blocks', 'N'), ('HO03', 'suspect', 'blocks', 'N'), ('CR15', 'victim', 'blocks', 'N'),
    ('CR36', 'crime', 'blocks', 'Y'), ('CR55', 'return', 'blocks', 'N'), ('CR56', 'return', 'reported', 'N')
) as v(rule, scope, severity, our_own);
create table quality.rule_results as select * from (values
    ('HO01', 'kent', '2024-Q2', 17, 35, 'fails'), ('HO03', 'kent', '2024-Q2', 2, 56, 'within_tolerance'),
    ('HO01', 'surrey', '2024-Q2', 17, 35, 'waived'), ('CR15', 'essex', '2024-Q2', 12, 1100, 'fails'),
    ('CR36', 'essex', '2024-Q2', 1, 1, 'fails'), ('CR56', 'essex', '2024-Q2', 1, 1, 'fails'),
    ('CR55', 'durham', '2024-Q2', 1, 1, 'fails'), ('CR55', 'cumbria', '2024-Q2', 1, 1, 'fails'),
    ('HO01', 'kent', '2024-Q1', 4, 5, 'fails')
) as v(rule, force, quarter, failed, tested, verdict);
"""
SAID = [
    "essex 2024-Q2: 12 of 1,100 victims fail CR15 (1.1%), beyond tolerance: blocks the release",
    "essex 2024-Q2: 1 of 1 crime fails CR36 (100.0%), ours to correct: blocks the release",
    "kent 2024-Q2: 17 of 35 crimes held out (48.6%), beyond tolerance: blocks the release",
    "2024-Q2: 2 returns fail CR55 (cumbria, durham): blocks the release",
]


@pytest.fixture
def home(tmp_path) -> Home:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as warehouse:
        warehouse.execute(RESULTS)
    return Home(tmp_path)


def status(home: Home, *words: str):
    return said(home, "status", "2024-Q2", *words)


def test_status_has_a_line_for_each_force_and_rule(home):
    answer = status(home)
    assert answer.exit_code == 0
    assert [line.strip() for line in answer.output.splitlines() if "blocks the release" in line] == SAID
    (told,) = json.loads(status(home, "--json").output)
    assert [row["sentence"] for row in told["holds_the_release"]][:3] == SAID[:3]
    assert [row["force"] for row in told["holds_the_release"]] == [
        "essex",
        "essex",
        "kent",
        "cumbria",
        "durham",
    ]


def test_run_says_the_same(home, capsys):
    row = {"quarter": "2024-Q2", "received": 2, "refused": 0, "missing": 0, "deliveries": 2}
    row |= {"refused_because": []}
    row |= {"refused_deliveries": 0, "holds_the_release": holding.holding(home, ["2024-Q2"])}
    summary.show_quarters([row])
    assert [line.strip() for line in capsys.readouterr().out.splitlines()[1:]] == SAID


def test_a_screen_is_not_filled_by_one_rule(home):
    with duckdb.connect(str(home.warehouse)) as warehouse:
        warehouse.execute(
            "insert into quality.rule_results select 'CR36', 'force' || n, '2024-Q2', 1, 2, 'fails' from range(40) as v(n)"
        )
    lines = [line for line in status(home).output.splitlines() if "blocks the release" in line]
    assert len(lines) == summary.HELD_SHOWN
    assert "and 24 more like these" in status(home).output


def test_status_needs_no_warehouse(home):
    home.warehouse.write_bytes(b"half a warehouse" * 1000)
    answer = status(home)
    assert answer.exit_code == 0 and "what holds a release is not known" in answer.output
    home.warehouse.unlink()
    answer = status(home)
    assert answer.exit_code == 0 and "blocks the release" not in answer.output


def test_a_gate_tells_causes_first_and_a_refused_return_neither_as_missing_nor_twice():
    def found(suite: str, rule: str, *places: tuple[str, str]) -> Result:
        keys = [{"force": force, "quarter": quarter} for force, quarter in places]
        return Result(
            suite, rule, "a.table", "rows", "blocks", "completeness", False, 44, len(keys), None, f"{rule} asks",
            f"Correct {rule}.", keys,
        )  # fmt: skip

    lost, sent = ("essex", "2023-Q1"), ("kent", "2023-Q1")
    results = [
        found("marts", "MT10", ("all", "2023-Q1")),
        found("returns", "CR55", lost, sent),
        found("returns", "RT01", lost, sent),
    ]
    said = gate.in_sentences(results, {sent: "FL10 a.xlsx: is another kind of file."})
    assert said == [
        "RT01: kent 2023-Q1 is refused, and nothing of it stands. FL10 a.xlsx: is another kind of file.",
        "RT01 in a.table: 1 of 44 returns are missing (essex 2023-Q1). RT01 asks. Correct RT01.",
        "MT10 in a.table: 1 of 44 rows fail (all 2023-Q1). MT10 asks. Correct MT10.",
    ]
    # an empty return is late, missing or empty, and not missing: only its own rule names it
    both = [found("returns", "RT01", lost), found("returns", "CR55", lost, ("surrey", "2023-Q1"))]
    assert [sentence[:4] for sentence in gate.in_sentences(both)] == ["RT01", "CR55"]
    assert "1 of 44" in gate.in_sentences(both)[1] and "essex" not in gate.in_sentences(both)[1]
