"""The pages of a release: plain HTML that reads offline, from a file share, without a script.

Every number on them comes from the release's own tables; nothing is computed from the warehouse.
"""

import re
from functools import cache, partial
from pathlib import Path

from orchestration.home import seed_rows
from orchestration.releases import replication
from orchestration.releases.figures import NATION, label
from orchestration.releases.pages import agreement, profiles, statement
from orchestration.warehouse.statements import rows_of

TEMPLATES = Path(__file__).resolve().parent
HEADLINES = (
    "scale.cpai",
    "scale.contact",
    "scale.cocad_of_cpai",
    "scale.cocad_of_contact",
    "criterion.familial",
    "criterion.cse",
    "criterion.institutional",
    "criterion.ritualistic",
    "criterion.other",
    "criterion.unknown",
)


def write(connection, folder: Path, head: dict, resources: list[dict], views: list[dict]) -> None:
    """Front page, data dictionary, statement, quality pages and, where it belongs, the replication report.

    `connection` has the release's tables attached as `target`; `head` is the manifest without its files; `resources`
    and `views` are what package.py describes.
    """
    period = head["period"]
    tables = [resource for resource in resources if resource["path"].endswith(".parquet")]
    names = {resource["table"] for resource in tables}
    _write(folder / "dictionary.html", "dictionary.html", "", head, tables=tables + views)
    _write(folder / "statement.html", "statement.html", "", head, **statement.read(connection, head))
    _write(folder / "quality" / "index.html", "quality.html", "../", head, **_quality(connection, names))
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
    summary = None
    if f"replication_{period}" in names:
        report = replication.read(connection, period)
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


def _write_profiles(connection, folder: Path, head: dict) -> None:
    """A page for each force in `profiles/`, the list of them, and the page of restatements."""
    rows = partial(rows_of, connection)
    by_force = profiles.read(rows)
    statements = _statements()
    for force, page in by_force.items():
        rules = [line | {"statement": statements.get(line["rule"], "")} for line in page.pop("rules")]
        path = folder / "profiles" / f"{force}.html"
        _write(path, "profile.html", "../../", head, rules=rules, record_types=profiles.RECORD_TYPES, **page)
    quarter = max((quarter for page in by_force.values() for quarter in page["quarters"]), default="")
    listed = profiles.overview(by_force, quarter)
    _write(
        folder / "profiles" / "index.html", "profiles.html", "../../", head, forces=listed, quarter=quarter
    )
    restated = [
        row | {"force": (f"profiles/{row['force']}.html", _force_names().get(row["force"], row["force"]))}
        for row in profiles.restatements(rows)
    ]
    in_all = profiles.restated_in_all(rows)
    _write(folder / "restatements.html", "restatements.html", "../", head, restated=restated, in_all=in_all)


def _headlines(connection, period: str) -> list[dict]:
    scheme = "2023" if period < "2024" else "2024"
    found = rows_of(
        connection,
        "select * from target.main.figures where period = ? and place = ? and scheme = ? "
        "and figure_id in (select unnest(?))",
        [period, NATION, scheme, list(HEADLINES)],
    )
    by_id = {row["figure_id"]: row | {"label": label(row)} for row in found}
    return [by_id[figure_id] for figure_id in HEADLINES if figure_id in by_id]


def _quality(connection, names: set[str]) -> dict:
    returns = rows_of(
        connection,
        "select * from target.quality.returns where status <> 'superseded' order by all",
    )
    return {
        "expectations": rows_of(
            connection,
            "select rule, suite, any_value(statement) as statement, min(severity) as severity, "
            "count(*) as expectations, count(*) filter (where verdict = 'held') as held, "
            "count(*) filter (where verdict = 'failed') as failed, "
            "count(*) filter (where verdict = 'error') as errors "
            "from target.quality.expectation_results group by rule, suite order by suite, rule",
        ),
        "attention": rows_of(
            connection,
            "select * from target.quality.expectation_results where verdict <> 'held' "
            "order by severity, rule, suite, checked_table, expectation",
        ),
        "quarters": sorted({row["quarter"] for row in returns}),
        "returns": _by_force(returns),
        "received": rows_of(
            connection,
            "select quarter, status, count(*) as submissions, coalesce(sum(crimes), 0)::bigint as crimes, "
            "coalesce(sum(victims), 0)::bigint as victims, coalesce(sum(suspects), 0)::bigint as suspects "
            "from target.quality.returns group by all order by all",
        ),
        "balance": rows_of(
            connection,
            "select quarter, record_type, "
            "sum(received)::bigint as received, sum(accepted)::bigint as accepted, "
            "sum(rejected)::bigint as rejected, sum(duplicate)::bigint as duplicate, "
            "sum(superseded)::bigint as superseded from target.quality.balance group by all order by all",
        ),
        "exclusions": rows_of(
            connection,
            "select quarter, reason, sum(crimes)::bigint as crimes, count(distinct force) as forces "
            "from target.quality.exclusions group by all order by all",
        ),
        "rules": _rules(connection),
        "has_reconciliation": "reconciliation" in names,
        "has_agreement": "reading_agreement" in names,
    }


