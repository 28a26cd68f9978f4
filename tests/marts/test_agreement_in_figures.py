"""What readers' agreement does to the figures: the split by criterion is published, has a caveat, or is withheld."""

import shutil

import duckdb
import pytest
from some import some
from test_figures import asked_of_figures, rows

pytestmark = pytest.mark.xdist_group("marts")  # one worker builds the year by hand once

JUDGED = "pairing = 'readers' and category = 'all' and slice_type = 'all'"


@pytest.fixture
def figures_when(built, tmp_path):
    """`figures_when("update …")`: the figures made anew after these statements on the marts."""
    file = shutil.copy(built[0], tmp_path / built[0].name)
    sql = (built[1] / "models/marts/figures/figures.sql").read_text()
    connection = duckdb.connect(str(file))

    def made(*statements: str):
        for statement in statements:
            connection.execute(statement)
        connection.execute(f"create or replace table marts.figures as {sql}")
        return connection

    yield made
    connection.close()


def verdict(word: str, period: str, question: str = "criterion") -> str:
    return (
        f"update marts.reading_agreement set verdict = '{word}' "
        f"where {JUDGED} and period = '{period}' and question = '{question}'"
    )


def statuses(connection, where: str) -> set[str]:
    return {
        status for (status,) in rows(connection, f"select distinct status from marts.figures where {where}")
    }


def test_readers_who_agree_publish_everything(marts):
    found = rows(
        marts, f"select question, verdict from marts.reading_agreement where {JUDGED} and period = '2023'"
    )
    assert ("criterion", "reliable") in found and ("criterion_2024", "reliable") in found
    assert statuses(marts, "true") == {"published"}


def test_too_little_agreement_withholds_what_stands_on_the_criterion_and_nothing_else(figures_when):
    marts = figures_when(verdict("unreliable", "2023-Q2"))
    of_it = "(breakdown = 'criterion' or criterion in ('cse', 'familial', 'other', 'committed_by_children'))"
    here = "period in ('2023-Q2', '2023-04', '2023-05', '2023-06') and scheme = '2023'"
    assert statuses(marts, f"{here} and {of_it}") == {"withheld"}
    assert statuses(
        marts, f"{here} and not {of_it} and criterion in ('all', 'committed_by_children_any')"
    ) == {"published"}
    assert statuses(marts, "period in ('2023', '2023-Q1', '2023-Q3', '2023-01', '2023-07')") == {"published"}
    # no number is left of what is withheld, at any place, and the total stands
    assert rows(marts, "select count(numerator), count(denominator), count(percent) from marts.figures "
                       "where status = 'withheld'") == [(0, 0, 0)]  # fmt: skip
    assert rows(marts, "select numerator is not null from marts.figures where place_type = 'national' "
                       "and period = '2023-Q2' and figure_id = 'scale.cocad_of_cpai'") == [(True,)]  # fmt: skip


def test_each_scheme_is_judged_by_its_own_answers(figures_when):
    marts = figures_when(verdict("unreliable", "2023", "criterion_2024"))
    assert statuses(marts, "breakdown = 'criterion' and period = '2023' and scheme = '2024'") == {"withheld"}
    assert statuses(marts, "breakdown = 'criterion' and period = '2023' and scheme = '2023'") == {"published"}


@pytest.mark.parametrize("word", ["tentative", "not_measured"])
def test_tolerable_or_unknown_agreement_gives_a_caveat_and_the_numbers(figures_when, word):
    marts = figures_when(verdict(word, "2023"))
    assert rows(marts, "select status, numerator from marts.figures where figure_id = 'criterion.cse' "
                       "and place_type = 'national' and period = '2023'") == [("caveat", 717)]  # fmt: skip


def test_nothing_read_twice_is_a_caveat(figures_when):
    marts = figures_when("delete from marts.reading_agreement")
    assert statuses(marts, "breakdown = 'criterion'") == {"caveat"}
    assert statuses(marts, "criterion = 'all' and breakdown <> 'criterion'") == {"published"}


