"""A second derivation of CPAI, COCAD and the published figures, in plain Python over the raw records.

Written from the design and the return specification, not from the dbt models, and one record at a time:
where the two disagree one of them is wrong. Parquet is only read here, nothing is computed by it.
Where the specification leaves something open, the reading taken stands in a comment that starts "Read as".

Keys: a crime is (force, quarter, crime_reference); a person is (crime key, person_reference).
"""

import csv
import hashlib
import html
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from pathlib import Path

import pyarrow.parquet as pq

PERSON_REFERENCE = {"victims": "victim_reference", "suspects": "suspect_reference"}
MULTIPLE_OFFENDER_CLASSES = ("19J", "19K")
# printed once as one of two bands; the project reads it as this one
PUBLISHED_ALIASES = {"10_to_13_or_14_to_15": "14_to_15"}


@dataclass
class Records:
    """What the warehouse starts from: rows as dicts, all texts, blank = None."""

    submissions: list[dict]
    crimes: list[dict]
    victims: list[dict]
    suspects: list[dict]
    readings: list[dict]
    slots: list[dict] = field(default_factory=list)
    # crime key -> the version that a candidate has now, which is only a name for it; else what was read last is it
    versions: dict[tuple, str] = field(default_factory=dict)

    @classmethod
    def of_home(cls, root: Path) -> "Records":
        """The raw Parquet of a home: every submission, superseded ones too."""
        raw = Path(root) / "raw"

        def rows(pattern: str) -> list[dict]:
            return [row for file in sorted(raw.glob(pattern)) for row in pq.read_table(file).to_pylist()]

        return cls(
            submissions=rows("submissions.parquet"),
            crimes=rows("crimes/*/*.parquet"),
            victims=rows("victims/*/*.parquet"),
            suspects=rows("suspects/*/*.parquet"),
            readings=rows("readings.parquet"),
            slots=rows("reading_slots.parquet"),
        )


def seed(folder: Path, name: str) -> list[dict]:
    with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as text:
        return [{k: v or None for k, v in row.items()} for row in csv.DictReader(text)]


def folded(text: str) -> str:
    """How two spellings of one label are compared: entities undone, case and dashes levelled."""
    return html.unescape(text).strip().casefold().replace("\u2013", "-").replace("\u2019", "'")


class Seeds:
    """The code lists, with the look-ups that turn a sent text into what it means."""

    def __init__(self, folder: Path):
        offences = seed(folder, "offences")
        self.offence_rows = {row["offence_code"]: row for row in offences}
        self.five_digits = {row["five_digit"]: row for row in offences if row["five_digit"]}
        self.spellings = defaultdict(dict)
        for row in seed(folder, "code_spellings"):
            self.spellings[row["field"]][folded(row["spelling"])] = row["code"]
        self.regions = {row["force"]: row["region"] for row in seed(folder, "forces")}
        self.bands = seed(folder, "age_bands")
        self.columns = defaultdict(list)
        for row in seed(folder, "return_columns"):
            self.columns[row["record_type"]].append(row)
        self.published = seed(folder, "published_2023")
        self.children_from = {
            row["scheme"]: row["children_collected_from"] for row in seed(folder, "criteria")
        }
        self.self_defined = self._labelled(seed(folder, "self_defined_ethnicities"), "ethnicity_group")
        self.observed = self._labelled(seed(folder, "observed_ethnicities"), "ethnicity_group")
        self.relationships = self._labelled(seed(folder, "relationships"), "relationship_group")
        self.cues = seed(folder, "text_cues")
        self.recall_samples = seed(folder, "recall_samples")
        self.placeholders = {row["spelling"] for row in seed(folder, "placeholder_references")}
        self.most_crimes_of_a_person = int(seed(folder, "link_limits")[0]["crimes"])
        self.criteria = [row["criterion"] for row in seed(folder, "criteria") if row["scheme"] == "2023"]
        self.breakdowns = seed(folder, "breakdowns")
        self.categories = seed(folder, "breakdown_categories")
        self.definitions = seed(folder, "figure_definitions")
        self.policy = {row["setting"]: Fraction(row["value"]) for row in seed(folder, "agreement_policy")}

    @staticmethod
    def _labelled(rows: list[dict], group: str) -> dict[str, tuple]:
        """folded code, label or 2023 number -> (code, group, missing reason)"""
        known = {}
        for row in rows:
            meaning = (row.get("recode_to") or row["code"], row[group], row["missing_reason"])
            for text in (row["code"], row["label"], row.get("pole_2023_number")):
                if text:
                    known.setdefault(folded(text), meaning)
        return known

    def offence(self, sent: str | None) -> dict | None:
        """The offence row that a sent code means; None when it is in no list."""
        if not sent:
            return None
        text = sent.strip().upper()
        eaten = excel_eaten_code(text)
        if eaten:
            text = eaten
        if text in self.offence_rows:
            return self.offence_rows[text]
        if slash := re.fullmatch(r"0*(\d+)/0*(\d+)", text):
            return self.offence_rows.get(f"{slash[1]}/{slash[2]}")
        if re.fullmatch(r"\d{3,5}", text):  # 01916; a spreadsheet eats the leading zero
            return self.five_digits.get(text.zfill(5))
        if urn := re.fullmatch(r"([0-9N]+[A-Z]?)\.(\d+)\.(\d+)\.\d+[A-Z]?", text):
            return self._urn(urn[1], f"{int(urn[2])}/{int(urn[3])}")
        return None

    def _urn(self, offence_class: str, code: str) -> dict | None:
        """19E.19.16.0: the sub-code, unless its class is another (19J.19.8.0 is 19J, not 19C: CR36)."""
        row = self.offence_rows.get(code)
        # Read as: a sub-code that is in no list makes the whole code unknown, its class cannot stand in
        if row and row["offence_class"] != offence_class:
            return self.offence_rows.get(offence_class, row)
        return row

    def is_placeholder(self, reference: str | None) -> bool:
        """Whether a text stands in a reference's place and is none."""
        return reference is not None and reference.strip().lower() in self.placeholders

    def spelled(self, name: str, sent: str | None) -> str | None:
        """The code of a sent text in one of the short lists; `unmapped` when in none; None when blank."""
        if sent is None:
            return None
        return self.spellings[name].get(folded(sent), "unmapped")

    def listed(self, known: dict, field_name: str, sent: str | None) -> tuple:
        """(code, group, missing reason) of a self-defined ethnicity or a relationship."""
        if sent is None:
            return None, None, "not_recorded"
        text = re.sub(r"^esdd_", "", folded(sent))
        if text in known:
            return known[text]
        # the reason why there is nothing stands where a code would, and so does a text that is in no list
        meant = self.spellings[field_name].get(folded(sent), "unmapped")
        return known.get(folded(meant), (meant, None, meant))

    def age_bands_of(self, unit: str, age: int | None) -> dict[str, set[str]]:
        """breakdown (age_band, age_band_wide) -> the bands that hold this age"""
        bands = defaultdict(set)
        if age is not None:
            for row in self.bands:
                upper = int(row["age_to"]) if row["age_to"] else 10_000
                if row["unit"] == unit and int(row["age_from"]) <= age <= upper:
                    bands[row["breakdown"]].add(row["age_band"])
        return bands


