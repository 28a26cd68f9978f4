"""Revisions: each figure as first published, as every later release had it, and why it changed.

Earlier releases are those in the releases folder that share a quarter with this one, by the time they were made; one
that is not there any more is left out, and the first that is counts as the first. Why a figure changed is worked out
from what the manifests say changed between two releases (returns, readings, seeds and code), and from the tables that
each of the two held: what stands today is no evidence on a release made before.
"""

# ruff: noqa: S608 - names in the SQL are this module's own

from itertools import combinations
from pathlib import Path

from orchestration.quarters import in_period
from orchestration.releases.figures import NATION
from orchestration.statements import Connection, from_parquet
from orchestration.stopping import read_json

KEY = ("figure_id", "scheme", "place_type", "place", "period_type", "period")
# everything that is printed of a figure
PRINTED = {
    "numerator": "bigint",
    "denominator": "bigint",
    "percent": "decimal(4,1)",
    "percent_rounding": "varchar",
    "status": "varchar",
}
CAUSES = {
    "correction": "an erratum names the figure and this release",
    "resubmission": "a force of the place sent the quarter again, or for the first time",
    "reading": "crimes of the place and period were read, or read again",
    "later_return": "the return of a later quarter cancelled crimes of this one",
    "candidates": "returns of other forces or quarters changed which crimes of the place and period are candidates",
    "erased": "a record of the place and period was erased by law",
    "rule": "seeds or code changed, and other figures changed that nothing else explains",
    "explained": "nothing that is recorded explains it, and a person signed why in explained_revisions.csv",
    "not_known": "nothing that is recorded explains it",
}
# seeds that no figure is made from: a row more explains no figure
OF_NO_FIGURE = ("publication/", "waivers.csv", "rules.csv")
EVERY = "every"
# what is asked of each release about itself
TABLES = ("figures", "dim_force", "fct_crimes")


def earlier_releases(releases: Path, release: str, period: str, made_at: str) -> list[dict]:
    """Manifests of the releases made before that share a quarter with `period`, oldest first."""
    quarters = set(in_period(period))
    found = []
    for manifest in releases.glob("[0-9]*.r*/manifest.json"):
        head = read_json(manifest)
        tables = {name: manifest.parent / f"marts/{name}.parquet" for name in TABLES}
        shares = bool(quarters & set(in_period(head["period"])))
        if (
            head["release"] != release
            and head["created_at"] <= made_at
            and shares
            and tables["figures"].exists()
        ):
            found.append(head | {"tables": {name: from_parquet(file) for name, file in tables.items()}})
    return sorted(found, key=lambda head: (head["created_at"], head["release"]))


def write(connection: Connection, head: dict, releases: Path, readings: Path) -> list[str]:
    """`target.quality.figure_revisions` of the release that `head` is the manifest of; the releases compared with.

    `connection` has the tables of the release as `target`; `readings` is the snapshot of the ledger's readings.
    """
    earlier = earlier_releases(releases, head["release"], head["period"], head["created_at"])
    if not earlier:
        return []
    vintages = [*earlier, head | {"tables": {name: f"target.main.{name}" for name in TABLES}}]
    _find_changes(connection, vintages)
    connection.execute(
        "create or replace temp table vintages (n integer, release varchar, published_at varchar)"
    )
    rows = [(n, vintage["release"], vintage["created_at"]) for n, vintage in enumerate(vintages)]
    connection.executemany("insert into vintages values (?, ?, ?)", rows)
    _find_causes(connection, vintages, readings)
    connection.execute(_EXPLAINED, {"errata": [_names(row) for row in head["errata"]]})
    _sign(connection, head["explained_revisions"])
    for table in ("changed", "revised", "vintages", "places", "by_readers", "differences", "changed_rules"):
        connection.execute(f"drop table {table}")
    return [vintage["release"] for vintage in earlier]


def _names(erratum: dict) -> str:
    return " ".join(
        (erratum["corrected_in"], erratum["figure_id"], erratum["place"] or NATION, erratum["period"])
    )


def _sign(connection: Connection, explained: list[dict]) -> None:
    """Revisions that nothing explains and a person does, by a row of seeds/publication/explained_revisions.csv."""
    for row in explained:
        connection.execute(
            f"""
            update target.quality.figure_revisions set cause = 'explained'
            where cause = 'not_known' and release = $release
                and ($figure_id = '{EVERY}' or figure_id = $figure_id)
                and ($place = '{EVERY}' or place = $place)
                and ($period = '{EVERY}' or period = $period)
            """,
            {name: row[name] for name in ("release", "figure_id", "place", "period")},
        )


