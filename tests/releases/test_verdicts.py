"""A verdict has its words in one home, and is the same whether SQL or Python gives it."""

from itertools import product

import duckdb
import pytest

from expectations import release
from orchestration import verdicts
from orchestration.home import seed_rows

SEVERITIES = ("blocks", "reported")


@pytest.mark.parametrize(
    ("verdict", "severity", "words"),
    [
        ("within_tolerance", "blocks", "within tolerance"),
        ("fails", "reported", "exceeds tolerance: reported"),
        ("failed", "reported", "exceeds tolerance: reported"),
        ("fails", "blocks", "blocks"),
        ("failed", "blocks", "blocks"),
        ("error", "reported", "could not run: blocks"),
    ],
)
def test_what_follows_from_a_check_is_said(verdict, severity, words):
    assert verdicts.words(verdict, severity) == words


def test_only_what_holds_the_release_is_red():
    every = [
        (row["verdict"], severity) for row in seed_rows("publication/verdicts.csv") for severity in SEVERITIES
    ]
    red = {each for each in every if verdicts.wording(*each).marked == "bad"}
    assert red == {("fails", "blocks"), ("failed", "blocks"), ("error", "blocks"), ("error", "reported")}


def test_a_verdict_that_is_none_is_no_pass():
    with pytest.raises(KeyError):
        verdicts.wording("fine", "blocks")


def test_python_judges_as_the_release_does():
    rules = seed_rows("rules.csv")
    cases = list(product((0, 1, 3, 4, 10, 200), (0, 1, 3, 4, 5, 10)))
    results = [
        (rule["rule"], f"force-{number}", "2023-Q1", tested, failed, 0, verdicts.of(rule, failed, tested))
        for rule in rules
        for number, (tested, failed) in enumerate(cases)
        if failed <= tested
    ]
    assert {row[-1] for row in results} == {"not_applicable", "pass", "within_tolerance", "fails"}
    with duckdb.connect() as connection:
        connection.execute("create schema reference; create schema quality")
        connection.execute(
            "create table reference.rules (rule text, our_own text, tolerance_rate double, tolerance_records int);"
            "create table quality.waiver_verdicts (rule text, force text, quarter text, verdict text);"
            "create table results (rule text, force text, quarter text, tested int, failed int, waived int, verdict text)"
        )
        connection.executemany(
            "insert into reference.rules values (?, ?, nullif(?, '')::double, nullif(?, '')::int)",
            [
                [row[name] for name in ("rule", "our_own", "tolerance_rate", "tolerance_records")]
                for row in rules
            ],
        )
        connection.executemany("insert into results values (?, ?, ?, ?, ?, ?, ?)", results)
        assert connection.execute(release._verdicts().format(batch="results")).fetchall() == []
