"""What holds a release: every force-quarter beyond the tolerance of a rule that blocks, by the warehouse as it is."""

from orchestration import in_print, verdicts
from orchestration.home import Home
from orchestration.warehouse.dbt import query

FORCES_NAMED = 8  # whose returns fail one rule
# records that a rule's count counts as held out: what fails them is used nowhere
HELD_OUT = ("HO01", "HO02", "HO03")


def holding(home: Home, quarters: list[str]) -> list[dict]:
    """Every force-quarter beyond the tolerance of a rule that blocks, by the warehouse as it is, with a `sentence`.

    Empty where there is no warehouse yet. Raises WarehouseClosed where it cannot be read: it is being built, for example.
    """
    if not home.warehouse.exists():
        return []
    found = query(
        home,
        """
        select results.force, results.quarter, results.rule, rules.scope, rules.our_own, results.failed, results.tested
        from quality.rule_results as results
        inner join reference.rules as rules on results.rule = rules.rule
        where results.verdict = 'fails' and rules.severity = 'blocks' and results.quarter in (select unnest(?))
        order by results.quarter, rules.scope = 'return', results.force, results.rule
        """,
        [quarters],
    )
    return [row | {"sentence": _held_by(row)} for row in found]


def holding_briefly(rows: list[dict]) -> list[str]:
    """The sentences of `holding`, those about whole returns together: 43 that are missing are one line."""
    of_returns: dict[tuple, list[str]] = {}
    for row in rows:
        if row["scope"] == "return":
            of_returns.setdefault((row["quarter"], row["rule"]), []).append(row["force"])
    blocks = verdicts.words("fails", "blocks")
    together = [
        f"{quarter}: {len(forces)} return{'s fail' if len(forces) > 1 else ' fails'} {rule} "
        f"({', '.join(forces[:FORCES_NAMED])}{', ...' if len(forces) > FORCES_NAMED else ''}): {blocks} the release"
        for (quarter, rule), forces in of_returns.items()
    ]
    return [row["sentence"] for row in rows if row["scope"] != "return"] + together


def _held_by(row: dict) -> str:
    """`kent 2024-Q2: 17 of 35 crimes held out (48.6%), beyond tolerance: blocks the release`."""
    many = row["tested"] != 1
    counted = f"{in_print.count(row['failed'])} of {in_print.count(row['tested'])} {row['scope']}{'s' if many else ''}"
    what = "held out" if row["rule"] in HELD_OUT else f"fail{'' if many else 's'} {row['rule']}"
    beyond = "ours to correct" if row["our_own"] == "Y" else "beyond tolerance"
    share = in_print.percent(100 * row["failed"] / row["tested"])
    blocks = verdicts.words("fails", "blocks")
    return f"{row['force']} {row['quarter']}: {counted} {what} ({share}), {beyond}: {blocks} the release"
