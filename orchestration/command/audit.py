"""`cpai audit`: what an auditor is given of a release."""

from pathlib import Path

import click

from orchestration.command.asked import as_json, pass_home, tell
from orchestration.home import Home
from orchestration.progress import shown


@click.command()
@click.argument("release", required=False)
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The folder in which one is made for the pack.",
)
@click.option(
    "--draw", required=True, help="A word of the auditor's own, by which figures are drawn for the sample."
)
@click.option(
    "--figures", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many are drawn."
)
@click.option("--to", default="auditors", show_default=True, help="Who is given it: for the log.")
@as_json
@pass_home
def audit(
    home: Home, release: str | None, into: Path, draw: str, figures: int, to: str, wants_json: bool
) -> None:
    """Write the audit pack of RELEASE [the live one]: evidence, a sample walked to its lines, a page of findings."""
    from orchestration.releases import audit_pack

    with shown():
        written = audit_pack.write(home, release, into, draw, figures, to)
    lines = [
        f"{written['equal']} of {written['sampled']} figures drawn are what their records come to",
        *written["differing"],
        f"{written['folder']}/findings.html",
    ]
    tell(wants_json, {"done": True, **written}, lines)
