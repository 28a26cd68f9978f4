"""Revisions: each figure as first published, as every later release had it, and why it changed.

Earlier releases are those in the releases folder that share a quarter with this one, by the time they were made; one
that is not there any more is left out, and the first that is counts as the first. Why a figure changed is worked out
from what the manifests say changed between two releases: returns, readings, seeds and code.
"""

# ruff: noqa: S608 - names in the SQL are this module's own

import json
from itertools import combinations
from pathlib import Path
from typing import Any

from orchestration.quarters import in_period
from orchestration.releases.figures import NATION
from orchestration.warehouse.statements import quoted

KEY = ("figure_id", "scheme", "place_type", "place", "period_type", "period")
NUMBERS = ("numerator", "denominator", "percent")
CAUSES = {
    "correction": "an erratum names the figure and this release",
    "resubmission": "a force of the place sent the quarter again, or for the first time",
    "reading": "crimes of the place and period were read, or read again",
    "later_return": "the return of a later quarter cancelled crimes of this one",
    "rule": "seeds or code changed, and other figures changed that nothing else explains",
    "not_known": "nothing that is recorded explains it",
}
COLUMNS = {
    "figure_id": ("varchar", "What is counted, as in `figures`."),
    "scheme": ("varchar", "Scheme of criteria, as in `figures`."),
    "place_type": ("varchar", "`national`, `region` or `force`."),
    "place": ("varchar", "`England and Wales`, a region, or a force's slug."),
    "period_type": ("varchar", "`month`, `quarter` or `year`."),
    "period": ("varchar", "`2023-01`, `2023-Q1` or `2023`."),
    "revision": ("integer", "0 as first published, then 1, 2 and so on."),
    "release": ("varchar", "The release that published it so."),
    "published_at": ("varchar", "When that release was made."),
    "numerator": ("bigint", "How many; null where that release gave none."),
    "denominator": ("bigint", "Of how many; null for a plain count."),
    "percent": ("decimal(4,1)", "The percentage as printed."),
    "numerator_before": (
        "bigint",
        "How many in the release before; null in the first, and where it gave none.",
    ),
    "denominator_before": ("bigint", "Of how many in the release before."),
    "percent_before": ("decimal(4,1)", "The percentage in the release before."),
    "cause": (
        "varchar",
        "Why it changed, all that may have: " + "; ".join(f"{k}, {v}" for k, v in CAUSES.items()),
    ),
}
ABOUT = (
    "One row a figure, place, period and release that changed it. Every figure that was ever revised: as first "
    "published, and each revision since; a figure that never changed has no row."
)


def earlier_releases(releases: Path, release: str, period: str, made_at: str) -> list[dict]:
    """Manifests of the releases made before that share a quarter with `period`, oldest first."""
    quarters = set(in_period(period))
    found = []
    for manifest in releases.glob("[0-9]*.r*/manifest.json"):
        head = json.loads(manifest.read_text(encoding="utf-8"))
        figures = manifest.parent / "marts" / "figures.parquet"
        shares = bool(quarters & set(in_period(head["period"])))
        if head["release"] != release and head["created_at"] <= made_at and shares and figures.exists():
            found.append(head | {"figures": figures})
    return sorted(found, key=lambda head: (head["created_at"], head["release"]))


def write(connection: Any, head: dict, releases: Path, readings: Path) -> list[str]:
    """`target.quality.figure_revisions` of the release that `head` is the manifest of; the releases compared with.

    `connection` has the figures as `target` and the warehouse they came from as `warehouse`; `readings` is the
    snapshot of the ledger's readings.
    """
    columns = ", ".join(f"{name} {kind}" for name, (kind, _) in COLUMNS.items())
    connection.execute(f"create table target.quality.figure_revisions ({columns})")
    earlier = earlier_releases(releases, head["release"], head["period"], head["created_at"])
    if not earlier:
        return []
    vintages = [*earlier, head]
    _find_changes(connection, earlier)
    connection.execute(
        "create or replace temp table vintages (n integer, release varchar, published_at varchar)"
    )
    rows = [(n, vintage["release"], vintage["created_at"]) for n, vintage in enumerate(vintages)]
    connection.executemany("insert into vintages values (?, ?, ?)", rows)
    _find_causes(connection, vintages, readings)
    connection.execute(_EXPLAINED, {"errata": [_names(row) for row in head["errata"]]})
    for table in ("changed", "revised", "vintages", "differences", "changed_rules"):
        connection.execute(f"drop table {table}")
    return [vintage["release"] for vintage in earlier]


