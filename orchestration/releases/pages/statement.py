"""What the page about a release shows: what was promised, and how figures changed since they were first published."""

from datetime import date
from functools import partial

from orchestration.home import seed_rows
from orchestration.releases.figures import NATION, label
from orchestration.releases.pages import evidence
from orchestration.releases.revisions import CAUSES
from orchestration.statements import Connection, rows_of


def read(connection: Connection, head: dict) -> dict:
    """The page's values; `connection` has the release's tables attached as `target`, `head` is its manifest."""
    rows = partial(rows_of, connection)
    revised = rows(
        "select release, cause, count(*) as figures, count(*) filter (where place_type = 'national') as national "
        "from target.quality.figure_revisions where cause is not null group by all order by release, cause"
    )
    triangle = rows(
        "select revisions.*, figures.unit, figures.population, figures.criterion, figures.breakdown, "
        "revision = max(revision) over (partition by figure_id, scheme, period) as stands, "
        "figures.category from target.quality.figure_revisions as revisions "
        "inner join target.main.figures as figures using (figure_id, scheme, place_type, place, period_type, period) "
        "where revisions.place = ? and revisions.period_type <> 'month' and figures.criterion = 'all' "
        "and figures.breakdown in ('total', 'group_based', 'criterion') "
        "order by revisions.period desc, figure_id, scheme, revision",
        [NATION],
    )
    for row in triangle:
        row["label"] = label(row)
        # earlier ones are numbers of other releases
        row["evidence"] = evidence.link(row) if row["stands"] else None
    published = dict(
        connection.execute(
            "select period, min(published_at) from target.quality.release_history group by period"
        ).fetchall()
    )
    published.setdefault(head["period"], head["created_at"])
    calendar = [
        row | {"published_on": published.get(row["period"], "")[:10]}
        for row in seed_rows("publication/release_calendar.csv")
        if row["period"][:4] == head["period"][:4]
    ]
    names = {row["force"]: row["name"] for row in seed_rows("forces.csv")}
    return {
        "calendar": calendar,
        **access(head),
        "announced_before": _days(head["announced_on"], head["planned_on"]),
        "policies": [
            row | {"stands": "as decided" if row["is_as_decided"] else "changed since, without a new version"}
            for row in head["policies"]
        ],
        "quality_statements": [row | {"force": names[row["force"]]} for row in head["quality_statements"]],
        "revised": revised,
        "causes": CAUSES,
        "triangle": triangle,
        "not_collected": seed_rows("publication/wide_views.csv"),
    }


def access(head: dict) -> dict:
    """Who saw the release before it was published, and whose access was planned for a day on which it was not: the hours
    before that day are no access before this publication. `days_late`: after the day that was planned."""
    out_on, planned_on = head["created_at"][:10], head["planned_on"]
    rows = [
        row | {name: row[name][:16].replace("T", " ") for name in ("from", "until")}
        for row in head["pre_release_access"]
    ]
    return {
        "access": [row for row in rows if row["until"][:10] == out_on],
        "access_not_given": [row for row in rows if row["until"][:10] != out_on],
        "days_late": _days(planned_on, out_on),
    }


def _days(begin: str | None, end: str | None) -> int:
    return (date.fromisoformat(end) - date.fromisoformat(begin)).days if begin and end else 0