def excel_eaten_code(text: str) -> str | None:
    """19/8 as a workbook sends it: 44062 or the date 2020-08-19. None when the text is no such damage."""
    day = as_date(text[:10]) if re.fullmatch(r"\d{4}-\d\d-\d\d( 00:00:00)?", text) else None
    if re.fullmatch(r"\d{5}(\.0)?", text) and 43000 <= int(text[:5]) <= 46000:
        day = date(1899, 12, 30) + timedelta(days=int(text[:5]))
    return f"{day.day}/{day.month}" if day else None


def as_date(text: str | None) -> date | None:
    if text is None or not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def as_count(text: str | None) -> int | None:
    """A whole number of 0 or more, or None."""
    # Read as: a workbook's 14.0 is 14; 14.5, -1 and words are not recorded
    return int(text.split(".")[0]) if text and re.fullmatch(r"\d{1,9}(\.0+)?", text) else None


UNITS = {
    **dict.fromkeys(
        ("", "y", "yr", "yrs", "year", "years", "yo", "y/o", "yrold", "yrsold", "yearold", "yearsold"), 1
    ),
    "yearsofage": 1,
    **dict.fromkeys(("mo", "mth", "mths", "mnths", "month", "months"), 12),
}
BELOW = {"<": 1, "under": 1, "lessthan": 1, "<=": 0, "≤": 0, "upto": 0}
ABOVE = (">", ">=", "≥", "over", "morethan")
AND_ABOVE = ("+", "plus", "andover", "orover", "andabove")


def ages_meant(text: str | None) -> tuple[int, int] | None:
    """The least and the greatest age in completed years that a text can mean; None where it takes a guess.

    Over 120 is a crime system's code for not known: (999, 999).
    """
    # Read as: a workbook's 14.0 is 14, and 14.5 is 14 completed years; -1 and words are not understood
    parts = re.findall(r"\d+|[^\d]+", (text or "").replace(" ", "").lower())
    if not parts or sum(len(part.lstrip("0")) > 3 for part in parts if part.isdigit()):
        return None
    shape = ["#" if part.isdigit() else part for part in parts]
    numbers = [int(part) for part in parts if part.isdigit()]
    if shape[:3] == ["#", ".", "#"]:
        shape, numbers = ["#", *shape[3:]], [numbers[0], *numbers[2:]]
    match shape:
        case ["#"]:
            return numbers[0], numbers[0]
        case ["#", unit] if unit in AND_ABOVE or any(
            unit == year + word for year in _years() for word in AND_ABOVE
        ):
            return numbers[0], 120
        case ["#", unit] if unit.removesuffix(".") in _units():
            age = numbers[0] // _units()[unit.removesuffix(".")]
            return age, age
        case ["#", unit] if unit.removesuffix("old") in ("w", "wk", "wks", "week", "weeks"):
            return (0, 0) if numbers[0] <= 51 else None
        case ["#", unit] if unit.removesuffix("old") in ("d", "day", "days"):
            return (0, 0) if numbers[0] <= 364 else None
        case ["#", ("-" | "\u2013" | "to"), "#", *years] if not years or years[0] in _years():
            return (numbers[0], numbers[1]) if numbers[0] <= numbers[1] else None
        case ["#", years, "#", months] if years.rstrip(",").removesuffix("and") in (
            "y",
            "yr",
            "yrs",
            "year",
            "years",
        ):
            return (
                (numbers[0], numbers[0])
                if months == "m" or _units().get(months.removesuffix(".")) == 12
                else None
            )
        case [sign, "#", *years] if not years or years[0] in _years():
            if sign in ABOVE:
                return numbers[0], 120
            if sign in BELOW and numbers[0] >= BELOW[sign]:
                return 0, numbers[0] - BELOW[sign]
    return None


def _units() -> dict[str, int]:
    """Words behind a number -> how many of it are a year."""
    return UNITS | {f"{unit}old": parts for unit, parts in UNITS.items() if parts == 12}


def _years() -> list[str]:
    return [word for unit, parts in UNITS.items() if parts == 1 for word in (unit, f"{unit}.")]


NAMES = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october")
NAMES += ("november", "december")


def births_meant(text: str | None) -> tuple[date, date] | None:
    """The first and the last day of birth that a text can mean; None where it takes a guess."""
    if day := as_date(text):
        # 1 January 1900 is filled in where the form must have something
        return None if day == date(1900, 1, 1) else (day, day)
    text = (text or "").lower()
    year = re.search(r"(?<!\d)((?:19|20)\d\d)(?!\d)", text)
    if not year or int(year[1]) == 1900:
        return None
    of = int(year[1])
    rest = text.replace(year[1], "", 1)
    if not rest:
        return date(of, 1, 1), date(of, 12, 31)
    month = None
    if text.endswith(year[1]) and (before := re.fullmatch(r"(\d{1,2})[-/]|([a-z]+)[ -]+", rest)):
        names = {short: number for number, name in enumerate(NAMES, 1) for short in (name, name[:3])} | {
            "sept": 9
        }
        month = int(before[1]) if before[1] else names.get(before[2])
    elif text.startswith(year[1]) and (after := re.fullmatch(r"-(\d\d)", rest)):
        month = int(after[1])
    if not month or month > 12:
        return None
    first = date(of, month, 1)
    next_first = date(of + (month == 12), month % 12 + 1, 1)
    return first, next_first - timedelta(days=1)


