"""Evidence for each figure: a page for each split, a figure in each column and a place and period in each row, with what was
received and recorded there, rules and waivers, revisions, and the steps by which all figures are made.

A split is what the figures of a page have in common: population, criterion, unit and breakdown. A row's anchor is its place and
period, `#kent-2023-Q1`. Pages are of the restricted tier, as all that stands outside `public/`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from orchestration import in_print
from orchestration.home import seed_rows
from orchestration.releases.figures import NATION, base, definition, in_words, label, population
from orchestration.releases.pages import quality
from orchestration.statements import Connection, rows_of

FOLDER = "evidence"
SPLIT = ("population", "criterion", "unit", "breakdown")
UNRELIABLE = "[u]"  # withheld, as reports print it
SHOWN = 30  # revisions on a page: all are in the CSV
# which rules are about the records that a unit is counted from: a person stands on a crime, and all came in a return
SCOPES = {
    "crime": ("return", "crime", "table"),
    "victim": ("return", "crime", "victim", "table"),
    "suspect": ("return", "crime", "suspect", "table"),
}


class Value(NamedTuple):
    """A figure at a place and period, with what stands beside it in `release_figures`."""

    population: str
    criterion: str
    unit: str
    breakdown: str
    figure_id: str
    category: str
    scheme: str
    place_type: str
    place: str
    period_type: str
    period: str
    numerator: int | None
    denominator: int | None
    percent: Any
    percent_rounding: str | None
    status: str
    records: int | None
    force_quarters_due: int | None
    force_quarters_returned: int | None


class Row(NamedTuple):
    """A place and period of a split; `cells` are its figures as printed, in the order of the columns."""

    anchor: str
    name: str
    returned: str
    base: str
    not_recorded: str
    cells: list[str]


def page_of(figure: Mapping[str, Any]) -> str:
    """`evidence/cocad.all.victim.age_band.html`: where a figure stands, from the folder of the release."""
    return f"{FOLDER}/{'.'.join(figure[name] for name in SPLIT)}.html"


def anchor(place: str, period: str) -> str:
    """`england-and-wales-2023`, `kent-2023-Q1`, `region-west-midlands-2023`: a force of that name is a place of its own."""
    slug = re.sub("[^a-z0-9]+", "-", place.lower())
    return f"{'' if place in (slug, NATION) else 'region-'}{slug}-{period}"


def link(figure: Mapping[str, Any], root: str = "") -> str:
    """The row of a figure's place and period, from a page whose way to the release's folder is `root`."""
    return f"{root}{page_of(figure)}#{anchor(figure['place'], figure['period'])}"


def linked(connection: Connection, rows: Iterable[dict], root: str, place: str, period: str) -> list[dict]:
    """`rows` with a `figure_id`, each with its `evidence` at this place and period where the release has it."""
    known = {
        row["figure_id"]: link(row, root)
        for row in rows_of(
            connection,
            f"select distinct figure_id, place, period, {', '.join(SPLIT)} from target.main.figures "  # noqa: S608
            "where place = ? and period = ?",
            [place, period],
        )
    }
    return [row | {"evidence": known.get(row["figure_id"])} for row in rows]


def read(connection: Connection, head: dict) -> Iterator[tuple[str, dict]]:
    """Each page by its path in the release, with its values; `connection` has the release's tables attached as `target`."""
    order = {
        (row["scheme"], row["unit"], row["breakdown"], row["category"]): int(row["sort_order"])
        for row in seed_rows("breakdown_categories.csv")
    }
    names = dict(connection.execute("select force, name from target.main.dim_force").fetchall())
    found = connection.execute(
        f"select {', '.join(Value._fields)} from target.main.release_figures "  # noqa: S608 - names of ours
        f"order by {', '.join(SPLIT)}, place_type = 'force', place_type = 'region', place, "
        "period_type = 'month', period_type = 'quarter', period, figure_id, scheme"
    ).fetchall()
    revised = _revised(connection)
    rules = _rules(connection, head)
    values = map(Value._make, found)
    for split, group in groupby(values, key=lambda value: value[: len(SPLIT)]):
        every = list(group)
        figures = {(value.figure_id, value.scheme): value for value in every}
        # a figure that is printed a second time, and one of another scheme, after those of the first
        columns = sorted(
            figures,
            key=lambda key: (key[1], order.get((key[1], *split[2:], figures[key].category), 0), key[0]),
        )
        one = every[0]._asdict()
        described = [_described(figures[key]) for key in columns]
        yield (
            page_of(one),
            {
                "name": _name(one),
                "definition": _sentence(definition(one)),
                "base": base(next((row._asdict() for row in every if row.denominator is not None), one)),
                "figures": described,
                "has_base": any(value.denominator is not None for value in every),
                "rows": list(_rows(every, columns, names)),
                "withheld": any(value.status == "withheld" for value in every),
                "caveat": any(value.status == "caveat" for value in every),
                "rules": rules[one["unit"]],
                "waivers": [
                    row for row in head["waivers"] if quality.scope(row["rule"]) in SCOPES[one["unit"]]
                ],
                "revised": [row for figure in described for row in revised[figure["figure_id"]]],
                "shown": SHOWN,
                "ask": one["figure_id"],
            },
        )


