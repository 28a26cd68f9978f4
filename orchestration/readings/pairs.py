"""Two readings of one item beside each other, as the ledger has them: what the reading room shows of agreement.

The marts measure the same of a release; an adjudicator saw both answers and is left out of either.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, and_, select

from orchestration.home import settings
from orchestration.ledger.tables import worklist
from orchestration.readings import codebook
from orchestration.readings import worklist as making
from orchestration.readings.agreement import ALL, KEY, measure
from orchestration.readings.policy import AGREED, differences

TWO = ("first", "second")
Pair = tuple[str, Mapping[str, Any], Mapping[str, Any]]


def of(connection: Connection, quarter: str | None = None) -> list[Pair]:
    """Quarter, first and second reading of every item that two have read."""
    return [
        (in_quarter, by_role["first"], by_role["second"])
        for in_quarter, by_role in _read(connection, quarter)
        if set(TWO) <= set(by_role)
    ]


def _read(connection: Connection, quarter: str | None) -> list[tuple[str, Mapping[str, Any]]]:
    """Quarter and standing readings, by role, of every item that is settled or waits for more than its first."""
    chosen = worklist.c.state.in_(("second", "adjudicator", "settled"))
    if quarter:
        chosen = and_(chosen, worklist.c.quarter == quarter)
    quarters = dict(connection.execute(select(worklist.c.item, worklist.c.quarter).where(chosen)).all())
    return [(quarters[item], by_role) for item, by_role in making.standing(connection, chosen).items()]


def both_asked(question: str, first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Whether both readers were asked a question: all but the first question only of a crime that both found group-based, and
    that on children only where it is collected."""
    if question == "group_based":
        return True
    both = (first[question], second[question])
    return first["group_based"] == second["group_based"] == "yes" and "not_collected" not in both


def counts(pairs: Iterable[Pair]) -> dict[str, int]:
    """Items, those on which two agree in all, and those on which they give a question the same answer."""
    pairs = list(pairs)
    return {
        "read_by_two": len(pairs),
        "agreed": sum(not differences(one, other) for _, one, other in pairs),
        **{
            name: sum(both_asked(name, one, other) and one[name] == other[name] for _, one, other in pairs)
            for name in AGREED
        },
    }


def asked(pairs: Iterable[Pair]) -> dict[str, int]:
    """Of how many items each question was asked of both."""
    pairs = list(pairs)
    return {name: sum(both_asked(name, one, other) for _, one, other in pairs) for name in AGREED}


def measured(pairs: Iterable[Pair]) -> list[dict[str, Any]]:
    """Alpha and AC1 by quarter and question."""
    rows = settings("agreement_policy.csv", "setting")
    policy = {name: rows.number(name, float) for name in rows}
    counted: Counter = Counter()
    for quarter, one, other in pairs:
        for question in AGREED:
            if both_asked(question, one, other):
                key = ("readers", question, ALL, ALL, "quarter", quarter)
                counted[*key, one[question], other[question]] += 1
    rows = measure([(*key, crimes) for key, crimes in counted.items()], policy).to_pylist()
    rows = [row for row in rows if row["category"] == ALL]
    return sorted(rows, key=lambda row: (row[KEY[-1]], AGREED.index(row["question"])))


def against(connection: Connection, version: str, quarter: str | None = None) -> list[dict[str, Any]]:
    """A row for each rule of the codebook that an answer may be kept against, and one (rule blank) for readings kept
    against none: first and second readings, and of the items that two have read those on which they agree in all."""
    sentences = {rule.rule: rule.sentence for rule in codebook.rules(version) if rule.action == "ask"}
    found = {rule: Counter() for rule in (*sentences, "")}
    for _, by_role in _read(connection, quarter):
        readings = [by_role[role] for role in TWO if role in by_role]
        of_each = [kept_against(reading) for reading in readings]
        for rules in of_each:
            for rule in rules or ("",):
                found.setdefault(rule, Counter())["readings"] += 1
        if len(readings) == len(TWO):
            agreed = not differences(*readings)
            for rule in set().union(*of_each) or {""}:
                found[rule].update(pairs=1, agreed=agreed)
    return [
        {
            "rule": rule,
            "sentence": sentences.get(rule, ""),
            **{name: of[name] for name in ("readings", "pairs", "agreed")},
        }
        for rule, of in found.items()
    ]


def kept_against(reading: Mapping[str, Any]) -> tuple[str, ...]:
    """The rules of the codebook that a reading was kept against."""
    return tuple(rule for rule in (reading["checks"] or "").split(";") if rule)
