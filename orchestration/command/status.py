"""`cpai status`: which forces have sent what, by quarter."""

import json
import re
from typing import Any

import click

from orchestration import clock, outbox
from orchestration.command.asked import Quarter, as_json, pass_home, tell
from orchestration.command.summary import holding_of, show_holding
from orchestration.home import Home
from orchestration.printing import say
from orchestration.turns import WarehouseClosed, turn


def _holding_or_why_not(home: Home, wanted: list[str]) -> tuple[dict[str, list[dict]], str]:
    """As `holding_of`; nothing, and a sentence, while dbt is writing the warehouse: receipts are shown all the same."""
    try:
        with turn(home, patience=1, reads=True):
            return holding_of(home, wanted), ""
    except WarehouseClosed as problem:
        return {}, f"what holds a release is not known: {problem}"


@click.command()
@click.argument("wanted", nargs=-1, type=Quarter(), metavar="[QUARTER...]")
@click.option(
    "--storage", "asks_storage", is_flag=True, help="What takes room in the home, and how long it is kept."
)
@as_json
@pass_home
def status(home: Home, wanted: tuple[str, ...], asks_storage: bool, wants_json: bool) -> None:
    """Which forces have sent what, by quarter."""
    if asks_storage:
        if wanted:
            raise click.UsageError("--storage is of the whole home: leave the quarters out")
        _show_storage(home, wants_json)
        return
    from orchestration.erasure.retention import due
    from orchestration.returns.landing import unread
    from orchestration.returns.receipts import grid, nobodys, quarters_known, standing
    from orchestration.warehouse.dbt import with_rejections

    shown = list(wanted) or quarters_known(home)
    astray, opened = unread(home.landing), outbox.opened(home)
    rows: list[dict[str, Any]] = [
        {
            "quarter": quarter,
            **standing(home, quarter),
            "nobodys": nobodys(home, quarter),
            "not_read": [found.sentence for found in astray if found.quarter in (quarter, None)],
            "open": [
                line
                for line in opened
                if quarter in line["about"] or not re.search(r"\d{4}-Q\d", line["about"])
            ],
        }
        for quarter in shown
    ]
    blocking, unknown = _holding_or_why_not(home, shown)
    rows = [row | {"holds_the_release": blocking.get(row["quarter"], [])} for row in rows]
    cells = grid(home, shown, with_rejections(home))
    if wants_json:
        of = {quarter: {force: cells[force][quarter] for force in cells} for quarter in shown}
        say(json.dumps([{**row, "forces": of[row["quarter"]]} for row in rows]))
        return
    if not rows:
        say("nothing received yet: put returns into landing/<quarter>/<force>/ and `cpai run <quarter>`")
        for found in astray:
            say(f"not read: {found.sentence}")
        _show_open(opened)
        return
    _show_grid(cells, shown)
    for row in rows:
        say(
            f"{row['quarter']}: {len(row['received'])} received, {len(row['nil'])} nil, "
            f"{len(row['refused'])} refused, {len(row['missing'])} missing"
        )
        for force, declared in row["missing_declared"].items():
            say(f"         {force} said it is missing: {declared}")
        for sentence in [*row["reasons"], *row["remarks"]]:
            say(f"         {sentence}")
        show_holding(row["holds_the_release"])
    if unknown:
        say(unknown)
    for found in astray:
        say(f"not read: {found.sentence}")
    _show_open(opened)
    for sentence in due(home, clock.today()):
        say(sentence)
    _show_hands(home)


def _show_hands(home: Home) -> None:
    from orchestration.ledger import signers
    from orchestration.ledger.opening import ledger_of

    with ledger_of(home) as engine:
        if not signers.rows(engine):
            say(signers.NOBODY)


def _show_open(messages: list[dict[str, Any]]) -> None:
    """What has been left in the outbox and not been settled since."""
    for message in messages:
        say(f"open since {message['at'][:16].replace('T', ' ')}: {message['sentence']}")


# at most eight letters, so that a year's quarters stand side by side
IN_THE_GRID = {
    "accepted": "ok",
    "accepted_with_rejections": "ok, held",
    "nil": "nil",
    "refused": "REFUSED",
    "missing": "MISSING",
    "missing_declared": "declared",
}


def _show_grid(cells: dict[str, dict[str, Any]], shown: list[str]) -> None:
    width = max(map(len, cells)) + 2
    say(" " * width + "".join(f"{quarter:<13}" for quarter in shown).rstrip())
    for force, by_quarter in cells.items():
        texts = []
        for cell in by_quarter.values():
            text = IN_THE_GRID[cell["status"]] if cell else ""
            if cell and (cell["submission"] or 0) > 1:
                text += f" {cell['submission']}"
            texts.append(text + (" !" if cell and cell["refused_since"] else ""))
        say(f"{force:<{width}}" + "".join(f"{text:<13}" for text in texts).rstrip())
    say(
        "ok accepted; held: some records held out; a number: which submission; !: a later delivery was refused; "
        "declared: missing, as the force declared"
    )


def _show_storage(home: Home, wants_json: bool) -> None:
    from orchestration.storage import taken

    rows = taken(home)
    lines = [
        f"{row['part']:<29}{row['bytes'] / 1e6:>12,.1f}{row['files']:>9,}  {row['oldest'] or '':<12}{row['next']}"
        for row in rows
    ]
    together = f"{'together':<29}{sum(row['bytes'] for row in rows) / 1e6:>12,.1f}{sum(row['files'] for row in rows):>9,}"
    tell(wants_json, rows, [f"{'part':<29}{'MB':>12}{'files':>9}  {'oldest':<12}then", *lines, together])