def age_known(row: dict, crime: "Crime") -> tuple[int | None, int | None]:
    """(the age, an age on the same side of 18): the age sent wins, else from birth and the last day of the offence."""
    sent = ages_meant(row["age_at_offence"])
    if sent and sent[1] > 120:
        sent = None
    if sent and sent[0] == sent[1]:
        return sent[0], sent[0]
    born, days = births_meant(row["date_of_birth"]), crime.possible_days
    by_birth = None
    if born and days[1] and years_between(born[0], days[1]) is not None:
        least = years_between(born[1], days[0]) if days[0] else None
        by_birth = (least or 0, years_between(born[0], days[1]))
    age = by_birth[0] if by_birth and by_birth[0] == by_birth[1] else None
    if sent and by_birth and not sent[0] <= by_birth[1] <= sent[1]:
        age = None
    if age is not None:
        return age, age
    least, greatest = sent or by_birth or (0, 120)
    return None, greatest if greatest < 18 else least if least >= 18 else None


def as_birth(text: str | None) -> date | None:
    """1 January 1900 is filled in where the form must have something."""
    born = as_date(text)
    return born if born != date(1900, 1, 1) else None


def quarter_ends(quarter: str) -> tuple[date, date]:
    year, number = int(quarter[:4]), int(quarter[-1])
    after = date(year + (number == 4), number % 4 * 3 + 1, 1)
    return date(year, number * 3 - 2, 1), after - timedelta(days=1)


def during(row: dict, quarter: str) -> bool:
    """Whether a dated row of a seed holds in a quarter."""
    return row["from_quarter"] <= quarter <= (row["to_quarter"] or quarter)


def words(text: str) -> str:
    """Lower-case words between single spaces."""
    return f" {' '.join(re.findall('[a-z0-9]+', text.lower()))} "


def linked_crimes(edges: list[tuple], limit: int) -> set[tuple]:
    """Crimes of two suspects who share two victims, of (suspect, victim, crime), when they are more than one crime.

    A suspect of more than `limit` edges is nobody; nor is a victim of so many among suspects of several victims.
    """
    of_suspect, of_victim = defaultdict(list), defaultdict(list)
    for edge in edges:
        of_suspect[edge[0]].append(edge)
    for its in of_suspect.values():
        if len({victim for _, victim, _ in its}) > 1 and len(its) <= limit:
            for edge in its:
                of_victim[edge[1]].append(edge)
    shared = defaultdict(list)
    for victim, its in of_victim.items():
        if len(its) <= limit:
            for one, other in combinations(sorted({suspect for suspect, _, _ in its}, key=repr), 2):
                shared[one, other] += [
                    (victim, crime) for suspect, _, crime in its if suspect in (one, other)
                ]
    found = set()
    for meetings in shared.values():
        crimes = {crime for _, crime in meetings}
        # Read as: one reference counted in two quarters is one crime
        if len({victim for victim, _ in meetings}) > 1 and len({crime[::2] for crime in crimes}) > 1:
            found |= crimes
    return found


def years_between(born: date | None, day: date | None) -> int | None:
    if born is None or day is None or born > day:
        return None
    age = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    return age if age <= 120 else None


