"""What the synthetic readers answer for each candidate: a first reading always, a second where the judgement is
hard or drawn for checking, and an adjudicator where the two differ. The settled answer is the truth."""

from pathlib import Path

import numpy as np

from orchestration.readings.book import COLUMNS
from orchestration.synthetic.reference import ASSUMED, day, forces
from orchestration.synthetic.year import ForceQuarter, Tile, number_of

READERS = tuple(f"reader-{n:02}" for n in range(1, 13))
ADJUDICATORS = ("reader-13", "reader-14")
CHECKED = 0.1
"""Share of plain candidates that are read twice."""
DISAGREE = 0.05
OTHER_CRITERION = ASSUMED["other_criterion"]
CHILDREN_ASKED_FROM = "2023-Q2"


def start(path: Path) -> None:
    """An empty readings file: headings only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(",".join(COLUMNS) + "\n", encoding="utf-8")


def append(path: Path, rows: ForceQuarter, tiles: list[Tile], seed: int) -> None:
    """The readings of every candidate of a force's quarter; what was drawn for recall differs from tile to tile."""
    place = [seed, 3, list(forces().index).index(rows.force), number_of(rows.quarter)]
    candidates = np.flatnonzero(rows.crimes["is_candidate"]).tolist()
    rng = np.random.default_rng(place)
    same = [answer for position in candidates for answer in _answers(rng, rows, position)]
    with path.open("a", encoding="utf-8", newline="") as file:
        for tile in tiles:
            references = rows.references(tile)
            rng = np.random.default_rng([*place, tile.number])
            drawn = [answer for n in rows.drawn.get(tile.number, ()) for answer in _answers(rng, rows, n)]
            file.writelines(
                f"{rows.force},{references[position]},,{','.join(answer)}\n"
                for position, answer in [*same, *drawn]
            )


def settled(rows: ForceQuarter) -> dict[str, np.ndarray]:
    """criterion and committed_by_children of each crime as readers settle them, blank for no candidate."""
    asked = rows.quarter >= CHILDREN_ASKED_FROM
    children = np.where(rows.crimes["by_children"], "yes", "no") if asked else "not_collected"
    return {
        "criterion": np.where(rows.crimes["is_cocad"], rows.crimes["criterion"], ""),
        "committed_by_children": np.where(rows.crimes["is_cocad"], children, ""),
    }


def _answers(
    rng: np.random.Generator, rows: ForceQuarter, position: int
) -> list[tuple[int, tuple[str, ...]]]:
    crimes = rows.crimes
    group = bool(crimes["is_cocad"][position])
    criterion = str(crimes["criterion"][position]) if group else ""
    children = "not_collected"
    if rows.quarter >= CHILDREN_ASKED_FROM:
        children = "yes" if crimes["by_children"][position] else "no"
    number = int(crimes["offenders_read"][position])
    network = "yes" if group and (criterion == "cse" or rng.random() < 0.2) else "no"
    truth = ("yes" if group else "no", network, criterion, children)
    first, second = rng.choice(len(READERS), 2, replace=False).tolist()
    judge = int(rng.integers(len(ADJUDICATORS)))
    twice = criterion in ("cse", "unknown") or rng.random() < CHECKED
    mistaken = twice and rng.random() < DISAGREE
    wrong = truth
    if mistaken and group:
        wrong = (
            ("yes", network, OTHER_CRITERION[criterion], children)
            if rng.random() < 0.7
            else ("no", "no", "", children)
        )
    elif mistaken:
        wrong = ("yes", "no", "unknown", children)
    first_is_wrong = mistaken and rng.random() < 0.5
    read_on = day(rows.year + (rows.quarter[-1] == "4"), int(rows.quarter[-1]) * 3 % 12 + 1) + int(
        rng.integers(10, 40)
    )

    def reading(role: str, reader: str, answer: tuple[str, ...], days: int) -> tuple[int, tuple[str, ...]]:
        yes = answer[0] == "yes"
        runner_up = OTHER_CRITERION[answer[2]] if yes and rng.random() < 0.2 else ""
        hour, minute = int(rng.integers(9, 17)), int(rng.integers(60))
        at = f"{np.datetime64(read_on + days, 'D')}T{hour:02}:{minute:02}:00Z"
        confidence = "low" if answer[2] == "unknown" else ("medium" if role != "first" else "high")
        reason = f"{'two or more offenders' if yes else 'one offender'}; note R{int(rng.integers(1, 40)):02}"
        read = str(max(2, number)) if yes else str(min(number, 1))
        group_based, in_network, named, by = answer
        return position, (
            role, reader, at, group_based, in_network, read, named, runner_up, by, confidence, reason,
        )  # fmt: skip

    answers = [reading("first", READERS[first], wrong if first_is_wrong else truth, 0)]
    if twice:
        answers.append(
            reading("second", READERS[second], wrong if mistaken and not first_is_wrong else truth, 3)
        )
    if mistaken:
        answers.append(reading("adjudicator", ADJUDICATORS[judge], truth, 9))
    return answers
