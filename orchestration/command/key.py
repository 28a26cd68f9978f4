"""`cpai key`: the key of the home that tokens, pseudonyms, sessions and draws are made with."""

from datetime import timedelta

import click

from orchestration import keys
from orchestration.command.asked import as_json, pass_home, tell
from orchestration.home import Home
from orchestration.turns import turn


@click.group()
def key() -> None:
    """The key of the home: what tokens, pseudonyms, sessions and draws are made with."""


@key.command()
@click.option(
    "--overlap",
    "days",
    type=click.IntRange(0, 400),
    default=92,
    show_default=True,
    help="For how many days feeds may still be written under the key of before.",
)
@as_json
@pass_home
def rotate(home: Home, days: int, wants_json: bool) -> None:
    """A new key in place of the one there is, which is kept. The next run makes tokens anew."""
    from orchestration.ledger.opening import open_ledger

    with turn(home):
        # the ledger is sound and of this key, before it is another one
        open_ledger(home).dispose()
        new = keys.rotate(home, timedelta(days=days))
        open_ledger(home).dispose()
    _, before, *_ = keys.kept(home)
    lines = [
        f"the key is {new.check}; {before.check} is kept, and feeds may have it until {before.feeds_until}",
        f"back up {keys.FILE} now, apart from the home; start the reading room again; the next run makes tokens anew",
    ]
    result = {"done": True, "key": new.check, "before": before.check, "feeds_until": before.feeds_until}
    tell(wants_json, result, lines)


@key.command("list")
@as_json
@pass_home
def list_(home: Home, wants_json: bool) -> None:
    """The keys that are kept, by check value: it differs between two keys, and gives neither away."""
    if not keys.check_value(home):
        raise keys.NotRotated(f"{home.root} has no key yet: the first run makes one")
    now, *before = keys.kept(home)
    rows = [{"key": now.check, "until": None, "feeds_until": None}]
    rows += [{"key": one.check, "until": one.until, "feeds_until": one.feeds_until} for one in before]
    lines = [f"{now.check}  the key of now"]
    lines += [
        f"{one.check}  the key until {one.until}; feeds may have it until {one.feeds_until}" for one in before
    ]
    tell(wants_json, rows, lines)
