"""Thousands of tiny releases, each solved by listing every table of whole numbers that fits what is printed."""

import itertools
import random

import numpy as np
import pytest
import scipy.optimize
from scipy import sparse

from orchestration.releases.disclosure import attack, pattern
from orchestration.releases.disclosure.relations import Share, Sum
from orchestration.releases.disclosure.tables import Tables, Unfinished, solve

ALL = "all"
WIDTH = 3


def tiny(draw: random.Random, rows=2, columns=2, layers=1, most=4):
    """A table of up to three ways with the margins that happen to be published, and their sums."""
    axes = [
        [f"{way}{n}" for n in range(size)] for way, size in zip("rcl", (rows, columns, layers), strict=True)
    ]
    inner = {}
    # more than ten crimes, and listing every table takes minutes
    while not inner or sum(inner.values()) > 10:
        inner = {key: draw.choice([0, 0, 1, 1, 2, most]) for key in itertools.product(*axes)}
    cells, sums = dict(inner), []
    for key in itertools.product(*([*axis, ALL] for axis in axes)):
        cells[key] = sum(
            n for at, n in inner.items() if all(k in (ALL, a) for k, a in zip(key, at, strict=True))
        )
    for key in cells:
        for way, axis in enumerate(axes):
            if key[way] == ALL:
                parts = tuple((*key[:way], name, *key[way + 1 :]) for name in axis)
                sums.append(Sum(key, parts))
    return inner, cells, sums


def every_table(printed: dict, inner: list, sums_of: dict) -> list[tuple]:
    """Every filling of the inner cells with whole numbers that gives each printed count."""
    total = printed[WHOLE]
    found = []

    def fill(index, so_far, left):
        if index == len(inner):
            table = dict(zip(inner, so_far, strict=True))
            if all(sum(table[k] for k in sums_of[key]) == n for key, n in printed.items() if n is not None):
                found.append(tuple(so_far))
            return
        known = printed[inner[index]]
        for n in [known] if known is not None else range(left + 1):
            if n <= left:
                fill(index + 1, [*so_far, n], left - n)

    fill(0, [], total)
    return found


def inner_of(cells, inner):
    return {
        key: [at for at in inner if all(k in (ALL, a) for k, a in zip(key, at, strict=True))] for key in cells
    }


def by_brute_force(printed, inner, cells):
    sums_of = inner_of(cells, inner)
    tables = [dict(zip(inner, table, strict=True)) for table in every_table(printed, list(inner), sums_of)]
    assert tables, "the true table fits, always"
    return {
        key: (
            min(sum(table[k] for k in sums_of[key]) for table in tables),
            max(sum(table[k] for k in sums_of[key]) for table in tables),
        )
        for key, count in printed.items()
        if count is None
    }


def few_here_thousands_in_proof(first: int):
    """Fifteen releases a seed: two seeds with every commit, fifty in `make proof`."""
    return [
        first,
        first + 1,
        *(pytest.param(seed, marks=pytest.mark.proof) for seed in range(first + 2, first + 50)),
    ]


RELEASES = 15
WHOLE = (ALL, ALL, ALL)
SHAPES = [(2, 2, 1)] * 4 + [(2, 3, 1)] * 4 + [(3, 3, 1)] + [(2, 2, 2)] * 3


@pytest.mark.parametrize("seed", few_here_thousands_in_proof(0))
def test_least_and_greatest_of_each_hidden_cell_are_those_of_all_tables(seed):
    draw = random.Random(seed)
    for _ in range(RELEASES):
        inner, cells, sums = tiny(draw, *draw.choice(SHAPES), most=2)
        hidden = {key for key in cells if draw.random() < 0.5} - {WHOLE}
        printed = {key: None if key in hidden else count for key, count in cells.items()}
        found = attack.intervals(Tables(printed, sums))
        assert {key: (at.least, at.greatest) for key, at in found.items()} == by_brute_force(
            printed, inner, cells
        )


@pytest.mark.parametrize("seed", few_here_thousands_in_proof(100))
def test_a_chosen_pattern_stands_against_all_tables_and_the_audit_says_so(seed):
    draw = random.Random(seed)
    protected = 0
    for _ in range(RELEASES):
        inner, cells, sums = tiny(draw, *draw.choice(SHAPES), most=5)
        primary = {key for key, count in cells.items() if 0 < count < 3} - {WHOLE}
        try:
            hidden = pattern.choose(Tables(cells, sums), primary, WIDTH, public=[WHOLE]).hidden
        except pattern.NoPattern:
            continue
        protected += bool(primary)
        printed = {key: None if key in hidden else count for key, count in cells.items()}
        wanted = {key: WIDTH if key in primary else 1 for key in hidden}
        audit = attack.intervals(Tables(printed, sums), wanted)
        truth = by_brute_force(printed, inner, cells)
        for key, (least, greatest) in truth.items():
            assert greatest - least >= wanted[key], (cells, hidden, key)
            assert least <= audit[key].least <= audit[key].greatest <= greatest
            assert audit[key].width >= wanted[key]
    assert protected > 4


