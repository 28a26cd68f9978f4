"""What the seeds hold on headings: what their words mean, what each column is called, the codes that stand under it.

known_headings(SEEDS).alike("Vic. Sex", ("victims", "gender"), "")     # (1.0, ...)
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from itertools import islice, product
from math import log
from pathlib import Path

from orchestration.home import SEEDS, seed_rows
from orchestration.returns.layouts import all_layouts
from orchestration.returns.layouts.parts import GROUP, Layout, Part

PERSONS = {"victims": "victim", "suspects": "suspect"}
# Columns that name another record: the person in their heading is not the person they are about.
OF_ANOTHER = ("crime_reference", "victim_reference", "relationship")
# "Offenders" is as good as "offender", but where they are counted
PLURAL = "many"
# `Age` where victims and suspects share a row, and nothing shows whose: as good for the one as for the other.
WHOSE = 0.7
# A heading with the words that it must have and one word more that no seed has: `Victim Niche ID`.
WITH_A_STRANGE_WORD = 0.6
# `URN` in a table of victims.
BARE = 0.6
# What is only alike stays below what is sure: it is a hint for a person.
ALIKE_AT_MOST = 0.5

Target = tuple[str, str]
"""Record type and column."""


@dataclass(frozen=True)
class Headings:
    """The layout seeds: words of headings by what they feed, and the spellings of each coded column."""

    layouts: dict[str, Layout]
    kinds: dict[Target, str]
    patterns: dict[Target, str]
    must: tuple[Target, ...]
    meanings: dict[str, tuple[tuple[frozenset[str], frozenset[str]], ...]]
    headings: dict[Target, dict[frozenset[str], str]]
    weights: dict[str, float]
    spellings: dict[str, frozenset[str]]
    words: "Words"

    @property
    def listed_by_pattern(self) -> frozenset[str]:
        """Columns with too many codes for a seed: a code is known by its look, and plain words are no codes."""
        return frozenset(
            column
            for (_, column), pattern in self.patterns.items()
            if pattern and not re.search(r"\.\*", pattern)
        )

    def is_offence(self, text: str) -> bool:
        """A Home Office class, class/sub-code or five digits, or an Athena URN (19E.19.16.0) of a known class."""
        text = text.lower().replace(" ", "").lstrip("0")
        pieces = text.split(".")
        codes = self.spellings["offence_code"]
        return text in codes or (len(pieces) > 3 and pieces[0] in codes)

    def words_of(self, heading: str) -> frozenset[str]:
        """The likeliest meaning of a heading's words."""
        return self.words.of(heading)[0]

    def person_of(self, text: str) -> str:
        """The record type of the one kind of person that a text names, or may name; "" for none, and for both."""
        found = {kind for words in self.words.of(text) for kind, word in PERSONS.items() if word in words}
        return found.pop() if len(found) == 1 else ""

    def like_a_heading(self, cell: str) -> bool:
        """Most of a cell's words are words of headings."""
        if not cell or len(cell) >= 100 or re.fullmatch(r"[\d\W]*", cell):
            return False
        pieces = self.words.known_pieces(cell)
        return sum(pieces) * 2 > len(pieces)

    def alike(
        self, heading: str, target: Target, person: str = "", usual: Iterable[str] = ()
    ) -> tuple[float, str]:
        """How like a heading is to those that feed a column (0 to 1), and what it is like.

        `person`: the record type whose columns a heading is taken to be that does not show whose it is.
        `usual`: words that no seed has and several headings of the table have, as a crime system's name.
        """
        meanings = self.words.of(heading)
        if GROUP in heading and target[0] in PERSONS:
            # side by side stand persons: `Off1 Sex` is an offender's
            meanings = [words for words in meanings if words & set(PERSONS.values())] or meanings
        found = [self._alike(words, target, person, frozenset(usual)) for words in meanings]
        return max(found, default=(0.0, ""))

    def _alike(
        self, words: frozenset[str], target: Target, person: str, usual: frozenset[str]
    ) -> tuple[float, str]:
        record_type, column = target
        factor, of_a_person, named = 1.0, record_type in PERSONS and column not in OF_ANOTHER, []
        if of_a_person or (record_type, column) == ("victims", "victim_reference"):
            named = [kind for kind, word in PERSONS.items() if word in words]
            about = named or [person]
            if about != [""] and record_type not in about:
                return 0.0, ""
            if column.endswith("reference") and not named and "person" not in words:
                return self._bare_reference(words, target, person)
            factor = 1.0 if about == [record_type] else WHOSE
            words = words - set(PERSONS.values()) - {"person"}
        if target == ("crimes", "crime_reference") and words == {"reference"}:
            return self._bare_reference(words, target, person)
        learned = self._learned(target, of_a_person)
        exact = learned.get(words)
        if exact:
            return factor, exact
        strange = {word for word in words if word not in self.weights and word not in self.words.meanings}
        for needs, may_have in self._meant(record_type, column):
            if needs <= words - strange <= needs | may_have | {PLURAL}:
                if not strange:
                    return factor, column
                # the word that stands all over may as well be one for the other person
                if strange <= usual and (named or not of_a_person):
                    return factor * WITH_A_STRANGE_WORD, column
        scored = ((self._overlap(words, known), text) for known, text in learned.items())
        score, text = max(scored, default=(0.0, ""))
        return factor * score * ALIKE_AT_MOST, text

    def _bare_reference(self, words: frozenset[str], target: Target, person: str) -> tuple[float, str]:
        """`URN` alone is likely that of what the whole table is about; beside other records it may be anyone's."""
        return (BARE, "reference") if words == {"reference"} and target[0] == person else (0.0, "")

    def _meant(self, record_type: str, column: str) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
        for needs, may_have in self.meanings.get(column, ()):
            # the victim that a suspect's row names is another's; a victim's own number has lost the word by now
            if column == "victim_reference" and ("victim" in needs) != (record_type == "suspects"):
                continue
            yield needs, may_have

    def _learned(self, target: Target, of_a_person: bool) -> dict[frozenset[str], str]:
        """Headings of the layouts that feed a column; "Victim DOB" teaches what "Suspect DOB" is."""
        record_type, column = target
        options = dict(self.headings.get(target, {}))
        if of_a_person:
            twin = "victims" if record_type == "suspects" else "suspects"
            options |= self.headings.get((twin, column), {})
        if of_a_person or target == ("victims", "victim_reference"):
            options = {known - set(PERSONS.values()): text for known, text in options.items()}
        return {known: text for known, text in options.items() if known}

    def _overlap(self, words: frozenset[str], known: frozenset[str]) -> float:
        """Shared words against all words, rare words counting more; words of one stem count as shared."""
        if not words or not known:
            return 0.0
        weight = self.weights.get
        total = sum(weight(word, 3.0) for word in words) + sum(weight(word, 3.0) for word in known)
        shared = sum(weight(word, 3.0) * max(_stem(word, other) for other in known) for word in words)
        shared += sum(weight(word, 3.0) * max(_stem(word, other) for other in words) for word in known)
        return shared / total


