"""`cpai publish` and `assure`, and what is asked of a release: explain, verify, replay, diff."""

import os
import tempfile
from pathlib import Path
from typing import Any

import click

from orchestration import at_rest
from orchestration.command import standing
from orchestration.command.asked import Period, as_json, not_erased, pass_home, tell, there
from orchestration.command.log import Crime
from orchestration.command.summary import failures_of
from orchestration.home import Home
from orchestration.home import home as find_home
from orchestration.printing import counted
from orchestration.progress import at, shown
from orchestration.signing import AGENT, KEY
from orchestration.stopping import NotThere, stop
from orchestration.turns import turn

signed_with = click.option(
    "--key",
    type=click.Path(dir_okay=False),
    help="The private key to sign with [CPAI_SIGNING_KEY]; its passphrase in CPAI_SIGNING_PASSPHRASE. agent:SHA256:... or "
    "agent:COMMENT is one that an ssh-agent holds.",
)


def sign_with(key: str | None) -> None:
    """What runs in this process signs with this key."""
    if not key:
        return
    before = os.environ.get(KEY, "")
    os.environ[KEY] = key if key.startswith(AGENT) else str(Path(key).resolve())
    # whoever calls the command from Python goes on after it; blank is no key
    click.get_current_context().call_on_close(lambda: os.environ.update({KEY: before}))


def _needs_warehouse(home: Home) -> None:
    if not home.warehouse.exists():
        raise NotThere(f"there is no warehouse in {home.root} yet: run `cpai run <quarter>` first")


@click.command()
@click.argument("period", type=Period())
@signed_with
@as_json
@pass_home
def publish(home: Home, period: str, key: str | None, wants_json: bool) -> None:
    """Rebuild what readings change, check it, and publish PERIOD (2023 or 2023-Q1) if the gate is open."""
    _needs_warehouse(home)
    sign_with(key)
    with shown(), turn(home):
        published = publish_period(home, period, wants_json)
        at_rest.close(home)
    tell(wants_json, {"done": True, **published}, [as_released(home, published)])


def publish_period(home: Home, period: str, wants_json: bool = False, **before: Any) -> dict:
    """The release that stands then. A shut gate ends the command, with what was done `before`."""
    what = f"publish {period}"
    if noted := standing.stands(home, what):
        return {**noted["answer"], "unchanged": True, "because": []}
    begun, run = standing.begun(home, what), standing.last_run(home)
    from orchestration import in_process

    result = in_process.execute(home, "publish", partition=period)
    if not result.success:
        reasons = [sentence for failure in failures_of(result) for sentence in failure.splitlines()]
        stop(reasons, wants_json, **before)
    (event,) = result.asset_materializations_for_node("release")
    published = {name: event.metadata[name].value for name in ("release", "unchanged", "because")}
    if not published["unchanged"]:
        published |= _time_stamped(home, str(published["release"]))
    standing.note(home, what, begun, published)
    standing.still(home, run)
    return published


def _time_stamped(home: Home, release: str) -> dict[str, str]:
    """Where the installation names an authority, what came of asking it: a release is published without its answer, too."""
    from orchestration.releases import timestamp as stamps

    if not (address := stamps.authority()):
        return {}
    try:
        stamps.stamp(home, release, address)
    except stamps.NotStamped as problem:
        return {"time_stamp": str(problem)}
    return {"time_stamp": " ".join(stamps.in_words(home.releases / release))}


def as_released(home: Home, published: dict) -> str:
    folder = home.releases / published["release"]
    if published["unchanged"]:
        return f"nothing has changed since {published['release']}: it stays the live release, {folder}"
    stamped = [published["time_stamp"]] if "time_stamp" in published else []
    return "\n".join([f"published {published['release']}: {folder}", *published["because"], *stamped])


