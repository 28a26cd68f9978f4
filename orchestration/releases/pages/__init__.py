"""The pages of a release: plain HTML that reads offline, from a file share. The dictionary's search is the one script.

Every number on them comes from the release's own tables; nothing is computed from the warehouse.
"""

from functools import partial
from pathlib import Path
from typing import Any

from orchestration import schemes
from orchestration.home import seed_rows
from orchestration.in_print import change, count
from orchestration.pages import environment
from orchestration.releases import replication
from orchestration.releases.figures import NATION, label
from orchestration.releases.pages import (
    agreement,
    dictionary,
    evidence,
    listing,
    profiles,
    quality,
    statement,
)
from orchestration.releases.pages.models import Lineage
from orchestration.returns.receipts import RETURNED
from orchestration.statements import Connection, rows_of

TEMPLATES = Path(__file__).resolve().parent
HEADLINES = ("scale.cpai", "scale.contact", "scale.cocad_of_cpai", "scale.cocad_of_contact")


def write(
    connection: Connection,
    folder: Path,
    head: dict,
    resources: list[dict],
    views: list[dict],
    lineage: Lineage,
) -> None:
    """Front page, data dictionary, statement, quality pages, evidence of each figure, lineage and, where it belongs, the
    replication report.

    `connection` has the release's tables attached as `target`; `head` is the manifest without its files; `resources`
    and `views` are what package.py describes.
    """
    period = head["period"]
    tables = [resource for resource in resources if resource["path"].endswith(".parquet")]
    names = {resource["table"] for resource in tables}
    described = dictionary.read(tables, views, head)
    _write(folder / "dictionary.html", "dictionary.html", "", head, **described)
    _write(folder / "statement.html", "statement.html", "", head, **statement.read(connection, head))
    _write(folder / "quality" / "index.html", "quality.html", "../", head, **quality.read(connection, names))
    if "reconciliation" in names:
        _write(
            folder / "quality" / "reconciliation.html",
            "reconciliation.html",
            "../",
            head,
            **_reconciliation(connection),
        )
    if "reading_agreement" in names:
        values = agreement.read(connection, period)
        if "reading_checks" in names:
            values["against"] = agreement.against(connection)
        _write(folder / "quality" / "agreement.html", "agreement.html", "../", head, **values)
    _write_profiles(connection, folder / "quality", head)
    _write_evidence(connection, folder, head, lineage)
    _write_lineage(folder, head, lineage)
    summary = None
    if f"replication_{period}" in names:
        report = evidence.linked(connection, replication.read(connection, period), "../", NATION, period)
        summary = replication.summary(report)
        by_page = replication.by_page(report)
        path = folder / "report" / f"replication_{period}.html"
        errata = [row for row in report if row["erratum"]]
        _write(path, "replication.html", "../", head, pages=by_page, errata=errata, summary=summary)
    _write(
        folder / "index.html",
        "index.html",
        "",
        head,
        headlines=_headlines(connection, period),
        tables=tables,
        summary=summary,
        files=sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()),
    )


def _write_profiles(connection: Connection, folder: Path, head: dict) -> None:
    """A page for each force in `profiles/`, the list of them, and the page of restatements."""
    rows = partial(rows_of, connection)
    by_force = profiles.read(rows)
    for force, page in by_force.items():
        path = folder / "profiles" / f"{force}.html"
        _write(path, "profile.html", "../../", head, record_types=profiles.RECORD_TYPES, **page)
    quarter = max((quarter for page in by_force.values() for quarter in page["quarters"]), default="")
    listed = profiles.overview(by_force, quarter)
    _write(
        folder / "profiles" / "index.html", "profiles.html", "../../", head, forces=listed, quarter=quarter
    )
    restated = [
        row | {"force": (f"profiles/{row['force']}.html", quality.force_name(row["force"]))}
        for row in profiles.restatements(rows)
    ]
    in_all = profiles.restated_in_all(rows)
    _write(folder / "restatements.html", "restatements.html", "../", head, restated=restated, in_all=in_all)


def _write_evidence(connection: Connection, folder: Path, head: dict, lineage: Lineage) -> None:
    """A page for each split of figures, the list of all figures, and the steps they are made by."""
    layers = lineage.layers("../")
    pages = list(evidence.read(connection, head))
    for path, page in pages:
        _write(folder / path, "evidence.html", "../", head, layers=layers, **page)
    place = folder / evidence.FOLDER
    _write(place / "index.html", "evidence_index.html", "../", head, figures=evidence.listed(pages))
    _write(place / "steps.html", "steps.html", "../", head, **lineage.steps("../"))


