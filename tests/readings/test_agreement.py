"""Agreement: equal to two other implementations on random answers, and to worked examples in print."""

import numpy as np
import pytest

from orchestration.readings.agreement import (
    drawn_again,
    gwet_ac1,
    interval,
    krippendorff_alpha,
    measure,
    verdict,
)

POLICY = {"withheld_below": 0.667, "caveat_below": 0.8, "fewest_pairs": 30, "replicates": 1000, "seed": 7}


def table_of(left, right, answers=None) -> np.ndarray:
    answers = sorted({*left, *right}) if answers is None else list(answers)
    table = np.zeros((len(answers), len(answers)), dtype=int)
    for one, other in zip(left, right, strict=True):
        table[answers.index(one), answers.index(other)] += 1
    return table


def alpha_of(table) -> float:
    table = np.asarray(table)
    return krippendorff_alpha(table.sum(axis=0) + table.sum(axis=1), np.trace(table))


def ac1_of(table) -> float:
    table = np.asarray(table)
    return gwet_ac1(table.sum(axis=0) + table.sum(axis=1), np.trace(table), len(table))


def cells_of(table, question="criterion", answers=("cse", "familial", "other")) -> list[tuple]:
    key = ("readers", question, "all", "England and Wales", "quarter", "2023-Q2")
    return [
        (*key, answers[row], answers[column], int(count))
        for (row, column), count in np.ndenumerate(np.asarray(table))
        if count
    ]


class TestPublishedExamples:
    """Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), A and B; Gwet, BJMSP 61 (2008), table 2."""

    def test_alpha_of_two_observers_and_two_values(self):
        meg, owen = (0, 1, 0, 0, 0, 0, 0, 0, 1, 0), (1, 1, 1, 0, 0, 1, 0, 0, 0, 0)
        assert alpha_of(table_of(meg, owen)) == pytest.approx(0.095, abs=0.0005)

    def test_alpha_of_two_observers_and_five_values(self):
        assert alpha_of(table_of("aabbdcccedda", "babbbccceddd")) == pytest.approx(0.692, abs=0.0005)

    def test_ac1_where_nearly_all_answers_are_one(self):
        # kappa is -0.0234 here though 118 of 125 agree: what AC1 was made for
        assert ac1_of([[118, 5], [2, 0]]) == pytest.approx(0.9408, abs=0.00005)


@pytest.mark.parametrize("seed", range(20))
def test_alpha_equals_two_other_implementations(seed):
    import krippendorff
    from nltk.metrics import agreement

    rng = np.random.default_rng(seed)
    answers = int(rng.integers(2, 7))
    left = rng.integers(answers, size=200)
    right = np.where(rng.random(200) < rng.random(), left, rng.integers(answers, size=200))
    ours = alpha_of(table_of(left, right, range(answers)))
    assert ours == pytest.approx(krippendorff.alpha(np.array([left, right]), level_of_measurement="nominal"))
    triples = [
        (coder, item, str(value))
        for coder, values in (("left", left), ("right", right))
        for item, value in enumerate(values)
    ]
    assert ours == pytest.approx(agreement.AnnotationTask(triples).alpha())


@pytest.mark.parametrize("seed", range(20))
def test_ac1_equals_its_definition_crime_by_crime(seed):
    rng = np.random.default_rng(seed)
    answers = int(rng.integers(2, 7))
    left = rng.integers(answers, size=150)
    right = np.where(rng.random(150) < 0.7, left, rng.integers(answers, size=150))
    agreed = sum(one == other for one, other in zip(left, right, strict=True)) / 150
    share = [(list(left).count(k) + list(right).count(k)) / 300 for k in range(answers)]
    by_chance = sum(one * (1 - one) for one in share) / (answers - 1)
    assert ac1_of(table_of(left, right, range(answers))) == pytest.approx(
        (agreed - by_chance) / (1 - by_chance)
    )