@click.command()
@click.argument("figure_id", required=False)
@click.option("--place", default="England and Wales", show_default=True)
@click.option("--period", default="2023", show_default=True)
@click.option("--release", help="[the live one]")
@click.option(
    "--printed", metavar="PATH#CELL", help="The number that stands there: kent.html#t3r5c2, printed.csv#17."
)
@click.option(
    "--record", type=Crime(), help="The whole way of one crime, by force and reference: kent:46/123/23."
)
@click.option(
    "--records",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write each record behind it to this CSV file.",
)
@click.option("--sql", "with_sql", is_flag=True, help="The SQL of each step.")
@click.option("--all", "in_full", is_flag=True, help="Each record, return and model by name.")
@as_json
@pass_home
def explain(
    home: Home,
    figure_id: str | None,
    place: str,
    period: str,
    release: str | None,
    printed: str | None,
    record: tuple[str, str] | None,
    wants_json: bool,
    in_full: bool,
    **shown: Any,
) -> None:
    """Where a published figure comes from: definition, SQL, each record with its file and line, readings, rules."""
    from orchestration.releases import as_printed, one_crime
    from orchestration.releases.explain import explain as explained
    from orchestration.releases.explain import in_lines

    if sum(map(bool, (figure_id, printed, record))) != 1:
        raise click.UsageError(
            "name one thing: a FIGURE (criterion.cse), --printed PATH#CELL or --record FORCE:REFERENCE"
        )
    number = as_printed.named(home, printed) if printed else None
    if crime := record or (number.crime if number else None):
        way = one_crime.whole_way(home, *crime)
        tell(wants_json, way, one_crime.in_lines(way))
        return
    if number:
        figure_id, place, period = number.figure_id, number.place, number.period
        release = release or number.release
    answer = explained(home, figure_id or "", place, period, release, in_full=in_full, **shown)
    if number:
        said = {"printed": number.shown, "printed_as": number.of}
        if otherwise := as_printed.otherwise(number, answer):
            said["printed_otherwise"] = otherwise
        answer = said | answer
    tell(wants_json, answer, in_lines(answer, in_full))


@click.command()
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--release", help="[the live one]")
@click.option(
    "--keys",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A signed list of keys (keys.dsse.json): FOLDER is then judged by it alone, without a home; may be given again, and "
    "each newer one has to be signed by a key of the one before.",
)
@click.option(
    "--superseded", is_flag=True, help="With --keys: FOLDER is a release that a later one replaced."
)
@click.option("--home", "whole", is_flag=True, help="Everything in the home that evidence rests on.")
@click.option(
    "--witness",
    "witnesses",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="A release, a pack or a list of keys kept elsewhere, which knows where the ledger then ended; may be given again.",
)
@click.option(
    "--authority",
    "authorities",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With --keys: the certificate (PEM) of a time-stamp authority that is trusted; FOLDER is then to have its stamp.",
)
@as_json
@click.pass_obj
def verify(
    home: Home,
    folder: Path | None,
    release: str | None,
    keys: tuple[Path, ...],
    superseded: bool,
    whole: bool,
    witnesses: tuple[Path, ...],
    authorities: tuple[Path, ...],
    wants_json: bool,
) -> None:
    """Is a release as it was published, and signed? With --home, is everything that it rests on?"""
    if folder or keys:
        if not (folder and keys):
            raise click.UsageError(
                "a release is judged without its home by both: cpai verify FOLDER --keys FILE"
            )
        _verify_folder(folder, keys, superseded, authorities, wants_json)
        return
    not_erased(there(home))
    if whole or witnesses:
        _verify_home(home, whole, witnesses, wants_json)
        return
    _verify_release(home, release, wants_json)


def _verify_folder(
    folder: Path, keys: tuple[Path, ...], superseded: bool, authorities: tuple[Path, ...], wants_json: bool
) -> None:
    from orchestration.releases import attest, timestamp

    known = attest.read_lists(keys)
    if problems := attest.problems_of(folder, known, superseded) + timestamp.problems_of(folder, authorities):
        stop(problems, wants_json)
    by = attest.signed_by(folder)
    lines = [f"every file is as it was signed, by {by}; keys of the list of {known['signed_at'][:10]}"]
    lines += timestamp.in_words(folder, authorities)
    tell(wants_json, {"done": True, "signed_by": by, "list": known["number"]}, lines)


