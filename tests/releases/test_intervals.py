"""Intervals of figures for misreading: against every count that the sample does not rule out, and in synthetic worlds."""

from collections import Counter

import duckdb
import numpy as np
import pytest

from orchestration.home import settings
from orchestration.releases import views
from orchestration.warehouse import compiled

Z = 1.96
NATION = "England and Wales"
NOT_GROUP_BASED = "not_group_based"
UNITS = ("crime", "victim", "suspect")
KEYS = "scheme varchar, is_read varchar, first_answer varchar, settled_answer varchar, crimes bigint, force varchar"
# where a test is about neither places nor persons
IN_KENT = ("kent", 1, 1)

# what is settled is published: of crimes each criterion, of persons the same as a slice, and the totals
FIGURES = f"""
create view figures as
select
    concat_ws('.', scheme, unit, answer) as figure_id, scheme, unit, 'cocad' as population,
    if(unit = 'crime', 'all', answer) as criterion,
    if(unit = 'crime' and answer <> 'all', 'criterion', 'total') as breakdown, answer as category,
    place_type, place, 'quarter' as period_type, '2023-Q1' as period,
    coalesce(
        sum(crimes * weight) filter (
            settled_answer = answer or answer = 'all' and settled_answer <> '{NOT_GROUP_BASED}'
        ), 0
    )::bigint as numerator,
    1000::bigint as denominator
from (
    select *, unnest(['crime', 'victim', 'suspect']) as unit, unnest([1, victims, suspects]) as weight
    from settled_answers
) as counted
inner join dim_place using (force)
inner join (
    select distinct scheme, answer from settled_answers, unnest([first_answer, settled_answer, 'all']) as named (answer)
) as asked using (scheme)
where answer <> '{NOT_GROUP_BASED}' and (scheme = '2023' or unit = 'crime' and answer <> 'all')
group by all
"""


@pytest.fixture
def intervals():
    """A function of answers (KEYS, victims, suspects of each crime) -> rows of `figure_intervals`, by what they are of."""
    with duckdb.connect() as connection:
        connection.execute(
            f"create table settled_answers ({KEYS}, victims integer, suspects integer, month varchar default '2023-01')"
        )
        connection.execute(
            "create view dim_place as select distinct force, "
            f"unnest(['force', 'national']) as place_type, unnest([force, '{NATION}']) as place from settled_answers"
        )
        connection.execute(
            "create view dim_period as select '2023-01' as month, '2023-Q1' as quarter, 'quarter' as period_type, "
            "'2023-Q1' as period"
        )
        connection.execute(
            "create table recall_estimates (quarter varchar, crimes bigint, drawn bigint, missed bigint, "
            "missed_low bigint, missed_high bigint)"
        )
        connection.execute(FIGURES)
        (step,) = (step for step in compiled.steps(("figure_intervals",)) if step.name == "figure_intervals")
        connection.execute("create view figure_intervals as " + views.over_a_release(step.sql))

        def found(answers, place=NATION) -> dict:
            columns = zip(*((*row, *IN_KENT[len(row) - 5 :]) for row in answers), strict=True)
            connection.execute("delete from settled_answers")
            connection.execute(
                "insert into settled_answers by position (scheme, is_read, first_answer, settled_answer, crimes, force, "
                f"victims, suspects) select {', '.join(f'unnest(${number})' for number in range(1, 9))}",
                [list(column) for column in columns],
            )
            rows = connection.execute(
                "select figure_id, place, low, estimate, high, method, own_weight, not_checked from figure_intervals "
                "where error = 'misread' and (place = $1 or $1 is null)",
                [place],
            ).fetchall()
            return {(*name.split(".", 2), *([] if place else [at])): tuple(row) for name, at, *row in rows}

        yield found


def not_ruled_out(k: float, n: float, m: float) -> tuple[float, float]:
    """Least and greatest share of moved among m, in steps of a thousandth, that the pooled two-sample z test of k
    among n does not reject."""
    moved = np.linspace(0, m, int(1000 * m) + 1)
    pooled = (k + moved) / (n + m)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (moved / m - k / n) / np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    kept = moved[~(np.abs(z) > Z)]
    return kept.min(), kept.max()


