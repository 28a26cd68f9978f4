"""`cpai log`: who collected, altered, consulted, disclosed, combined or erased what, and whether it is as written."""

from pathlib import Path
from typing import Any

import click

from orchestration.command.asked import Force, Moment, as_json, pass_home, tell, there
from orchestration.home import Home
from orchestration.printing import counted, printable
from orchestration.stopping import NotThere, stop

NEWEST = 100  # entries on a screen; --json and --csv have all


class Crime(click.ParamType):
    """A crime by its force and the reference that the force gave it."""

    name = "force:reference"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        force, colon, reference = value.partition(":")
        if not (colon and reference):
            self.fail(
                f"{value!r} names no crime: write its force and reference, as in kent:46/123/23", param, ctx
            )
        return Force().convert(force, param, ctx), reference


@click.group(invoke_without_command=True)
@click.option("--since", type=Moment(begins=True), help="From this day or moment on (UTC): 2023-06-30.")
@click.option(
    "--action",
    help="collection, alteration, consultation, disclosure, combination, erasure or administration.",
)
@click.option("--who", help="A user of the machine or of the reading room, a schedule or sensor.")
@click.option(
    "--set",
    "about",
    metavar="ID",
    help="Of this force, quarter, release, file (SHA-256), ...: kent, or force=kent.",
)
@click.option("--crime", type=Crime(), help="Of this crime, by force and reference: kent:46/123/23.")
@click.option(
    "--csv", "into", type=click.Path(dir_okay=False, path_type=Path), help="Write all of it to this file."
)
@as_json
@click.pass_context
def log(
    context: click.Context,
    since: str | None,
    action: str | None,
    who: str | None,
    about: str | None,
    crime: tuple[str, str] | None,
    into: Path | None,
    wants_json: bool,
) -> None:
    """Who did what with which data, when, by which door, for whom."""
    if context.invoked_subcommand:
        return
    from orchestration.ledger.entries import ACTIONS
    from orchestration.ledger.log import entries
    from orchestration.ledger.opening import ledger_of

    home = there(context.obj)
    if action and action not in ACTIONS:
        raise click.BadParameter(f"{action!r} is none of {', '.join(ACTIONS)}", param_hint="--action")
    with ledger_of(home) as engine:
        rows = entries(home, engine, since or "", action, who, about, crime)
    if into:
        _write(into, rows)
    shown = rows[-NEWEST:]
    lines = [_line(row) for row in shown]
    if len(shown) < len(rows):
        lines.append(f"the newest {len(shown)} of {len(rows):,} entries: --csv FILE or --json has all")
    elif not rows:
        lines.append("the log has no such entry")
    tell(wants_json, rows, [f"{counted(len(rows), 'entry', 'entries')} in {into}"] if into else lines)


def _line(row: dict[str, Any]) -> str:
    of = _in_words(row["set"])
    parts = [
        row["at"][:19].replace("T", " "),
        f"{row['who']} ({row['door']})",
        f"{row['action']}: {row['what']}",
        of,
    ]
    parts += [f"to {row['to']}"] if row["to"] else []
    parts += [f"because {row['reason']}"] if row["reason"] else []
    return printable("  ".join(part for part in parts if part), lines=False)


def _in_words(set_: dict[str, Any]) -> str:
    """Hashes by their beginning: the whole is in --json and --csv."""
    words = []
    for name, value in set_.items():
        ids = [
            str(one)[:12] if name == "files" else str(one)
            for one in (value if isinstance(value, list) else [value])
        ]
        words.append(f"{name} {' '.join(ids[:3])}{f' and {len(ids) - 3} more' if len(ids) > 3 else ''}")
    return ", ".join(words)


def _write(into: Path, rows: list[dict[str, Any]]) -> None:
    from orchestration.ledger.log import COLUMNS
    from orchestration.spreadsheets import write_csv

    try:
        write_csv(
            into,
            COLUMNS,
            (
                row | {"set": "; ".join(f"{name} {value}" for name, value in row["set"].items())}
                for row in rows
            ),
        )
    except OSError as problem:
        raise NotThere(f"{into} cannot be written: {problem.strerror}") from None


@log.command("verify")
@click.option(
    "--witness",
    "witnesses",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A pack.json or manifest.json kept elsewhere, which knows where the log then ended; may be given again.",
)
@as_json
@pass_home
def verify(home: Home, witnesses: tuple[Path, ...], wants_json: bool) -> None:
    """Is every entry as it was written, and none cut off? Asked of the chain, home.json, releases and packs."""
    from orchestration.ledger import chain
    from orchestration.ledger import witnesses as known
    from orchestration.ledger.opening import ledger_of

    files = [*known.in_home(home), *witnesses]
    with ledger_of(home) as engine:
        problems = known.problems(engine, "log", files)
        end = chain.ends(engine)["log"]
    if problems:
        stop(problems, wants_json)
    said = (
        f"every entry of the log is as it was written: {end['entry']:,}, the last with the hash {end['hash']}"
    )
    tell(wants_json, {"done": True, **end, "witnesses": len(files)}, [said])
