"""A check in a few lines for a terminal: codes and counts, nothing of a record. It fits a screen."""

import textwrap
from pathlib import Path
from typing import Any

from orchestration.printing import printable
from orchestration.returns.pack.words import status_said

WIDTH, LINES = 80, 24
# the prompt before and after, and the line that the rules are prepared
AROUND = 3


def summary(packs: list[dict[str, Any]], into: Path | None) -> list[str]:
    """What would become of each return, and where the rest stands."""
    if into:
        closing = _wrapped(f"Every failing record, its place and what to do: open {into}", 2)
    else:
        closing = ["Nothing was written. --into FOLDER writes every failing record and what to do."]
    room = (LINES - AROUND - len(closing)) // len(packs)
    return [line for pack in packs for line in _of_pack(pack, room)] + closing


def _of_pack(pack: dict[str, Any], room: int) -> list[str]:
    lines = _wrapped(f"{pack['force_name']}, {pack['quarter']}: {status_said(pack)}. Nothing was sent.", 2)
    lines += _wrapped(f"Checked: {pack['checked']['said']}.", 2)
    if counted := pack["counted"]:
        counts = (
            f"{counted['crimes']:,} crimes, {counted['cpai']:,} of them in the CPAI: {counted['images']:,} image, "
            f"{counted['contact']:,} contact ({counted['candidates']:,} to be read)."
        )
        lines += _wrapped(counts, 2)
    if holding := [finding["code"] for finding in pack["findings"] if finding["holds"]]:
        lines += _wrapped(f"The release would wait for it: {', '.join(holding)}.", 2)
    if pack["status"] == "refused":
        sentences = [" ".join(filter(None, (row["code"], row["said"]))) for row in pack["reasons"]]
        lines_of = [_wrapped(sentence, 4, "  ") for sentence in sentences]
    else:
        asking = [finding for finding in pack["findings"] if finding["answer"] != "nothing"]
        lines_of = [[_row(finding)] for finding in asking]
    ask = f"{pack['to_correct']:,} to correct, {pack['to_explain']:,} to correct or explain."
    return [*lines, *_as_fit(lines_of, room - len(lines) - 1), ask]


def _as_fit(lines_of: list[list[str]], room: int) -> list[str]:
    """The first that have room, and how many more there are."""
    shown: list[str] = []
    for number, each in enumerate(lines_of):
        # a line is kept for the count, unless this is the last
        if len(shown) + len(each) > room - (number + 1 < len(lines_of)):
            return [*shown, f"  and {len(lines_of) - number:,} more"]
        shown += each
    return shown


def _row(finding: dict[str, Any]) -> str:
    """`correct RE03       4  Its records ...`: how many break a rule, and what should hold."""
    return _cut(
        f"  {finding['answer']:<8}{finding['code']:<6}{finding['records']:>6,}  {finding['statement']}"
    )


def _cut(line: str) -> str:
    line = printable(line, lines=False)
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 3].rstrip()}..."


def _wrapped(text: str, most: int, indent: str = "") -> list[str]:
    """A sentence on `most` lines of the screen, cut where it is longer."""
    text = printable(text, lines=False)
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        max_lines=most,
        placeholder=" ...",
        break_on_hyphens=False,
    )