@pytest.mark.parametrize("seed", few_here_thousands_in_proof(200))
def test_publishing_one_more_cell_is_judged_as_all_tables_judge_it(seed):
    draw = random.Random(seed)
    shut = 0
    for _ in range(RELEASES):
        inner, cells, sums = tiny(draw, *draw.choice(SHAPES), most=5)
        primary = {key for key, count in cells.items() if 0 < count < 3} - {WHOLE}
        try:
            hidden = pattern.choose(Tables(cells, sums), primary, WIDTH, public=[WHOLE]).hidden
        except pattern.NoPattern:
            continue
        if not hidden - primary:
            continue
        leaked = draw.choice(sorted(hidden - primary))
        printed = {key: None if key in hidden - {leaked} else count for key, count in cells.items()}
        wanted = {key: WIDTH if key in primary else 1 for key in hidden - {leaked}}
        audit = attack.intervals(Tables(printed, sums), wanted)
        truth = by_brute_force(printed, inner, cells)
        narrow = {key for key, (least, greatest) in truth.items() if greatest - least < wanted[key]}
        assert {key for key, at in audit.items() if at.width < wanted[key]} == narrow
        shut += bool(narrow)
    assert shut > 1


def test_hiding_the_small_cell_alone_protects_nothing():
    cells = {"white": 40, "asian": 12, "black": 3, "all": 55}
    tables = Tables(cells | {"black": None}, [Sum("all", ("white", "asian", "black"))])
    assert attack.intervals(tables)["black"] == attack.Interval("black", 3, 3, True)


def test_a_percentage_is_published_too():
    cells = {"female": None, "male": None, "all": 50}
    sums = [Sum("all", ("female", "male"))]
    wide = attack.intervals(Tables(cells, sums))["female"]
    assert (wide.least, wide.greatest) == (0, 50)
    # 6% of 50, rounded to a whole per cent, is 3 and nothing else
    narrow = attack.intervals(Tables(cells, sums, [Share("female", "all", 5.5, 6.5)]))["female"]
    assert (narrow.least, narrow.greatest) == (3, 3)


