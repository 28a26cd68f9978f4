"""The gate and the release: what would be published, each expectation suite as a blocking check on it, the swap."""

import warnings
from collections.abc import Iterator

import dagster as dg

from expectations import SUITES
from orchestration import clock, outbox, quarters
from orchestration.gate import check, in_sentences, shuts
from orchestration.home import Home
from orchestration.printing import counted
from orchestration.releases import inputs, shown
from orchestration.releases.publish import GateShut, publish
from orchestration.returns.receipts import each_return
from orchestration.returns.shown import metadata
from orchestration.showing import link, table
from orchestration.warehouse.attached import open_warehouse
from orchestration.warehouse.plotted import numbers

warnings.filterwarnings("ignore", category=dg.PreviewWarning)  # checks of a partition, which we pin and test

PUBLISHED = [
    ["marts", "figures"],
    ["marts", "quarter_summary"],
    ["quality", "rule_results"],
    ["quality", "returns"],
]
# what is published is asked for once, as the partition of a run: a year (2023) or a quarter (2023-Q1)
PERIODS = dg.StaticPartitionsDefinition(quarters.periods(clock.today()))


# dbt is one step, and a blocking check between two of its models would have to run in its middle: the suites
# are checks on the candidate instead, and what they block is the release.
@dg.asset(
    deps=[dg.AssetKey(path) for path in PUBLISHED],
    partitions_def=PERIODS,
    group_name="releases",
    kinds={"duckdb"},
    pool="warehouse",
    description="The marts and evidence as they stand, from known submissions, readings and rules: not yet public.",
)
def release_candidate(
    context: dg.AssetExecutionContext, home: dg.ResourceParam[Home]
) -> dg.MaterializeResult:
    period = context.partition_key
    with open_warehouse(home) as connection:
        made_of = inputs.read(home, period, connection)
        plotted = numbers(connection, quarters.in_period(period))
    return dg.MaterializeResult(
        metadata={
            **plotted,
            "fingerprint": made_of.fingerprint,
            "made of": f"{counted(len(made_of.submissions), 'submission')}, {counted(made_of.readings['count'], 'reading')}",
        }
    )


@dg.multi_asset_check(
    name="gate",
    specs=[
        dg.AssetCheckSpec(
            f"{suite}_{kind}",
            asset=release_candidate,
            blocking=kind == "suite",
            partitions_def=PERIODS,
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
            partitions_def=PERIODS,
            description="Readings, archived and raw files are as they were written and received.",
        )
    ],
    pool="warehouse",
)
def gate(
    context: dg.AssetCheckExecutionContext, home: dg.ResourceParam[Home]
) -> Iterator[dg.AssetCheckResult]:
    context.log.info("running the expectation suites")
    period = context.partition_key
    judged = check(home, period)
    yield dg.AssetCheckResult(
        asset_key=release_candidate.key,
        check_name="as_received",
        passed=not judged.doubts,
        metadata={"doubts": table([{"doubt": doubt} for doubt in judged.doubts], ["doubt"])},
    )
    for suite in SUITES:
        ran = [result for result in judged.results if result.suite == suite]
        shutting = [result for result in ran if shuts(result)]
        reported = [result for result in ran if not result.success and not shuts(result)]
        # a suite that ran nothing is no pass
        yield _checked(home, f"{suite}_suite", bool(ran) and not shutting, shutting, ran)
        yield _checked(home, f"{suite}_reported", not reported, reported, ran, dg.AssetCheckSeverity.WARN)
    if judged.open:
        outbox.settle(home, "gate", period)
        return
    raise shut(home, period, judged.reasons)


def shut(home: Home, period: str, reasons: list[str]) -> dg.Failure:
    """The failure of a run at a shut gate, with the sentences that the command prints; a line in the outbox."""
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    outbox.leave(home, "gate", period, f"the gate is shut for {period}: {reasons[0]}{more}")
    return dg.Failure(
        "\n".join(["the gate is shut; the live release stays:", *reasons]),
        metadata={
            "reasons": table([{"reason": reason} for reason in reasons], ["reason"]),
            outbox.NOTED: "gate",
        },
        allow_retries=False,
    )


def _checked(
    home: Home,
    name: str,
    passed: bool,
    failed: list,
    ran: list,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
) -> dg.AssetCheckResult:
    """One event for a suite: what each expectation found is a row of `quality.expectation_results`."""
    sentences = in_sentences(failed)
    return dg.AssetCheckResult(
        asset_key=release_candidate.key,
        check_name=name,
        passed=passed,
        severity=severity,
        description=f"{len(failed)} of {len(ran)} expectations fail"
        if failed
        else f"{len(ran)} expectations hold",
        metadata={
            "found": table([{"sentence": sentence} for sentence in sentences], ["sentence"]),
            **_packs(home, failed),
        },
    )


PACKS_LINKED = 10


def _packs(home: Home, failed: list) -> dict:
    """Links to a few packs of the forces named."""
    named = {
        (key["force"], key["quarter"])
        for result in failed
        for key in result.failing_keys
        if key.get("force") and key.get("quarter")
    }
    standing = each_return(home) if named else {}
    here = sorted((quarter, force) for force, quarter in named if (force, quarter) in standing)
    return {
        f"pack of {force} {quarter}": metadata(home, standing[force, quarter].latest)["pack"]
        for quarter, force in here[:PACKS_LINKED]
    }


@dg.asset(
    deps=[release_candidate],
    partitions_def=PERIODS,
    group_name="releases",
    kinds={"duckdb", "parquet", "csv"},
    pool="warehouse",
    description="One immutable published set of marts, built aside and swapped in by one rename.",
)
def release(context: dg.AssetExecutionContext, home: dg.ResourceParam[Home]) -> dg.MaterializeResult:
    period = context.partition_key
    context.log.info(f"publishing {period}")
    try:
        published = publish(home, period)
    except GateShut as problem:
        raise shut(home, period, problem.reasons) from problem
    outbox.settle(home, "gate", period)
    return dg.MaterializeResult(
        metadata={
            "release": published.name,
            "page": link(published.path / "index.html"),
            **shown.headlines(home, published.name, period),
            **shown.difference(home, published.name),
            "unchanged": published.unchanged,
            "because": list(published.because),
        }
    )