def unexplained(connection: Connection, release: str) -> list[str]:
    """A sentence where figures of `release`, attached as `target`, changed for no reason that is known."""
    (count,) = connection.execute(
        "select count(*) from target.quality.figure_revisions where release = ? and cause = 'not_known'",
        [release],
    ).fetchone()
    if not count:
        return []
    figure, place, period, before, now = connection.execute(
        f"""
        select figure_id, place, period, {_as_printed("_before")}, {_as_printed("")}
        from target.quality.figure_revisions
        where release = ? and cause = 'not_known'
        order by place_type = 'national' desc, period_type = 'year' desc, figure_id, place, period
        limit 1
        """,
        [release],
    ).fetchone()
    return [
        f"{count:,} figure{'s' if count > 1 else ''} of {release} changed, and nothing that is recorded explains it "
        f"(first: {figure}, {place}, {period}: {before} before, {now} now). Find out why: build the warehouse again "
        "(cpai run), ask cpai verify and cpai read verify. What is right all the same is let through by a row of "
        f"seeds/publication/explained_revisions.csv that names {release}, with the reason and who signs it"
    ]


def _as_printed(when: str) -> str:
    """SQL: a revision's numbers in words, before it or since."""
    return (
        f"concat_ws(' ', coalesce(numerator{when}::varchar, 'no number'), 'of ' || denominator{when}, "
        f"'(' || percent{when} || '%)', status{when})"
    )


def figures_of(connection: Connection, source: str) -> str:
    """SQL: every figure of a release with what it prints; before there was a status all were published."""
    has = {row[0] for row in connection.execute(f"describe from {source}").fetchall()}
    printed = ", ".join(
        f"{name if name in has else repr('published')}::{kind} as {name}" for name, kind in PRINTED.items()
    )
    return f"(select {', '.join(KEY)}, population, breakdown, {printed} from {source})"