@pytest.mark.parametrize("seed", few_here_thousands_in_proof(200))
def test_of_rounded_counts_those_given_back_are_those_that_all_tables_agree_on(seed):
    """Everything printed as the nearest multiple of 3, some of it hidden: each interval, and each verdict."""
    draw = random.Random(seed)
    given_back = 0
    for _ in range(RELEASES // 3):
        inner, cells, sums = tiny(draw, *draw.choice([(2, 2, 1), (2, 3, 1)]))
        printed = {key: (count + 1) // 3 * 3 for key, count in cells.items() if draw.random() < 0.9}
        bounds = {key: (max(0, count - 1), count + 1) for key, count in printed.items()}
        sums_of = inner_of(cells, inner)
        ranges = (range(bounds[key][0], bounds[key][1] + 1) if key in bounds else range(11) for key in inner)
        tables = [dict(zip(inner, table, strict=True)) for table in itertools.product(*ranges)]
        counts = [{key: sum(table[at] for at in sums_of[key]) for key in cells} for table in tables]
        fit = [one for one in counts if all(low <= one[key] <= high for key, (low, high) in bounds.items())]
        # what is bounded by nothing printed has no end
        ends = {key: (min(one[key] for one in fit), max(one[key] for one in fit)) for key in bounds}
        for width in (1, 2):
            found = attack.intervals(
                Tables(dict.fromkeys(cells), sums, bounds=bounds), dict.fromkeys(bounds, width)
            )
            for key, (least, most) in ends.items():
                assert (found[key].width >= width) == (most - least >= width)
                if found[key].exact:
                    assert (found[key].least, found[key].greatest) == (least, most)
            given_back += sum(interval.width == 0 for interval in found.values())
    assert given_back


def test_a_part_alone_bounds_its_whole_from_below_only():
    tables = Tables({"contact": None, "cpai": 30, "cocad": 12}, [
        Sum("cpai", ("contact",), exhaustive=False), Sum("contact", ("cocad",), exhaustive=False)
    ])  # fmt: skip
    found = attack.intervals(tables)["contact"]
    assert (found.least, found.greatest) == (12, 30)


def test_tables_that_contradict_each_other_are_no_release():
    sums = [Sum("all", ("a", "b"))]
    with pytest.raises(attack.Contradiction):
        attack.intervals(Tables({"a": 1, "b": 2, "all": 4}, sums))
    with pytest.raises(attack.Contradiction):
        attack.intervals(Tables({"a": 5, "b": None, "all": 4}, sums))


def test_what_cannot_be_protected_is_named():
    # the whole is public and its parts too: one small part stays recoverable whatever else is hidden
    tables = Tables({"a": 2, "b": 9, "all": 11}, [Sum("all", ("a", "b"))])
    with pytest.raises(pattern.NoPattern) as refused:
        pattern.choose(tables, {"a"}, WIDTH, public={"b", "all"})
    assert refused.value.keys == ["a"]


def test_a_count_that_cannot_be_less_has_its_interval_above_it():
    """Regression: it had to be able to be one less, and a year whose return came anew had no pattern."""
    counts = {"one": 1, "known": 1, "others": 11, "all": 12}
    sums = [Sum("all", ("one", "others")), Sum("one", ("known",), exhaustive=False)]
    chosen = pattern.choose(Tables(counts, sums), {"one"}, WIDTH, public={"all", "known"})
    assert chosen.hidden == {"one", "others"}
    found = attack.intervals(Tables(counts | dict.fromkeys(chosen.hidden), sums), {"one": WIDTH})
    assert found["one"].least == 1 and found["one"].width >= WIDTH


def test_the_same_tables_give_the_same_pattern():
    _, cells, sums = tiny(random.Random(7), 2, 4, 2, most=4)
    primary = {key for key, count in cells.items() if 0 < count < 3}
    patterns = {pattern.choose(Tables(cells, sums), primary, WIDTH) for _ in range(3)}
    assert len(patterns) == 1


def test_a_cell_known_not_to_be_empty_has_less_room():
    cells = {"a": 2, "b": 2, "c": 9, "all": 13}
    printed = cells | {"a": None, "b": None}
    sums = [Sum("all", ("a", "b", "c"))]
    free, some = (attack.intervals(Tables(printed, sums, some=known)) for known in ((), ("a", "b")))
    assert [(at.least, at.greatest) for at in (free["a"], some["a"])] == [(0, 4), (1, 3)]
    hidden = pattern.choose(Tables(cells, sums, some=["a", "b"]), ["a", "b"], 4).hidden
    found = attack.intervals(Tables(cells | dict.fromkeys(hidden), sums, some=["a", "b"]))
    assert "c" in hidden and min(found["a"].width, found["b"].width) >= 4 and found["a"].least == 1


def test_a_search_stops_after_so_many_nodes_at_the_same_table_each_time():
    draw = np.random.default_rng(7)
    weights = draw.integers(1, 100, (4, 30)).astype(float)
    half, cost = weights.sum(axis=1) // 2, draw.random(30)
    stopped = []
    for _ in range(2):
        with pytest.raises(Unfinished) as unfinished:
            solve(
                cost,
                sparse.csr_array(weights),
                half - 30,
                half,
                np.zeros(30),
                np.ones(30),
                whole=True,
                nodes=3,
            )
        stopped.append(unfinished.value.point)
    assert stopped[0] is not None and np.array_equal(*stopped)


def three_ways(seed: int) -> Tables:
    """Counts of 0 to 3 in 3 x 3 x 3 cells, of which every sum along one way is printed: some best points are halves."""
    draw = random.Random(seed)
    axes = [[f"{way}{n}" for n in range(3)] for way in "rcl"]
    inner = {key: draw.choice([0, 0, 1, 1, 2]) for key in itertools.product(*axes)}
    cells, sums = dict.fromkeys(inner), []
    for way, axis in enumerate(axes):
        for key in itertools.product(*(names if at != way else [ALL] for at, names in enumerate(axes))):
            parts = tuple((*key[:way], name, *key[way + 1 :]) for name in axis)
            cells[key] = sum(inner[part] for part in parts)
            sums.append(Sum(key, parts))
    return Tables(cells, sums, bounds=dict.fromkeys(inner, (0, 3)))


@pytest.mark.parametrize("found_by_then", [False, True])
def test_what_a_stopped_search_leaves_open_is_taken_as_narrow_and_the_same_each_time(
    monkeypatch, found_by_then
):
    def stops(*given, whole=False, nodes=None):
        asked.append(nodes)
        if whole and nodes:
            raise Unfinished(solve(*given, whole=True) if found_by_then else None)
        # of a point with halves: no whole table near by
        return None if whole else solve(*given)

    not_exact = 0
    for seed in (10, 16):
        wanted = dict.fromkeys(three_ways(seed).keys[:27], 9)
        truth, asked = attack.intervals(three_ways(seed), wanted), []
        with monkeypatch.context() as patched:
            patched.setattr(attack, "solve", stops)
            once, again = (attack.intervals(three_ways(seed), wanted) for _ in range(2))
        assert attack.NODES in asked and once == again
        for key, interval in once.items():
            assert truth[key].exact and truth[key].least <= interval.least
            assert interval.greatest <= truth[key].greatest
            assert interval == truth[key] or not interval.exact
            not_exact += not interval.exact
    assert not_exact


def test_no_search_is_limited_by_the_clock(monkeypatch):
    """A slow machine would stop elsewhere, and hide other cells."""
    asked, milp = [], scipy.optimize.milp
    monkeypatch.setattr(
        scipy.optimize, "milp", lambda *given, **named: asked.append(named) or milp(*given, **named)
    )
    attack.intervals(three_ways(10), dict.fromkeys(three_ways(10).keys[:27], 9))
    _, cells, sums = tiny(random.Random(7), 2, 4, 2, most=4)
    pattern.choose(Tables(cells, sums), {key for key, count in cells.items() if 0 < count < 3}, WIDTH)
    assert any(named["integrality"].any() for named in asked)
    assert {option for named in asked for option in named["options"]} <= {"node_limit"}
