"""The page beside a release that leads to all its reports, and back to the release.

A release never changes, and its reports come after it: its index links this page, which lists what has been written.
"""

from pathlib import Path

from orchestration.home import Home
from orchestration.releases.pages import listing
from orchestration.releases.reports.numbers import period_name
from orchestration.releases.reports.printed import TIERS
from orchestration.releases.reports.rendering import environment
from orchestration.turns import write_whole

# what a reader may want of the release itself; what it does not have is left out
OF_RELEASE = {
    "index.html": "Headline figures, all tables, what it was built from",
    "statement.html": "Statement: the calendar of releases, who saw it before publication, errata",
    "figures.csv": "Every figure, for machines (figures.csv)",
    "dictionary.html": "Data dictionary",
    "quality/index.html": "Quality",
    "report/replication_{period}.html": "Replication of the publication",
    "evidence/index.html": "Evidence of every figure: its numbers by force and quarter, rules, waivers, revisions, steps",
    "lineage/index.html": "Lineage: every table, what each column is made from, tests and SQL",
    "lineage/openlineage.ndjson": "Lineage, for machines (OpenLineage)",
    "public/figures.csv": "The public tier's figures",
    "manifest.json": "Manifest",
}


def of(home: Home, release: str) -> Path:
    return home.root / "reports" / release / "index.html"


def write(home: Home, head: dict) -> Path:
    """Write the page of the release with the manifest `head`: before any report is written, and after each."""
    page = of(home, head["release"])
    page.parent.mkdir(parents=True, exist_ok=True)
    written = []
    for folder in sorted(path for path in page.parent.glob("[0-9]*") if path.is_dir()):
        period = folder.name.removesuffix("-public")
        index = folder / "index.html"
        # all of them have a page that lists them, a single one has not
        pages = [index] if index.exists() else sorted(folder.rglob("*.html"))
        links = [one.relative_to(page.parent).as_posix() for one in pages]
        written.append((period_name(period), TIERS[folder.name != period], links))
    to_release = f"../../releases/{head['release']}/"
    there = {
        path.format(period=head["period"]): words
        for path, words in OF_RELEASE.items()
        if (home.releases / head["release"] / path.format(period=head["period"])).exists()
    }
    html = (
        environment()
        .get_template("front_door.html")
        .render(
            head=head,
            root="",
            to_releases=f"../../releases/{listing.NAME}",
            written=written,
            to_release=to_release,
            there=there,
        )
    )
    write_whole(page, html + "\n")
    if not (home.releases / listing.NAME).exists():  # of releases that were published before there was one
        listing.write(home)
    return page