def listed(pages: Iterable[tuple[str, dict]]) -> list[dict]:
    """The list of all figures: a row each, its link from the folder of the pages."""
    return [
        figure | {"link": (f"{path.removeprefix(f'{FOLDER}/')}#{figure['figure_id']}", figure["counts"])}
        for path, page in pages
        for figure in page["figures"]
    ]


def _name(figure: dict) -> str:
    """`Victims on COCAD crimes: age band`"""
    split = "" if figure["breakdown"] == "total" else f": {in_words(figure['breakdown'])}"
    return f"{_sentence(population(figure))}{split}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _described(value: Value) -> dict:
    return {
        "figure_id": value.figure_id,
        "scheme": value.scheme,
        "heading": "Count" if value.category == "all" else in_words(value.category),
        "counts": label(value._asdict()),
        "percent_rounding": value.percent_rounding or "",
    }


def _rows(
    values: Iterable[Value], columns: Sequence[tuple[str, str]], names: Mapping[str, str]
) -> Iterator[Row]:
    for (place, period), group in groupby(values, key=lambda value: (value.place, value.period)):
        here = {(value.figure_id, value.scheme): value for value in group}
        one = next(iter(here.values()))
        of = next((value.denominator for value in here.values() if value.denominator is not None), None)
        yield Row(
            anchor(place, period),
            f"{names.get(place, place)}, {period}",
            ""
            if one.force_quarters_due is None
            else f"{one.force_quarters_returned} of {one.force_quarters_due}",
            "" if of is None else in_print.count(of),
            "" if of is None or one.records is None else in_print.count(one.records - of),
            [_printed(here.get(key), of) for key in columns],
        )


def _printed(value: Value | None, of: int | None) -> str:
    """`1,234`, `12 (4%)`, `12 of 300 (4%)` where its base is not that of the row, `[u]`; blank where it is not given."""
    if value is None:
        return ""
    if value.numerator is None:
        return UNRELIABLE
    text = in_print.count(value.numerator)
    if value.denominator is not None and value.denominator != of:
        text += f" of {in_print.count(value.denominator)}"
    if value.percent is not None:
        text += f" ({in_print.percent(value.percent, value.percent_rounding)})"
    return text


def _rules(connection: Connection, head: dict) -> dict[str, list[dict]]:
    """By unit, each rule about its records that some did not keep: how many, and where it exceeds its tolerance or is waived."""
    found = rows_of(
        connection,
        """
        select
            rule,
            sum(tested)::bigint as tested,
            sum(failed)::bigint as failed,
            sum(waived)::bigint as waived,
            count(*) filter (where verdict = 'fails') as beyond
        from target.quality.rule_results
        group by rule
        having count(*) filter (where verdict in ('fails', 'waived')) > 0
        order by rule
        """,
    )
    by_unit: dict[str, list[dict]] = defaultdict(list)
    for row in found:
        for unit, scopes in SCOPES.items():
            if quality.scope(row["rule"]) in scopes:
                by_unit[unit].append(row | {"statement": quality.statement(row["rule"])})
    return by_unit


def _revised(connection: Connection) -> dict[str, list[dict]]:
    """By figure, each revision since it was first published, the nation's first."""
    found = rows_of(
        connection,
        "select figure_id, place, period, release, numerator_before, denominator_before, percent_before, numerator, denominator, "
        "percent, percent_rounding, cause from target.quality.figure_revisions where cause is not null "
        "order by place <> ?, figure_id, place, period, revision",
        [NATION],
    )
    by_figure: dict[str, list[dict]] = defaultdict(list)
    for row in found:
        row["row"] = (f"#{anchor(row['place'], row['period'])}", f"{row['place']}, {row['period']}")
        by_figure[row["figure_id"]].append(row)
    return by_figure