def _find_changes(connection: Connection, vintages: list[dict]) -> None:
    """Temp table `revised`: key, n of the vintage (the last is today's) and of the one before, numbers of both; and
    `by_readers`, the figures among them that hang on readings.

    First by hash: of the 220,000 figures of a year few differ, and only those are put side by side.
    """
    key, printed = ", ".join(KEY), ", ".join(PRINTED)
    every = [figures_of(connection, vintage["tables"]["figures"]) for vintage in vintages]
    periods = "period in (select distinct period from target.main.figures)"
    hashed = " union all ".join(
        f"select {n} as n, period, hash({key}) as figure, hash({printed}) as numbers "
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
    of_changed = f"{periods} and hash({key}) in (select figure from changed)"
    given = " union all ".join(
        f"select {n} as n, {key}, {printed} from {source} where {of_changed}"
        for n, source in enumerate(every)
    )
    covered = " union all ".join(
        f"select distinct {n} as n, period from {source} where {periods}" for n, source in enumerate(every)
    )
    _put_side_by_side(connection, given, covered)
    # a figure that is not given any more is one of them too
    by_readers = " union ".join(
        f"select figure_id from {source} "
        f"where (population = 'cocad' or breakdown = 'group_based') and {of_changed}"
        for source in every
    )
    connection.execute(f"create or replace temp table by_readers as {by_readers}")


def _put_side_by_side(connection: Connection, given: str, covered: str) -> None:
    """Temp table `revised`, from the figures that may differ as each vintage has them, and the periods each covers."""
    key, printed = ", ".join(KEY), ", ".join(PRINTED)
    before = ", ".join(f"lag({name}) over figure as {name}_before" for name in PRINTED)
    differs = " or ".join(f"{name} is distinct from {name}_before" for name in PRINTED)
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
            select {key}, n, {printed}, given.figure_id is not null as is_given
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
        where is_out and (n_before is null or {differs})
        """
    )


def _find_causes(connection: Connection, vintages: list[dict], readings: Path) -> None:
    """Temp tables of what differs between two vintages: `differences` (force-quarters, by cause), `changed_rules`;
    and `places`, which forces each place had in each vintage."""
    connection.execute(
        "create or replace temp table differences (n_before integer, n integer, force varchar, quarter varchar, "
        "cause varchar)"
    )
    connection.execute("create or replace temp table changed_rules (n_before integer, n integer)")
    places = " union all ".join(
        f"select {n} as n, force, unnest([force, region, '{NATION}']) as place from {vintage['tables']['dim_force']}"
        for n, vintage in enumerate(vintages)
    )
    connection.execute(f"create or replace temp table places as select distinct * from ({places})")
    differences, rules = [], []
    pairs = list(combinations(range(len(vintages)), 2))
    for before, now in pairs:
        then, since = vintages[before], vintages[now]
        quarters = set(in_period(then["period"])) & set(in_period(since["period"]))
        for cause, differ in (
            ("resubmission", _returns(then) ^ _returns(since)),
            ("later_return", _cancelled(then) ^ _cancelled(since)),
            ("erased", _erased(then) ^ _erased(since)),
        ):
            force_quarters = {row[:2] for row in differ if row[1] in quarters}
            differences += [(before, now, *one, cause) for one in sorted(force_quarters)]
        if _rules(then) != _rules(since):
            rules.append((before, now))
    if differences:
        connection.executemany("insert into differences values (?, ?, ?, ?, ?)", differences)
    if rules:
        connection.executemany("insert into changed_rules values (?, ?)", rules)
    for before, now in pairs:
        _add_candidates(connection, before, now, vintages)
        if readings.exists():
            _add_readings(connection, before, now, vintages, readings)


def _add_readings(
    connection: Connection, before: int, now: int, vintages: list[dict], readings: Path
) -> None:
    """Force-quarters of which candidates were read between two releases; the candidates are those of the later one."""
    last = [vintages[n]["last_of_reading_chain"]["reading_id"] for n in (before, now)]
    connection.execute(
        f"""
        insert into differences
        select distinct {before}, {now}, crimes.force, crimes.quarter, 'reading'
        from {from_parquet(readings)} as readings
        inner join {vintages[now]["tables"]["fct_crimes"]} as crimes
            on readings.force = crimes.force and readings.crime_reference = crimes.crime_reference
        where crimes.is_candidate and readings.reading_id > {last[0]} and readings.reading_id <= {last[1]}
        """
    )


def _add_candidates(connection: Connection, before: int, now: int, vintages: list[dict]) -> None:
    """Force-quarters with other candidates though they were not sent again: links lead to crimes of other returns, and
    the random sample is drawn from all forces. Where no return at all has changed nothing is explained by it."""
    then_made, now_made = vintages[before], vintages[now]
    if _every_return(then_made) == _every_return(now_made) and _erased(then_made) == _erased(now_made):
        return
    quarters = sorted(set(in_period(vintages[before]["period"])) & set(in_period(vintages[now]["period"])))
    then, since = (
        f"select force, quarter, crime_reference from {vintages[n]['tables']['fct_crimes']} "
        "where is_candidate and quarter in (select unnest($quarters))"
        for n in (before, now)
    )
    connection.execute(
        f"""
        insert into differences
        select distinct {before}, {now}, force, quarter, 'candidates'
        from ((({then}) except ({since})) union (({since}) except ({then})))
        where (force, quarter) not in (
            select (force, quarter) from differences
            where n_before = {before} and n = {now} and cause in ('resubmission', 'erased')
        )
        """,
        {"quarters": quarters},
    )


def _every_return(head: dict) -> set:
    """Every submission that a release lists, of its period and of others."""
    counted = {f"{row['force']} {row['quarter']} {row['submission']}" for row in head["submissions"]}
    return counted | set(head.get("beside", {}).get("returns", []))


def _rules(head: dict) -> tuple:
    """The code of a release, and the seeds that figures are made from."""
    seeds = head.get("seeds", {}).items()
    return head["code_sha256"], sorted(row for row in seeds if not row[0].startswith(OF_NO_FIGURE))


def _erased(head: dict) -> set[tuple]:
    """Force and quarter of each erasure before a release was made."""
    return {(row["force"], row["quarter"], row["erasure"]) for row in head.get("erased", [])}


def _cancelled(head: dict) -> set[tuple]:
    """Force and quarter with crimes that the return of a later quarter cancels, that return, and how many they are."""
    names = ("force", "quarter", "by_quarter", "by_submission", "crimes")
    return {tuple(row[name] for name in names) for row in head.get("cancelled_by", [])}


def _returns(head: dict) -> set[tuple]:
    """Force and quarter of each return with what was sent: submission number and files."""
    return {
        (row["force"], row["quarter"], row["submission"], *sorted(file["sha256"] for file in row["files"]))
        for row in head["submissions"]
    }


_EXPLAINED = f"""
insert into target.quality.figure_revisions
with

periods as (
    select
        n_before, n, force, quarter, cause,
        unnest([
            quarter,
            substr(quarter, 1, 4),
            substr(quarter, 1, 5) || lpad(cast(3 * cast(right(quarter, 1) as integer) - 2 as varchar), 2, '0'),
            substr(quarter, 1, 5) || lpad(cast(3 * cast(right(quarter, 1) as integer) - 1 as varchar), 2, '0'),
            substr(quarter, 1, 5) || lpad(cast(3 * cast(right(quarter, 1) as integer) as varchar), 2, '0')
        ]) as period
    from differences
),

causes as (
    select distinct periods.n_before, periods.n, places.place, periods.period, periods.cause
    from periods
    inner join places on periods.n = places.n and periods.force = places.force
),

-- whether readers agree is asked of the whole nation: a reading anywhere may withhold a figure of any place
causes_of_status as (
    select distinct n_before, n, period, cause from periods
),

caused_anywhere as (
    select revised.figure_id, revised.place, revised.period, revised.n, causes_of_status.cause
    from revised
    inner join causes_of_status using (n_before, n, period)
    where revised.status is distinct from revised.status_before
),

caused_here as (
    select revised.figure_id, revised.place, revised.period, revised.n, causes.cause
    from revised
    inner join causes using (n_before, n, place, period)
),

explained as (
    select distinct figure_id, place, period, n, cause
    from (select * from caused_here union all select * from caused_anywhere)
    -- the CPAI and its contact crimes need no reader
    where
        cause not in ('reading', 'candidates')
        or figure_id in (select figure_id from by_readers)
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
    {", ".join(f"revised.{name}" for name in PRINTED)},
    {", ".join(f"revised.{name}_before" for name in PRINTED)},
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
