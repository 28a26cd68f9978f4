"""Reaches that are too short, one place at a time, tried beside the model that they are of.

A build of a mutant differs from a right one in that model first. So a right warehouse is built, and before each model that has
mutants these make their own copy of its table again, from the same tables: a copy that differs from it is noticed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from statements import Model, Warehouse

REACH = re.compile(
    r"(?P<what>substr\((?P<period>[\w.]+), 1, 4\)|\(?[\w.]+(?:, [\w.]+\))?) in "
    r'\(select (?P<columns>[\w, ()]+) from "warehouse"\.(?P<reach>"\w+"\."\w+_reach")\)'
)
CHANGE, QUARTER = "what changed alone", "its quarter alone"
WIDER = {"cocad_candidates_reach", "cocad_reach"}
CHANGED = 'from "warehouse"."intermediate"."int_reach" where is_changed'


@dataclass(frozen=True)
class Mutant:
    """A model with a reach that is too short: `place` names it."""

    place: str
    model: Model


def mutants(model: Model) -> Iterator[Mutant]:
    """The model with what crosses quarters left out: at each of its places alone, and at all of them at once."""
    if model.kind != "incremental":
        return
    for short, shortened in ((CHANGE, _of_what_changed), (QUARTER, _of_its_quarter)):
        found = [place for place in REACH.finditer(model.again) if shortened(place) != place[0]]
        for number, place in enumerate(found, start=1):
            again = model.again[: place.start()] + shortened(place) + model.again[place.end() :]
            yield Mutant(f"{model.name} {number}: {short}", replace(model, again=again))
        forgotten = REACH.sub(shortened, model.forgotten) if model.forgotten is not None else None
        if found or forgotten != model.forgotten:
            whole = replace(model, again=REACH.sub(shortened, model.again), forgotten=forgotten)
            yield Mutant(f"{model.name}: {short}", whole)


def _of_what_changed(place: re.Match) -> str:
    """Of the returns that changed, and none that they reach."""
    return f"{place['what']} in (select {place['columns']} {CHANGED})"


def _of_its_quarter(place: re.Match) -> str:
    """A year is made again in the quarter alone."""
    if not place["period"]:
        return place[0]
    return f'substr({place["period"]}, 1, 7) in (select quarter from "warehouse".{place["reach"]})'


UNION = re.compile(r"\n    (?:union all|union)\n")
LISTS = ("int_reach", "cocad_candidates_reach", "cocad_reach")


def shorter_lists(model: Model) -> Iterator[Mutant]:
    """A model that lists what a build makes again, without one of the ways in which a change comes there."""
    for step in re.findall(r"^(changed|reached) as \(\n", model.again, re.MULTILINE):
        for number in range(len(UNION.split(_step(model.again, step)))):
            anew, again = (_without(statement, step, number) for statement in (model.anew, model.again))
            yield Mutant(f"{model.name}: {step} {number + 1}", replace(model, anew=anew, again=again))


def _step(statement: str, name: str) -> str:
    found = re.search(rf"^{name} as \(\n(.*?)\n\)", statement, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def _without(statement: str, step: str, number: int) -> str:
    """The statement without that part of the union that is the step."""
    union = _step(statement, step)
    parts = UNION.split(union)
    return statement.replace(union, "\n    union all\n".join(parts[:number] + parts[number + 1 :]))


class Beside(Warehouse):
    """A warehouse built rightly; beside each model its `mutants` are tried on a copy of its table. `noticed`: their places.

    A mutant that was not noticed has the right table: it begins with that each time.
    """

    def try_beside(self, of: dict[str, list[Mutant]]) -> None:
        self.of, self.noticed = of, set()

    def _make(self, model: Model, anew: bool = False) -> None:
        tried = [one for one in self.of.get(model.name, []) if one.place not in self.noticed]
        if not self._reaches_further():
            tried = [one for one in tried if one.place.endswith(QUARTER)]
        if anew or not tried or model.name not in self.there:
            super()._make(model, anew)
            return
        self.connection.execute(f"create or replace temp table before as from {model.relation}")
        super()._make(model)
        for mutant in tried:
            self.connection.execute("create or replace temp table copy as from before")
            if mutant.model.forgotten is not None:
                self.connection.execute(f"delete from copy where {mutant.model.forgotten}")
            again = mutant.model.again.replace(f'"warehouse".{model.relation}', "copy")
            self.connection.execute(f"insert into copy {again}")
            right = f"from {model.relation}"
            if self.rows(f"(from copy except all {right}) union all ({right} except all from copy)"):
                self.noticed.add(mutant.place)

    def _reaches_further(self) -> bool:
        """Whether this build makes more quarters again than what changed: else leaving those out changes nothing."""
        if "int_reach" not in self.there:
            return False
        made_again = " union ".join(
            f"select quarter from {model.relation}"
            for model in self.models
            if model.name in WIDER & self.there
        )
        return bool(
            self.rows("from intermediate.int_reach where not is_changed")
            or (made_again and self.rows(f"({made_again}) except select quarter {CHANGED}"))
        )
