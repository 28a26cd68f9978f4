"""What the seeds teach of headings: the words of every layout's, and the codes that stand under them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from math import log
from pathlib import Path

from orchestration.home import seed_rows
from orchestration.returns.layouts import Layout, Part, all_layouts

# Words that mean the same in headings; layouts' own headings teach the rest.
WORDS = {
    "victim": "victims aggrieved complainant ip injured",
    "suspect": "offender offenders suspects accused nominal perpetrator defendant",
    "reference": "ref urn id number no num identifier",
    "crime": "occurrence offence offense crimes",
    "gender": "sex",
    "birth": "dob born",
    "surname": "lastname last",
    "forename": "forenames firstname first given",
    "ethnicity": "ethnic ea ethnicities",
    "self": "sde sdd assessed sd",
    "observed": "officer police appearance visual ic",
    "recorded": "created creation crimed record input",
    "reported": "report contact",
    "from": "start earliest began",
    "to": "end latest ended",
    "cancel": "cancelled cancellation cancel",
    "flag": "marker indicator",
    "description": "desc title",
    "child": "children",
    "linked": "link related",
    "summary": "mo circumstances narrative",
    "disability": "disabled",
    "nationality": "citizenship",
    "arrested": "arrest",
    "stated": "believed involved count",
    "authority": "la council",
    "online": "cyber",
    "code": "classification class",
    "relationship": "related relation",
    "identified": "known named",
}
MEANS = {word: meaning for meaning, words in WORDS.items() for word in words.split()}
STOP = {
    "of",
    "the",
    "and",
    "at",
    "a",
    "by",
    "defined",
    "current",
    "merged",
    "group",
    "home",
    "office",
    "ho",
    "on",
}
PERSONS = {"victims": "victim", "suspects": "suspect"}
# Columns that name another record: the person in their heading is not the person they are about.
OF_ANOTHER = ("crime_reference", "victim_reference", "relationship")


@dataclass(frozen=True)
class Headings:
    """What the seeds teach: words of headings by what they feed, and the spellings of each coded column."""

    layouts: dict[str, Layout]
    kinds: dict[tuple[str, str], str]
    must: tuple[tuple[str, str], ...]
    headings: dict[tuple[str, str], dict[frozenset[str], str]]
    weights: dict[str, float]
    spellings: dict[str, frozenset[str]]

    def is_offence(self, text: str) -> bool:
        """A Home Office class, class/sub-code or five digits, or an Athena URN (19E.19.16.0) of a known class."""
        text = text.lower().replace(" ", "").lstrip("0")
        pieces = text.split(".")
        codes = self.spellings["offence_code"]
        return text in codes or (len(pieces) > 3 and pieces[0] in codes)

    def heading_like(self, cells: list[str]) -> float:
        """How many cells of a row are made of the words of headings; 0 for a row that is none."""
        named = [cell for cell in cells if cell]
        like = [
            cell
            for cell in named
            if len(cell) < 100
            and not re.fullmatch(r"[\d\W]*", cell)
            and sum(word in self.weights for word in words_of(cell)) * 2 > len(words_of(cell))
        ]
        return (
            len(like) if len(like) > 2 and len(like) * 2 > len(named) and len(set(named)) == len(named) else 0
        )

    def alike(self, heading: str, target: tuple[str, str], person: str) -> tuple[float, str]:
        """How like a heading is to those that feed a column (0 to 1), and the one it is most like.

        `person`: whose columns a heading without a word for victim or suspect is taken to be.
        """
        record_type, column = target
        words = words_of(heading)
        about = next((kind for kind, word in PERSONS.items() if word in words), "")
        factor = 1.0
        options = dict(self.headings.get(target, {}))
        if record_type in PERSONS and column not in OF_ANOTHER:
            # "Victim DOB" teaches what "Suspect DOB" is: the person is compared apart from the rest
            twin = "victims" if record_type == "suspects" else "suspects"
            options |= self.headings.get((twin, column), {})
            options = {known - set(PERSONS.values()): text for known, text in options.items()}
            words = words - set(PERSONS.values())
            factor = 1.0 if (about or person) == record_type else 0.3 if about or person else 0.7
        elif column == "victim_reference" and record_type == "victims" and not about:
            factor = 0.6
        scored = ((self._overlap(words, known), text) for known, text in options.items())
        score, text = max(scored, default=(0.0, ""))
        return factor * score, text

    def _overlap(self, words: frozenset[str], known: frozenset[str]) -> float:
        """Shared words against all words, rare words counting more; words of one stem count as shared."""
        if not words or not known:
            return 0.0
        weight = self.weights.get
        total = sum(weight(word, 3.0) for word in words) + sum(weight(word, 3.0) for word in known)
        shared = sum(weight(word, 3.0) * max(_stem(word, other) for other in known) for word in words)
        shared += sum(weight(word, 3.0) * max(_stem(word, other) for other in words) for word in known)
        return shared / total


@cache
def _stem(word: str, other: str) -> float:
    if word == other:
        return 1.0
    ratio = SequenceMatcher(None, word, other).ratio()
    return ratio if min(len(word), len(other)) > 3 and ratio > 0.75 else 0.0


@cache
def words_of(heading: str) -> frozenset[str]:
    """The words of a heading, of one meaning each: `VictimDOB` -> victim, birth."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", heading)
    plain = re.sub(r"[^a-z0-9]+", " ", apart.lower()).strip()
    # a number of offenders is a count, an offender's number is a reference
    words = re.sub(r"\b(number|no|num) of\b", "stated", plain).split()
    return frozenset(MEANS.get(word, word) for word in words if word not in STOP) or frozenset(words)