def _verify_home(home: Home, whole: bool, witnesses: tuple[Path, ...], wants_json: bool) -> None:
    from orchestration.releases import everything

    problems = everything.problems(home) if whole else []
    problems += [one for one in everything.witnessed(home, witnesses) if one not in problems]
    if problems:
        stop(problems, wants_json)
    lines = (
        ["releases, archive, raw, history, ledger, reports, packs and cases are as they were written"]
        if whole
        else []
    )
    if witnesses:
        lines.append(
            f"the ledger goes through where {counted(len(witnesses), 'witness', 'witnesses')} had its end"
        )
    tell(wants_json, {"done": True, "witnesses": len(witnesses)}, lines)


def _verify_release(home: Home, release: str | None, wants_json: bool) -> None:
    from orchestration.releases import attest
    from orchestration.releases.everything import added_problems
    from orchestration.releases.verify import erased_since, named
    from orchestration.releases.verify import verify as verified

    problems = verified(home, release) or added_problems(home, named(home, release))
    if problems:
        stop(problems, wants_json)
    lawful = erased_since(home, release)
    but = ", but for what was erased by law since" if lawful else ""
    signed = attest.in_words(home, named(home, release))
    tell(
        wants_json,
        {"done": True, "erased": lawful, "signed": signed},
        [f"every file has the SHA-256 of the manifest{but}", signed, *lawful],
    )


@click.command()
@click.argument("release")
@click.option("--authority", metavar="URL", help="[CPAI_TIMESTAMP_URL]")
@as_json
@pass_home
def timestamp(home: Home, release: str, authority: str | None, wants_json: bool) -> None:
    """Have RELEASE time-stamped by an authority of RFC 3161; it is sent a hash, and nothing else."""
    from orchestration.releases import timestamp as stamps
    from orchestration.releases.everything import release_problems
    from orchestration.releases.verify import named

    name = named(home, release)
    address = authority or stamps.authority()
    if not address:
        raise click.UsageError("name the time-stamp authority: --authority URL, or CPAI_TIMESTAMP_URL")
    if problems := release_problems(home, name):
        stop(problems, wants_json)
    at = stamps.stamp(home, name, address)
    tell(wants_json, {"done": True, "release": name, "at": at}, stamps.in_words(home.releases / name))


@click.command()
@click.argument("release")
@signed_with
@as_json
@pass_home
def assure(home: Home, release: str, key: str | None, wants_json: bool) -> None:
    """Sign RELEASE as its assurer, who is somebody else than the analyst who published it."""
    from orchestration.ledger import evidence
    from orchestration.releases import attest
    from orchestration.releases.everything import release_problems
    from orchestration.releases.verify import named

    name = named(home, release)
    signer = attest.key_given(home, key)
    if not signer:
        raise click.UsageError("give the assurer's key: cpai assure RELEASE --key FILE")
    # what is assured has been looked at
    if problems := release_problems(home, name):
        stop(problems, wants_json)
    person = attest.assure(home, name, signer)
    attest.write_list(home, home.releases / evidence.KEYS, signer)
    tell(wants_json, {"done": True, "release": name, "person": person}, [f"{name} is assured by {person}"])


@click.command()
@click.argument("name", metavar="[RELEASE]", required=False)
@click.option("--release", help="[the live one]")
@click.option(
    "--from",
    "backup",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A backup of a home (archive/, ledger.db, token.key): make everything of RELEASE again from it, on whatever machine. "
    "RELEASE may then be a folder that has its manifest.json.",
)
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    help="With --from: a new folder for the home that is made, which stays [a temporary one, which goes].",
)
@as_json
@click.pass_obj
def replay(
    home: Home,
    name: str | None,
    release: str | None,
    backup: Path | None,
    into: Path | None,
    wants_json: bool,
) -> None:
    """Make RELEASE again, and compare: its tables from the home's warehouse; with --from every file, from received bytes."""
    if name and release and name != release:
        raise click.UsageError(f"name one release: {name} or {release}")
    if backup:
        if not (wanted := name or release):
            raise click.UsageError("name the release: cpai replay 2023.r1 --from BACKUP")
        _replay_from(home, wanted, backup, into, wants_json)
        return
    if into:
        raise click.UsageError("--into goes with --from BACKUP")
    not_erased(there(home))
    _replay_here(home, name or release, wants_json)


