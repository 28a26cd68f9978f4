"""The gate before publishing: the expectation suites about a period, and why the gate is open or shut.

Write, audit, publish: the warehouse is built, the gate checks it, and only an open gate lets a release be swapped
in. What cannot be checked shuts it too: no warehouse, a missing suite or table, an expectation that raised. And so does
what a warehouse is made from where it is not as it was received or written: a table made of it may well be sound.
"""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from expectations import SUITES, run_suites
from orchestration import clock
from orchestration.home import SEEDS, Home
from orchestration.ledger import chain, evidence, witnesses
from orchestration.ledger.opening import ledger_of
from orchestration.quarters import in_period
from orchestration.releases import verify
from orchestration.returns import kept
from orchestration.returns.receipts import each_return
from orchestration.warehouse import history

if TYPE_CHECKING:
    from expectations import Result

DOUBTS_NAMED = 20
NAMED = 3  # force-quarters or records named in a reason; the count is of all


@dataclass(frozen=True)
class GateResult:
    """Open, or shut with a sentence for each thing that shuts it. `results` are all results, good and bad; `doubts` are
    those of the reasons that are about what the warehouse is made from."""

    open: bool
    results: list["Result"] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def check(home: Home, period: str) -> GateResult:
    """Check the home's warehouse for a release of `period` (`2023` or `2023-Q1`).

    A warehouse, rules and waivers that have not changed are checked once a day: the checks in Dagster and the release
    after them ask the same.
    Raises ValueError when `period` is no period; whatever else is wrong shuts the gate with a reason.
    """
    results = _checked(home.warehouse, period, state_of(home))
    if any(result.error for result in results):
        # a file that another process was writing may be free the next time
        _checked.cache_clear()
    absent = any(result.rule == "RT01" and shuts(result) and not result.error for result in results)
    reasons = reasons_against(results, refused_in(home, period) if absent else None)
    # a suite that ran nothing has passed nothing
    silent = [suite for suite in SUITES if not any(result.suite == suite for result in results)]
    reasons += [f"suite {suite} gave no result: restore expectations/{suite}.py" for suite in silent]
    found = doubts(home)
    return GateResult(not (reasons or found), results, [*reasons, *found], found)


def doubts(home: Home) -> list[str]:
    """A sentence for each reading, archived and raw file that is not as it was written or received, 20 at most.

    Asked twice by a release (before it is made, and as it is made): what has not been touched in between is hashed once.
    """
    ledger = home.root / "ledger.db"
    files = [ledger, ledger.with_name("ledger.db-wal")]
    files += [file for folder in (home.archive, home.raw) for file in sorted(folder.rglob("*"))]
    seen = tuple(
        (str(file), stat.st_mtime_ns, stat.st_size, stat.st_ino)
        for file in files
        if file.exists() and (stat := file.stat())
    )
    found = list(_doubts(home, seen) if ledger.exists() else _doubts.__wrapped__(home, seen))
    more = len(found) - DOUBTS_NAMED
    return found[:DOUBTS_NAMED] + ([f"and {more:,} more like these"] if more > 0 else [])


@lru_cache(maxsize=2)
def _doubts(home: Home, _seen: tuple) -> list[str]:
    if not home.warehouse.exists():
        return []  # there is a reason already: nothing was made of anything
    with ledger_of(home) as engine:
        # a folder without a manifest is no release: verify reports it
        names = [name for name in verify.release_names(home) if verify.has_manifest(home, name)]
        heads = [verify.manifest_of(home, name) for name in names]
        ends = {head["release"]: witnesses.of_document(head).get("readings", {}) for head in heads}
        return [
            *evidence.problems(engine),
            *chain.ends_otherwise(engine, ends),
            *kept.raw_differs(home, engine),
            *(sentence for head in heads for sentence in history.lost(home, head)),
        ]


def state_of(home: Home) -> tuple:
    """What a result of the suites depends on: the warehouse's file, the rules and waivers, and the day, for waivers run out."""
    files = [home.warehouse, SEEDS / "rules.csv", SEEDS / "waivers.csv"]
    stats = [file.stat() if file.exists() else None for file in files]
    return clock.today(), *(stat and (stat.st_mtime_ns, stat.st_size, stat.st_ino) for stat in stats)


@lru_cache(maxsize=4)
def _checked(warehouse: Path, period: str, _state: tuple) -> list["Result"]:
    return run_suites(warehouse, period=period)