@dataclass(frozen=True)
class Words:
    """What words and phrases of headings mean: rows of `heading_words.csv`."""

    means: dict[tuple[str, ...], tuple[frozenset[str], ...]]

    @property
    def meanings(self) -> frozenset[str]:
        return _meanings(self)

    def __hash__(self) -> int:
        return id(self)

    def of(self, heading: str) -> tuple[frozenset[str], ...]:
        """What a heading may mean, as sets of words: `VictimDOB` -> victim, birth. Several where a word has several."""
        return _of(self, heading)

    def known_pieces(self, text: str) -> list[bool]:
        """For each word or phrase of a text whether the seed has it."""
        return [piece in self.means for piece in self.pieces(text)]

    def pieces(self, heading: str) -> list[tuple[str, ...]]:
        """The words of a heading, the longest phrases of the seed together."""
        tokens = [part for token in _tokens(heading) for part in self._apart(token)]
        found, longest = [], max(map(len, self.means))
        while tokens:
            size = next(
                (
                    size
                    for size in range(min(longest, len(tokens)), 1, -1)
                    if tuple(tokens[:size]) in self.means
                ),
                1,
            )
            found.append(tuple(tokens[:size]))
            tokens = tokens[size:]
        return found

    def _apart(self, token: str) -> list[str]:
        """A word of the seed; else the known words it is made of (`VICTIMSEX`), else one it is nearly."""
        if (token,) in self.means or not token.isalpha() or len(token) < 5:
            return [token]
        if glued := self._unglued(token):
            return glued
        alike = [word[0] for word in self.means if len(word) == 1 and _one_slip(word[0], token)]
        return alike[:1] or [token]

    def _unglued(self, token: str) -> list[str]:
        """Fewest known words that make up a token; of two letters only one: REF and SEX are, ATE is not."""
        best: dict[int, list[str]] = {0: []}
        for end in range(1, len(token) + 1):
            options = [
                [*best[start], token[start:end]]
                for start in range(max(0, end - 14), end - 1)
                if start in best and (token[start:end],) in self.means
            ]
            whole = [words for words in options if sum(len(word) < 3 for word in words) < 2]
            if whole:
                best[end] = min(whole, key=len)
        words = best.get(len(token), [])
        return words if any(len(word) > 2 for word in words) else []


