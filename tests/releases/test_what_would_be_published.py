"""A release is made where its tables would differ, whatever the inputs; and what nobody can explain goes not out."""

import json

import duckdb
import pytest
from small_home import KENT, Gate, add, add_reading, arrive, cancel_later, change, resubmit, revisions

from orchestration.releases import calendar, comparison, inputs, publish, verify
from orchestration.releases.explain import explain

READ = "insert into intermediate.int_readings (reading_id) values (2)"


pytestmark = pytest.mark.usefixtures("clock")


def head_of(released) -> dict:
    return json.loads((released.path / "manifest.json").read_text())


def test_a_return_of_a_later_quarter_that_cancels_makes_a_new_release_and_is_named(home):
    """Regression: 60 crimes of 2023-Q4 were cancelled in 2024-Q1, and publishing 2023 reported that nothing had changed."""
    first = publish.publish(home, "2023", Gate())
    arrive(home, "kent", "2024-Q1")
    cancel_later(home, "kent", "2023-Q4", "2024-Q1")
    at = "figure_id = 'scale.cpai' and place in ('kent', 'South East', 'England and Wales')"
    change(
        home,
        f"update marts.figures set numerator = numerator - 1 where {at} and period in ('2023', '2023-Q4')",
    )
    second = publish.publish(home, "2023", Gate())
    assert (first.name, second.name) == ("2023.r1", "2023.r2")
    head = head_of(second)
    assert head["cancelled_by"] == [
        {"force": "kent", "quarter": "2023-Q4", "by_quarter": "2024-Q1", "by_submission": 1, "crimes": 1}
    ]
    assert head["differs_from"]["inputs"] == ["cancelled by"]
    assert {cause for *_, cause in revisions(home) if cause} == {"later_return"}
    told = explain(home, "scale.cpai", place="kent", period="2023-Q4")
    assert told["cancelled_by"] == ["kent 2024-Q1 submission 1 cancels 1 crime of 2023-Q4"]
    assert explain(home, "scale.cpai", place="norfolk", period="2023-Q4")["cancelled_by"] == []


def test_a_return_of_another_quarter_that_changes_no_table_makes_no_release(home):
    publish.publish(home, "2023", Gate())
    arrive(home, "kent", "2024-Q1")
    change(
        home,
        "insert into marts.dim_quarter values ('2024-Q1', '2024', 1, date '2024-01-01', date '2024-03-31')",
    )
    assert publish.publish(home, "2023", Gate()).unchanged


def test_a_table_that_differs_by_what_stands_beside_the_period_makes_a_release_that_says_so(home):
    publish.publish(home, "2023", Gate())
    arrive(home, "kent", "2022-Q4")
    change(
        home,
        "update quality.field_completeness set trend = 'fell' where force = 'kent' and quarter = '2023-Q1'",
    )
    made = publish.publish(home, "2023", Gate())
    differs = head_of(made)["differs_from"]
    assert differs["inputs"] == [] and differs["tables"] == ["quality.field_completeness"]
    assert differs["beside"] == ["kent 2022-Q4 submission 1, accepted"] and differs["alarm"] is None
    assert "since then: kent 2022-Q4 submission 1, accepted" in made.because


def test_tables_that_differ_of_equal_inputs_are_an_alarm(home):
    publish.publish(home, "2023", Gate())
    change(home, "update quality.rule_results set failed = 1 where force = 'kent' and quarter = '2023-Q1'")
    made = publish.publish(home, "2023", Gate())
    assert made.name == "2023.r2"
    (alarm,) = [sentence for sentence in made.because if "ALARM" in sentence]
    assert "quality.rule_results would not be as in 2023.r1" in alarm
    assert head_of(made)["differs_from"]["alarm"] == alarm


@pytest.mark.parametrize(
    "sql",
    [
        "update marts.settled_answers set settled_answer = 'cse' where force = 'kent'",
        *(
            pytest.param(sql, marks=pytest.mark.proof)
            for sql in (
                "update marts.fct_victims set gender = 'male' where force = 'kent' and quarter = '2023-Q1'",
                "delete from marts.fct_suspects where force = 'kent' and quarter = '2023-Q1'",
                "insert into marts.fct_suspects select * from marts.fct_suspects where force = 'kent'",
                "update marts.dim_force set region = 'Elsewhere' where force = 'kent'",
            )
        ),
    ],
)
def test_every_table_is_looked_at(home, sql):
    publish.publish(home, "2023", Gate())
    change(home, sql)
    assert publish.publish(home, "2023", Gate()).name == "2023.r2"


