"""Intervals of figures for misreading: against every count that the sample does not rule out, and in made-up worlds."""

import duckdb
import numpy as np
import pytest

from orchestration.releases import misreading, questions

Z = 1.96
PLACE = "'England and Wales'"
KEYS = "force varchar, month varchar, scheme varchar, is_read varchar, first_answer varchar, settled_answer varchar"


@pytest.fixture
def intervals():
    """A function of answers (scheme, is_read, first, settled, crimes): (low, estimate, high) by scheme and answer."""
    with duckdb.connect() as connection:
        connection.execute(f"create table settled_answers ({KEYS}, crimes bigint)")
        connection.execute(
            f"create view dim_place as select 'kent' as force, 'national' as place_type, {PLACE} as place"
        )
        connection.execute(
            "create view dim_period as select '2023-01' as month, '2023-Q1' as quarter, 'quarter' as period_type, "
            "'2023-Q1' as period"
        )
        connection.execute(
            "create table recall_estimates (quarter varchar, crimes bigint, drawn bigint, missed bigint, "
            "missed_low bigint, missed_high bigint)"
        )
        # the published figures: what is settled
        connection.execute(
            f"""
            create view figures as
            select scheme || '.' || answer as figure_id, scheme, 'crime' as unit, 'cocad' as population,
                'all' as criterion, if(answer = 'all', 'total', 'criterion') as breakdown, answer as category,
                'national' as place_type, {PLACE} as place, 'quarter' as period_type, '2023-Q1' as period,
                coalesce(sum(crimes) filter (where settled_answer = answer
                    or answer = 'all' and settled_answer <> 'not_group_based'), 0)::bigint as numerator,
                1000::bigint as denominator
            from settled_answers
            inner join (
                select distinct scheme, answer
                from settled_answers, unnest([first_answer, settled_answer, 'all']) as named (answer)
                where answer <> 'all' or scheme = '2023'
            ) using (scheme)
            where answer <> 'not_group_based'
            group by scheme, answer
            """
        )
        connection.execute("create view figure_intervals as " + questions._sql("figure_intervals"))

        def found(answers) -> dict:
            columns = list(zip(*answers, strict=True))
            connection.execute("delete from settled_answers")
            connection.execute(
                "insert into settled_answers select 'kent', '2023-01', "
                + ", ".join(f"unnest(${number})" for number in range(1, 6)),
                [list(column) for column in columns],
            )
            rows = connection.execute(
                "select figure_id, low, estimate, high from figure_intervals where error = 'misread'"
            ).fetchall()
            return {tuple(name.split(".", 1)): row for name, *row in rows}

        yield found


def not_ruled_out(k: int, n: int, m: int) -> tuple[float, float]:
    """Least and greatest share of moved among m, in steps of a thousandth, that the pooled two-sample z test of k
    among n does not reject."""
    moved = np.linspace(0, m, 1000 * m + 1)
    pooled = (k + moved) / (n + m)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (moved / m - k / n) / np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    kept = moved[~(np.abs(z) > Z)]
    return kept.min(), kept.max()


@pytest.mark.parametrize(
    ("left", "joined"), [((3, 40, 300), (2, 90, 800)), ((0, 40, 300), (0, 90, 50)), ((1, 9, 2), (90, 90, 7))]
)
def test_an_interval_is_every_count_that_the_sample_does_not_rule_out(intervals, left, joined):
    (gone, drawn, once), (come, drawn_of_others, once_of_others) = left, joined
    answers = [
        ("2023", "drawn", "cse", "cse", drawn - gone),
        ("2023", "drawn", "cse", "other", gone),
        ("2023", "drawn", "other", "cse", come),
        ("2023", "drawn", "other", "other", drawn_of_others - come),
        ("2023", "once", "cse", "cse", once),
        ("2023", "once", "other", "other", once_of_others),
        # settled by two readers: nothing moves it, and it says nothing of the others
        ("2023", "called_for", "cse", "unknown", 50),
    ]
    low, estimate, high = intervals(answers)["2023", "cse"]
    published = drawn - gone + come + once
    leaving, joining = once * gone / drawn, once_of_others * come / drawn_of_others
    (leave_low, leave_high), (join_low, join_high) = not_ruled_out(*left), not_ruled_out(*joined)
    middle = published - leaving + joining
    assert estimate == pytest.approx(middle, abs=0.051)
    below = max(middle - np.hypot(leave_high - leaving, joining - join_low), published - once)
    above = min(middle + np.hypot(leaving - leave_low, join_high - joining), published + once_of_others)
    assert low == pytest.approx(np.floor(below + 0.002), abs=1 * (abs(below - round(below)) < 0.01))
    assert high == pytest.approx(np.ceil(above - 0.002), abs=1 * (abs(above - round(above)) < 0.01))


def world(draw, criteria: int) -> tuple[list[tuple], dict]:
    """Answers about made-up crimes, and of each criterion the count had all of them been read twice and settled.

    One drawing of what is published: what a second reading finds in crimes that were read once stays unseen.
    """
    names = [f"c{number}" for number in range(criteria)] + [misreading.NOT_GROUP_BASED]
    counts = draw.integers(20, 2000, criteria + 1)
    answers, truth = [], np.zeros(criteria + 1, dtype=int)
    for number, (first, crimes) in enumerate(zip(names, counts, strict=True)):
        is_another = draw.random(crimes) < draw.uniform(0, 0.15)
        settled = np.where(is_another, draw.integers(0, criteria + 1, crimes), number)
        drawn = draw.random(crimes) < 0.1
        truth += np.bincount(settled, minlength=criteria + 1)
        of_drawn = np.bincount(settled[drawn], minlength=criteria + 1)
        answers += [("2024", "drawn", first, names[to], int(of_drawn[to])) for to in np.flatnonzero(of_drawn)]
        answers.append(("2024", "once", first, first, int((~drawn).sum())))
    return answers, dict(zip(names, truth, strict=True))


def test_of_100_intervals_95_hold_what_a_second_reading_of_all_would_find(intervals):
    draw = np.random.default_rng(2023)
    held = []
    for _ in range(10):
        answers, truth = world(draw, 30)
        found = intervals(answers)
        held += [low <= truth[name] <= high for (_, name), (low, _, high) in found.items()]
    # 95% give or take two standard errors of 300, more for the rounding outwards
    assert len(held) == 300
    assert 0.925 <= np.mean(held) <= 0.99


def test_without_a_sample_nothing_is_said(intervals):
    once = [("2023", "once", "cse", "cse", 9), ("2023", "once", "not_group_based", "not_group_based", 9)]
    assert intervals(once) == {}
    # of the others none was read once: nothing can join, and of the sample nothing left
    assert intervals([once[0], ("2023", "drawn", "cse", "cse", 4000)])["2023", "cse"] == [4008, 4009.0, 4009]
