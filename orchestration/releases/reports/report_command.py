"""`cpai report`: reports that people read, from a published release."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestration.printing import say
from orchestration.stopping import stop

if TYPE_CHECKING:
    from orchestration.home import Home


@click.command()
@click.argument("period")
@click.option("--place", help="A force (kent), a region (Wales) or the nation [all of them].")
@click.option("--release", help="[the live one]")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    help="[reports/RELEASE/PERIOD in the home]",
)
@click.option("--public", is_flag=True, help="From the release's public tier: what it withholds is withheld.")
@click.option("--pdf", "with_pdf", is_flag=True, help="PDF too: a minute for a quarter's 55, needs Pango.")
@click.option("--json", "wants_json", is_flag=True, help="The result as JSON, for machines.")
@click.pass_obj
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
    from orchestration import quarters
    from orchestration.releases import reports
    from orchestration.releases.disclosure.public import NotSafe
    from orchestration.releases.reports import pdf

    try:
        quarters.in_period(period)
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint="PERIOD") from None
    began = time.monotonic()
    no_pdf = pdf.problem() if with_pdf else None
    hidden = wants_json or not sys.stderr.isatty()
    try:
        prepared = reports.prepare(home, period, place, release, into, public, with_pdf and not no_pdf)
        with click.progressbar(
            prepared.write(), length=len(prepared), label="reports", file=sys.__stderr__, hidden=hidden
        ) as bar:
            written = [one.path for one in bar]
    except (LookupError, FileNotFoundError, NotSafe) as problem:
        stop(problem.reasons if isinstance(problem, NotSafe) else [str(problem.args[0])], wants_json)
    if prepared.with_pdf:
        with click.progressbar(
            prepared.write_pdf(), length=len(prepared), label="PDF", file=sys.__stderr__, hidden=hidden
        ) as bar:
            list(bar)
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
            f"{len(written)} reports of {period}{forms} in {seconds} s: open {prepared.folder / where} in a browser"
        )
        if no_pdf:
            say(no_pdf, err=True)
    if no_pdf:
        sys.exit(1)
