"""What lies in landing/: what nobody sent, what no run will read, and which of a force's deliveries is the later.

Rows in `seeds/landing`: `clutter.csv` (what desktops and file servers leave) and `folder_order.csv` (words of a
folder's name that give its place among others).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache, cmp_to_key
from itertools import combinations
from pathlib import Path

from orchestration import quarters
from orchestration.home import seed_rows
from orchestration.printing import counted
from orchestration.returns.layouts import delivered, deliverers

RECORDED_CRIME = "recorded_crime"  # the folder in landing/ that releases of the Home Office lie in
# Files copied in one go have times as near as this, in the order of the copy, which is that of their names.
APART = 60  # seconds
# what the folders of one return in parts have in common: part-*-of-2, july-part-*-of-2
IN_PARTS = re.compile(r"part-\*-of-\d+$", re.IGNORECASE)


@cache
def _clutter_patterns() -> tuple[str, ...]:
    return tuple(row["pattern"] for row in seed_rows("landing/clutter.csv"))


def is_clutter(name: str) -> bool:
    """Whether a file or folder of this name (without the folders it is in) was left by a desktop: no one sent it."""
    tidy = name.strip().lower()
    if tidy in (".", ".."):
        return False
    return any(fnmatchcase(tidy, pattern) for pattern in _clutter_patterns())


@dataclass(frozen=True)
class Unread:
    """Something in landing/ that no run reads: a sentence with the reason and what to do. `quarter`: the one that it is
    in, or that its name is nearly that of."""

    name: str
    quarter: str | None
    sentence: str


def unread(landing: Path) -> list[Unread]:
    """What lies in landing/ where no run reads."""
    found: list[Unread] = []
    for path in inside(landing):
        if path.name == RECORDED_CRIME and path.is_dir():
            continue
        if _is_quarter(path.name) and path.is_dir():
            found += _unread_in(path)
        else:
            near = near_quarter(path.name)
            found.append(Unread(path.name, near, f"landing/{path.name}: {_why_not(path, near)}"))
    return found


def unread_told(landing: Path) -> dict[str, str]:
    """The same for logs, events and the outbox, in which no name that a force gave may stand: by place, in how many."""
    places = Counter(f"landing/{found.quarter}" if found.quarter else "landing" for found in unread(landing))
    return {
        place: f"{counted(count, 'file or folder', 'files or folders')} in {place} that no run reads: `cpai status` names them"
        for place, count in places.items()
    }


def inside(folder: Path) -> list[Path]:
    """What is in a folder, by name, without clutter; nothing where there is no folder."""
    if not folder.is_dir():
        return []
    # by name: paths of Windows sort without regard to capitals
    return sorted(
        (path for path in folder.iterdir() if not is_clutter(path.name)), key=lambda path: path.name
    )


def nobodys(path: Path, nobody: str = "no force") -> str:
    """Why something in the folder of a quarter is no force's return, and what to do; blank where it is one."""
    quarter = path.parent.name
    names = delivered(quarter)
    if path.name in names:
        return ""
    if not path.is_dir():
        return "is a file outside a force's folder; put it into a folder of the force's name."
    near = near_force(path.name, names)
    return (
        f"{nobody} has this name; rename the folder in landing/{quarter} to "
        f"{near or 'the name of its force as in seeds/forces.csv'}."
    )


def near_force(name: str, names: Iterable[str]) -> str | None:
    """The folder that a name was probably meant for: `clevland`, `Cleveland Police`."""
    called = {name: name for name in names}
    for row in seed_rows("forces.csv"):
        if row["force"] in called:
            called |= {_plain(row[column]): row["force"] for column in ("name", "prc_name")}
    near = get_close_matches(_plain(name), called, 1, 0.75)
    return called[near[0]] if near else None


def near_quarter(name: str) -> str | None:
    """The quarter that a name was probably meant for: `2023-q1`, `2023 Q1`, `Q1 2023`."""
    if written := re.fullmatch(r"\W*((?:19|20)\d\d)\W*(?:q|qtr|quarter)?\W*0?([1-4])\W*", _plain(name)):
        return f"{written[1]}-Q{written[2]}"
    if written := re.fullmatch(r"\W*(?:q|qtr|quarter)\W*0?([1-4])\W*((?:19|20)\d\d)\W*", _plain(name)):
        return f"{written[2]}-Q{written[1]}"
    return None


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "-", unicodedata.normalize("NFKC", name).strip().casefold())


def _is_quarter(name: str) -> bool:
    try:
        return quarters.valid(name) >= quarters.FIRST
    except ValueError:
        return False


def _unread_in(quarter: Path) -> list[Unread]:
    return [
        Unread(path.name, quarter.name, f"landing/{quarter.name}/{path.name}: {why}")
        for path in inside(quarter)
        if (why := nobodys(path))
    ]


