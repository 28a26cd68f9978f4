"""What somebody has to hear of, a line each in the home's `outbox/`: a refused return, a shut gate, a failed run or sensor.

`outbox/messages.jsonl` is added to, and loses what was settled long ago (`seeds/storage.csv`). A message is open until a
later line about the same thing closes it: the return was accepted, the gate opened, a run of that job succeeded. The same
words again are no new line.
"""

import json
import os
from collections.abc import Iterable, Mapping

from orchestration import clock
from orchestration.home import Home
from orchestration.stopping import Damaged
from orchestration.turns import alone, write_whole

FILE = "messages.jsonl"
NOTED = "outbox"  # metadata of a failure that has left its line: the kind of it


def leave(home: Home, kind: str, about: str, sentence: str) -> None:
    """One line, unless the open one about the same thing has the same words."""
    stands(home, kind, {about: sentence}, within=[about])


def settle(home: Home, kind: str, about: str) -> None:
    """Close what is open about a thing; nothing where nothing is."""
    stands(home, kind, {}, within=[about])


def stands(home: Home, kind: str, sentences: Mapping[str, str], within: Iterable[str]) -> None:
    """Of the things `within`, those in `sentences` are open in these words, and the others are closed."""
    known = {line["about"]: line["sentence"] for line in opened(home) if line["kind"] == kind}
    now = clock.now().isoformat(timespec="seconds")
    lines = [
        {"at": now, "kind": kind, "about": about, "open": about in sentences}
        | {"sentence": sentences.get(about, known.get(about))}
        for about in within
        if sentences.get(about) != known.get(about)
    ]
    if lines:
        folder = home.root / "outbox"
        folder.mkdir(parents=True, exist_ok=True)
        with alone(folder):  # another process may be writing it without the old messages
            file = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                os.write(file, _text(lines).encode())
            finally:
                os.close(file)


def opened(home: Home) -> list[dict]:
    """The messages that are open, oldest first."""
    last: dict[tuple[str, str], dict] = {}
    for line in _lines(home):
        last.pop((line["kind"], line["about"]), None)
        last[line["kind"], line["about"]] = line
    return [line for line in last.values() if line["open"]]


def trim(home: Home, before: str) -> None:
    """Lines from before a moment go, but for those of messages that are open."""
    folder = home.root / "outbox"
    if outdated(home, before)[1]:
        with alone(folder):
            kept, _ = outdated(home, before)
            write_whole(folder / FILE, _text(kept))


def outdated(home: Home, before: str) -> tuple[list[dict], int]:
    """The lines that are kept, and how many are not."""
    lines, still = _lines(home), opened(home)
    kept = [line for line in lines if line["at"] >= before or line in still]
    return kept, len(lines) - len(kept)


def _lines(home: Home) -> list[dict]:
    file = home.root / "outbox" / FILE
    try:
        text = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
        return [json.loads(line) for line in text.splitlines()]
    except ValueError:
        raise Damaged(file) from None


def _text(lines: Iterable[Mapping]) -> str:
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
