"""`cpai feed`: records of a release for a named use."""

from pathlib import Path

import click

from orchestration.command.asked import Force, Period, as_json, pass_home, tell
from orchestration.home import Home
from orchestration.stopping import stop


@click.command()
@click.argument("name")
@click.argument("period", type=Period())
@click.option("--force", type=Force(), help="Whose records, of a feed of one force: kent.")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The folder in which a new one is made for the feed.",
)
@click.option("--release", help="[the live one]")
@click.option(
    "--key",
    type=click.Choice(["now", "previous"]),
    default="now",
    show_default=True,
    help="Under the pseudonyms of before the key was changed, while its overlap lasts.",
)
@as_json
@pass_home
def feed(
    home: Home,
    name: str,
    period: str,
    force: str | None,
    into: Path,
    release: str | None,
    key: str,
    wants_json: bool,
) -> None:
    """Write the feed NAME of PERIOD (2023 or 2023-Q1): csae_analysis, strategic_assessment or own_records."""
    from orchestration.releases import feeds

    if name not in feeds.names():
        raise click.BadParameter(
            f"there is no feed {name!r}; there are {', '.join(feeds.names())}", param_hint="NAME"
        )
    try:
        written = feeds.write(home, name, period, into, force, release, previous_key=key == "previous")
    except (LookupError, FileExistsError) as problem:
        stop([str(problem.args[0])], wants_json, code=2)
    except feeds.NotAsAgreed as problem:
        stop([str(problem.args[0])], wants_json)
    lines = [f"{table}: {of['rows']:,}" for table, of in written.manifest["tables"].items()]
    lines.append(f"{name}, version {written.manifest['schema_version']}, of {period}: {written.folder}")
    tell(wants_json, {"done": True, "folder": str(written.folder), **written.manifest}, lines)
