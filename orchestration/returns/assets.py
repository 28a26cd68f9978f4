"""Returns as Dagster assets: force x quarter partitions, a whole quarter (or year) in one run."""

import warnings
from collections.abc import Iterator

import dagster as dg

from orchestration import outbox
from orchestration.home import Home
from orchestration.ledger import erasures
from orchestration.printing import counted
from orchestration.returns import kept, read_ahead, recorded_crime, shown
from orchestration.returns.intake import receive
from orchestration.returns.landing import unread_told
from orchestration.returns.partitions import FORCES, PARTITIONS, QUARTERS, asked, partition_range
from orchestration.returns.receipts import each_return
from orchestration.runs import apart
from orchestration.verdicts import told

warnings.filterwarnings("ignore", category=dg.BetaWarning)  # single-run backfills, which we pin and test

__all__ = ["FORCES", "PARTITIONS", "QUARTERS", "partition_range"]
RETURNS = dg.AssetKey("returns")
RECORDS = dg.AssetKey("records")


# two assets of one step: of an output Dagster would mark every partition of the run as there, refused and missing ones too;
# so returns themselves yield which are, and what is built waits for the records
@dg.multi_asset(
    name="returns",
    specs=[
        dg.AssetSpec(
            RETURNS,
            partitions_def=PARTITIONS,
            skippable=True,
            kinds={"csv", "excel"},
            group_name="returns",
            description="What forces sent, archived by SHA-256 and read by their layout. A partition is there when a return of "
            "that force and quarter stands, has failed when its latest delivery is refused, is empty when none has come.",
        ),
        dg.AssetSpec(
            RECORDS,
            deps=[RETURNS],
            group_name="returns",
            kinds={"parquet"},
            description="Every record of every return as text: raw Parquet, with a table of the submissions.",
        ),
    ],
    check_specs=[
        dg.AssetCheckSpec(
            "accepted",
            asset=RETURNS,
            description="The latest delivery of no force, in no quarter, is refused.",
        )
    ],
    backfill_policy=dg.BackfillPolicy.single_run(),
    can_subset=True,
)
def returns(
    context: dg.AssetExecutionContext, home: dg.ResourceParam[Home]
) -> Iterator[dg.AssetMaterialization | dg.AssetObservation | dg.AssetCheckResult | dg.MaterializeResult]:
    """Refused returns fail in runs of their own, and the others go on; where all are refused, this run fails."""
    selected = context.selected_asset_keys
    wanted = asked(context) if RETURNS in selected else {}
    # raw that an erasure had begun to change would be made again from the original that is to go
    if due := erasures.due(home):
        raise dg.Failure("\n".join(due), allow_retries=False)
    try:
        for line in kept.make_again(home):
            context.log.warning(line)
    except kept.CannotMakeAgain as problem:
        raise dg.Failure(str(problem)) from problem
    new = _take_in(context, home, wanted)
    stand = each_return(home)
    places = [(force, quarter) for quarter, forces in wanted.items() for force in forces]
    here = {place: stand[place] for place in places if place in stand}
    refused = {place: row for place, row in here.items() if row.refused}
    sentences = {f"{quarter} {force}": row.told for (force, quarter), row in refused.items()}
    outbox.stands(home, "refusal", sentences, within=[f"{quarter} {force}" for force, quarter in places])
    astray = unread_told(home.landing)
    noted = [line["about"] for line in outbox.opened(home) if line["kind"] == "not read"]
    outbox.stands(home, "not read", astray, within=dict.fromkeys([*noted, *astray]))
    nothing_stands = bool(wanted) and len(refused) == len(places)
    for (force, quarter), row in here.items():
        partition = f"{force}|{quarter}"
        if nothing_stands:
            yield dg.AssetObservation(RETURNS, partition=partition, metadata=shown.metadata(home, row.latest))
        elif row.stands:
            metadata = shown.metadata(home, row.stands)
            yield dg.AssetMaterialization(RETURNS, partition=partition, metadata=metadata)
    if RETURNS in selected:
        yield shown.check(home, stand, list(astray.values()))
    if nothing_stands:
        raise shown.failure(home, refused)
    for force, quarter in refused:
        apart(context, home, returns, f"{force}|{quarter}")
    if RECORDS in selected:
        yield dg.MaterializeResult(asset_key=RECORDS, metadata={"new submissions": new})


def _take_in(context: dg.AssetExecutionContext, home: Home, wanted: dict[str, list[str]]) -> int:
    """Receive what landed of all that was asked for; how many submissions were new."""
    fresh = []
    with read_ahead.readers(home.landing / quarter for quarter in wanted) as readers:
        for quarter, forces in wanted.items():
            receipts, looked_at = [], 0
            # of a whole quarter in one go, what is nobody's too
            for these in [forces] if len(forces) == len(FORCES) else [[force] for force in forces]:
                receipts += receive(home, quarter, these[0] if len(these) == 1 else None, readers)
                looked_at += len(these)
            new = [receipt for receipt in receipts if receipt.new]
            fresh += new
            context.log.info(
                f"{quarter}: {len(forces)} asked, {looked_at} looked at; {counted(len(new), 'new submission')}, "
                f"{len(receipts) - len(new)} already received"
            )
    for receipt in fresh:
        became = "refused" if receipt.status == "refused" else "received, and remarked on"
        # what has no number is nobody's: its name may be anybody's
        whose = f"{receipt.force} submission {receipt.submission}" if receipt.submission else "of no force"
        for reason in receipt.reasons:
            context.log.warning(f"{receipt.quarter} {whose} {became}: {told(reason)}")
    return len(fresh)


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
def police_recorded_crime(
    context: dg.AssetExecutionContext, home: dg.ResourceParam[Home]
) -> dg.MaterializeResult:
    received = recorded_crime.receive(home)
    for sentence in received.made_again:
        context.log.warning(sentence)
    refused = len(received.refused)
    if refused:
        context.log.warning(
            f"police recorded crime: {counted(refused, 'reason')} to refuse a file; `cpai run` prints them"
        )
    return dg.MaterializeResult(
        metadata={"releases": ", ".join(release.published_on for release in received.releases)},
        check_results=[
            dg.AssetCheckResult(
                check_name="accepted",
                passed=not received.refused,
                severity=dg.AssetCheckSeverity.WARN,  # the releases before it stand
                metadata={"reasons to refuse a file": refused},
            )
        ],
    )
