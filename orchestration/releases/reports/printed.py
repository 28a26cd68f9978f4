"""What a report prints: every number of a page goes through `Report.shown` or `Report.cell`, which keep it.

In the page a number stands in a `data` element that names the figure or the evidence table it comes from.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property
from html import escape
from typing import NamedTuple

from orchestration import in_print, schemes
from orchestration.home import seed_rows
from orchestration.releases.figures import COUNTED, CRITERIA, NATION, POPULATIONS, UNITS, in_words, label
from orchestration.releases.pages import evidence
from orchestration.releases.reports.numbers import Figure, Key, Numbers, day, period_name
from orchestration.releases.reports.places import Place
from orchestration.returns.receipts import RETURNED

# hidden because of a person (only the public tier does), withheld because readers do not agree, and two kinds of nothing
CONFIDENTIAL, UNRELIABLE, NOT_APPLICABLE, NOT_AVAILABLE = "[c]", "[u]", "[z]", "[x]"
# by whether it is the public one
TIERS = {
    False: "Restricted: exact counts without disclosure control, for forces and analysts.",
    True: "Public: what could be about a person whom somebody recognises is withheld.",
}
STATUSES = {
    "provisional": "Provisional: a further release may revise these figures.",
    "final": "Final: these figures change only by a correction, which is a release of its own.",
}
BELOW, ABOVE, SMALL_BASE = "below its interval", "above its interval", "small base"
RECORDED = {"yes": "Recorded", "no": "Not recorded"}
CHILDREN = {"yes": "Committed by children", "no": "Not committed by children"}
# of an interval: column of figure_intervals, and how it is headed
ENDS = {
    "estimate": "Expected",
    "low": "Least",
    "high": "Greatest",
    "percent_low": "Least, per cent",
    "percent_high": "Greatest, per cent",
}
# of the COCAD, what each criterion is set beside all group-based crime by: heading, unit, breakdown
PROFILE = (
    ("Offence", "crime", "offence_group"),
    ("When reported", "crime", "recency"),
    ("Victims: gender", "victim", "gender"),
    ("Victims: age at the offence", "victim", "age_band"),
    ("Victims: wider ages", "victim", "age_band_wide"),
    ("Victims: self-defined ethnicity", "victim", "sde"),
    ("Suspects: gender", "suspect", "gender"),
    ("Suspects: age at the offence", "suspect", "age_band"),
    ("Suspects: wider ages", "suspect", "age_band_wide"),
    ("Suspects: self-defined ethnicity", "suspect", "sde"),
    ("Suspects: relationship to the victim", "suspect", "relationship"),
)


class Printed(NamedTuple):
    """One number on one page; `of` is numerator, denominator or percent, for evidence what was counted."""

    page: str
    source: str
    figure_id: str
    place: str
    period: str
    of: str
    shown: str


@dataclass(frozen=True)
class Number:
    """A number as it is printed, and in HTML as the element `tag` with where it comes from."""

    text: str
    source: dict[str, str]
    tag: str = "data"
    # words that have to stand by the number
    beside: str = ""
    # its evidence, where that stands beside the report
    evidence: str = ""

    @cached_property
    def value(self) -> int | float | str:
        """A count, a share as printed (0.26 of `26%`), a sign, or the words of a table of evidence."""
        if self.text.startswith("["):
            return self.text
        if self.is_percent:
            return round(float(self.text[:-1]) / 100, 3)
        digits = self.text.replace(",", "")
        return int(digits) if digits.isdigit() else self.text

    @property
    def is_percent(self) -> bool:
        return self.text.endswith("%")

    @property
    def decimals(self) -> int:
        return len(self.text.rstrip("%").partition(".")[2])

    def __html__(self) -> str:
        is_number = self.is_percent or self.text[:1].isdigit()
        value = {"value": self.text.replace(",", "").rstrip("%")} if is_number else {}
        named = {f"data-{name}": text for name, text in self.source.items()}
        # SVG has no data element, and its elements no value
        written = named if self.tag != "data" else {"value": "", **value, **named}
        attributes = "".join(f' {name}="{escape(text)}"' for name, text in written.items())
        beside = f", {escape(self.beside)}" if self.beside else ""
        if beside and self.tag == "data":
            beside = f'<span class="outside">{beside}</span>'
        number = f"<{self.tag}{attributes}>{escape(self.text)}</{self.tag}>"
        if self.evidence:
            number = f'<a href="{escape(self.evidence)}" class="evident">{number}</a>'
        return f"{number}{beside}"


Row = tuple[str | Number, Sequence[Number]]


@dataclass(frozen=True)
class Table:
    """`groups` are (heading, rows), a row its heading and its numbers; `bars` the chart beside it, if any."""

    number: int
    caption: str
    heads: list[str]
    groups: Sequence[tuple[str | Number, Sequence[Row]]]
    total: Row | None
    charted: str
    bars: list[dict]
    notes: list[str]
    file: str


class Report:
    """The report about one place: what its template may ask for."""

    def __init__(
        self,
        numbers: Numbers,
        place: Place,
        places: list[Place],
        head: dict,
        to_release: str | None = None,
    ) -> None:
        """`to_release`: the way from the page to the release's folder, where that stands beside it and has evidence."""
        self.numbers, self.place, self.head, self.to_release = numbers, place, head, to_release
        self.inside = [
            other
            for other in places
            if other != place and other.kind != "national" and set(other.forces) <= set(place.forces)
        ]
        self.printed: list[Printed] = []
        self.tables: list[Table] = []

    # --- numbers

    def figure(
        self,
        population: str,
        unit: str,
        breakdown: str,
        category: str = "all",
        criterion: str = "all",
        *,
        place: str | None = None,
        period: str | None = None,
    ) -> Key:
        """The key of a figure of this report's place and period, or of another one named."""
        scheme = self.numbers.scheme if breakdown == "criterion" else schemes.of_criterion(criterion)
        return Key(
            place or self.place.place,
            period or self.numbers.period,
            population,
            criterion,
            unit,
            breakdown,
            category,
            scheme,
        )

    def shown(self, key: Key, of: str = "numerator", tag: str = "data", error: str = "misread") -> Number:
        """A figure's number: 0 as 0, withheld [u] or [c], nothing to be a share of [z], nothing returned [x]; with a word
        beside it where it lies outside its interval for that error, and where it is a share of very few."""
        found = self.numbers.figures.get(key)
        text = self._text(key, found, of)
        figure_id = found.figure_id if found else f"{key.population}.{key.unit}.{key.breakdown}"
        self._printed("figures", figure_id, key.place, key.period, of, text)
        source = {"figure": figure_id, "place": key.place, "period": key.period, "of": of}
        leads = found and self.to_release is not None and tag == "data"
        to = evidence.link(key._asdict(), self.to_release or "") if leads else ""
        return Number(text, source, tag, self._beside(key, found, of, error), to)

    def _beside(self, key: Key, found: Figure | None, of: str, error: str) -> str:
        if not found or of == "denominator" or self._value(key, of) is None:
            return ""
        words = []
        if interval := self._intervals.get((error, found.figure_id, key.scheme, key.place, key.period)):
            if found.numerator < interval["low"]:
                words.append(BELOW)
            elif found.numerator > interval["high"]:
                words.append(ABOVE)
        if of == "percent" and self._is_of_few(found):
            words.append(SMALL_BASE)
        return ", ".join(words)

    def _is_of_few(self, found: Figure | None) -> bool:
        return bool(found) and isinstance(found.denominator, int) and in_print.is_small(found.denominator)

    def cell(self, table: str, of: str, value: object) -> Number:
        """A number, a day or a name of an evidence table."""
        text = in_print.count(value) if isinstance(value, int) else str(value)
        self._printed(table, "", self.place.place, self.numbers.period, of, text)
        return Number(text, {"table": table, "of": of})

    def _printed(self, source: str, figure_id: str, place: str, period: str, of: str, text: str) -> None:
        self.printed.append(Printed(self.place.path, source, figure_id, place, period, of, text))

    def _text(self, key: Key, found: Figure | None, of: str) -> str:
        if found is None and self.numbers.is_public:
            return NOT_AVAILABLE
        if found is None:
            counted = self._found(key, breakdown="total", category="all", criterion="all")
            return NOT_APPLICABLE if counted else NOT_AVAILABLE
        return figure_text(found, of)

    def _value(self, key: Key, of: str) -> int | Decimal | None:
        """The number itself; None where a sign stands for it."""
        value = getattr(self.numbers.figures.get(key), of, None)
        return value if isinstance(value, int | Decimal) else None

    def _found(self, key: Key, **changed: str) -> Figure | None:
        return self.numbers.figures.get(key._replace(**{"scheme": schemes.first()} | changed))

    # --- tables

    def total(self, population: str = "cocad", unit: str = "crime", criterion: str = "all") -> Number:
        return self.shown(self.figure(population, unit, "total", criterion=criterion))

    def split(
        self, caption: str, unit: str, breakdown: str, population: str = "cocad", criterion: str = "all"
    ) -> Table:
        """The categories of a breakdown: counts and shares here, shares in the wider places; with bars."""
        keys = [
            self.figure(population, unit, breakdown, category, criterion)
            for category in self.categories(population, unit, breakdown)
        ]
        rows = [
            (
                self.label(key),
                [
                    self.shown(key),
                    self.shown(key, "percent"),
                    *(self.shown(key._replace(place=place), "percent") for place, _ in self.place.within),
                ],
            )
            for key in keys
        ]
        heads = ["Number", "Per cent", *(f"{name}, per cent" for _, name in self.place.within)]
        return self.table(
            caption,
            heads,
            [("", rows)],
            keys,
            total=("All", [self.shown(keys[0], "denominator")]),
            charted=caption,
            bars=[self._bar(self.label(key), key, "percent", 100) for key in keys],
        )

    def over_time(self, caption: str, charted: str) -> Table:
        """CPAI, contact and group-based crimes in each part of the period; `charted` is what the bars are."""
        parts = self.numbers.parts
        rows = [
            (
                period_name(part),
                [
                    self.shown(self.figure(population, "crime", "total", period=part))
                    for population in POPULATIONS
                ],
            )
            for part in parts
        ]
        keys = [self.figure("cocad", "crime", "total", period=part) for part in parts]
        most = max((int(self._value(key, "numerator") or 0) for key in keys), default=0)
        bars = [self._bar(period_name(key.period), key, "numerator", most) for key in keys]
        heads = ["CPAI crimes", "Contact crimes", "Group-based crimes"]
        return self.table(caption, heads, [("", rows)], keys, charted=charted, bars=bars)

    def by_place(self, caption: str, kind: str) -> Table:
        """CPAI, contact and group-based crimes of each place inside this one."""

        def cells(place: str) -> list:
            counts = [self.shown(self.figure(name, "crime", "total", place=place)) for name in POPULATIONS]
            share = self.figure("contact", "crime", "group_based", "yes", place=place)
            return [*counts, self.shown(share, "percent")]

        # a force that is in no region stands beside the regions, or they would not add up
        shown = [
            place
            for place in self.inside
            if place.kind == kind or (len(place.within) < 2 and kind == "region")
        ]
        rows = [(place.name, cells(place.place)) for place in shown]
        heads = ["CPAI crimes", "Contact crimes", "Group-based crimes", "Group-based of contact, per cent"]
        return self.table(caption, heads, [("", rows)], total=(self.place.name, cells(self.place.place)))

    def beside(self, caption: str, criterion: str) -> Table:
        """Everything about the crimes of one criterion, with the share among all group-based crimes."""
        groups = []
        for heading, unit, breakdown in PROFILE:
            rows = []
            for category in self.categories("cocad", unit, breakdown):
                key = self.figure("cocad", unit, breakdown, category, criterion)
                among_all = self.shown(key._replace(criterion="all"), "percent")
                rows.append(
                    (
                        self.label(key),
                        [
                            *(self.shown(key, of) for of in ("numerator", "denominator", "percent")),
                            among_all,
                        ],
                    )
                )
            groups.append((heading, rows))
        heads = ["Number", "Of those recorded", "Per cent", "All group-based, per cent"]
        key = self.figure("cocad", "crime", "recency", "recent", criterion)
        return self.table(caption, heads, groups, [key])

    def by_criterion(self, caption: str, breakdown: str, category: str, unit: str = "crime") -> Table:
        """One category under each criterion."""
        keys = [self.figure("cocad", unit, breakdown, category, criterion) for criterion in self.criteria()]
        rows = [
            (
                word(key.criterion),
                [self.shown(key, of) for of in ("numerator", "denominator", "percent")],
            )
            for key in keys
        ]
        bars = [self._bar(word(key.criterion), key, "percent", 100) for key in keys]
        return self.table(
            caption, ["Number", "Of", "Per cent"], [("", rows)], keys, charted=caption, bars=bars
        )

    def misread(self, caption: str, persons: bool) -> Table:
        """Between which counts all group-based crimes and each criterion lie, by each kind of error that is measured;
        with `persons`, their victims and suspects too."""
        total = self.figure("cocad", "crime", "total")
        keys = [
            self.figure("cocad", "crime", "criterion", category)
            for category in self.categories("cocad", "crime", "criterion")
        ]
        groups = [("Crimes, had every candidate been read twice", "misread", [total, *keys])]
        for unit in ("victim", "suspect") if persons else ():
            of_each = [
                self.figure("cocad", unit, "total", criterion=criterion)
                for criterion in ("all", *self.criteria())
            ]
            groups.append((f"{word(UNITS[unit])} on them", "misread", of_each))
        if self.place.kind == "national":
            groups.append(("Crimes, with those that no reason to read has found", "not_read", [total]))
        rows = [
            (
                heading,
                [
                    (
                        self._answer(key),
                        [self.shown(key, error=error), *(self._end(key, error, end) for end in ENDS)],
                    )
                    for key in asked
                ],
            )
            for heading, error, asked in groups
        ]
        return self.table(caption, ["Number", *ENDS.values()], rows, keys)

    def _answer(self, key: Key) -> str | Number:
        """What readers answered of the crimes that a figure counts."""
        if key.breakdown == "criterion":
            return self.label(key)
        return word(key.criterion)

    def _end(self, key: Key, error: str, end: str) -> Number:
        """A figure's interval, or the count expected in it; a sign where the figure is withheld or nothing was measured."""
        figure = self.numbers.figures.get(key)
        found = figure and self._intervals.get((error, figure.figure_id, key.scheme, key.place, key.period))
        if not found or found[end] is None:
            sign = UNRELIABLE if figure and figure.status == "withheld" else NOT_APPLICABLE
            return self.cell("figure_intervals", end, sign)
        return self.cell(
            "figure_intervals", end, in_print.percent(found[end]) if "percent" in end else found[end]
        )

    @cached_property
    def _intervals(self) -> dict[tuple, dict]:
        return {
            (row["error"], row["figure_id"], row["scheme"], row["place"], row["period"]): row
            for row in self.numbers.evidence["intervals"]
        }

    def table(
        self,
        caption: str,
        heads: list[str],
        groups: Sequence[tuple[str | Number, Sequence[Row]]],
        keys: Sequence[Key] = (),
        *,
        total: Row | None = None,
        charted: str = "",
        bars: Iterable[dict | None] = (),
    ) -> Table:
        found = [self.numbers.figures.get(key) for key in keys]
        with_caveat = any(figure and figure.status == "caveat" for figure in found)
        notes = ["Read with care: see how far readers agree, under Quality."] if with_caveat else []
        drawn = [bar for bar in bars if bar]
        shown = [number for _, rows in groups for _, cells in rows for number in cells]
        beside = {word for number in shown for word in number.beside.split(", ") if word}
        if beside & {BELOW, ABOVE}:
            notes.append(OUTSIDE)
        if SMALL_BASE in beside:
            notes.append("Small base: a share of so few has little meaning, and no bar is drawn of it.")
        number = len(self.tables) + 1
        # as the page links it
        file = f"{self.place.tables.rpartition('/')[2]}/table-{number}.csv"
        table = Table(number, caption, heads, groups, total, charted, drawn, notes, file)
        self.tables.append(table)
        return table

    def _bar(self, name: str, key: Key, of: str, full: float) -> dict | None:
        """A bar of the chart; None where there is no number to draw."""
        is_share = of == "percent"
        if self._value(key, of) is None or not full:
            return None
        if is_share and self._is_of_few(self.numbers.figures.get(key)):
            return None
        shown = self.shown(key, of, "tspan")
        # as long as the number is printed: more would show what was rounded away
        value = shown.value
        assert not isinstance(value, str), "a sign has no bar"
        number = 100 * value if shown.is_percent else value
        width = round(100 * number / full, 1)
        return {"name": name, "width": width, "shown": shown, "is_share": is_share}

    def criteria(self) -> list[str]:
        """Those that have figures of their own: of the first scheme, then what later ones add to it."""
        known = schemes.all_schemes()[: schemes.all_schemes().index(self.numbers.scheme) + 1]
        return [criterion for criterion in schemes.ever_chosen() if schemes.of_criterion(criterion) in known]

    def categories(self, population: str, unit: str, breakdown: str) -> list[str]:
        scheme = self.numbers.scheme if breakdown == "criterion" else schemes.first()
        return [
            category for category, only in _categories()[scheme, unit, breakdown] if only in ("", population)
        ]

    def further(self, unit: str) -> list[str]:
        """Breakdowns of persons that have no words of their own: counted flags of the return."""
        rows = (
            row for row in seed_rows("breakdowns.csv") if (row["population"], row["unit"]) == ("cocad", unit)
        )
        return [row["breakdown"] for row in rows if row["breakdown"] not in COUNTED]

    def label(self, key: Key) -> str:
        if key.breakdown.endswith("_recorded"):
            return RECORDED[key.category]
        if key.breakdown == "committed_by_children":
            return CHILDREN[key.category]
        return word(key.category)

    # --- text

    def largest(self, unit: str, breakdown: str, criterion: str = "all") -> tuple[str, Key] | None:
        """The category with the most, and its key; None when there is no single one, or none may be named."""
        keys = [
            self.figure("cocad", unit, breakdown, category, criterion)
            for category in self.categories("cocad", unit, breakdown)
        ]
        found = [(self._value(key, "numerator") or 0, key) for key in keys]
        # to name the largest would give away that a hidden one is smaller
        if any(self._text(key, self.numbers.figures.get(key), "numerator").startswith("[") for key in keys):
            return None
        (most, key), *others = sorted(found, reverse=True) or [(0, None)]
        if not key or not most or (others and others[0][0] == most):
            return None
        return self.label(key), key

    def has(self, criterion: str) -> bool:
        """Whether any crime was found under the criterion, so that there is something to split."""
        return bool(self._value(self.figure("cocad", "crime", "total", criterion=criterion), "numerator"))

    # --- evidence

    def here(self, evidence: str) -> list[dict]:
        return [row for row in self.numbers.evidence[evidence] if row["force"] in self.place.forces]

    def returns(self) -> dict:
        """What was due, what came, what did not by force and quarter, and the day of the last one that counts."""
        here = self.here("returns")
        came = {
            (row["force"], row["quarter"]): row["received_at"] for row in here if row["status"] in RETURNED
        }
        names = {force["force"]: force["name"] for force in self.numbers.forces}
        due = [(force, quarter) for force in self.place.forces for quarter in self.numbers.quarters]
        return {
            "due": len(due),
            "came": sum(one in came for one in due),
            "lacking": [
                f"{names[force]} {period_name(quarter)}"
                for force, quarter in due
                if (force, quarter) not in came
            ],
            "last": day(max(map(str, came.values()))) if came else None,
        }

    def rules(self) -> dict[str, int]:
        verdicts = [row["verdict"] for row in self.here("rules")]
        return {verdict: verdicts.count(verdict) for verdict in ("fails", "waived")}

    def systems(self) -> list[str]:
        return sorted(
            {force["crime_system"] for force in self.numbers.forces if force["force"] in self.place.forces}
        )

    def agreement(self) -> dict | None:
        question = schemes.question(self.numbers.scheme)
        found = (row for row in self.numbers.evidence["agreement"] if row["question"] == question)
        return next(found, None)

    @property
    def status(self) -> str:
        """What the release's figures are in the calendar of releases, as a sentence."""
        return STATUSES[self.head.get("status", "provisional")]

    def revised(self) -> int | None:
        """How many figures of this place and period the release revised; None where it was compared with no other.

        Not for the public: how many figures a resubmission moved gives something away of those that are hidden.
        """
        if self.numbers.is_public or not self.head.get("compared_with"):
            return None
        found = (
            row["figures"] for row in self.numbers.evidence["revised"] if row["place"] == self.place.place
        )
        return next(found, 0)

    @cached_property
    def errata(self) -> list[str]:
        """A sentence for each erratum about a figure of this report's places and period that its tier shows."""
        names = {place.place: place.name for place in (self.place, *self.inside)}
        periods = {self.numbers.period, *self.numbers.parts}
        figures = {
            (figure.figure_id, key.place, key.period): key for key, figure in self.numbers.figures.items()
        }
        found = []
        for erratum in self.head.get("errata", []):
            place = erratum["place"] or NATION
            key = figures.get((erratum["figure_id"], place, erratum["period"]))
            # the public tier has nothing of a figure that it does not show, or hides
            is_shown = not self.numbers.is_public or (key and self._value(key, "numerator") is not None)
            if place in names and erratum["period"] in periods and is_shown:
                what = label(key._asdict()) if key else erratum["figure_id"].replace("_", " ")
                where = f"{names[place]}, {period_name(erratum['period'])}"
                found.append(f"{what}, {where}: {erratum['reason'].rstrip('.')}. {self._corrected(erratum)}")
        return found

    def _corrected(self, erratum: dict) -> str:
        def named(release: str) -> str:
            return f"release {release}" + (", this one" if release == self.head["release"] else "")

        corrected = erratum["corrected_in"]
        return f"Wrong in {named(erratum['release'])}; found in {period_name(erratum['found_on'][:7])}; " + (
            f"corrected in {named(corrected)}." if corrected else "not corrected yet."
        )

    @property
    def title(self) -> str:
        return f"Group-based child sexual abuse and exploitation: {self.place.name}, {self.numbers.name}"

    @property
    def tier(self) -> str:
        return TIERS[self.numbers.is_public]

    @property
    def signs(self) -> dict[str, str]:
        hidden, not_available = {}, "Not available: no return was received."
        if self.numbers.is_public:
            about = "it, or another number through it, could be about a person whom somebody recognises."
            hidden = {CONFIDENTIAL: f"Confidential: {about}"}
            not_available = (
                "Not available: no return was received, or it is shown for wider places or periods only."
            )
        return {
            "0": "None, or rounded down to none." if self.numbers.is_rounded else "None.",
            **hidden,
            UNRELIABLE: "Withheld: readers do not agree enough.",
            NOT_APPLICABLE: "Not applicable: there is nothing to be a share of, or it was not collected.",
            NOT_AVAILABLE: not_available,
        }

    @property
    def definitions(self) -> dict[str, str]:
        meanings = {
            "CPAI crimes": POPULATIONS["cpai"],
            "Contact crimes": POPULATIONS["contact"],
            "Group-based crimes (COCAD)": POPULATIONS["cocad"],
            "Committed by children": CRITERIA["committed_by_children_any"],
        }
        return {
            **{name: f"{meaning[0].upper()}{meaning[1:]}." for name, meaning in meanings.items()},
            **(
                {}
                if self.numbers.is_public
                else {
                    "Below or above its interval": "Outside the numbers between which it would lie had every candidate "
                    "been read twice, in nineteen cases of twenty."
                }
            ),
            "Small base": "So few crimes or persons that one more or less would move the percentage much.",
            **(
                {
                    "Rounding": "Every count is rounded, so parts may not add up; percentages are of rounded counts."
                }
                if self.numbers.is_rounded
                else {}
            ),
            "Percentages": "The shares of a whole that are shown together are rounded so that they add up; "
            "a share that stands alone is rounded half up.",
        }


OUTSIDE = (
    "A number below or above its interval: had every candidate been read twice, more or fewer crimes would be expected to "
    "stand there than do. The table of how far misreading may move the figures has the interval and the reason."
)


def figure_text(figure: Figure, of: str) -> str:
    """A figure's number as it is printed, or the sign that stands for it."""
    value = getattr(figure, of)
    if isinstance(value, str):
        return value
    if figure.status == "withheld":
        return UNRELIABLE
    if value is None:
        return NOT_APPLICABLE
    if of != "percent":
        return in_print.count(value)
    return in_print.percent(value, figure.percent_rounding)


def word(category: str) -> str:
    text = in_words(category)
    return text[0].upper() + text[1:]


@cache
def _categories() -> dict[tuple[str, str, str], list[tuple[str, str]]]:
    """(category, its only population) by scheme, unit and breakdown, in the order of the seed."""
    categories: dict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
    for row in sorted(seed_rows("breakdown_categories.csv"), key=lambda row: int(row["sort_order"])):
        key = row["scheme"], row["unit"], row["breakdown"]
        categories[key].append((row["category"], row["only_population"] or ""))
    return categories