def _write_lineage(folder: Path, head: dict, lineage: Lineage) -> None:
    """A page for each schema of dbt's project, and the page that leads to them."""
    for path, page in lineage.pages():
        _write(folder / path, "layer.html", "../", head, **page)
    place = folder / "lineage"
    files = sorted(path.name for path in place.iterdir() if path.suffix != ".html")
    layers = lineage.layers("../")
    _write(place / "index.html", "lineage.html", "../", head, files=files, layers=layers, **lineage.index())


def _headlines(connection: Connection, period: str) -> list[dict]:
    found = rows_of(
        connection,
        "select figures.*, intervals.low, intervals.high from target.main.figures as figures "
        "left join target.main.figure_intervals as intervals "
        "on figures.figure_id = intervals.figure_id and figures.scheme = intervals.scheme "
        "and figures.place = intervals.place and figures.period = intervals.period and intervals.error = 'misread' "
        "where figures.period = ? and figures.place = ? and (figures.figure_id in (select unnest(?)) "
        "or figures.population = 'cocad' and figures.breakdown = 'criterion' and figures.scheme = ?)",
        [period, NATION, list(HEADLINES), schemes.in_force(period)],
    )
    order = [*HEADLINES, *(row["criterion"] for row in schemes.criteria(schemes.in_force(period)))]
    found.sort(key=lambda row: order.index(row["figure_id" if row["figure_id"] in order else "category"]))
    return [
        row | {"label": label(row), "interval": _interval(row), "evidence": evidence.link(row)}
        for row in found
    ]


def _interval(row: dict) -> str | None:
    """`834 to 1,001: the count lies below`."""
    if row["low"] is None or row["numerator"] is None:
        return None
    where = "below" if row["numerator"] < row["low"] else "above" if row["numerator"] > row["high"] else ""
    return f"{count(row['low'])} to {count(row['high'])}" + (f": the count lies {where}" if where else "")


def _reconciliation(connection: Connection) -> dict:
    every = rows_of(connection, "select * from target.quality.reconciliation order by force, quarter")
    named = [row | {"name": quality.force_name(row["force"])} for row in every]
    (tolerance,) = seed_rows("reconciliation_tolerance.csv")
    returned = "select count(*) as returned from target.quality.returns where status in (select unnest(?))"
    revised = rows_of(
        connection,
        "select force, quarter, published_on, recorded_crime, revision "
        "from target.quality.recorded_crime_revisions where revision <> 0 order by all",
    )
    return {
        "compared": len(every),
        "returned": rows_of(connection, returned, [list(RETURNED)])[0]["returned"],
        "tolerance": {"percent": 100 * float(tolerance["share"]), "crimes": tolerance["crimes"]},
        "all": named,
        "outside": [row | {"may_explain": _may_explain(row)} for row in named if not row["within_tolerance"]],
        "by_quarter": rows_of(
            connection,
            "select quarter, count(*) as forces, sum(cpai)::bigint as cpai, "
            "sum(recorded_crime)::bigint as recorded_crime, sum(difference)::bigint as difference, "
            "round(100.0 * sum(difference) / nullif(sum(recorded_crime), 0), 1) as percent_difference, "
            "count(*) filter (where not within_tolerance) as outside "
            "from target.quality.reconciliation group by quarter order by quarter",
        ),
        "releases": rows_of(
            connection,
            "select published_on, quarter, count(*) as forces, sum(recorded_crime)::bigint as recorded_crime, "
            "count(*) filter (where revision <> 0) as revised_forces, sum(revision)::bigint as revision, "
            "count(*) filter (where is_newest) as compared, file_sha256 "
            "from target.quality.recorded_crime_revisions group by all order by published_on, quarter",
        ),
        "revised": [row | {"name": quality.force_name(row["force"])} for row in revised],
    }


def _may_explain(row: dict) -> str:
    """What the data have about a difference, in words; the counts are those of `quality.reconciliation`."""
    known = [
        (row["excluded"], f"{count(row['excluded'])} crimes of these classes are excluded from the CPAI"),
        (row["held_out"], f"{count(row['held_out'])} crime records, of any class, could not be used"),
        (row["revised"], f"recorded crime was revised by {change(row['revised'])} since its first release"),
        (row["known_breaks"], f"{row['known_breaks']}"),
    ]
    return "; ".join(words for there, words in known if there) or "nothing that is known here"


def _write(path: Path, template: str, to_root: str, head: dict, **values: Any) -> None:
    """One page; `to_root` is the relative way from the page's folder to the release's own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # beside the folder of every release
    to_releases = f"../{to_root}{listing.NAME}"
    html = (
        environment(TEMPLATES)
        .get_template(template)
        .render(head=head, root=to_root, to_releases=to_releases, **values)
    )
    path.write_text(html + "\n", encoding="utf-8")