@cache
def known_headings(seeds: Path) -> Headings:
    layouts = all_layouts(seeds)
    rows = seed_rows("return_columns.csv", seeds)
    headings: dict[tuple[str, str], dict[frozenset[str], str]] = defaultdict(dict)
    for row in rows:
        headings[row["record_type"], row["column"]][words_of(row["column"])] = row["column"]
    for layout in layouts.values():
        for part in layout.parts:
            for column in part.columns:
                # a name and a date of birth in one cell are headed like neither
                if column.record_type and not _joined(part, column.heading):
                    words = words_of(column.heading)
                    headings[column.record_type, column.column].setdefault(words, column.heading)
    counts = Counter(word for options in headings.values() for words in options for word in words)
    every = sum(map(len, headings.values()))
    spellings: dict[str, set[str]] = defaultdict(set)
    for row in seed_rows("code_spellings.csv", seeds):
        spellings[row["field"]] |= {row["spelling"].lower(), row["code"].lower()}
    for list_name, column, label in (
        ("self_defined_ethnicities", "self_defined_ethnicity", "label"),
        ("observed_ethnicities", "observed_ethnicity", "label"),
        ("relationships", "relationship", "label"),
        ("outcomes", "outcome_code", "meaning"),
        ("cancellation_codes", "cancellation_code", "meaning"),
    ):
        for row in seed_rows(f"{list_name}.csv", seeds):
            spellings[column] |= {row["code"].lower(), row[label].lower()}
    for row in seed_rows("offences.csv", seeds):
        for text in (row["offence_class"], row["offence_code"], row["five_digit"]):
            spellings["offence_code"].add(text.lower().lstrip("0"))
    return Headings(
        layouts,
        {(row["record_type"], row["column"]): row["kind"] for row in rows},
        tuple((row["record_type"], row["column"]) for row in rows if row["must"] == "Y"),
        dict(headings),
        {word: log(every / count) for word, count in counts.items()},
        {name: frozenset(texts - {""}) for name, texts in spellings.items()},
    )


def _joined(part: Part, heading: str) -> bool:
    return any(column.heading == heading and column.take > 1 for column in part.columns)