def test_sums_and_percentages_hold_on_withheld_figures(figures_when):
    marts = figures_when(verdict("unreliable", "2023-Q2"), verdict("unreliable", "2023", "criterion_2024"))
    for sql in some(asked_of_figures("MT01", "MT02", "MT03", "MT05")):
        assert not rows(marts, sql), sql


def test_the_crosswalk_moves_children_and_is_withheld_with_the_split(built, figures_when):
    moved = (
        "select sum(crimes) from marts.crosswalks where crosswalk = 'criterion' and from_category = 'other' "
    )
    marts = figures_when()
    assert rows(marts, moved + "and to_category = 'committed_by_children'") == [(704,)]
    assert rows(marts, moved) == [(1636,)]
    sql = (built[1] / "models/marts/agreement/crosswalks.sql").read_text()
    marts.execute(verdict("unreliable", "2023-Q2"))
    marts.execute(f"create or replace table marts.crosswalks as {sql}")
    assert rows(marts, "select distinct quarter, crosswalk from marts.crosswalks where crimes is null") == [
        ("2023-Q2", "criterion")
    ]
    assert rows(marts, "select sum(crimes) from marts.crosswalks where crosswalk = 'group_based'") == [
        (4228,)
    ]


@pytest.fixture
def compared(built, tmp_path):
    """`compared(model, readings, gold)`: rows of a model of agreement over these readings and gold items alone.

    A reading is (crime, version, role, reader, group_based, criterion, committed_by_children, read_at,
    whether it stands).
    """
    file = shutil.copy(built[0], tmp_path / built[0].name)
    connection = duckdb.connect(str(file))
    connection.execute("set variable token_key = 'key of the tests, which is long enough'")

    def made(model: str, readings: list[tuple], gold: list[tuple] = (), sql: str = "select * from made"):
        for table in (
            "intermediate.int_readings",
            "reference.gold_items",
            "cocad.cocad_candidates",
            "cocad.cocad_crimes",
        ):
            connection.execute(f"delete from {table}")
        crimes = {row[0] for row in [*readings, *gold]}
        for crime in sorted(crimes):
            connection.execute(
                "insert into cocad.cocad_candidates by name "
                "select 'kent' as force, '2023-Q2' as quarter, ? as crime_reference, 'v2' as version",
                [crime],
            )
        for row in readings:
            connection.execute(
                "insert into intermediate.int_readings by name select 'kent' as force, ? as crime_reference, "
                "? as version, ? as role, ? as reader, ? as group_based, ? as criterion, "
                "? as committed_by_children, ? as read_at, 'no' as network_definition, "
                "? as is_standing, ? as checks",
                row,
            )
        for row in gold:
            connection.execute(
                "insert into reference.gold_items by name select 'kent' as force, ? as crime_reference, "
                "? as version, ? as group_based, ? as criterion",
                row,
            )
        compiled = (built[1] / f"models/marts/agreement/{model}.sql").read_text()
        connection.execute(f"create or replace temp table made as {compiled}")
        return rows(connection, sql)

    yield made
    connection.close()


READ = "2023-08-01T10:00:00Z"
CRITERION = """select left_answer, right_answer, crimes from made
    where question = 'criterion' and slice_type = 'all' and period = '2023-Q2' order by all"""


def reading(
    crime,
    role,
    reader,
    criterion="cse",
    version="v2",
    group_based="yes",
    read_at=READ,
    standing=True,
    checks=None,
):
    return (crime, version, role, reader, group_based, criterion, "no", read_at, standing, checks)


