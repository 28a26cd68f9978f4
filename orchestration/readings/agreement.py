"""How far two answers to one question agree: Krippendorff's alpha and Gwet's AC1, with bootstrap intervals.

With two answers for each crime, both need only two things: how often each answer was given, and how many crimes had the same
answer twice. Drawing crimes again with replacement is drawing the cells of their table from a multinomial, so that
283,000 readings cost little more than 5,665.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from orchestration import schemes
from orchestration.keys import token_key

# what two readings of one crime are compared in
QUESTIONS = {
    "group_based": "group-based, by the working rule",
    "network_definition": "group-based, by the inquiry's definition",
    **{schemes.question(scheme): f"criterion, scheme of {scheme}" for scheme in schemes.all_schemes()},
    "committed_by_children": "committed by children",
    "cse": "child sexual exploitation",
}

if TYPE_CHECKING:
    import pyarrow as pa

    from orchestration.home import Home

# How many answers a question allows: AC1's agreement by chance is over the whole scale, given or not.
SCALE = {
    "group_based": 3,
    "network_definition": 3,
    **{schemes.question(scheme): len(schemes.criteria(scheme)) for scheme in schemes.all_schemes()},
    "committed_by_children": 2,
    "cse": 2,
}
# also measured answer by answer: this criterion, or any other
BY_CATEGORY = [schemes.question(scheme) for scheme in schemes.all_schemes()]
NOT_RECORDED = "not_recorded"  # a force that left its flag blank gave nothing that could agree
KEY = ("pairing", "question", "slice_type", "slice", "period_type", "period")
ALL = "all"


def krippendorff_alpha(given: np.ndarray, agreed: np.ndarray) -> np.ndarray:
    """Alpha (nominal) from how often each answer was given, shape (..., answers), and the pairs that agree, shape (...).

    NaN where it is not defined: no pair, or only one answer was ever given.
    """
    values = given.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - (values - 1) * (values - 2 * agreed) / (values**2 - (given**2).sum(axis=-1))


def gwet_ac1(given: np.ndarray, agreed: np.ndarray, scale: int) -> np.ndarray:
    """AC1 from the same counts, `scale` being how many answers there could be. NaN where there is no pair."""
    values = given.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        # the sum of p (1 - p) over answers
        by_chance = (1 - (given**2).sum(axis=-1) / values**2) / (scale - 1)
        return (2 * agreed / values - by_chance) / (1 - by_chance)


def drawn_again(cells: np.ndarray, replicates: int, rng: np.random.Generator) -> np.ndarray:
    """Counts of the same cells, shape (replicates, cells), when as many crimes are drawn from them with replacement."""
    pairs = int(cells.sum())
    return rng.multinomial(pairs, cells / pairs, size=replicates).astype(float)


def interval(values: np.ndarray) -> tuple[float | None, float | None]:
    """The middle 95% of a statistic over draws; those on which it is not defined are left out."""
    values = values[np.isfinite(values)]
    return tuple(np.quantile(values, (0.025, 0.975)).tolist()) if len(values) else (None, None)


def verdict(pairs: int, alpha: float | None, policy: Mapping[str, float]) -> str:
    """`not_measured`, `unreliable`, `tentative` or `reliable`, by the bounds of seeds/agreement_policy.csv."""
    if pairs < policy["fewest_pairs"] or alpha is None:
        return "not_measured"
    if alpha < policy["withheld_below"]:
        return "unreliable"
    return "tentative" if alpha < policy["caveat_below"] else "reliable"


def measure(counts: Iterable[tuple], policy: Mapping[str, float]) -> "pa.Table":
    """A row for each question, slice and period, and for each criterion over all: pairs, statistics, intervals, verdict.

    `counts` are rows of `reading_confusion`: the columns of KEY, left answer, right answer, crimes. `policy` is
    `agreement_policy` by setting. Below `fewest_pairs` nothing is measured: an alpha of ten crimes has no meaning, and
    nine in ten slices (a pair of readers, a force's quarter) have no more.
    """
    import pyarrow as pa

    groups: dict[tuple, list[tuple[str, str, int]]] = {}
    for *key, left, right, crimes in counts:
        if NOT_RECORDED not in (left, right):
            groups.setdefault(tuple(key), []).append((left, right, crimes))
    rows = [
        dict(zip(KEY, key, strict=True)) | row
        for key, cells in sorted(groups.items())
        for row in _measured(key, sorted(cells), policy)
    ]
    return pa.Table.from_pylist(rows, schema=_schema())


def _measured(key: tuple, cells: list[tuple[str, str, int]], policy: Mapping[str, float]) -> Iterable[dict]:
    pairs = sum(count for *_, count in cells)
    if pairs < policy["fewest_pairs"]:
        agreed = sum(count for left, right, count in cells if left == right)
        yield {"category": ALL, "pairs": pairs, "agreed": agreed, "verdict": verdict(pairs, None, policy)}
        return
    question, slice_type = key[1:3]
    answers = sorted({answer for left, right, _ in cells for answer in (left, right)})
    crimes = np.array([count for *_, count in cells])
    # cells by answers: how often a crime of the cell gives the answer (0, 1 or 2)
    gives = np.array(
        [[(left == answer) + (right == answer) for answer in answers] for left, right, _ in cells]
    )
    # seeded by what is measured: another force's readings do not move this one's interval
    rng = np.random.default_rng([int(policy["seed"]), crc32("|".join(key).encode())])
    draws = np.vstack([crimes, drawn_again(crimes, int(policy["replicates"]), rng)])
    judged = [(ALL, gives, SCALE[question])]
    if question in BY_CATEGORY and slice_type == ALL:
        # how often a crime of each cell gives one answer, and how often any other
        judged += [
            (name, np.column_stack([gave, 2 - gave]), 2) for name, gave in zip(answers, gives.T, strict=True)
        ]
    for category, of_category, scale in judged:
        given, agreed = draws @ of_category, draws @ (of_category == 2).any(axis=1)
        alpha, ac1 = krippendorff_alpha(given, agreed), gwet_ac1(given, agreed, scale)
        yield {
            "category": category,
            "pairs": pairs,
            "agreed": int(agreed[0]),
            **_statistic("alpha", alpha),
            **_statistic("ac1", ac1),
            "verdict": verdict(pairs, _number(alpha[0]), policy),
        }


def _statistic(name: str, values: np.ndarray) -> dict[str, float | None]:
    """The statistic of the crimes themselves comes first, then of its draws."""
    low, high = interval(values[1:])
    return {name: _number(values[0]), f"{name}_low": low, f"{name}_high": high}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _schema() -> "pa.Schema":
    import pyarrow as pa

    texts = [(name, pa.string()) for name in (*KEY, "category")]
    counts = [(name, pa.int64()) for name in ("pairs", "agreed")]
    statistics = ("alpha", "alpha_low", "alpha_high", "ac1", "ac1_low", "ac1_high")
    return pa.schema(
        [*texts, *counts, *((name, pa.float64()) for name in statistics), ("verdict", pa.string())]
    )


def reader_token(home: "Home", reader: str) -> str:
    """What `reader` is called in marts and releases: needs the home's key, so that nobody else can name a reader."""
    return sha256(f"{token_key(home)}|reader|{reader}".encode()).hexdigest()[:8]
