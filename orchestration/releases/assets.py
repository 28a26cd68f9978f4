"""The gate and the release: what would be published, each expectation suite as a blocking check on it, the swap."""

from collections.abc import Iterator

import dagster as dg

from expectations import SUITES
from orchestration.home import home

PUBLISHED = [
    ["marts", "figures"],
    ["marts", "quarter_summary"],
    ["quality", "rule_results"],
    ["quality", "returns"],
]


class Period(dg.Config):
    """What to publish: a year (2023) or a quarter (2023-Q1)."""

    period: str


# dbt is one step, and a blocking check between two of its models would have to run in its middle: the suites
# are checks on the candidate instead, and what they block is the release.
@dg.asset(
    deps=[dg.AssetKey(path) for path in PUBLISHED],
    group_name="releases",
    pool="warehouse",
    description="The marts and evidence as they stand, from known submissions, readings and rules: not yet public.",
)
def release_candidate(context: dg.AssetExecutionContext, config: Period) -> dg.MaterializeResult:
    from orchestration.releases import inputs
    from orchestration.releases.publish import open_warehouse

    with open_warehouse(home()) as connection:
        made_of = inputs.read(home(), config.period, connection)
    return dg.MaterializeResult(
        metadata={
            "period": config.period,
            "fingerprint": made_of.fingerprint,
            "submissions": len(made_of.submissions),
            "readings": made_of.readings["count"],
        }
    )


@dg.multi_asset_check(
    name="gate",
    specs=[
        dg.AssetCheckSpec(
            f"{suite}_{kind}",
            asset=release_candidate,
            blocking=kind == "suite",
            description=f"expectations/{suite}.py: {what}",
        )
        for suite in SUITES
        for kind, what in (("suite", "what blocks"), ("reported", "what is only reported"))
    ]
    + [
        dg.AssetCheckSpec(
            "as_received",
            asset=release_candidate,
            blocking=True,
            description="Readings, archived and raw files are as they were written and received.",
        )
    ],
    pool="warehouse",
)
def gate(context: dg.AssetCheckExecutionContext, config: Period) -> Iterator[dg.AssetCheckResult]:
    from orchestration.gate import check, shuts

    context.log.info("running the expectation suites")
    judged = check(home(), config.period)
    results = judged.results
    yield dg.AssetCheckResult(
        asset_key=release_candidate.key,
        check_name="as_received",
        passed=not judged.doubts,
        metadata={"doubts": len(judged.doubts)},
    )
    for suite in SUITES:
        ran = [result for result in results if result.suite == suite]
        shutting = [result for result in ran if shuts(result)]
        reported = [result for result in ran if not result.success and not shuts(result)]
        # a suite that ran nothing is no pass
        yield _checked(f"{suite}_suite", bool(ran) and not shutting, shutting, ran)
        yield _checked(f"{suite}_reported", not reported, reported, ran, dg.AssetCheckSeverity.WARN)


def _checked(name: str, passed: bool, failed: list, ran: list, severity=dg.AssetCheckSeverity.ERROR):
    """One event for a suite: what each expectation found is a row of `quality.expectation_results`."""
    return dg.AssetCheckResult(
        asset_key=release_candidate.key,
        check_name=name,
        passed=passed,
        severity=severity,
        metadata={
            "expectations": len(ran),
            "failed": ", ".join(sorted({result.rule for result in failed})) or "none",
            "dimensions": ", ".join(sorted({result.dimension for result in failed})) or "none",
            "raised": sum(1 for result in failed if result.error),
        },
    )


@dg.asset(
    deps=[release_candidate],
    group_name="releases",
    kinds={"duckdb", "parquet", "csv"},
    pool="warehouse",
    description="One immutable published set of marts, built aside and swapped in by one rename.",
)
def release(context: dg.AssetExecutionContext, config: Period) -> dg.MaterializeResult:
    from orchestration.releases.publish import publish

    context.log.info(f"publishing {config.period}")
    published = publish(home(), config.period)
    because = list(published.because)
    return dg.MaterializeResult(
        metadata={"release": published.name, "unchanged": published.unchanged, "because": because}
    )
