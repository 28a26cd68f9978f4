"""`cpai report`: reports that people read, from a published release."""

import json
import sys
import time
from pathlib import Path

import click

from orchestration.command.asked import Period, as_json, pass_home
from orchestration.home import Home
from orchestration.printing import counted, say
from orchestration.progress import at, over, shown
from orchestration.stopping import stop


@click.command()
@click.argument("period", type=Period())
@click.option("--place", help="A force (kent), a region (Wales) or nation [all of them].")
@click.option("--release", help="[the live one]")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    help="[reports/RELEASE/PERIOD in the home]",
)
@click.option("--public", is_flag=True, help="From the release's public tier: what it withholds is withheld.")
@click.option("--pdf", "with_pdf", is_flag=True, help="PDF too: a minute for a quarter's 55, needs Pango.")
@as_json
@pass_home
def report(
    home: Home,
    period: str,
    place: str | None,
    release: str | None,
    into: Path | None,
    public: bool,
    with_pdf: bool,
    wants_json: bool,
) -> None:
    """Write the reports of PERIOD (2023 or 2023-Q1): the nation, its regions, its forces."""
    from orchestration.releases import reports, verify
    from orchestration.releases.disclosure.audit import NotSafe
    from orchestration.releases.reports import pdf

    verify.named(home, release)
    began = time.monotonic()
    no_pdf = pdf.problem() if with_pdf else None
    try:
        with shown():
            at(f"reading the release for {period}")
            prepared = reports.prepare(home, period, place, release, into, public, with_pdf and not no_pdf)
            made = over("writing reports", prepared.write(), len(prepared), lambda one: one.name)
            written = [one.path for one in made]
            if prepared.with_pdf:
                list(over("writing PDF", prepared.write_pdf(), len(prepared)))
    except NotSafe as problem:
        stop(problem.reasons, wants_json)
    seconds = round(time.monotonic() - began, 1)
    if wants_json:
        result = {
            "done": not no_pdf,
            "folder": str(prepared.folder),
            "reports": written,
            "seconds": seconds,
        }
        say(json.dumps(result | ({"reasons": [no_pdf]} if no_pdf else {})))
    else:
        where = "index.html" if len(written) > 1 else written[0]
        forms = " and their PDF" if prepared.with_pdf else ""
        say(
            f"{counted(len(written), 'report')} of {period}{forms} in {seconds} s: open {prepared.folder / where} in a browser"
        )
        if no_pdf:
            say(no_pdf, err=True)
    if no_pdf:
        sys.exit(1)