def shuts(result: "Result") -> bool:
    """Whether one result is enough to shut the gate: it blocks and failed, or it could not run."""
    return bool(result.error) or (result.severity == "blocks" and not result.success)


def reasons_against(
    results: list["Result"], refused: Mapping[tuple[str, str], str] | None = None
) -> list[str]:
    """A sentence for each rule and table that a blocking expectation fails, and for each thing that could not run.

    A reported rule that fails is no reason; one that raised is: its result is unknown.
    """
    return in_sentences([result for result in results if shuts(result)], refused)


def in_sentences(results: list["Result"], refused: Mapping[tuple[str, str], str] | None = None) -> list[str]:
    """A sentence for each of these results, in the order of the story: what the returns lack before what follows from
    it; then what could not run.

    `refused`: (force, quarter) -> why nothing of it stands. Such a return is not named as missing, and one that is refused
    or missing not a second time by the rule about late, missing and empty ones.
    """
    order = sorted(
        results, key=lambda result: (result.error or "", SUITES.index(result.suite), result.rule != "RT01")
    )
    absent = next((result for result in order if result.rule == "RT01" and not result.error), None)
    reasons = []
    for error, group in groupby(order, key=lambda result: result.error or ""):
        group = list(group)
        if error:
            rules = sorted({result.rule for result in group})
            which = ", ".join(rules) if len(rules) <= NAMED else f"{len(rules)} rules"
            reasons.append(f"{which} could not be checked: {error}")
            continue
        for result in group:
            if result is absent and refused:
                reasons += [
                    f"{result.rule}: {force} {quarter} is refused, and nothing of it stands. {why}"
                    for (force, quarter), why in refused.items()
                ]
                result = _without(result, len(refused), [*refused])
            elif result.rule == "CR55" and absent:
                result = _without(result, absent.failed, [_place(key) for key in absent.failing_keys])
            if result.failed:
                reasons.append(_sentence(result))
    return reasons


def _without(result: "Result", counted: int, places: list[tuple[str, str]]) -> "Result":
    """A result about returns, less those that a sentence names already."""
    left = [key for key in result.failing_keys if _place(key) not in places]
    return replace(result, failed=max(0, result.failed - counted), failing_keys=left)


def _place(key: dict) -> tuple[str, str]:
    return key.get("force", ""), key.get("quarter", "")


def refused_in(home: Home, period: str) -> dict[tuple[str, str], str]:
    """(force, quarter) of a period of which nothing stands, because what came is refused -> the refusal's sentences."""
    if not (home.root / "ledger.db").exists() and "CPAI_LEDGER_URL" not in os.environ:
        return {}  # no ledger to ask, and none is made by asking
    wanted = in_period(period)
    return {
        place: " ".join(one.latest["reasons"])
        for place, one in each_return(home).items()
        if one.refused and not one.stands and place[1] in wanted
    }


def result_rows(results: list["Result"]) -> list[dict]:
    """The results as rows of `quality.expectation_results`; failing keys stay out, they are in the findings."""
    return [
        {name: value for name, value in asdict(result).items() if name != "failing_keys"}
        for result in results
    ]


def _sentence(result: "Result") -> str:
    """What is wrong, where, how often, what to do: `CR15 in quality.rule_results: …`."""
    counted = f"{result.failed} of {result.tested}" if result.tested else str(result.failed)
    named = "; ".join(" ".join(map(str, key.values())) for key in result.failing_keys[:NAMED])
    more = ", ..." if result.failed > NAMED else ""
    where = f" ({named}{more})" if named else ""
    column = result.expectation.partition("(")[2].rstrip(")")
    about = f", column {column}" if column else ""
    return (
        f"{result.rule} in {result.table}{about}: {counted} {_found(result)}{where}. "
        f"{result.statement}. {result.what_to_do}"
    )


def _found(result: "Result") -> str:
    """What was counted, and what is wrong with it. Rule results are one row per force and quarter."""
    if result.table == "quality.rule_results" and not result.rule.startswith("TB"):
        return "returns are beyond the tolerance"
    return {"RT01": "returns are missing", "RD01": _unread(result)}.get(result.rule, "rows fail")


def _unread(result: "Result") -> str:
    whom = next((key["waits_for"] for key in result.failing_keys if "waits_for" in key), None)
    return (
        f"candidates wait for {'an' if whom == 'adjudicator' else 'a'} {whom}"
        if whom
        else "candidates are unread"
    )
