"""`cpai feed`: records of a release for a named use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestration.printing import say
from orchestration.stopping import stop

if TYPE_CHECKING:
    from orchestration.home import Home


@click.command()
@click.argument("name")
@click.argument("period")
@click.option("--force", help="Whose records, of a feed of one force: kent.")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The folder in which a new one is made for the feed.",
)
@click.option("--release", help="[the live one]")
@click.option("--json", "wants_json", is_flag=True, help="The result as JSON, for machines.")
@click.pass_obj
def feed(
    home: Home, name: str, period: str, force: str | None, into: Path, release: str | None, wants_json: bool
) -> None:
    """Write the feed NAME of PERIOD (2023 or 2023-Q1): csae_analysis, strategic_assessment or own_records."""
    from orchestration import quarters
    from orchestration.releases import feeds

    try:
        quarters.in_period(period)
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint="PERIOD") from None
    if name not in feeds.names():
        raise click.BadParameter(f"there are: {', '.join(feeds.names())}", param_hint="NAME")
    try:
        written = feeds.write(home, name, period, into, force, release)
    except (LookupError, FileNotFoundError, FileExistsError, feeds.NotAsAgreed) as problem:
        stop([str(problem.args[0])], wants_json)
    if wants_json:
        say(json.dumps({"done": True, "folder": str(written.folder), **written.manifest}))
        return
    for table, of in written.manifest["tables"].items():
        say(f"{table}: {of['rows']:,}")
    say(f"{name}, version {written.manifest['schema_version']}, of {period}: {written.folder}")