class TestWhatIsCompared:
    def test_two_blind_answers_to_one_version(self, compared):
        readings = [
            reading("A", "first", "r1"),
            reading("A", "second", "r2", "other"),
            # saw both answers
            reading("A", "adjudicator", "r3", "other"),
            # two versions are two cases
            reading("B", "first", "r1", version="v1"),
            reading("B", "second", "r2", version="v2"),
            # corrected: the reader answered cse in the end
            reading("A", "first", "r1", "familial", standing=False),
            # nobody answered beside this one
            reading("C", "first", "r1"),
            # only of a group-based crime is the criterion asked
            reading("D", "first", "r1"),
            reading("D", "second", "r2", None, group_based="no"),
        ]
        ((one, other, crimes),) = compared("reading_confusion", readings, sql=CRITERION)
        assert ({one, other}, crimes) == ({"cse", "other"}, 1)
        group_based = "select sum(crimes) from made where question = 'group_based' and slice_type = 'all' and period = '2023'"
        assert compared("reading_confusion", readings, sql=group_based) == [(2,)]

    def test_a_pair_of_readers_is_one_pair_whoever_read_first(self, compared):
        readings = [
            reading("A", "first", "r1", "cse"),
            reading("A", "second", "r2", "other"),
            reading("B", "first", "r2", "other"),
            reading("B", "second", "r1", "cse"),
        ]
        assert [row[2] for row in compared("reading_confusion", readings, sql=CRITERION)] == [2]
        pairs = "select distinct slice from made where slice_type = 'readers'"
        ((pair,),) = compared("reading_confusion", readings, sql=pairs)
        assert pair.count("+") == 1 and "r1" not in pair

    def test_who_committed_it_is_not_compared_where_it_was_not_collected(self, compared):
        row = list(reading("A", "first", "r1"))
        readings = [tuple([*row[:6], "not_collected", *row[7:]]), reading("A", "second", "r2")]
        assert (
            compared(
                "reading_confusion",
                readings,
                sql="select 1 from made where question = 'committed_by_children'",
            )
            == []
        )

    def test_a_reader_beside_gold_of_the_same_version(self, compared):
        readings = [reading("A", "first", "r1", "other"), reading("B", "first", "r1", version="v1")]
        gold = [("A", "v2", "yes", "cse"), ("B", "v2", "yes", "cse")]
        found = compared(
            "reading_confusion", readings, gold, CRITERION.replace("where", "where pairing = 'gold' and")
        )
        assert found == [("cse", "other", 1)]  # gold is left

    def test_gold_items_read_among_the_cases_stand_beside_gold_alone(self, compared):
        readings = [
            reading("A", "first", "r1"),
            reading("A", "gold", "r2", "other"),
            reading("A", "gold", "r3", "familial"),
        ]
        gold = [("A", "v2", "yes", "cse")]
        pairings = "select distinct pairing from made"
        assert compared("reading_confusion", readings, gold, pairings) == [("gold",)]
        assert compared("reading_confusion", readings, gold, CRITERION) == [
            ("cse", "cse", 1),
            ("cse", "familial", 1),
            ("cse", "other", 1),
        ]
        drift = "select sum(gold_read), sum(as_gold), count(*) from made"
        assert compared("reader_drift", readings, gold, drift) == [(3, 1, 3)]


def test_readings_against_the_codebook_stand_beside_those_that_follow_it(compared):
    told = compared(
        "reading_checks",
        [
            reading("A", "first", "r1", checks="CB11;CB12"),
            reading("A", "second", "r2", "other"),
            reading("B", "first", "r1"),
            reading("B", "second", "r2"),
            # read once, and an answer that no longer stands
            reading("C", "first", "r1", checks="CB11"),
            reading("D", "first", "r1", checks="CB11", standing=False),
        ],
        sql="select rule, quarter, readings, pairs, agreed from made order by rule",
    )
    assert told == [
        ("CB11", "2023-Q2", 2, 1, 0),
        ("CB12", "2023-Q2", 1, 1, 0),
        ("none", "2023-Q2", 3, 1, 1),
    ]