def _names(erratum: dict) -> str:
    return " ".join(
        (erratum["corrected_in"], erratum["figure_id"], erratum["place"] or NATION, erratum["period"])
    )


def _find_changes(connection: Any, earlier: list[dict]) -> None:
    """Temp table `revised`: key, n of the vintage (the last is today's) and of the one before, numbers of both.

    First by hash: of the 220,000 figures of a year few differ, and only those are put side by side.
    """
    key, numbers = ", ".join(KEY), ", ".join(NUMBERS)
    every = [f"read_parquet({quoted(head['figures'])})" for head in earlier] + ["target.main.figures"]
    periods = "period in (select distinct period from target.main.figures)"
    hashed = " union all ".join(
        f"select {n} as n, period, hash({key}) as figure, hash(numerator, denominator) as numbers "
        f"from {source} where {periods}"
        for n, source in enumerate(every)
    )
    connection.execute(
        f"""
        create or replace temp table changed as
        with hashed as ({hashed}),
        covering as (select period, count(distinct n) as vintages from hashed group by period)
        select hashed.figure
        from hashed
        inner join covering on hashed.period = covering.period
        group by hashed.figure
        having min(hashed.numbers) <> max(hashed.numbers) or count(*) <> max(covering.vintages)
        """
    )
    given = " union all ".join(
        f"select {n} as n, {key}, {numbers} from {source} "
        f"where {periods} and hash({key}) in (select figure from changed)"
        for n, source in enumerate(every)
    )
    covered = " union all ".join(
        f"select distinct {n} as n, period from {source} where {periods}" for n, source in enumerate(every)
    )
    before = ", ".join(f"lag({name}) over figure as {name}_before" for name in NUMBERS)
    connection.execute(
        f"""
        create or replace temp table revised as
        with given as ({given}),
        covered as ({covered}),
        -- a release that has the period and not the figure gave no number for it
        every as (
            select covered.n, {", ".join(f"keys.{name}" for name in KEY)}
            from (select distinct {key} from given) as keys
            inner join covered on keys.period = covered.period
        ),
        beside as (
            select {key}, n, {numbers}, given.figure_id is not null as is_given
            from every left join given using (n, {key})
        ),
        before as (
            select *, lag(n) over figure as n_before, {before},
                bool_or(is_given) over (figure rows unbounded preceding) as is_out
            from beside
            window figure as (partition by {key} order by n)
        )
        select * exclude (is_given, is_out), row_number() over (partition by {key} order by n) - 1 as revision
        from before
        where is_out and (
            n_before is null
            or numerator is distinct from numerator_before or denominator is distinct from denominator_before
        )
        """
    )


def _find_causes(connection: Any, vintages: list[dict], readings: Path) -> None:
    """Temp tables of what differs between two vintages: `differences` (force-quarters, by cause), `changed_rules`."""
    connection.execute(
        "create or replace temp table differences (n_before integer, n integer, force varchar, quarter varchar, "
        "cause varchar)"
    )
    connection.execute("create or replace temp table changed_rules (n_before integer, n integer)")
    returns = [_returns(vintage) for vintage in vintages]
    differences, rules = [], []
    for before, now in combinations(range(len(vintages)), 2):
        quarters = set(in_period(vintages[before]["period"])) & set(in_period(vintages[now]["period"]))
        sent = {key for key, _ in returns[before] ^ returns[now] if key[1] in quarters}
        differences += [(before, now, *key, "resubmission") for key in sent]
        later = {force for (force, quarter), _ in returns[now] - returns[before] if quarter > min(quarters)}
        differences += [
            (before, now, force, quarter, "later_return") for force in later for quarter in quarters
        ]
        if any(vintages[before][name] != vintages[now][name] for name in ("seeds_sha256", "code_sha256")):
            rules.append((before, now))
    if differences:
        connection.executemany("insert into differences values (?, ?, ?, ?, ?)", differences)
    if rules:
        connection.executemany("insert into changed_rules values (?, ?)", rules)
    if readings.exists():
        last = [vintage["last_of_reading_chain"]["reading_id"] for vintage in vintages]
        pairs = [(m, n, last[m], last[n]) for m, n in combinations(range(len(vintages)), 2)]
        values = ", ".join(str(pair) for pair in pairs)
        connection.execute(
            f"""
            insert into differences
            select distinct pairs.n_before, pairs.n, candidates.force, candidates.quarter, 'reading'
            from read_parquet({quoted(readings)}) as readings
            inner join (values {values}) as pairs (n_before, n, id_before, id)
                on readings.reading_id > pairs.id_before and readings.reading_id <= pairs.id
            inner join warehouse.cocad.cocad_candidates as candidates
                on readings.force = candidates.force and readings.crime_reference = candidates.crime_reference
            """
        )