def put_together(published, left, joined, once=None) -> tuple[float, float, float]:
    """Least, expected and greatest count, of (k, n, m) that leave and that join; a crime of m has `once` persons."""
    (leave, leave_low, leave_high), (join, join_low, join_high) = (
        np.multiply(each, (k * m / n, *not_ruled_out(k, n, m)))
        for each, (k, n, m) in zip(once or (1, 1), (left, joined), strict=True)
    )
    middle = published - leave + join
    below = middle - np.hypot(leave_high - leave, join - join_low)
    above = middle + np.hypot(leave - leave_low, join_high - join)
    persons = [m * each for each, (_, _, m) in zip(once or (1, 1), (left, joined), strict=True)]
    return max(below, published - persons[0]), middle, min(above, published + persons[1])


def assert_same(row, expected) -> None:
    """Ends are rounded outwards, a thousandth of room for the steps of the search."""
    (low, estimate, high), (least, middle, most) = row[:3], expected
    assert estimate == pytest.approx(middle, abs=0.051)
    assert low == pytest.approx(np.floor(least + 0.002), abs=1 * (abs(least - round(least)) < 0.01))
    assert high == pytest.approx(np.ceil(most - 0.002), abs=1 * (abs(most - round(most)) < 0.01))


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
        # settled by two readers: nothing moves it, and it is no evidence on the others
        ("2023", "called_for", "cse", "unknown", 50),
    ]
    found = intervals(answers)
    assert_same(found["2023", "crime", "cse"], put_together(drawn - gone + come + once, left, joined))
    # a victim on each crime is the same as the crimes
    assert found["2023", "victim", "cse"][:3] == found["2023", "crime", "cse"][:3]
    assert found["2023", "crime", "cse"][3:5] == ("score", 1)
    assert found["2023", "victim", "cse"][3] == "score, effective size"


def test_persons_move_with_their_crime(intervals):
    """30 crimes of one victim, 10 of three, drawn: what 60 / (150 / 60) = 24 crimes of one victim show."""
    answers = [
        ("2023", "drawn", "cse", "cse", 28, "kent", 1, 0),
        ("2023", "drawn", "cse", "other", 2, "kent", 1, 0),
        ("2023", "drawn", "cse", "cse", 9, "kent", 3, 2),
        ("2023", "drawn", "cse", "other", 1, "kent", 3, 2),
        ("2023", "drawn", "other", "other", 90, "kent", 1, 0),
        ("2023", "once", "cse", "cse", 200, "kent", 1, 0),
        ("2023", "once", "cse", "cse", 50, "kent", 4, 1),
        ("2023", "once", "other", "other", 80, "kent", 1, 0),
    ]
    persons, squares = 30 + 10 * 3, 30 + 10 * 9
    once, once_squares = 200 + 50 * 4, 200 + 50 * 16
    n, m = persons**2 / squares, once**2 / once_squares
    left, joined = (n * (2 + 3) / persons, n, m), (0, 90, 80)
    published = 28 + 27 + once
    found = intervals(answers)
    expected = put_together(published, left, joined, once=(once / m, 1))
    assert_same(found["2023", "victim", "cse"], expected)
    assert found["2023", "victim", "cse"][5] == once + 80
    # suspects: ten crimes of two were drawn, of the others none has any: nothing can join, 50 may leave
    low, _, high = found["2023", "suspect", "cse"][:3]
    assert (low, high) == (
        int(np.floor(68 - not_ruled_out(1, 10, 50)[1])),
        int(np.ceil(68 - not_ruled_out(1, 10, 50)[0])),
    )


def test_a_force_goes_by_its_own_sample_and_by_what_was_drawn_elsewhere_as_fifty_crimes(intervals):
    most = settings("publication/interval_policy.csv", "setting").number("drawn_elsewhere")
    answers = [
        ("2023", "drawn", "cse", "cse", 15, "kent"),
        ("2023", "drawn", "cse", "other", 5, "kent"),
        ("2023", "drawn", "cse", "cse", 190, "essex"),
        ("2023", "drawn", "cse", "other", 10, "essex"),
        ("2023", "drawn", "other", "other", 40, "essex"),
        ("2023", "once", "cse", "cse", 100, "kent"),
        ("2023", "once", "other", "other", 60, "kent"),
        ("2023", "once", "cse", "cse", 7, "surrey"),
    ]
    kent = intervals(answers, "kent")["2023", "crime", "cse"]
    left, joined = (5 + most * 10 / 200, 20 + most, 100), (0, 40, 60)
    assert_same(kent, put_together(115, left, joined))
    assert kent[3] == "score, pooled"
    assert kent[4] == pytest.approx(20 / (20 + most + 40), abs=0.005)
    # nothing was drawn in Surrey: others' readings are all there is to go by
    surrey = intervals(answers, "surrey")["2023", "crime", "cse"]
    assert surrey[4] == 0
    assert surrey[1] == pytest.approx(7 - 7 * 15 / 220, abs=0.051)
    # the nation goes by its sample as it was drawn
    nation = intervals(answers)["2023", "crime", "cse"]
    assert_same(nation, put_together(15 + 190 + 107, (15, 220, 107), (0, 40, 60)))
    assert nation[4] == 1