class TestDrift:
    GOLD = tuple((f"G{number}", "v2", "yes", "cse") for number in range(30))

    def drift(self, compared, wrong: int, of: int = 30):
        readings = [
            reading(f"G{number}", "first", "r1", "other" if number < wrong else "cse") for number in range(of)
        ]
        (found,) = compared(
            "reader_drift", readings, self.GOLD, "select gold_read, as_gold, drifts, read_quarter from made"
        )
        return found

    def test_the_whole_interval_lies_below_nine_tenths(self, compared):
        # 23 of 30: 0.59 to 0.882; 24 of 30: 0.63 to 0.905
        assert self.drift(compared, wrong=7) == (30, 23, True, "2023-Q3")
        assert self.drift(compared, wrong=6) == (30, 24, False, "2023-Q3")

    def test_few_gold_items_prove_nothing(self, compared):
        assert self.drift(compared, wrong=1, of=2) == (2, 1, False, "2023-Q3")

    def test_the_change_is_on_the_readers_own_quarter_before(self, compared):
        readings = [reading(f"G{n}", "first", "r1", read_at="2023-12-31T23:59:59Z") for n in range(10)]
        readings += [
            reading(f"G{n}", "first", "r1", "other" if n < 15 else "cse", read_at="2024-01-01T00:00:00Z")
            for n in range(10, 20)
        ]
        found = compared(
            "reader_drift", readings, self.GOLD, "select read_quarter, share, change from made order by 1"
        )
        assert found == [("2023-Q4", 1.0, None), ("2024-Q1", 0.5, -0.5)]


def test_the_lead_can_find_a_readers_token(compared, tmp_path, monkeypatch):
    from orchestration.home import Home
    from orchestration.readings.agreement import reader_token

    monkeypatch.setenv("CPAI_TOKEN_KEY", "key of the tests, which is long enough")
    tokens = {reader_token(Home(tmp_path), reader) for reader in ("r1", "r2")}
    readings = [reading("A", "first", "r1"), reading("A", "second", "r2")]
    ((pair,),) = compared(
        "reading_confusion", readings, sql="select distinct slice from made where slice_type = 'readers'"
    )
    assert set(pair.split("+")) == tokens


def test_the_page_shows_measures_matrices_and_both_schemes(built, tmp_path):
    from orchestration.pages import environment
    from orchestration.releases.pages import TEMPLATES, agreement

    with duckdb.connect() as connection:
        connection.execute(f"attach '{built[0]}' as warehouse (read_only); attach ':memory:' as target")
        for table in (
            "reading_agreement",
            "reading_confusion",
            "reader_drift",
            "crosswalks",
            "recall_estimates",
            "reading_checks",
        ):
            connection.execute(f"create table target.main.{table} as select * from warehouse.marts.{table}")
        connection.execute("delete from target.main.recall_estimates")
        connection.execute(
            "insert into target.main.recall_estimates values ('2023-Q1', 9000, 200, 200, 2, 0, 90, 25, 320, 910), "
            "('2023-Q2', 9000, 200, 0, 0, 0, null, null, null, 900)"
        )
        connection.execute(
            "update target.main.crosswalks set crimes = null, status = 'withheld' "
            "where crosswalk = 'criterion' and quarter = '2023-Q1'"
        )
        values = agreement.read(connection, "2023")
    assert {row["alpha_shown"] for row in values["overall"] if row["question"] == "criterion"} == {
        "1.00 (1.00 to 1.00)"
    }
    other = next(row for row in values["schemes"]["rows"] if row["answer"] == "other")
    moved = dict(zip(values["schemes"]["across"], other["crimes"], strict=True))
    assert moved["committed_by_children"] == 704
    assert moved["other"] == 1271 - 704  # the withheld quarter is left out, and reported
    assert values["schemes_withheld"]
    estimated, unread = values["recall"]
    assert (estimated["missed_shown"], estimated["found_shown"]) == (
        "90 (25 to 320)",
        "91.0% (74.0% to 97.3%)",
    )
    assert (unread["missed_shown"], unread["found_shown"]) == ("not read yet", "unknown")
    assert sum(row["working_rule"] for row in values["definitions"]) == 4228
    head = {"release": "2023.r1", "period": "2023"}
    page = (
        environment(TEMPLATES)
        .get_template("agreement.html")
        .render(head=head, root="../", to_releases="../index.html", **values)
    )
    assert "Quarters in which readers agree too little" in page
    assert "reader-01" not in page