def a_year_after(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # 29 February
        return date(day.year + 1, 2, 28)


def recency_of(reported_on: date, last_day: date | None) -> str:
    if last_day is None:
        return "unknown"
    return "recent" if reported_on <= a_year_after(last_day) else "non_recent"


def current_submissions(submissions: list[dict]) -> set[tuple]:
    """(force, quarter, submission) of the latest accepted or nil one; a nil one has no records."""
    latest = {}
    for row in submissions:
        if row["status"] not in ("refused", "missing"):
            key = (row["force"], row["quarter"])
            latest[key] = max(latest.get(key, 0), row["submission"])
    return {(*key, number) for key, number in latest.items()}


def merged(records: list[dict], key_columns: tuple[str, ...]) -> dict[tuple, dict]:
    """One dict for each key: the first non-blank value of each column, in record order."""
    # Read as: record order is file, sheet, record number
    together = {}
    for record in sorted(records, key=lambda r: (r["file"] or "", r["sheet"] or "", r["record_number"])):
        key = tuple(record[column] for column in key_columns)
        kept = together.setdefault(key, {})
        for column, value in record.items():
            if kept.get(column) is None:
                kept[column] = value
    return together


@dataclass
class Crime:
    key: tuple
    offence: dict | None
    recorded_on: date
    committed_from: date | None
    committed_to: date | None
    last_day: date | None  # None also where it is not possible: after the crime was recorded
    possible_days: tuple[date | None, date | None]  # between which the last day of the offence lies
    recency: str
    flags: dict[str, str | None]
    status: str | None
    offenders_stated: int | None
    offence_code_sent: str | None
    summary: str | None = None
    victims: list[dict] = field(default_factory=list)
    suspects: list[dict] = field(default_factory=list)
    has_victim_row: bool = False  # the State's counts here
    exclusion_as_sent: str | None = None
    exclusion: str | None = None
    reading: dict | None = None
    candidate_reasons: list[str] = field(default_factory=list)

    @property
    def is_image(self) -> bool:
        return self.offence["image"] in ("Y", "C")

    @property
    def is_contact(self) -> bool:
        return self.exclusion is None and not self.is_image and self.offence["contact"] in ("Y", "E")

    @property
    def candidate_reason(self) -> str | None:
        return self.candidate_reasons[0] if self.candidate_reasons else None

    @property
    def in_cocad(self) -> bool:
        return bool(self.candidate_reason and self.reading and self.reading["group_based"] == "yes")

    @property
    def offenders(self) -> int:
        read = self.reading["offenders_read"] if self.reading else None
        return max(len(self.suspects), self.offenders_stated or 0, read or 0)


def exclusion_reason(crime: Crime) -> str | None:
    """The first reason of the design's table that applies; None: the crime is in the CPAI."""
    first, last = quarter_ends(crime.key[1])
    offence, csa, cse = crime.offence, crime.flags["csa_flag"] == "Y", crime.flags["cse_flag"] == "Y"
    # Read as: N100 with a reason number that no list has is still a reported incident (CR23: N100%)
    if (crime.offence_code_sent or "").strip().upper().startswith("N100"):
        return "not_a_crime"
    # Read as: the status decides, a stray cancellation code on a live crime is a finding
    if crime.status == "cancelled":
        return "cancelled"
    if not first <= crime.recorded_on <= last:
        return "wrong_quarter"
    if offence is None:
        return "unknown_code"
    if offence["offence_group"] == "out_of_scope" or (offence["counts_only_when_flagged"] == "Y" and not cse):
        return "not_in_scope"
    if offence["image"] == "C" and not csa:
        return "image_without_subcode"
    if offence["names_a_child"] != "Y":
        known = [victim["side"] for victim in crime.victims if victim["side"] is not None]
        if known and min(known) >= 18:
            return "adult_victim"
        if not known and not csa and not cse:
            return "child_not_shown"
    return None


def settled(readings: dict[str, dict], is_read_by_two: bool = False) -> dict | None:
    """The reading that stands, of {role: reading}: adjudicator's, else agreed, else the only one if one is enough."""
    if "adjudicator" in readings:
        return readings["adjudicator"]
    first, second = readings.get("first"), readings.get("second")
    if first and second:
        # Read as: of a crime that is not group-based one reader may leave children blank
        unsaid = first["group_based"] != "yes" and "not_collected" in (
            first["committed_by_children"],
            second["committed_by_children"],
        )
        agreed = ("group_based", "criterion", *(() if unsaid else ("committed_by_children",)))
        same = all(first[c] == second[c] for c in agreed)
        # Read as: who agree on the crime may count differently, and the greatest number of offenders counts (CR49)
        counted = max(first["offenders_read"] or 0, second["offenders_read"] or 0)
        return first | {"offenders_read": counted} if same else None
    return None if is_read_by_two else first or second


def alpha(pairs: list[tuple[str, str]]) -> Fraction | None:
    """Krippendorff's alpha of answers in pairs: 1 less the share of pairs that differ, over that of any two answers.

    None when no pair, or nobody ever gave another answer.
    """
    answers = Counter(answer for pair in pairs for answer in pair)
    values = 2 * len(pairs)
    any_two = values * (values - 1) - sum(count * (count - 1) for count in answers.values())
    differ = Fraction(sum(one != other for one, other in pairs), len(pairs)) if pairs else 0
    return 1 - differ * values * (values - 1) / any_two if any_two else None


def half_up(numerator: int, denominator: int, decimals: int) -> float | None:
    scale = 10**decimals
    return (200 * scale * numerator + denominator) // (2 * denominator) / scale if denominator else None


def largest_remainder(parts: list[tuple[int, int]], whole: int) -> list[float | None]:
    """Whole percentages of (count, place in order) that sum to 100."""
    if not whole:
        return [None] * len(parts)
    shares = [100 * count // whole for count, _ in parts]
    first = sorted(
        range(len(parts)), key=lambda at: (-(100 * parts[at][0] % whole), -parts[at][0], parts[at][1])
    )
    for at in first[: 100 - sum(shares)]:
        shares[at] += 1
    return [float(share) for share in shares]


# a row of the built figures as `Figure.key` (6 columns) and `Figure.numbers` have it
FIGURE_ROWS = (
    "select figure_id, scheme, place_type, place, period_type, period, unit, population, criterion, breakdown, "
    "category, numerator, denominator, percent::double, percent_rounding, status from marts.figures"
)


@dataclass
class Figure:
    """One row of the published figures; `figure_id` and `sort_order` are names, the numbers are derived."""

    unit: str
    population: str
    criterion: str
    breakdown: str
    category: str
    numerator: int | None
    denominator: int | None
    scheme: str
    place: tuple[str, str]
    period: tuple[str, str]
    sort_order: int = 0
    percent: float | None = None
    rounding: str | None = None
    status: str = "published"
    figure_id: str = ""

    @property
    def named_by(self) -> tuple:
        return self.unit, self.population, self.criterion, self.breakdown, self.category

    @property
    def key(self) -> tuple:
        return self.figure_id, self.scheme, *self.place, *self.period

    @property
    def numbers(self) -> tuple:
        return *self.named_by, self.numerator, self.denominator, self.percent, self.rounding, self.status


class Derivation:
    """Everything derived from one set of records.

    crimes: key -> Crime, every accepted crime; rejected: number of records by type that cannot be used;
    orphans: number of persons by type whose crime was not accepted; verdicts: (quarter or year, scheme) -> what
    becomes of figures by criterion.
    """

    def __init__(self, records: Records, seeds: Seeds):
        self.seeds = seeds
        self.current = current_submissions(records.submissions)
        self.sent_for = {(row["force"], row["quarter"]) for row in records.submissions}
        self.rejected = Counter()
        self.held_out = Counter()  # of crimes, by force and quarter
        self.orphans = Counter()
        where = ("force", "quarter", "submission", "file", "sheet", "record_number")
        rows = [
            {tuple(row[name] for name in where) for row in rows}
            for rows in (records.victims, records.suspects)
        ]
        # files in which one row is of a victim and of a suspect
        self.flat = {place[:-1] for place in rows[0] & rows[1]}
        self.crimes = {key: self._crime(key, row) for key, row in self._accepted_crimes(records).items()}
        for record_type in ("victims", "suspects"):
            self._add_persons(record_type, getattr(records, record_type))
        cancelled = self._last_cancelled()
        for crime in self.crimes.values():
            force, quarter, reference = crime.key
            crime.exclusion = crime.exclusion_as_sent = exclusion_reason(crime)
            # CR29: a cancellation in the return of a later quarter lowers the quarter that held the crime
            if crime.exclusion != "not_a_crime" and cancelled.get((force, reference), "") > quarter:
                crime.exclusion = "cancelled"
        self._find_candidates()
        self._settle(records)

    def _last_cancelled(self) -> dict[tuple[str, str], str]:
        """(force, crime reference) -> the last quarter whose return cancels a crime of an earlier one."""
        last: dict[tuple[str, str], str] = {}
        for force, quarter, reference in self.crimes:
            crime = self.crimes[force, quarter, reference]
            if crime.status == "cancelled" and crime.recorded_on < quarter_ends(quarter)[0]:
                last[force, reference] = max(last.get((force, reference), ""), quarter)
        return last

    def _is_current(self, record: dict) -> bool:
        return (record["force"], record["quarter"], record["submission"]) in self.current

    def _accepted_crimes(self, records: Records) -> dict[tuple, dict]:
        usable = defaultdict(list)
        for record in filter(self._is_current, records.crimes):
            # without what a return must have, or a day that is none, a crime can be placed nowhere: rejected
            musts = (record[must] for must in ("crime_reference", "offence_code", "status"))
            nowhere = None in musts or as_date(record["recorded_on"]) is None
            if nowhere or self.seeds.is_placeholder(record["crime_reference"]):
                self._hold_out(record)
            else:
                usable[record["force"], record["quarter"], record["crime_reference"]].append(record)
        accepted = []
        for those in usable.values():
            # of two crimes under one reference neither is counted, and neither are both
            if len({self._told_by(record) for record in those}) > 1:
                for record in those:
                    self._hold_out(record)
            else:
                accepted += those
        return merged(accepted, ("force", "quarter", "crime_reference"))

    def _hold_out(self, crime: dict) -> None:
        self.rejected["crimes"] += 1
        self.held_out[crime["force"], crime["quarter"]] += 1

    def _told_by(self, record: dict) -> tuple:
        """What differs between crimes: code, recorded date and status, by what they mean."""
        offence = self.seeds.offence(record["offence_code"])
        code = offence["offence_code"] if offence else record["offence_code"]
        return code, record["recorded_on"], self.seeds.spelled("status", record["status"])

    def _crime(self, key: tuple, row: dict) -> Crime:
        recorded_on = as_date(row["recorded_on"])
        reported_on = as_date(row["reported_on"]) or recorded_on
        sent, first = self._last_day(row), as_date(row["committed_from"])
        last_day = sent if sent is None or sent <= recorded_on else None
        return Crime(
            key=key,
            offence=self.seeds.offence(row["offence_code"]),
            recorded_on=recorded_on,
            committed_from=as_date(row["committed_from"]),
            committed_to=as_date(row["committed_to"]),
            last_day=last_day,
            possible_days=(sent, sent)
            if sent == last_day
            else (first if first and first <= recorded_on else None, recorded_on),
            recency=recency_of(reported_on, last_day),
            flags={name: self.seeds.spelled("flag", row[name]) for name in ("csa_flag", "cse_flag")},
            status=self.seeds.spelled("status", row["status"]),
            offenders_stated=as_count(row["offenders_stated"]),
            offence_code_sent=row["offence_code"],
            summary=row["summary"],
        )

    @staticmethod
    def _last_day(row: dict) -> date | None:
        # Read as: where only the first day was sent, it is the last day too ("one date: both the same")
        return as_date(row["committed_to"]) or as_date(row["committed_from"])

    def _add_persons(self, record_type: str, records: list[dict]) -> None:
        reference = PERSON_REFERENCE[record_type]
        usable = []
        for record in filter(self._is_current, records):
            # Read as: both parts of the key are musts
            if record["crime_reference"] is None or record[reference] is None:
                self.rejected[record_type] += 1
            else:
                usable.append(record)
        together = defaultdict(list)
        for record in usable:
            together[record["force"], record["quarter"], record["crime_reference"], record[reference]].append(
                record
            )
        contradicting = {
            key
            for key, those in together.items()
            if key[:3] in self.crimes and key[3].upper() != "STATE" and self._differ(those)
        }
        # one reference for all persons of a return identifies nobody
        references = defaultdict(set)
        for force, quarter, _, each in together:
            if each.upper() != "STATE":
                references[force, quarter].add(each)
        for key, those in together.items():
            crime = self.crimes.get(key[:3])
            if crime and record_type == "victims":
                crime.has_victim_row = True
            if key[3].upper() == "STATE":
                continue  # Read as: a state-based offence has no victim; STATE is accepted and is no person
            if crime is None:
                self.orphans[record_type] += 1
                continue
            one_for_all = len(references[key[:2]]) == 1 and any(each[:2] == key[:2] for each in contradicting)
            apart = key in contradicting or one_for_all or self.seeds.is_placeholder(key[3])
            apart = apart and len(those) > 1
            persons = self._each(those) if apart else merged(those, ("crime_reference",)).values()
            for number, row in enumerate(persons, 1):
                person = self._person(key[3], row, record_type[:-1], crime, apart)
                # Read as: who are kept apart under one reference are numbered, in record order
                person["reference"] = f"{key[3]}#{number}" if apart else key[3]
                getattr(crime, record_type).append(person)

    def _each(self, records: list[dict]) -> list[dict]:
        """Each record a person, but for what a flat file repeats for each victim."""
        of_the_victim = ("record_number", "victim_reference", "relationship")
        told = {}
        for number, record in enumerate(records):
            place = tuple(record[name] for name in ("force", "quarter", "submission", "file", "sheet"))
            person = tuple(value for name, value in record.items() if name not in of_the_victim)
            told.setdefault(person if place in self.flat else number, record)
        return list(told.values())

    def _differ(self, records: list[dict]) -> bool:
        """Whether records under one reference are of several persons, by sex, age, birth or ethnicity; blank is neither."""

        def meant(record: dict) -> dict:
            return {
                "gender": self.seeds.spelled("gender", record["gender"]),
                "age": ages_meant(record["age_at_offence"]) or record["age_at_offence"],
                "birth": record["date_of_birth"],
                "self_defined": record["self_defined_ethnicity"]
                and self.seeds.listed(
                    self.seeds.self_defined, "self_defined_ethnicity", record["self_defined_ethnicity"]
                )[0],
                "observed": record["observed_ethnicity"]
                and self.seeds.listed(
                    self.seeds.observed, "observed_ethnicity", record["observed_ethnicity"]
                )[0],
            }

        said = [meant(record) for record in records]
        return any(len({each[name] for each in said} - {None}) > 1 for name in said[0])

    def _person(self, reference: str, row: dict, unit: str, crime: Crime, apart: bool) -> dict:
        born = as_birth(row["date_of_birth"])
        age, side = age_known(row, crime)
        gender = self.seeds.spelled("gender", row["gender"])
        code, group, reason = self.seeds.listed(
            self.seeds.self_defined, "self_defined_ethnicity", row["self_defined_ethnicity"]
        )
        name = tuple((row[column] or "").upper() for column in ("surname", "forenames"))
        token = (*name, born) if born else None
        unnumbered = re.sub(r"[ _-]*\d+$", "", reference)
        is_number = not apart and len(reference) > 3
        is_number = is_number and not any(map(self.seeds.is_placeholder, (reference, unnumbered)))
        person = {
            "reference": reference,
            # Read as: up to three characters are a number within the crime, so the birth identifies the person if anything
            "told_in_force": (crime.key[0], reference if is_number else token)
            if is_number or token
            else None,
            "told_anywhere": token if any(name) else None,
            "age": age,
            "side": side,
            "bands": self.seeds.age_bands_of(unit, age),
            "gender": gender,
            # Read as: male or female, for in 2023 the two add up to the published base (3,012 + 865 = 3,877)
            "gender_recorded": gender in ("male", "female"),
            "self_defined_ethnicity": code,
            "ethnicity_group": group,
            "ethnicity_missing_reason": reason,
            "observed_group": self.seeds.listed(
                self.seeds.observed, "observed_ethnicity", row["observed_ethnicity"]
            )[1],
        }
        if unit == "suspect":
            person["identified"] = self.seeds.spelled("flag", row["identified"])
            _, person["relationship_group"], _ = self.seeds.listed(
                self.seeds.relationships, "relationship", row["relationship"]
            )
        return person

    def _find_candidates(self) -> None:
        linked = set()
        for told in ("told_in_force", "told_anywhere"):
            linked |= linked_crimes(
                [
                    (suspect[told], victim[told], key)
                    for key, crime in self.cpai.items()
                    for suspect in crime.suspects
                    for victim in crime.victims
                    if suspect[told] and victim[told]
                ],
                self.seeds.most_crimes_of_a_person,
            )
        quiet = defaultdict(list)
        for key, crime in self.crimes.items():
            if not crime.is_contact:
                continue
            crime.candidate_reasons = [
                reason
                for reason, applies in (
                    ("suspect_rows", len(crime.suspects) >= 2),
                    ("offenders_stated", (crime.offenders_stated or 0) >= 2),
                    (
                        "multiple_offender_class",
                        crime.offence["offence_class"] in MULTIPLE_OFFENDER_CLASSES,
                    ),
                    ("linked_crimes", key in linked),
                    ("text_cue", self._has_cue(crime)),
                )
                if applies
            ]
            if not crime.candidate_reasons and len(crime.suspects) == 1:
                quiet[key[1]].append(key)
        for sample in self.seeds.recall_samples:
            for quarter, keys in quiet.items():
                if during(sample, quarter):
                    keys.sort(key=lambda key, sample=sample: self._digest(sample, key))
                    for key in keys[: int(sample["crimes"])]:
                        self.crimes[key].candidate_reasons = ["recall_sample"]

    def _has_cue(self, crime: Crime) -> bool:
        text = (crime.summary or "").lower()
        return any(
            cue["cue"] in text and words(cue["cue"]) in words(text)
            for cue in self.seeds.cues
            if during(cue, crime.key[1])
        )

    @staticmethod
    def _digest(sample: dict, key: tuple) -> str:
        return hashlib.sha256(f"{sample['seed']}|{key[0]}|{key[2]}".encode()).hexdigest()

    def _settle(self, records: Records) -> None:
        rounds: dict[tuple, int] = defaultdict(lambda: 1)
        read_by_two = set()
        for slot in records.slots:
            item = (slot["force"], slot["crime_reference"], slot["version"])
            rounds[item] = max(rounds[item], slot["round"])
            if slot["role"] == "second":
                read_by_two.add((*item, slot["round"]))
        corrected = {row.get("corrects") for row in records.readings}
        standing: dict[tuple, dict[str, dict]] = {}
        for row in sorted(records.readings, key=lambda r: r["reading_id"]):
            item = (row["force"], row["crime_reference"], row["version"])
            # a reading beside a gold item measures the reader; one of an earlier round is of less than the record has
            if (
                row["role"] != "gold"
                and row["reading_id"] not in corrected
                and (row.get("round") or 1) >= rounds[item]
            ):
                standing.setdefault(item, {})[row["role"]] = row
        read_last = {item[:2]: item[2] for item in standing}
        for key, crime in self.crimes.items():
            force, _, reference = key
            # Read as: readings of an earlier version do not count
            item = (force, reference, records.versions.get(key) or read_last.get((force, reference)))
            if crime.candidate_reason and item in standing:
                crime.reading = settled(standing[item], (*item, rounds[item]) in read_by_two)
        self.verdicts = self._agreement(standing)

    def _agreement(self, standing: dict[tuple, dict[str, dict]]) -> dict[tuple[str, str], str]:
        """(quarter or year, scheme) -> whether readers agree on the criterion, of crimes that two read blind."""
        quarter_of: dict[tuple, str] = {}
        for force, quarter, reference in self.candidates:
            quarter_of[force, reference] = min(quarter, quarter_of.get((force, reference), quarter))
        pairs: dict[tuple, list] = defaultdict(list)
        for (force, reference, _), read in standing.items():
            both = [read[role] for role in ("first", "second") if role in read]
            if (
                len(both) < 2
                or both[0]["reader"] == both[1]["reader"]
                or (force, reference) not in quarter_of
            ):
                continue
            if not all(reading["group_based"] == "yes" for reading in both):
                continue
            quarter = quarter_of[force, reference]
            for period in (quarter, quarter[:4]):
                pairs[period, "2023"].append(tuple(reading["criterion"] for reading in both))
                pairs[period, "2024"].append(
                    tuple(
                        "committed_by_children"
                        if reading["committed_by_children"] == "yes"
                        else reading["criterion"]
                        for reading in both
                    )
                )
        return {key: self._verdict(answers) for key, answers in pairs.items()}

    def _verdict(self, pairs: list[tuple[str, str]]) -> str:
        policy, measured = self.seeds.policy, alpha(pairs)
        if len(pairs) < policy["fewest_pairs"] or measured is None:
            return "caveat"
        if measured < policy["withheld_below"]:
            return "withheld"
        return "caveat" if measured < policy["caveat_below"] else "published"

    @cached_property
    def cpai(self) -> dict[tuple, Crime]:
        return {key: crime for key, crime in self.crimes.items() if crime.exclusion is None}

    @property
    def exclusions(self) -> dict[tuple, str]:
        return {key: crime.exclusion for key, crime in self.crimes.items() if crime.exclusion}

    @property
    def candidates(self) -> dict[tuple, str]:
        return {
            key: ";".join(crime.candidate_reasons)
            for key, crime in self.crimes.items()
            if crime.candidate_reasons
        }

    @property
    def unread(self) -> set[tuple]:
        return {key for key in self.candidates if self.crimes[key].reading is None}

    @cached_property
    def cocad(self) -> dict[tuple, Crime]:
        return {key: crime for key, crime in self.crimes.items() if crime.in_cocad}

    def children_collected(self, crime: Crime) -> bool:
        return crime.key[1] >= self.seeds.children_from["2023"]

    def committed_by_children(self, crime: Crime) -> str:
        """yes, no or not_collected; nothing was collected before the quarter that the criteria seed names."""
        return crime.reading["committed_by_children"] if self.children_collected(crime) else "not_collected"

    def criterion(self, crime: Crime, scheme: str) -> str:
        """The one criterion of a COCAD crime in the 2023 or 2024 scheme (children first in 2024)."""
        if scheme == "2024" and self.committed_by_children(crime) == "yes":
            return "committed_by_children"
        return crime.reading["criterion"]

    def _meets(self, crime: Crime, criterion: str) -> bool:
        if criterion == "all":
            return True
        if criterion == "committed_by_children_any":
            return self.committed_by_children(crime) == "yes"
        if criterion == "committed_by_children":
            # the published reading: within `other`, where 704 is also printed
            return crime.reading["criterion"] == "other" and self.committed_by_children(crime) == "yes"
        return crime.reading["criterion"] == criterion

    def _members(self, crime: Crime, unit: str) -> list:
        if unit == "crime":
            return [crime]
        return getattr(crime, f"{unit}s")

    def _categories(self, member, breakdown: str, scheme: str = "2023") -> set[str] | None:
        """The categories that one crime or person is in; None: the thing is not recorded, so it is in no base."""
        match breakdown:
            case "total":
                return {"all"}
            case "group_based":
                return {"yes"} if member.in_cocad else set()
            case "quarter":
                return {member.key[1]}
            case "criterion":
                return {self.criterion(member, scheme)}
            case "committed_by_children":
                answer = self.committed_by_children(member)
                return None if answer == "not_collected" else {answer}
            case "recency":
                return {member.recency}
            case "offence_group":
                return {member.offence["offence_group"]}
            case "gender_recorded" | "age_recorded" | "sde_recorded" | "relationship_recorded":
                recorded = self._categories(member, breakdown.removesuffix("_recorded"))
                return {"no" if recorded is None else "yes"}
            case "gender":
                return {member["gender"]} if member["gender_recorded"] else None
            case "age" | "age_band" | "age_band_wide":
                return member["bands"][breakdown] if member["age"] is not None else None
            case "sde" | "relationship":
                group = member["ethnicity_group" if breakdown == "sde" else "relationship_group"]
                return None if group is None else {group}
        raise ValueError(f"no derivation for the breakdown {breakdown}: add it here")

    def figures(self) -> dict[tuple[str, str, str], tuple[int, int]]:
        """(figure_id, force, month '2023-01') -> (numerator, denominator), for every published figure id."""
        sums: dict[tuple, list[int]] = defaultdict(lambda: [0, 0])
        published = defaultdict(list)
        for row in self.seeds.published:
            published[row["population"]].append(row)
        for key, crime in self.cpai.items():
            rows = published["cpai"] + published["contact"] * crime.is_contact
            for row in rows + published["cocad"] * crime.in_cocad:
                if not self._meets(crime, row["criterion"]):
                    continue
                category = PUBLISHED_ALIASES.get(row["category"], row["category"])
                cell = sums[row["figure_id"], key[0], crime.recorded_on.isoformat()[:7]]
                for member in self._members(crime, row["unit"]):
                    categories = self._categories(member, row["breakdown"])
                    cell[0] += categories is not None and category in categories
                    cell[1] += categories is not None
        return {key: tuple(cell) for key, cell in sums.items()}

    def figures_by(self, place_type: str, period_type: str) -> dict[tuple[str, str, str], tuple[int, int]]:
        """(figure_id, place, period) -> (numerator, denominator), for places and periods of those types."""
        place = {
            "national": lambda force: "England and Wales",
            "region": self.seeds.regions.__getitem__,
            "force": lambda force: force,
        }[place_type]
        period = {
            "year": lambda month: month[:4],
            "quarter": self._quarter,
            "month": lambda month: month,
        }[period_type]
        sums: dict[tuple, list[int]] = defaultdict(lambda: [0, 0])
        for (figure_id, force, month), (numerator, denominator) in self._by_month.items():
            cell = sums[figure_id, place(force), period(month)]
            cell[0] += numerator
            cell[1] += denominator
        return {key: tuple(cell) for key, cell in sums.items()}

    @property
    def _by_month(self) -> dict:
        if not hasattr(self, "_monthly"):
            self._monthly = self.figures()
        return self._monthly

    def figure_rows(self) -> list[Figure]:
        """Every row of the published figures: each breakdown, criterion and scheme at every place and period."""
        rows = [row for breakdown in self.seeds.breakdowns for row in self._rows_of(breakdown)]
        rows += list(self._quarters_and_months(rows))
        self._round(rows)
        named = {
            (
                *(row[name] for name in ("unit", "population", "criterion", "breakdown", "category")),
                "2023",
            ): row["figure_id"]
            for row in self.seeds.definitions
            if not row["repeats"]
        }
        for row in rows:
            own = f"{row.population}.{row.criterion}.{row.unit}.{row.breakdown}.{row.category}"
            row.figure_id = named.get((*row.named_by, row.scheme), own)
        rows += list(self._printed_again(rows))
        for row in rows:
            row.status = self._status(row)
            if row.status == "withheld":
                row.numerator = row.denominator = row.percent = None
        return rows

    def _rows_of(self, breakdown: dict) -> list[Figure]:
        """The rows of one breakdown: zeros where its base is counted, or where a force returned if it has none."""
        unit, population, name = breakdown["unit"], breakdown["population"], breakdown["breakdown"]
        if name in ("quarter", "month"):
            return []
        criteria = ["all"] + (self.seeds.criteria if breakdown["criteria"] in ("read", "every") else [])
        if breakdown["criteria"] == "every":
            criteria += ["committed_by_children", "committed_by_children_any"]
        crimes = self.cocad if population == "cocad" else self.cpai
        rows = []
        for criterion in criteria:
            by_month = criterion == "all" or any(
                (unit, population, criterion, name)
                == (row["unit"], row["population"], row["criterion"], row["breakdown"])
                for row in self.seeds.definitions
            )
            for scheme in ("2023", "2024") if name == "criterion" else ("2023",):
                counted, base = Counter(), Counter()
                for crime in crimes.values():
                    if (population == "contact" and not crime.is_contact) or not self._meets(
                        crime, criterion
                    ):
                        continue
                    of_members = [
                        self._categories(member, name, scheme) for member in self._members(crime, unit)
                    ]
                    for where in self._where(crime.key[0], crime.recorded_on.isoformat()[:7]):
                        for categories in of_members:
                            base[where] += categories is not None
                            counted.update((where, category) for category in categories or ())
                shown = {where for where in base if base[where]} if breakdown["base"] else self._returned
                for where in shown | self._national_years:
                    if where[1][0] == "month" and not by_month:
                        continue
                    rows += [
                        Figure(
                            *(unit, population, criterion, name, category["category"]),
                            counted[where, category["category"]],
                            base[where] if breakdown["base"] else None,
                            scheme,
                            *where,
                            sort_order=int(category["sort_order"]),
                        )
                        for category in self.seeds.categories
                        if (category["scheme"], category["unit"], category["breakdown"])
                        == (scheme, unit, name)
                        and category["only_population"] in (None, population)
                    ]
        return rows

    def _places(self, force: str) -> list[tuple[str, str]]:
        return [("national", "England and Wales"), ("region", self.seeds.regions[force]), ("force", force)]

    def _where(self, force: str, month: str) -> list[tuple]:
        """Every (place, period) that a month of a force is part of."""
        periods = [("month", month), ("quarter", self._quarter(month)), ("year", month[:4])]
        return [(place, period) for place in self._places(force) for period in periods]

    @staticmethod
    def _quarter(month: str) -> str:
        return f"{month[:4]}-Q{(int(month[5:]) + 2) // 3}"

    @cached_property
    def _returned(self) -> set[tuple]:
        """Where a count can be zero: a force that returned nothing has no row, unless it is the nation's year."""
        return {
            where
            for force, quarter, _ in self.current
            for month in range(int(quarter[-1]) * 3 - 2, int(quarter[-1]) * 3 + 1)
            for where in self._where(force, f"{quarter[:4]}-{month:02}")
        }

    @cached_property
    def _national_years(self) -> set[tuple]:
        """The first year collected, and every one that anything came for."""
        years = {"2023"} | {quarter[:4] for _, quarter in self.sent_for}
        return {(("national", "England and Wales"), ("year", year)) for year in years}

    def _quarters_and_months(self, rows: list[Figure]):
        """A year's quarters and months are a breakdown of it."""
        asked = {(row["population"], row["unit"], row["breakdown"]) for row in self.seeds.breakdowns}
        for row in rows:
            kind, period = row.period
            if (row.breakdown, row.criterion) == ("total", "all") and (
                row.population,
                row.unit,
                kind,
            ) in asked:
                yield Figure(
                    *(row.unit, row.population, "all", kind, period, row.numerator, None, "2023"),
                    *(row.place, ("year", period[:4])),
                )

    def _round(self, rows: list[Figure]) -> None:
        of = {(row["population"], row["unit"], row["breakdown"]): row for row in self.seeds.breakdowns}
        splits = defaultdict(list)
        for row in rows:
            breakdown = of[row.population, row.unit, row.breakdown]
            if breakdown["base"] is None:
                continue
            if breakdown["percent_decimals"] == "1":
                row.rounding, row.percent = "half_up_one_decimal", half_up(row.numerator, row.denominator, 1)
            elif breakdown["exhaustive"] == "Y" and row.criterion == "all":
                row.rounding = "largest_remainder"
                splits[row.named_by[:4], row.scheme, row.place, row.period].append(row)
            else:
                row.rounding, row.percent = "half_up", half_up(row.numerator, row.denominator, 0)
        for split in splits.values():
            parts = [(row.numerator, row.sort_order) for row in split]
            for row, share in zip(split, largest_remainder(parts, split[0].denominator), strict=True):
                row.percent = share

    def _printed_again(self, rows: list[Figure]):
        """A figure that the publication prints twice, the second time as a share that stands alone."""
        again = {row["repeats"]: row for row in self.seeds.definitions if row["repeats"]}
        for row in rows:
            if row.scheme == "2023" and row.figure_id in again:
                second = again[row.figure_id]
                yield Figure(
                    *(row.unit, row.population, row.criterion, second["breakdown"], second["category"]),
                    *(row.numerator, row.denominator, row.scheme, row.place, row.period),
                    percent=half_up(row.numerator, row.denominator, 0),
                    rounding=second["percent_rounding"],
                    figure_id=second["figure_id"],
                )

    def _status(self, row: Figure) -> str:
        """What stands or falls with the readers' criterion; a month is read with its quarter."""
        if row.breakdown != "criterion" and row.criterion in ("all", "committed_by_children_any"):
            return "published"
        kind, period = row.period
        return self.verdicts.get((self._quarter(period) if kind == "month" else period, row.scheme), "caveat")