def _replay_from(home: Home, wanted: str, backup: Path, into: Path | None, wants_json: bool) -> None:
    from orchestration.ledger import log
    from orchestration.releases.elsewhere import EXCEPT, GIVEN, make_again

    if into and into.exists() and any(into.iterdir()):
        raise click.UsageError(f"{into} is not empty: name a new folder")
    noted = log.is_home(home)
    log.note_in_a_home(
        home, "combination", "release made again from a backup", {"release": Path(wanted).resolve().name}
    )
    with tempfile.TemporaryDirectory(prefix="cpai-replay-") as temporary, shown():
        aside = into or Path(temporary)
        aside.mkdir(parents=True, exist_ok=True, mode=0o700)
        answer = make_again(wanted, backup.resolve(), find_home(aside).root)
    if answer.problems:
        made = f"what was made is in {into}" if into else "give --into FOLDER, which keeps what is made"
        what_next = (
            f"{made}: compare it with what was published, once cpai verify says that this is as it was. Where both are sound, "
            "the code makes other bytes here, which is its fault: report it"
        )
        stop([*(f"{answer.release}: {problem}" for problem in answer.problems), what_next], wants_json)
    lines = [
        f"{answer.release}: {counted(answer.same, 'file')} and the manifest come out the same, byte for byte"
        if not answer.erased
        else "",
        *answer.erased,
        *(f"not made again: {file}: {why}" for file, why in EXCEPT.items()),
        *(f"taken from the manifest: {part}: {why}" for part, why in GIVEN.items()),
    ]
    if not noted:
        lines.append(
            "no home here has a log: personal data were read, so enter this consultation where the backup is kept"
        )
    result = {"done": True, "release": answer.release, "same": answer.same, "erased": answer.erased}
    tell(wants_json, result | {"except": EXCEPT, "given": GIVEN, "noted": noted}, filter(None, lines))


def _replay_here(home: Home, release: str | None, wants_json: bool) -> None:
    from orchestration.releases import verify as verify_
    from orchestration.releases.replay import replay as replayed

    verify_.named(home, release)
    with shown():
        at("making the tables again")
        lawful: list[str] = []
        problems = replayed(home, release, lawful)
    if problems:
        stop(problems, wants_json)
    tell(wants_json, {"done": True, "erased": lawful}, lawful or ["every table comes out the same"])


@click.command()
@click.argument("older")
@click.argument("newer")
@click.option(
    "--records",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write each record that moved to this CSV file.",
)
@as_json
@pass_home
def diff(home: Home, older: str, newer: str, records: Path | None, wants_json: bool) -> None:
    """The figures that differ between two releases, and what moved each: returns, readings, rules, seeds or code."""
    from orchestration.releases.diff import diff as differences

    rows = differences(home, older, newer, records)
    differ = f"{counted(len(rows), 'figure')} {'differs' if len(rows) == 1 else 'differ'} between {older} and {newer}"
    lines = [
        "  ".join(str(value) for name, value in row.items() if name not in ("causes", "accounted"))
        for row in rows
    ]
    because = ["".join(f"\n    {cause}" for cause in _because(row)) for row in rows]
    tell(wants_json, rows, [*map("".join, zip(lines, because, strict=True)), differ])


def _because(row: dict) -> list[str]:
    """What moved a figure; and where that is not all of it, that it is not."""
    return row["causes"] + (
        ["DIFFERS: the records that came and left do not make up the difference: ask cpai verify"]
        if row["accounted"] is False
        else []
    )
