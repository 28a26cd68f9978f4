"""The front door: every release that is kept here, and the calendar of those to come.

A release never changes, and the next one is published beside it; this page stands beside them all and is written anew
each time one goes live.
"""

from pathlib import Path
from typing import Any

from orchestration.home import Home, seed_rows
from orchestration.pages import environment
from orchestration.stopping import read_json
from orchestration.turns import write_whole

NAME = "index.html"


def write(home: Home) -> None:
    """Write `releases/index.html` from the manifests of the releases: final ones first, the newest first."""
    releases = read(home)
    html = (
        environment(Path(__file__).parent)
        .get_template("releases.html")
        .render(root="", to_releases=None, releases=releases, calendar=_calendar(releases))
    )
    write_whole(home.releases / NAME, html + "\n")


def read(home: Home) -> list[dict]:
    """A row for each release that is kept: what it is, and which newer one of its period stands in its place."""
    heads = [read_json(manifest) for manifest in home.releases.glob("[0-9]*.r*/manifest.json")]
    newest = {head["period"]: head["release"] for head in sorted(heads, key=_age)}
    rows: list[dict[str, Any]] = [
        {
            "release": head["release"],
            "link": (f"{head['release']}/index.html", head["release"]),
            "period": head["period"],
            "status": head.get("status", "provisional"),
            "published_on": head["created_at"][:10],
            "planned_on": head.get("planned_on"),
            "standing": _standing(head, newest[head["period"]]),
            "errata": len(head.get("errata", [])) or None,
            "reports": (f"../reports/{head['release']}/index.html", "Reports"),
            "age": _age(head),
        }
        for head in heads
    ]
    rows.sort(key=lambda row: row["age"], reverse=True)
    return sorted(rows, key=lambda row: row["status"] != "final")


def _age(head: dict) -> tuple[str, int]:
    return head["created_at"], int(head["release"].rpartition(".r")[2])


def _standing(head: dict, newest: str) -> str:
    return "the newest of its period" if head["release"] == newest else f"replaced by {newest}"


def _calendar(releases: list[dict]) -> list[dict]:
    """The rows of the calendar, each with the first release of its period, where one is out."""
    first = {row["period"]: row for row in sorted(releases, key=lambda row: row["age"], reverse=True)}
    return [
        row
        | {"published_on": first[row["period"]]["published_on"] if row["period"] in first else "not yet"}
        | {"release": first[row["period"]]["link"] if row["period"] in first else None}
        for row in seed_rows("publication/release_calendar.csv")
    ]