def _returns(head: dict) -> set[tuple]:
    """Force and quarter of each return with what was sent: submission number and files."""
    return {
        (
            (row["force"], row["quarter"]),
            (row["submission"], *sorted(file["sha256"] for file in row["files"])),
        )
        for row in head["submissions"]
    }


_EXPLAINED = f"""
insert into target.quality.figure_revisions
with

places as (
    select force, force as place from target.main.dim_force
    union all
    select force, region as place from target.main.dim_force
    union all
    select force, '{NATION}' as place from target.main.dim_force
),

-- cancelled later is what a later return does; without such crimes it changed nothing here
cancelled as (
    select force, quarter from target.quality.restatements where cause = 'cancelled_later'
),

causes as (
    select differences.* from differences
    left join cancelled using (force, quarter)
    where differences.cause <> 'later_return' or cancelled.force is not null
),

explained as (
    select distinct revised.figure_id, revised.place, revised.period, revised.n, causes.cause
    from revised
    inner join places on revised.place = places.place
    inner join causes
        on revised.n_before = causes.n_before
        and revised.n = causes.n
        and places.force = causes.force
        and revised.period in (
            causes.quarter, substr(causes.quarter, 1, 4),
            substr(causes.quarter, 1, 5) || lpad(cast(3 * cast(right(causes.quarter, 1) as integer) - 2 as varchar), 2, '0'),
            substr(causes.quarter, 1, 5) || lpad(cast(3 * cast(right(causes.quarter, 1) as integer) - 1 as varchar), 2, '0'),
            substr(causes.quarter, 1, 5) || lpad(cast(3 * cast(right(causes.quarter, 1) as integer) as varchar), 2, '0')
        )
    -- the CPAI and its contact crimes need no reader
    where
        causes.cause <> 'reading'
        or revised.figure_id in (
            select figure_id from target.main.figures where population = 'cocad' or breakdown = 'group_based'
        )
),

-- new seeds or code change what nothing else explains; where there is no such figure they changed no figure
at_work as (
    select distinct revised.n_before, revised.n
    from revised
    inner join changed_rules using (n_before, n)
    anti join explained using (figure_id, place, period, n)
),

by_cause as (
    select * from explained
    union all
    select revised.figure_id, revised.place, revised.period, revised.n, 'rule' as cause
    from revised
    inner join at_work using (n_before, n)
),

caused as (
    select figure_id, place, period, n, string_agg(cause, '; ' order by cause) as cause
    from by_cause
    group by figure_id, place, period, n
)

select
    {", ".join(f"revised.{name}" for name in KEY)},
    revised.revision,
    vintages.release,
    vintages.published_at,
    {", ".join(f"revised.{name}" for name in NUMBERS)},
    {", ".join(f"revised.{name}_before" for name in NUMBERS)},
    case
        when revised.n_before is null then null
        when vintages.release || ' ' || revised.figure_id || ' ' || revised.place || ' ' || revised.period
            in (select unnest($errata)) then 'correction'
        else coalesce(caused.cause, 'not_known')
    end as cause
from revised
inner join vintages on revised.n = vintages.n
left join caused
    on revised.figure_id = caused.figure_id
    and revised.place = caused.place
    and revised.period = caused.period
    and revised.n = caused.n
order by {", ".join(f"revised.{name}" for name in KEY)}, revised.revision
"""
