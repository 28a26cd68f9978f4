"""`cpai erase`: a person, a crime, a submission or bytes out of every place of the home, by somebody's authority."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from orchestration import clock
from orchestration.command.asked import Force, Quarter, as_json, pass_home, tell, there
from orchestration.home import Home
from orchestration.printing import counted
from orchestration.progress import shown

# the guard of other commands asks for it: these are how it is met
unguarded = click.pass_obj


@click.group()
def erase() -> None:
    """Erase by law: dry run first; the real run takes the digest that it ends with (--confirm).

    What stays is a tombstone: who decided, when, why, how many things in which place, keyed hashes; never content.
    """


def _decided(command: Callable) -> Callable:
    """The options that every erasure has."""
    for option in (
        click.option("--authority", required=True, help="Who decided it: an office or a decision's number."),
        click.option("--reason", required=True, help="A reason of seeds/erasure_reasons.csv."),
        click.option("--text", default="", help="More about the decision; nothing of what the record says."),
        click.option(
            "--confirm", metavar="DIGEST", help="What the dry run ended with: erase what it showed."
        ),
        as_json,
    ):
        command = option(command)

    @wraps(command)
    def with_home(home: Home, *arguments: Any, **options: Any) -> Any:
        return command(there(home), *arguments, **options)

    return unguarded(with_home)


a_force = click.option("--force", type=Force(), required=True, help="Whose crime it is: kent.")
a_crime = click.option(
    "--crime", required=True, metavar="REFERENCE", help="The crime's reference, as the force writes it."
)


@erase.command("crime")
@a_force
@a_crime
@_decided
def crime(home: Home, force: str, crime: str, **options: Any) -> None:
    """A crime with everybody on it, in every return of its force."""
    from orchestration.erasure.target import Target

    _erase(home, Target("crime", force, crime), **options)


@erase.command("person")
@a_force
@a_crime
@click.option("--victim", metavar="REFERENCE", help="The victim's reference on the crime.")
@click.option("--suspect", metavar="REFERENCE", help="The suspect's reference on the crime.")
@click.option(
    "--keep-text",
    is_flag=True,
    help="Somebody looked: the crime's free text and reasons do not tell of the person.",
)
@_decided
def person(
    home: Home,
    force: str,
    crime: str,
    victim: str | None,
    suspect: str | None,
    keep_text: bool,
    **options: Any,
) -> None:
    """A victim or suspect of a crime, whose case readers then read again without them."""
    from orchestration.erasure.target import Target

    if bool(victim) == bool(suspect):
        raise click.UsageError("name the person: --victim REFERENCE or --suspect REFERENCE")
    kind, reference = ("victim", victim) if victim else ("suspect", suspect)
    _erase(home, Target(kind, force, crime, reference, keeps_text=keep_text), **options)


@erase.command("submission")
@click.argument("quarter", type=Quarter())
@click.argument("force", type=Force())
@click.argument("number", type=click.IntRange(1))
@_decided
def submission(home: Home, quarter: str, force: str, number: int, **options: Any) -> None:
    """A submission sent in error, a refused one too: its bytes, its records, its reasons. The one before it stands."""
    from orchestration.erasure.target import Target

    _erase(home, Target("submission", force, quarter=quarter, submission=number), **options)


@erase.command("file")
@click.argument("files", nargs=-1, required=True, metavar="FILE-OR-SHA256...")
@_decided
def file(home: Home, files: tuple[str, ...], **options: Any) -> None:
    """Bytes that are of no submission: what came in a folder of no force. A file of landing, or its SHA-256."""
    from orchestration.erasure.target import Target, digests

    _erase(home, Target("file", files=digests(home, files)), **options)


def _erase(
    home: Home, target: Any, authority: str, reason: str, text: str, confirm: str | None, wants_json: bool
) -> None:
    from orchestration.erasure import erasing
    from orchestration.erasure.target import Decision
    from orchestration.ledger.erasures import Marks

    decision = Decision(authority, reason, text)
    decision.check(target)
    with shown():
        if confirm:
            counts = erasing.erase(home, target, decision, confirm)
            tell(
                wants_json,
                {"done": True, "erased": counts},
                [*_lines(counts), "erased, and written down (cpai erase list)"],
            )
            return
        plan = erasing.plan(home, target)
    digest = plan.digest(Marks(home))
    lines = [
        *_lines(plan.places),
        *(f"goes: {name}" for name in plan.shown),
        *(f"look: {one}" for one in plan.warnings),
    ]
    lines.append(f"nothing was erased; to erase this, give the same command with: --confirm {digest}")
    answer = {
        "done": False,
        "would_erase": plan.places,
        "files": plan.shown,
        "look": plan.warnings,
        "confirm": digest,
    }
    tell(wants_json, answer, lines)


def _lines(places: dict[str, int]) -> list[str]:
    return [f"{many:>7,}  {place}" for place, many in places.items()]


@erase.command("again")
@click.argument("register", required=False, type=click.Path(path_type=Path, dir_okay=False, exists=True))
@as_json
@unguarded
def again(home: Home, register: Path | None, wants_json: bool) -> None:
    """Finish erasures that were cut off, and erase again what REGISTER has and this home, restored from a backup, has not."""
    from orchestration.erasure import erasing

    with shown():
        done = erasing.again(there(home), register)
    lines = [f"erasure {row['erasure']} of {row['at'][:10]}: done" for row in done]
    tell(
        wants_json,
        {"done": True, "erasures": [row["erasure"] for row in done]},
        lines or ["nothing was left to erase"],
    )


@erase.command("list")
@as_json
@pass_home
def list_(home: Home, wants_json: bool) -> None:
    """The tombstones: what was erased when, by whose authority, why, and whether it is done."""
    from orchestration.ledger import erasures
    from orchestration.ledger.opening import ledger_of

    with ledger_of(home) as engine:
        rows = erasures.read(engine)
        broken = erasures.verify(engine)
    names = (
        "erasure",
        "at",
        "who",
        "authority",
        "reason",
        "text",
        "kind",
        "force",
        "quarter",
        "submission",
        "ended_at",
    )
    lines = [
        f"{row['erasure']}: {row['kind']} of {row['force'] or 'no force'}, {row['at'][:10]}, {row['reason']}, by authority of "
        f"{row['authority']}, by {row['who']}: {counted(sum(row['plan']['places'].values()), 'thing')}"
        f"{'' if row['ended_at'] else ', NOT DONE (cpai erase again)'}"
        for row in rows
    ]
    answer = [{name: row[name] for name in names} | {"places": row["plan"]["places"]} for row in rows]
    tell(wants_json, answer, [*broken, *(lines or ["nothing was erased"])])


@erase.command("due")
@as_json
@pass_home
def due(home: Home, wants_json: bool) -> None:
    """The retention schedule, and what of it is due for review."""
    from orchestration.erasure.retention import schedule

    rows = schedule(home, clock.today())
    lines = [
        f"{row['record_type']:<24}{row['review_after_months']:>4} months  "
        + (
            "none here"
            if not row["oldest"]
            else f"oldest {row['oldest']}, due {row['due_on']}, {row['due_now']:,} due now"
        )
        for row in rows
    ]
    tell(wants_json, rows, lines)
