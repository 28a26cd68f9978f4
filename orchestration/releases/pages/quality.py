"""What the page of quality shows: what came, what was checked, what was found, and what of it is unusual for a force."""

from collections.abc import Callable
from functools import cache, partial

from orchestration import in_print, verdicts
from orchestration.home import seed_rows
from orchestration.statements import Connection, rows_of

SHOWN = 30  # of the force-quarters beyond tolerance: all are in the CSV, and each force's on its page
BEYOND = ("fails", "waived")


def read(connection: Connection, names: set[str]) -> dict:
    """The page's values; `connection` has the release's tables attached as `target`, `names` are those tables."""
    rows = partial(rows_of, connection)
    returns = rows("select * from target.quality.returns where status <> 'superseded' order by all")
    quarters = sorted({row["quarter"] for row in returns})
    changed = changes(rows, quarters[-1]) if quarters else []
    return {
        "expectations": _expectations(rows),
        "attention": _attention(rows, changed),
        "unusual": [row for row in changed if row["verdict"] in BEYOND],
        "shown": SHOWN,
        "quarters": quarters,
        "returns": _by_force(returns),
        "received": rows(
            "select quarter, status, count(*) as submissions, coalesce(sum(crimes), 0)::bigint as crimes, "
            "coalesce(sum(victims), 0)::bigint as victims, coalesce(sum(suspects), 0)::bigint as suspects "
            "from target.quality.returns group by all order by all"
        ),
        "balance": rows(
            "select quarter, record_type, "
            "sum(received)::bigint as received, sum(accepted)::bigint as accepted, "
            "sum(rejected)::bigint as rejected, sum(duplicate)::bigint as duplicate, "
            "sum(superseded)::bigint as superseded from target.quality.balance group by all order by all"
        ),
        "exclusions": rows(
            "select quarter, reason, sum(crimes)::bigint as crimes, count(distinct force) as forces "
            "from target.quality.exclusions group by all order by all"
        ),
        "rules": _rules(rows),
        "singled_out": rows("select * from target.quality.singling_out"),
        "has_reconciliation": "reconciliation" in names,
        "has_agreement": "reading_agreement" in names,
    }


def changes(rows: Callable[..., list[dict]], quarter: str) -> list[dict]:
    """What became of each rule and force since the quarter before, in words, the most unusual first."""
    found = rows(
        "select * from target.quality.rule_changes where quarter = ? order by unusual desc nulls last, force, rule",
        [quarter],
    )
    return [_changed(row) for row in found]


def verdict_words(row: dict) -> str:
    """`12 of 300 (4.0%)`: records that fail a rule, of those tested."""
    if not row["tested"]:
        return verdicts.words("not_applicable")
    failed, tested = row["failed"], row["tested"]
    return f"{in_print.count(failed)} of {in_print.count(tested)} ({in_print.percent(100 * failed / tested)})"


def severity(rule: str) -> str:
    return _rulebook()[rule]["severity"] if rule in _rulebook() else "blocks"


def scope(rule: str) -> str:
    """Of what a rule is: a return, its crimes, victims or suspects, or a table."""
    return _rulebook().get(rule, {}).get("scope", "")


def statement(rule: str) -> str:
    return _rulebook().get(rule, {}).get("statement", "")


def force_name(force: str) -> str:
    return _force_names().get(force, force)


def _changed(row: dict) -> dict:
    before = {"tested": row["tested_before"], "failed": row["failed_before"]}
    moved = None
    if row["tested"] and before["tested"]:
        moved = 100 * (row["failed"] / row["tested"] - before["failed"] / before["tested"])
    return row | {
        "link": (f"profiles/{row['force']}.html#rules", force_name(row["force"])),
        "statement": statement(row["rule"]),
        "marked": (row["verdict"], severity(row["rule"])),
        "now": verdict_words(row),
        "before": verdict_words(before) if before["tested"] is not None else "not known",
        "moved": None if moved is None else round(moved, 1),
    }


def _expectations(rows: Callable[..., list[dict]]) -> list[dict]:
    return rows(
        "select rule, suite, any_value(statement) as statement, min(severity) as severity, "
        "count(*) as expectations, count(*) filter (where verdict = 'pass') as passed, "
        "count(*) filter (where verdict = 'failed' and severity = 'reported') as reported, "
        "count(*) filter (where verdict = 'error' or (verdict = 'failed' and severity = 'blocks')) as blocking "
        "from target.quality.expectation_results group by rule, suite order by suite, rule"
    )


def _attention(rows: Callable[..., list[dict]], changed: list[dict]) -> list[dict]:
    """Expectations that did not pass: those that block first, then by how unusual each is for the most unusual force."""
    found = rows("select * from target.quality.expectation_results where verdict <> 'pass'")
    lines = []
    for row in found:
        of_rule = [one for one in changed if one["rule"] == row["rule"]]
        beyond = [one for one in of_rule if one["verdict"] == "fails"]
        lines.append(
            row
            | {
                "marked": (row["verdict"], row["severity"]),
                "beyond": len(beyond) if of_rule else None,
                "beyond_before": sum(one["verdict_before"] == "fails" for one in of_rule)
                if of_rule
                else None,
                "most": beyond[0]["link"] if beyond else None,
                "unusual": beyond[0]["unusual"] if beyond else None,
            }
        )
    return sorted(
        lines,
        key=lambda row: (
            verdicts.wording(*row["marked"]).marked != "bad",
            row["unusual"] is None,
            -(row["unusual"] or 0),
            row["rule"],
            row["suite"],
            row["expectation"],
        ),
    )


def _by_force(returns: list[dict]) -> list[dict]:
    """One row per force: by quarter, the submission that counts, else what came instead."""
    forces: dict[str, dict] = {}
    for row in returns:
        quarters = forces.setdefault(row["force"], {})
        if row["status"] not in ("refused", "missing") or row["quarter"] not in quarters:
            quarters[row["quarter"]] = row
    return [
        {"force": force, "name": force_name(force), "quarters": quarters}
        for force, quarters in forces.items()
    ]


def _rules(rows: Callable[..., list[dict]]) -> list[dict]:
    found = rows(
        "select rule, verdict, count(*) as force_quarters, coalesce(sum(tested), 0)::bigint as tested, "
        "coalesce(sum(failed), 0)::bigint as failed, coalesce(sum(waived), 0)::bigint as waived "
        "from target.quality.rule_results group by all order by all"
    )
    rules: dict[str, dict] = {}
    for row in found:
        rule = rules.setdefault(
            row["rule"], {"rule": row["rule"], "tested": 0, "failed": 0, "waived": 0, "verdicts": []}
        )
        for name in ("tested", "failed", "waived"):
            rule[name] += row[name]
        words = verdicts.words(row["verdict"], severity(row["rule"])) if row["verdict"] else "none"
        rule["verdicts"].append(f"{words}: {in_print.count(row['force_quarters'])}")
    return [
        rule | {"verdicts": "; ".join(rule["verdicts"]), "statement": statement(rule["rule"])}
        for rule in rules.values()
    ]


@cache
def _rulebook() -> dict[str, dict[str, str]]:
    return {row["rule"]: row for row in seed_rows("rules.csv")}


@cache
def _force_names() -> dict[str, str]:
    return {row["force"]: row["name"] for row in seed_rows("forces.csv")}