def world(draw, spread: float, by_size: bool = False) -> tuple[list[tuple], Counter]:
    """Answers about synthetic crimes of 30 forces, and of each unit, criterion and place the count had all crimes been
    read twice and settled. One drawing of what is published: what a second reading finds in crimes that were read once
    stays unseen.

    `spread`: correlation of misreading inside a force, 0 when its share is the same in all. `by_size`: crimes of many
    suspects are misread more often.
    """
    names = [f"c{number}" for number in range(5)] + [NOT_GROUP_BASED]
    shares = draw.dirichlet(np.full(len(names), 5))
    misread = draw.uniform(0.01, 0.15, len(names))
    answers, truth = Counter(), Counter()
    for force in range(30):
        crimes = draw.integers(30, 500)
        first = draw.choice(len(names), crimes, p=shares)
        victims, suspects = 1 + draw.geometric(0.8, crimes) - 1, draw.poisson(1.4, crimes)
        own = (
            misread if not spread else draw.beta(misread * (1 / spread - 1), (1 - misread) * (1 / spread - 1))
        )
        chance = own[first] * (np.minimum(suspects + 0.6, 6) / 2 if by_size else 1)
        is_moved = draw.random(crimes) < chance
        settled = np.where(is_moved, (first + draw.integers(1, len(names), crimes)) % len(names), first)
        is_drawn = draw.random(crimes) < 0.1
        for was, became, read_again, *persons in zip(
            first, settled, is_drawn, victims, suspects, strict=True
        ):
            stood = became if read_again else was
            answers[
                "2023", "drawn" if read_again else "once", names[was], names[stood], f"f{force}", *persons
            ] += 1
            for unit, weight in zip(UNITS, (1, *persons), strict=True):
                for place in (f"f{force}", NATION):
                    truth["2023", unit, names[became], place] += weight
                    truth["2023", unit, "all", place] += weight * (names[became] != NOT_GROUP_BASED)
    return [
        (*key[:4], crimes, key[4], *(int(persons) for persons in key[5:])) for key, crimes in answers.items()
    ], truth


def held(intervals, worlds: int, spread: float, by_size: bool = False) -> dict[tuple[str, bool], float]:
    """Share of intervals that hold the truth, by unit and whether of the nation."""
    draw = np.random.default_rng(2023)
    found: dict[tuple[str, bool], list[bool]] = {}
    for _ in range(worlds):
        answers, truth = world(draw, spread, by_size)
        for (scheme, unit, answer, place), (low, _, high, *_) in intervals(answers, None).items():
            is_held = low <= truth[scheme, unit, answer, place] <= high
            found.setdefault((unit, place == NATION), []).append(is_held)
    return {key: float(np.mean(values)) for key, values in found.items()}


def test_a_few_worlds_hold(intervals):
    """With every commit: 360 intervals of forces, which hang together. The proof asks of all kinds."""
    assert held(intervals, 2, spread=0.02)["crime", False] >= 0.93


@pytest.mark.proof
@pytest.mark.parametrize(("spread", "by_size"), [(0, False), (0.02, False), (0.05, False), (0.02, True)])
def test_of_100_intervals_95_hold_what_a_second_reading_of_all_would_find(intervals, spread, by_size):
    """Sixty worlds of 18 figures of the nation and 540 of forces: 95% give or take two standard errors and more for the
    rounding outwards; of a force, where 50 crimes stand for all others, a little more where forces are alike."""
    found = held(intervals, 60, spread, by_size)
    assert len(found) == 6
    for (unit, is_national), share in found.items():
        assert (0.925 <= share <= 0.985) if is_national else (0.95 <= share <= 0.995), (
            unit,
            is_national,
            share,
        )


def test_without_a_sample_nothing_is_said(intervals):
    once = [("2023", "once", "cse", "cse", 9), ("2023", "once", "not_group_based", "not_group_based", 9)]
    assert intervals(once) == {}
    # of the others none was read once: nothing can join, and of the sample nothing left
    found = intervals([once[0], ("2023", "drawn", "cse", "cse", 4000)])
    assert found["2023", "crime", "cse"][:3] == (4008, 4009.0, 4009)
