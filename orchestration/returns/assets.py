"""Returns as Dagster assets: force x quarter partitions, a whole quarter (or year) in one run."""

import warnings
from collections.abc import Iterator

import dagster as dg

from orchestration import quarters
from orchestration.home import home, seed_rows

warnings.filterwarnings("ignore", category=dg.BetaWarning)  # single-run backfills, which we pin and test

FORCES = [row["force"] for row in seed_rows("forces.csv")]

QUARTERS = dg.TimeWindowPartitionsDefinition(
    cron_schedule="0 0 1 1,4,7,10 *",
    start=str(quarters.first_day(quarters.FIRST)),
    fmt="%Y-%m-%d",
    end_offset=1,
)
PARTITIONS = dg.MultiPartitionsDefinition(
    {"force": dg.StaticPartitionsDefinition(FORCES), "quarter": QUARTERS}
)


def partition_range(first: str, last: str) -> dict[str, str]:
    """Run tags for every force in the quarters `first` to `last`: one run, never one a partition."""
    return {
        "dagster/asset_partition_range_start": f"{FORCES[0]}|{quarters.first_day(first)}",
        "dagster/asset_partition_range_end": f"{FORCES[-1]}|{quarters.first_day(last)}",
    }


@dg.asset(
    partitions_def=PARTITIONS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="returns",
    kinds={"parquet"},
    check_specs=[
        dg.AssetCheckSpec("accepted", asset="returns", description="No delivery of these forces is refused.")
    ],
    description="What forces delivered: archived by SHA-256, read by their layout to text, written as raw Parquet.",
)
def returns(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    from orchestration.returns import kept, read_ahead
    from orchestration.returns.intake import receive

    try:
        for line in kept.make_again(home()):
            context.log.warning(line)
    except kept.CannotMakeAgain as problem:
        raise dg.Failure(str(problem)) from problem
    wanted: dict[str, set[str]] = {}
    for key in context.partition_keys:
        force, day = key.split("|")
        wanted.setdefault(quarters.of(QUARTERS.start_time_for_partition_key(day).date()), set()).add(force)
    refused, told, new = [], [], 0
    with read_ahead.readers(home().landing / quarter for quarter in wanted) as readers:
        for quarter, forces in sorted(wanted.items()):
            whole = len(forces) == len(FORCES)
            receipts = [
                receipt
                for force in ([None] if whole else sorted(forces))
                for receipt in receive(home(), quarter, force, readers)
            ]
            fresh = [receipt for receipt in receipts if receipt.new]
            new += len(fresh)
            refused += [receipt for receipt in fresh if receipt.status == "refused"]
            told += [receipt for receipt in fresh if receipt.reasons]
            context.log.info(
                f"{quarter}: {len(fresh)} new submissions, {len(receipts) - len(fresh)} already received"
            )
    for receipt in told:
        became = "refused" if receipt.status == "refused" else "received, and remarked on"
        for reason in receipt.reasons:
            context.log.warning(
                f"{receipt.quarter} {receipt.force} submission {receipt.submission} {became}: {reason}"
            )
    return dg.MaterializeResult(
        metadata={"new_submissions": new, "refused": len(refused)},
        check_results=[
            dg.AssetCheckResult(
                check_name="accepted",
                passed=not refused,
                severity=dg.AssetCheckSeverity.WARN,  # the others go on, and the last accepted submission stands
                metadata={
                    "refused": dg.MetadataValue.json(
                        [
                            {
                                "force": receipt.force,
                                "quarter": receipt.quarter,
                                "submission": receipt.submission,
                                "reasons": receipt.reasons,
                            }
                            for receipt in refused
                        ]
                    )
                },
            )
        ],
    )


@dg.asset(
    partitions_def=PARTITIONS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="returns",
    deps=[returns],
    output_required=False,
    description="The grid: a partition is there when an accepted or nil return of that force and quarter stands.",
)
def receipts(context: dg.AssetExecutionContext) -> Iterator[dg.AssetMaterialization]:
    """Says itself which partitions there are: of a run over 44 forces Dagster would mark all, the missing ones too."""
    from orchestration.returns.receipts import grid

    quarter_of = {
        day: quarters.of(QUARTERS.start_time_for_partition_key(day).date())
        for day in {key.split("|")[1] for key in context.partition_keys}
    }
    cells = grid(home(), sorted(quarter_of.values()))
    # an event costs 4 ms: only for what is new in the grid
    known = context.instance.get_latest_storage_id_by_partition(
        context.asset_key, dg.DagsterEventType.ASSET_MATERIALIZATION
    )
    stands = {"accepted", "accepted_with_rejections", "nil"}
    for key in context.partition_keys:
        force, day = key.split("|")
        cell = cells[force][quarter_of[day]]
        if cell and cell["status"] in stands and key not in known:
            yield dg.AssetMaterialization(context.asset_key, partition=key, metadata=cell)


@dg.asset(
    group_name="returns",
    kinds={"parquet"},
    check_specs=[
        dg.AssetCheckSpec(
            "accepted", asset="police_recorded_crime", description="No file of recorded crime is refused."
        )
    ],
    description="Home Office police recorded crime by release, force, quarter and offence class "
    "(Open Government Licence v3.0).",
)
def police_recorded_crime(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    from orchestration.returns.recorded_crime import receive

    received = receive(home())
    for sentence in received.refused:
        context.log.warning(f"police recorded crime refused: {sentence}")
    return dg.MaterializeResult(
        metadata={"releases": ", ".join(release.published_on for release in received.releases)},
        check_results=[
            dg.AssetCheckResult(
                check_name="accepted",
                passed=not received.refused,
                severity=dg.AssetCheckSeverity.WARN,  # the releases before it stand
                metadata={"refused": dg.MetadataValue.json(received.refused)},
            )
        ],
    )