def _reconciliation(connection) -> dict:
    every = rows_of(connection, "select * from target.quality.reconciliation order by force, quarter")
    named = [row | {"name": _force_names().get(row["force"], row["force"])} for row in every]
    (tolerance,) = seed_rows("reconciliation_tolerance.csv")
    returned = "select count(*) as returned from target.quality.returns where status in ('accepted', "
    returned += "'accepted_with_rejections', 'nil')"
    revised = rows_of(
        connection,
        "select force, quarter, published_on, recorded_crime, revision "
        "from target.quality.recorded_crime_revisions where revision <> 0 order by all",
    )
    return {
        "compared": len(every),
        "returned": rows_of(connection, returned)[0]["returned"],
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
        "revised": [row | {"name": _force_names().get(row["force"], row["force"])} for row in revised],
    }


def _may_explain(row: dict) -> str:
    """What the data know about a difference, in words; the counts are those of `quality.reconciliation`."""
    known = [
        (row["excluded"], f"{row['excluded']:,} crimes of these classes are excluded from the CPAI"),
        (row["held_out"], f"{row['held_out']:,} crime records, of any class, could not be used"),
        (row["revised"], f"recorded crime was revised by {row['revised']:+,} since its first release"),
        (row["known_breaks"], f"{row['known_breaks']}"),
    ]
    return "; ".join(words for there, words in known if there) or "nothing that is known here"


def _by_force(returns: list[dict]) -> list[dict]:
    """One row a force: by quarter, the submission that counts, else what came instead."""
    forces: dict[str, dict] = {}
    for row in returns:
        quarters = forces.setdefault(row["force"], {})
        if row["status"] not in ("refused", "missing") or row["quarter"] not in quarters:
            quarters[row["quarter"]] = row
    return [{"force": _force_names().get(force, force), "quarters": rows} for force, rows in forces.items()]


def _rules(connection) -> list[dict]:
    verdicts = rows_of(
        connection,
        "select rule, verdict, count(*) as force_quarters, coalesce(sum(tested), 0)::bigint as tested, "
        "coalesce(sum(failed), 0)::bigint as failed, coalesce(sum(waived), 0)::bigint as waived "
        "from target.quality.rule_results group by all order by all",
    )
    rules: dict[str, dict] = {}
    for row in verdicts:
        rule = rules.setdefault(
            row["rule"], {"rule": row["rule"], "tested": 0, "failed": 0, "waived": 0, "verdicts": []}
        )
        for count in ("tested", "failed", "waived"):
            rule[count] += row[count]
        rule["verdicts"].append(f"{row['verdict'] or 'none'} {row['force_quarters']:,}".replace("_", " "))
    statements = _statements()
    return [
        rule | {"verdicts": ", ".join(rule["verdicts"]), "statement": statements.get(rule["rule"], "")}
        for rule in rules.values()
    ]


@cache
def _statements() -> dict[str, str]:
    return {row["rule"]: row["statement"] for row in seed_rows("rules.csv")}


@cache
def _force_names() -> dict[str, str]:
    return {row["force"]: row["name"] for row in seed_rows("forces.csv")}


@cache
def environment(*folders: Path):
    """Jinja with the filters and templates of the pages; a template of one of `folders` goes before ours."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader([*folders, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # text is a count with its sign already
    environment.filters["count"] = lambda number: (
        "" if number is None else number if isinstance(number, str) else f"{number:,}"
    )
    environment.filters["percent"] = lambda share: "" if share is None else f"{float(share):g}"
    environment.filters["prose"] = _prose
    environment.filters["first_sentence"] = lambda text: text.split(". ")[0].rstrip(".") + "."
    environment.filters["words"] = lambda text: str(text or "").replace("_", " ")
    return environment


def _prose(text: str | None):
    """Text of dbt's descriptions as HTML: `code` between backticks, everything else escaped."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text or ""))))  # noqa: S704 - escaped


def _write(path: Path, template: str, to_root: str, head: dict, **values) -> None:
    """One page; `to_root` is the relative way from the page's folder to the release's own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    html = environment().get_template(template).render(head=head, root=to_root, **values)
    path.write_text(html + "\n", encoding="utf-8")