def test_the_order_of_rows_is_no_difference(home):
    publish.publish(home, "2023", Gate())
    change(
        home,
        "create table aside as select * from marts.figures order by random(); delete from marts.figures; "
        "insert into marts.figures select * from aside; drop table aside",
    )
    assert publish.publish(home, "2023", Gate()).unchanged


def test_a_figure_that_nothing_explains_shuts_the_gate_until_a_person_does(home, monkeypatch, tmp_path):
    """Regression: ten readings changed in the ledger without their hashes were published as the next release."""
    first = publish.publish(home, "2023", Gate())
    change(home, f"update marts.figures set numerator = numerator + 1 where {KENT}")
    with pytest.raises(publish.GateShut) as shut:
        publish.publish(home, "2023", Gate())
    reason, alarm = shut.value.reasons
    assert reason.startswith(
        "1 figure of 2023.r2 changed, and nothing that is recorded explains it (first: criterion"
    )
    assert "2160 of 12684 (17.0%) published before, 2161" in reason and "explained_revisions.csv" in reason
    assert "ALARM: marts.figures" in alarm
    assert (home.releases / "current").resolve() == first.path and not list(home.releases.glob(".building*"))
    said = calendar.statement("2023")
    row = {"release": "2023.r2", "figure_id": "criterion.cse", "place": "every", "period": "every"}
    row |= {"reason": "one crime was read on paper", "signed_by": "A Person", "signed_on": "2024-12-01"}
    # of another figure it explains nothing
    other = row | {"figure_id": "scale.cpai"}
    monkeypatch.setattr(calendar, "statement", lambda period: said | {"explained_revisions": [other]})
    with pytest.raises(publish.GateShut, match="nothing that is recorded explains it"):
        publish.publish(home, "2023", Gate())
    monkeypatch.setattr(calendar, "statement", lambda period: said | {"explained_revisions": [row]})
    made = publish.publish(home, "2023", Gate())
    assert made.name == "2023.r2" and [cause for *_, cause in revisions(home)] == [None, "explained"]
    assert head_of(made)["explained_revisions"] == [row]


@pytest.mark.parametrize(
    "seed",
    [
        "waivers.csv",
        *(
            pytest.param(f"publication/{name}.csv", marks=pytest.mark.proof)
            for name in ("explained_revisions", "errata")
        ),
    ],
)
def test_a_seed_that_no_figure_is_made_from_explains_no_figure(home, monkeypatch, seed):
    publish.publish(home, "2023", Gate())
    hashes = inputs.seed_hashes()
    monkeypatch.setattr(inputs, "seed_hashes", lambda: hashes | {seed: "f" * 64})
    change(home, f"update marts.figures set numerator = numerator + 1 where {KENT}")
    with pytest.raises(publish.GateShut, match="nothing that is recorded explains it"):
        publish.publish(home, "2023", Gate())
    monkeypatch.setattr(inputs, "seed_hashes", lambda: hashes | {"offences.csv": "f" * 64})
    publish.publish(home, "2023", Gate())
    assert revisions(home)[-1][-1] == "rule"


@pytest.mark.parametrize(
    "changed",
    [
        "percent = 99",
        *(
            pytest.param(changed, marks=pytest.mark.proof)
            for changed in ("percent_rounding = 'half_up'", "denominator = 99", "status = 'caveat'")
        ),
    ],
)
def test_everything_that_is_printed_of_a_figure_is_revised(home, monkeypatch, changed):
    """Regression: eleven percentages changed without a row."""
    publish.publish(home, "2023", Gate())
    monkeypatch.setattr(inputs, "code_hash", lambda: "other")
    change(home, f"update marts.figures set {changed} where {KENT}")
    publish.publish(home, "2023", Gate())
    assert [row[1] for row in revisions(home, KENT)] == [0, 1] and len(revisions(home)) == 2


def test_a_figure_is_withheld_by_readings_of_any_force(home):
    """Whether readers agree is asked of the nation: the force whose figure goes need have no reading of its own."""
    publish.publish(home, "2023", Gate())
    add_reading(home, "norfolk", "2023-Q1/2")
    change(home, READ)
    withheld = "status = 'withheld', numerator = null, denominator = null, percent = null"
    change(home, f"update marts.figures set {withheld} where {KENT}")
    publish.publish(home, "2023", Gate())
    assert [cause for *_, cause in revisions(home, KENT)] == [None, "reading"]