class TestUndefined:
    def test_one_answer_alone_has_no_alpha(self):
        assert np.isnan(alpha_of([[40, 0], [0, 0]]))
        assert ac1_of([[40, 0], [0, 0]]) == 1

    def test_no_pair_has_neither(self):
        nothing = np.zeros((2, 2), dtype=int)
        assert np.isnan(alpha_of(nothing))
        assert np.isnan(ac1_of(nothing))


class TestIntervals:
    def test_as_many_crimes_are_drawn_in_the_same_proportions(self):
        cells = np.array([60, 5, 10, 25])
        drawn = drawn_again(cells, 4000, np.random.default_rng(1))
        assert (drawn.sum(axis=1) == 100).all()
        assert drawn.mean(axis=0) == pytest.approx(cells, abs=0.5)

    def test_as_wide_as_drawing_the_crimes_themselves(self):
        table, rng = np.array([[60, 5], [10, 25]]), np.random.default_rng(2)
        crimes = np.repeat(np.arange(4), table.ravel())
        by_crime = [
            alpha_of(np.bincount(rng.choice(crimes, 100), minlength=4).reshape(2, 2)) for _ in range(4000)
        ]
        row = measure(cells_of(table), POLICY | {"replicates": 4000}).to_pylist()[0]
        assert (row["alpha_low"], row["alpha_high"]) == pytest.approx(interval(np.array(by_crime)), abs=0.02)

    def test_hold_the_statistic_and_stay_the_same(self):
        cells = cells_of([[40, 5, 2], [3, 60, 4], [2, 4, 30]])
        row, *_ = measure(cells, POLICY).to_pylist()
        assert row["alpha_low"] < row["alpha"] < row["alpha_high"]
        assert row["ac1_low"] < row["ac1"] < row["ac1_high"]
        assert measure(cells, POLICY).equals(measure(list(reversed(cells)), POLICY))
        assert measure(cells, POLICY | {"seed": 8}).to_pylist()[0]["alpha_low"] != row["alpha_low"]


class TestMeasure:
    def test_each_criterion_against_all_others(self):
        table = np.array([[40, 5, 2], [3, 60, 4], [2, 4, 30]])
        rows = {row["category"]: row for row in measure(cells_of(table), POLICY).to_pylist()}
        assert set(rows) == {"all", "cse", "familial", "other"}
        assert (rows["all"]["pairs"], rows["all"]["agreed"]) == (150, 130)
        assert rows["cse"]["alpha"] == pytest.approx(alpha_of([[40, 7], [5, 98]]))
        assert {row["pairs"] for row in rows.values()} == {150}

    def test_a_blank_flag_is_no_answer(self):
        answers = ("no", "yes", "not_recorded")
        (row,) = measure(cells_of([[50, 2, 0], [3, 45, 0], [9, 9, 0]], "cse", answers), POLICY).to_pylist()
        assert (row["pairs"], row["agreed"]) == (100, 95)

    def test_few_pairs_are_counted_and_not_measured(self):
        (few,) = measure(cells_of([[10, 1, 0], [1, 9, 0], [0, 0, 8]]), POLICY).to_pylist()
        assert (few["pairs"], few["agreed"], few["alpha"], few["verdict"]) == (29, 27, None, "not_measured")
        enough = measure(cells_of([[10, 1, 0], [1, 9, 0], [0, 0, 9]]), POLICY).to_pylist()[0]
        assert (enough["pairs"], enough["verdict"]) == (30, "reliable")


@pytest.mark.parametrize(
    ("pairs", "alpha", "expected"),
    [
        (30, 0.6669, "unreliable"),
        (30, 0.667, "tentative"),
        (30, 0.7999, "tentative"),
        (30, 0.8, "reliable"),
        (29, 0.1, "not_measured"),
        (500, None, "not_measured"),
    ],
)
def test_verdicts_change_at_the_bounds(pairs, alpha, expected):
    assert verdict(pairs, alpha, POLICY) == expected