def _why_not(path: Path, near: str | None) -> str:
    name = _plain(path.name)
    if not path.is_dir():
        return "is a file outside a force's folder and is not read; put it into landing/<quarter>/<force>/."
    if near and near != path.name:
        there = (path.parent / near).exists()
        correct = f"put what is in it into {near}" if there else f"rename it to {near}"
        return f"is no quarter as they are written here, and nothing in it is read; {correct}."
    if near:
        return f"returns are received from {quarters.FIRST} on, and nothing in it is read; take it out of landing."
    if get_close_matches(name, [_plain(RECORDED_CRIME), "police-recorded-crime"], 1, 0.8):
        return f"nothing in it is read; police recorded crime goes into landing/{RECORDED_CRIME}."
    if force := near_force(path.name, deliverers()):
        return (
            f"is a force's folder outside a quarter, and is not read; put it into landing/<quarter>/{force}."
        )
    return (
        f"is no quarter, and nothing in it is read; name it like {quarters.FIRST}, or take it out of landing."
    )


def in_order(sent: Mapping[str, float | None], quarter: str) -> list[str] | None:
    """Folders of deliveries, earliest first; None where neither their names nor their times show it.

    `sent`: folder (blank: the force's own folder, whose files come first) -> the time of its newest file.
    """
    places = {name: _place(name, quarter) for name in sent}

    def before(one: str, other: str) -> bool | None:
        earlier = _earlier(places[one], places[other])
        first, second = sent[one], sent[other]
        if earlier is None and first is not None and second is not None:
            gap = second - first
            return gap > 0 if abs(gap) >= APART else None
        return earlier

    ordered = sorted(sent, key=cmp_to_key(lambda one, other: -1 if before(one, other) else 1))
    # each pair is asked again: names and times that contradict each other give no order
    return ordered if all(before(one, other) for one, other in combinations(ordered, 2)) else None


def sorts_before(one: str, other: str, quarter: str) -> bool:
    """Whether by its name a folder came before another."""
    return _earlier(_place(one, quarter), _place(other, quarter)) is True


def is_named_earlier(name: str) -> bool:
    """Whether by a folder's name what is in it was replaced: `old`, `superseded`."""
    return any(_words().get(word, ("", 0))[0] == "earlier" for word in _tokens(name))


@cache
def _words() -> dict[str, tuple[str, int]]:
    return {
        row["word"]: (row["kind"], int(row["number"] or 0)) for row in seed_rows("landing/folder_order.csv")
    }


def _tokens(name: str) -> list[str]:
    # 2nd is 2, and 20230601 and 01062023 are days
    text = re.sub(r"(?<=\d)(st|nd|rd|th)(?![a-z])", "", name.casefold())
    text = re.sub(r"(?<!\d)((?:19|20)\d\d)([01]\d)([0-3]\d)(?!\d)", r"\1 \2 \3", text)
    text = re.sub(r"(?<!\d)([0-3]\d)([01]\d)((?:19|20)\d\d)(?!\d)", r"\1 \2 \3", text)
    return re.findall(r"\d+|[^\W\d_]+", text)


# (rank, what the numbers count, the numbers): only names that count the same are compared by their numbers
Place = tuple[int, tuple[str, ...], tuple[int, ...]]


def _place(name: str, quarter: str) -> Place:
    """Where a folder's name puts it: after `old`, and after the force's own folder."""
    if not name:
        return 1, (), ()
    if is_named_earlier(name):
        return 0, ("earlier",), ()
    words: list[str] = []
    numbers: list[int] = []
    month = None
    tokens = _tokens(IN_PARTS.sub("", name))
    for token in tokens:
        kind, number = _words().get(token, ("", 0))
        if token.isdecimal():
            numbers.append(int(token))
        elif kind == "month" and month is None:
            month = number
        elif kind == "place":
            numbers.append(number)
        elif len(token) == 1 and token is tokens[-1] and token.isascii() and kind != "filler":
            words.extend([] if numbers else ["letter"])
            numbers.append(ord(token))  # 2b, and a, b, c
        elif kind != "filler":
            words.append(token)
    years = [number for number in numbers if 1900 <= number < 2100]
    year = years[0] if years else None
    if year is not None and (numbers[0] != year or month):
        # 01-06-2023 is written day first in this country; with a year first the numbers are in order as they are
        numbers.remove(year)
        numbers = [*reversed(numbers[:2]), *numbers[2:]] if month is None else numbers
        numbers.insert(0, year)
    if month is not None and year is None:
        # after the quarter began: of 2023-Q4, December came before January
        month = (month - quarters.first_day(quarter).month) % 12
    if month is not None:
        numbers.insert(0 if year is None else 1, month)
    counted = ("year",) * (year is not None) + ("month",) * (month is not None)
    return 2, (*counted, *words), tuple(numbers)


def _earlier(one: Place, other: Place) -> bool | None:
    """Whether a place is before another; None where names do not show it."""
    if one[0] != other[0]:
        return one[0] < other[0]
    if one[1] != other[1] or one[2] == other[2]:
        return None
    return one[2] < other[2]