def test_a_return_elsewhere_may_change_which_crimes_are_candidates(home):
    publish.publish(home, "2023", Gate())
    resubmit(home, "norfolk", "2023-Q2")
    gone = "force = 'kent' and quarter = '2023-Q1' and crime_reference = '2023-Q1/0'"
    change(home, f"update marts.fct_crimes set is_candidate = false, is_cocad = false where {gone}")
    change(home, f"update marts.figures set numerator = numerator - 1 where {KENT}")
    publish.publish(home, "2023", Gate())
    assert [cause for *_, cause in revisions(home, KENT)] == [None, "candidates"]


def test_candidates_that_changed_though_no_return_did_explain_nothing(home):
    publish.publish(home, "2023", Gate())
    change(
        home, "update marts.fct_crimes set is_candidate = false where force = 'kent' and quarter = '2023-Q1'"
    )
    change(home, f"update marts.figures set numerator = numerator - 1 where {KENT}")
    with pytest.raises(publish.GateShut, match="nothing that is recorded explains it"):
        publish.publish(home, "2023", Gate())


def test_what_an_earlier_release_was_revised_by_is_asked_of_that_release(home, monkeypatch):
    """Its candidates and regions are not those of today."""
    publish.publish(home, "2023", Gate())
    add_reading(home, "kent", "2023-Q1/2")
    change(home, READ)
    region = KENT.replace("kent", "South East")
    change(home, f"update marts.figures set numerator = numerator + 1 where {KENT} or {region}")
    publish.publish(home, "2023", Gate())
    monkeypatch.setattr(inputs, "code_hash", lambda: "other")
    # since then the crime is no candidate, the force is in another region, and the figures are no more
    change(home, "delete from cocad.cocad_candidates where force = 'kent'")
    change(home, "update marts.fct_crimes set is_candidate = false where force = 'kent'")
    change(home, "update marts.dim_force set region = 'Elsewhere' where force = 'kent'")
    change(home, "delete from marts.figures where figure_id = 'criterion.cse' and period = '2023-Q1'")
    publish.publish(home, "2023", Gate())
    for where in (KENT, region):
        assert [(row[0], row[-1]) for row in revisions(home, where)] == [
            ("2023.r1", None),
            ("2023.r2", "reading"),
            ("2023.r3", "rule"),
        ]


def test_a_killed_run_is_finished_only_where_its_tables_are_still_the_ones_to_publish(home, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(publish, "_go_live", killed)
        with pytest.raises(KeyboardInterrupt):
            publish.publish(home, "2023", Gate())
    change(home, "update quality.balance set received = 5 where force = 'kent' and quarter = '2023-Q1'")
    assert publish.publish(home, "2023", Gate()).name == "2023.r2"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("2023,every,every,every,why,A Person,2024-12-01", "write it like 2023.r2"),
        ("2023.r2,every,every,every,,A Person,2024-12-01", "every column must be filled in"),
        ("2023.r2,,every,every,why,A Person,2024-12-01", "write `every`"),
        ("2023.r2,every,every,every,why,A Person,soon", "signed_on is no date"),
    ],
)
def test_an_explanation_is_said_in_full_and_signed(seeds, row, words):
    add(seeds, "explained_revisions", row)
    with pytest.raises(calendar.NotAsPromised, match=words):
        calendar.statement("2023", seeds)


def test_an_explanation_is_of_its_own_period(seeds):
    add(seeds, "explained_revisions", "2023.r2,every,every,every,why,A Person,2024-12-01")
    assert len(calendar.statement("2023", seeds)["explained_revisions"]) == 1
    assert calendar.statement("2023-Q1", seeds)["explained_revisions"] == []


def test_a_release_that_cannot_be_read_is_no_release_like_this_one(home):
    first = publish.publish(home, "2023", Gate())
    marts = first.path / "marts.duckdb"
    marts.chmod(0o644)
    marts.write_bytes(b"no database" * 1000)
    with pytest.raises(verify.NotAsPublished, match="was changed after publishing"):
        publish.publish(home, "2023", Gate())
    with duckdb.connect() as connection:
        assert comparison.tables_that_differ(connection, {}, first.path, "2023", []) == ["marts.duckdb"]
