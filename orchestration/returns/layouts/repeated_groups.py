"""Persons side by side in one row: `SUSPECT1_ID, SUSPECT1_SEX, SUSPECT2_ID, …` are `SUSPECT{n}_ID, SUSPECT{n}_SEX`.

templates(["SUSPECT1_ID", "SUSPECT2_ID", "HO CODE"])     # {"SUSPECT1_ID": "SUSPECT{n}_ID", ...}
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace

from orchestration.returns.layouts.parts import GROUP
from orchestration.returns.layouts.unknown_files import Table


def templates(headings: Iterable[str]) -> dict[str, str]:
    """heading -> what it is with its number left out, where the same with 1, 2 and so on stand beside it.

    A heading with several numbers (`Suspect 2 Address Line 1`) repeats by the first that counts up from 1.
    """
    headings = list(headings)
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for heading in headings:
        for piece in re.finditer(r"(?<!\d)[1-9]\d?(?!\d)", heading):
            template = heading[: piece.start()] + GROUP + heading[piece.end() :]
            found[template].setdefault(int(piece.group()), heading)
    taken: dict[str, str] = {}
    # the number that counts furthest is that of the persons
    for template, members in sorted(found.items(), key=lambda one: -len(one[1])):
        if len(members) > 1 and sorted(members) == list(range(1, len(members) + 1)):
            for heading in members.values():
                taken.setdefault(heading, template)
    whole = {
        template
        for template, members in found.items()
        if all(taken.get(one) == template for one in members.values())
    }
    return {heading: template for heading, template in taken.items() if template in whole}


def folded(table: Table) -> tuple[Table, dict[str, int]]:
    """A table with each repeated group's columns under one heading (the first's cells, and what the others hold),
    and how many columns stand under each such heading."""
    of = templates(table.headings)
    columns: dict[str, tuple[str, ...]] = {}
    for heading, cells in table.columns.items():
        name = of.get(heading, heading)
        columns[name] = (*columns[name], *filter(None, cells)) if name in columns else cells
    return replace(table, headings=tuple(columns), columns=columns), dict(Counter(of.values()))


def unfolded(heading: str, count: int) -> list[str]:
    """The headings that a repeated one stands for."""
    return (
        [heading.replace(GROUP, str(number)) for number in range(1, count + 1)]
        if GROUP in heading
        else [heading]
    )
