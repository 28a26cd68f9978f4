"""Quality force by force: what came, how complete it was, what was found in it, how it was revised.

A page for each force, a list of them, and a page of every quarter restated since it was first received.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from orchestration import in_print, verdicts
from orchestration.home import seed_rows
from orchestration.releases.pages import quality

Row = dict[str, Any]
Rows = Callable[..., list[Row]]

RECORD_TYPES = {"suspects": "Suspects", "victims": "Victims", "crimes": "Crimes"}
# what government watches force by force comes first
FIRST_FIELDS = ("self_defined_ethnicity", "nationality", "observed_ethnicity")
WATCHED = (("suspects", "self_defined_ethnicity"), ("suspects", "nationality"))
# came in, was left out, changed its class and stayed
SIGNS = {1: "+", -1: in_print.MINUS, 0: "±"}
DIMENSIONS = ("completeness", "consistency", "validity", "uniqueness", "timeliness", "accuracy")


def read(rows: Rows) -> dict[str, dict]:
    """Values of each force's page by slug; `rows` runs SQL on the release's tables and gives dicts."""
    profile_rows = _by_force(rows("select * from target.quality.force_profile order by force, quarter"))
    complete = _by_force(rows("select * from target.quality.field_completeness order by all"))
    restated = _by_force(restatements(rows))
    rules = _by_force(
        rows(
            "select force, rule, quarter, tested, failed, verdict from target.quality.rule_results "
            "where (force, rule) in (select (force, rule) from target.quality.rule_results "
            "where verdict in ('fails', 'waived')) order by all"
        )
    )
    last = max((row["quarter"] for page in profile_rows.values() for row in page), default="")
    changed = _by_force(quality.changes(rows, last))
    forces = {row["force"]: row for row in seed_rows("forces.csv")}
    pages = {}
    for force, profile in profile_rows.items():
        quarters = [row["quarter"] for row in profile]
        pages[force] = {
            "force": forces.get(force, {"name": force}),
            "quarters": quarters,
            "profile": [
                row | {"findings": sum(row[f"{name}_findings"] for name in DIMENSIONS)} for row in profile
            ],
            "completeness": _completeness(complete[force], quarters),
            "restated": restated[force],
            "rules": _most_unusual_first(_across(rules[force], quarters, "rule", _failed), changed[force]),
            "last": last,
        }
    return pages


def overview(profiles: dict[str, dict], quarter: str) -> list[Row]:
    """One row per force: its `quarter`, and its revisions over all quarters of the release."""
    listed = []
    for force, page in profiles.items():
        now = next((row for row in page["profile"] if row["quarter"] == quarter), None)
        row = {
            "force": (f"{force}.html", page["force"]["name"]),
            "came_in": sum(row["came_in"] for row in page["profile"]),
            "left_out": sum(row["left_out"] for row in page["profile"]),
        }
        for name in ("status", "days_after_quarter", "in_cpai", "findings", "rules_failing"):
            row[name] = now and now[name]
        for record_type, field in WATCHED:
            fields = {line["field"]: line for line in page["completeness"].get(record_type, [])}
            row[field] = fields.get(field, {}).get(quarter)
        listed.append(row)
    return sorted(listed, key=lambda row: row["force"][1])


def restatements(rows: Rows) -> list[Row]:
    """Every cause that changed a quarter since it was first received; first received and now beside it."""
    found = rows(
        """
        select
            *,
            coalesce(sum(crimes) filter (where cause = 'first_received') over here, 0)::bigint as first_received,
            (sum(effect * crimes) over here)::bigint as in_cpai
        from target.quality.restatements
        window here as (partition by force, quarter)
        order by force, quarter
        """
    )
    return _causes_in_words(row for row in found if row["cause"] != "first_received")


def restated_in_all(rows: Rows) -> list[Row]:
    """By quarter over all forces: first received, each cause of a change, and what is in the CPAI now."""
    found = rows(
        """
        select quarter, cause, effect, rule, sum(crimes)::bigint as crimes, count(*) as forces
        from target.quality.restatements
        group by all
        union all
        select quarter, 'now', null, null, sum(effect * crimes)::bigint, count(distinct force)
        from target.quality.restatements
        group by quarter
        order by quarter
        """
    )
    return _causes_in_words(found)


def _causes_in_words(restated: Iterable[Row]) -> list[Row]:
    """Each cause in words and its crimes with their sign, in the order of the seed inside what they stand in."""
    causes = {row["cause"]: row for row in seed_rows("restatement_causes.csv")}
    now = {"sort_order": len(causes) + 1, "meaning": "in the CPAI now"}

    def in_words(row: Row) -> Row:
        sign = "" if row["cause"] == "first_received" else SIGNS.get(row["effect"], "")
        cause = causes.get(row["cause"], now)
        return row | {
            "meaning": cause["meaning"],
            "change": f"{sign}{in_print.count(row['crimes'])}",
            "order": int(cause["sort_order"]),
        }

    lines = [in_words(row) for row in restated]
    return sorted(lines, key=lambda row: (row.get("force", ""), row["quarter"], row["order"]))


def _by_force(rows: list[Row]) -> dict[str, list[Row]]:
    forces: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        forces[row["force"]].append(row)
    return forces


def _across(rows: list[Row], quarters: list[str], name: str, shown: Callable[[Row], str]) -> list[Row]:
    """One row for each `name`, a column for each quarter."""
    lines: dict[str, Row] = {}
    for row in rows:
        line = lines.setdefault(row[name], {name: row[name]} | dict.fromkeys(quarters))
        line[row["quarter"]] = shown(row)
    return list(lines.values())


def _most_unusual_first(lines: list[Row], changed: list[Row]) -> list[Row]:
    """Each rule with what became of it in the last quarter; those without a change come last."""
    order = {row["rule"]: place for place, row in enumerate(changed)}
    by_rule = {row["rule"]: row for row in changed}
    nothing = dict.fromkeys(("moved", "usual_percent", "unusual"))
    return [
        line
        | {name: by_rule.get(line["rule"], nothing)[name] for name in nothing}
        | {"statement": quality.statement(line["rule"])}
        for line in sorted(lines, key=lambda line: (order.get(line["rule"], len(order)), line["rule"]))
    ]


def _completeness(rows: list[Row], quarters: list[str]) -> dict[str, list[Row]]:
    """By record type, a line a field: its share in each quarter, its interval, and how it moved."""
    order = {field: number for number, field in enumerate(FIRST_FIELDS)}
    rows = sorted(rows, key=lambda row: (order.get(row["field"], len(order)), row["field"]))
    return {
        record_type: _across(
            [row for row in rows if row["record_type"] == record_type], quarters, "field", _share
        )
        for record_type in RECORD_TYPES
    }


def _share(row: Row) -> str:
    if not row["is_collected"]:
        return "not collected"
    low, high = in_print.percent(row["percent_low"]), in_print.percent(row["percent_high"])
    share = f"{in_print.of_base(in_print.percent(row['percent']), row['records'])} ({low} to {high})"
    return f"{share} {row['trend']}" if row["trend"] in ("up", "down") else share


def _failed(row: Row) -> str:
    words = verdicts.words(row["verdict"], quality.severity(row["rule"]))
    return f"{quality.verdict_words(row)}, {words}" if row["tested"] else words