@cache
def _meanings(words: Words) -> frozenset[str]:
    return frozenset(word for options in words.means.values() for option in options for word in option)


@cache
def _of(words: Words, heading: str) -> tuple[frozenset[str], ...]:
    options = [words.means.get(piece, (frozenset(piece),)) for piece in words.pieces(heading)]
    found = (frozenset().union(*choice) for choice in islice(product(*options), 16))
    return tuple(dict.fromkeys(found)) or (frozenset(),)


def _tokens(heading: str) -> list[str]:
    """A heading's words as written: camelCase, snake_case, and numbers apart from letters; {n} is any number."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", heading).lower()
    return re.findall(r"1[68]\+1|[a-z]+|\d+", re.sub(r"\{n\}", " ", re.sub(r"['\u2019]", "", apart)))


def _one_slip(word: str, typed: str) -> bool:
    """Whether a word of six letters or more was typed with one letter wrong, missing, too many, or two swapped."""
    if min(len(word), len(typed)) < 6 or word[0] != typed[0]:
        return False
    while word and typed and word[0] == typed[0]:
        word, typed = word[1:], typed[1:]
    while word and typed and word[-1] == typed[-1]:
        word, typed = word[:-1], typed[:-1]
    return max(len(word), len(typed)) < 2 or (len(word) == 2 and word == typed[::-1])


@cache
def _stem(word: str, other: str) -> float:
    if word == other:
        return 1.0
    ratio = SequenceMatcher(None, word, other).ratio()
    return ratio if min(len(word), len(other)) > 3 and ratio > 0.75 else 0.0


@cache
def heading_words(seeds: Path = SEEDS) -> Words:
    """The seed's words and phrases, each with what it may mean; no meaning: it is ignored."""
    means: dict[tuple[str, ...], list[frozenset[str]]] = defaultdict(list)
    for row in seed_rows("layouts/heading_words.csv", seeds):
        means[tuple(row["word"].split())].append(frozenset(row["means"].split()))
    return Words({word: tuple(options) for word, options in means.items()})


@cache
def known_headings(seeds: Path = SEEDS) -> Headings:
    """All of this from the seeds, read once for each seeds folder."""
    layouts, words = all_layouts(seeds), heading_words(seeds)
    rows = seed_rows("return_columns.csv", seeds)
    headings: dict[Target, dict[frozenset[str], str]] = defaultdict(dict)
    for row in rows:
        headings[row["record_type"], row["column"]][words.of(row["column"])[0]] = row["column"]
    for layout in layouts.values():
        for part in layout.parts:
            for column in part.columns:
                # a name and a date of birth in one cell are headed like neither
                if column.record_type and not _joined(part, column.heading):
                    for option in words.of(column.heading):
                        headings[column.record_type, column.column].setdefault(option, column.heading)
    counts = Counter(word for options in headings.values() for option in options for word in option)
    every = sum(map(len, headings.values()))
    meanings: dict[str, list[tuple[frozenset[str], frozenset[str]]]] = defaultdict(list)
    for row in seed_rows("layouts/heading_meanings.csv", seeds):
        meanings[row["column"]].append((frozenset(row["needs"].split()), frozenset(row["may_have"].split())))
    return Headings(
        layouts,
        {(row["record_type"], row["column"]): row["kind"] for row in rows},
        {(row["record_type"], row["column"]): row["pattern"] for row in rows},
        tuple((row["record_type"], row["column"]) for row in rows if row["must"] == "Y"),
        {column: tuple(options) for column, options in meanings.items()},
        dict(headings),
        {word: log(every / count) for word, count in counts.items()},
        _spellings(seeds),
        words,
    )


def _spellings(seeds: Path) -> dict[str, frozenset[str]]:
    """column -> every spelling of its codes that a seed lists, in lower case."""
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
    return {name: frozenset(texts - {""}) for name, texts in spellings.items()}


def _joined(part: Part, heading: str) -> bool:
    return any(column.heading == heading and column.take > 1 for column in part.columns)
