"""The gate as blocking asset checks, and the release downstream of them."""

from collections.abc import Iterator

import dagster as dg

from orchestration.home import home

GATED = {  # suite: the model whose downstream it blocks
    "returns": dg.AssetKey(["quality", "returns"]),
    "cpai": dg.AssetKey(["cpai", "cpai_crimes"]),
    "cocad": dg.AssetKey(["cocad", "cocad_crimes"]),
    "marts": dg.AssetKey(["marts", "figures"]),
}


class Period(dg.Config):
    """What to publish: a year (2023) or a quarter (2023-Q1)."""

    period: str


@dg.multi_asset_check(
    name="gate",
    specs=[
        dg.AssetCheckSpec(f"{suite}_suite", asset=key, blocking=True, description=f"expectations/{suite}.py")
        for suite, key in GATED.items()
    ],
    pool="warehouse",
)
def gate(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
    from expectations import run_suites

    context.log.info("running the expectation suites")
    results = run_suites(home().warehouse)
    for suite, key in GATED.items():
        ran = [result for result in results if result.suite == suite]
        blocking = [result for result in ran if result.severity == "blocks" and not result.success]
        yield dg.AssetCheckResult(
            asset_key=key,
            check_name=f"{suite}_suite",
            passed=bool(ran) and not blocking,  # a suite that ran nothing is no pass
            metadata={
                "expectations": len(ran),
                "failed": ", ".join(sorted({result.rule for result in blocking})) or "none",
                "raised": sum(1 for result in ran if result.error),
            },
        )


@dg.asset(
    deps=list(GATED.values()),
    group_name="releases",
    kinds={"duckdb", "parquet", "csv"},
    pool="warehouse",
    description="One immutable published set of marts, built aside and swapped in by one rename.",
)
def release(context: dg.AssetExecutionContext, config: Period) -> dg.MaterializeResult:
    from orchestration.releases.publish import publish

    context.log.info(f"publishing {config.period}")
    published = publish(home(), config.period)
    return dg.MaterializeResult(metadata={"release": published.name, "unchanged": published.unchanged})
