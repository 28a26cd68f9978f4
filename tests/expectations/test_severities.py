"""What a rule stops is changed in the seed and named in the changelog, or the build fails.

`severities.csv` is how strict each rule was when it was first written; the changelog's lines lead from there to
`seeds/rules.csv`: "- Severity: CR22 and CR30 from blocks to reported, because ...". The words before the colon name the
column (Severity, Our own, Tolerance rate, Tolerance records, Only reported); blank is written `none`.
"""

import re

import pytest

from orchestration.home import PROJECT, SEEDS, seed_rows

STRICTNESS = ("severity", "our_own", "tolerance_rate", "tolerance_records", "only_reported")
LINE = re.compile(
    r"^- (?P<column>[A-Z][a-z]+(?: [a-z]+)?): (?P<rules>[A-Z]{2}\d\d[^.]*?) from (?P<before>\S+) to (?P<after>\S+?)[,.;]?(?=\s)",
    re.M,
)


def unsaid(rules: list[dict], first: list[dict], changelog: str) -> list[str]:
    """Where `rules` are not what `first` became by the lines of `changelog`."""
    expected = {row["rule"]: dict(row) for row in first}
    problems = []
    for line in LINE.finditer(changelog):
        column = line["column"].lower().replace(" ", "_")
        before, after = ("" if word == "none" else word for word in (line["before"], line["after"]))
        for rule in re.findall(r"[A-Z]{2}\d\d", line["rules"]):
            if column not in STRICTNESS or expected.get(rule, {}).get(column) != before:
                problems.append(f"{rule}: the changelog changes a {line['column']} of {line['before']}")
            else:
                expected[rule][column] = after
    for row in rules:
        if row["rule"] not in expected:
            if row["rule"] not in changelog:
                problems.append(f"{row['rule']} is new: name it in CHANGELOG.md")
            continue
        for column in STRICTNESS:
            if row[column] != expected[row["rule"]][column]:
                was = expected[row["rule"]][column] or "none"
                problems.append(
                    f"{row['rule']}: {column} from {was} to {row[column] or 'none'} is not in CHANGELOG.md"
                )
    return problems + [
        f"{rule} is gone from seeds/rules.csv" for rule in expected.keys() - {r["rule"] for r in rules}
    ]


@pytest.fixture
def first() -> list[dict]:
    return seed_rows("severities.csv", PROJECT / "tests" / "expectations")


@pytest.fixture
def changelog() -> str:
    return (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_change_of_a_severity_is_in_the_changelog(first, changelog):
    assert unsaid(seed_rows("rules.csv", SEEDS), first, changelog) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [("severity", "reported"), ("tolerance_rate", "0.5"), ("our_own", "Y"), ("only_reported", "x")],
)
def test_a_change_that_nobody_said_is_found(first, changelog, column, value):
    rules = seed_rows("rules.csv", SEEDS)
    (ages,) = [row for row in rules if row["rule"] == "CR15"]
    was, ages[column] = ages[column] or "none", value
    assert unsaid(rules, first, changelog) == [f"CR15: {column} from {was} to {value} is not in CHANGELOG.md"]
    said = f"- {column.capitalize().replace('_', ' ')}: CR15 from {was} to {value}, because of a reason.\n"
    assert unsaid(rules, first, changelog + said) == []
    assert unsaid(rules, first, changelog + said + said) != []


def test_a_rule_that_came_or_went_unsaid_is_found(first, changelog):
    rules = seed_rows("rules.csv", SEEDS)
    assert unsaid([*rules, {**rules[0], "rule": "ZZ01"}], first, changelog) == [
        "ZZ01 is new: name it in CHANGELOG.md"
    ]
    assert unsaid(rules[1:], first, changelog) == [f"{rules[0]['rule']} is gone from seeds/rules.csv"]
