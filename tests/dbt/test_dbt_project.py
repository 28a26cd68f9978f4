"""The dbt project from raw records to COCAD, on a home of a few records with the seeds as they are."""

import pytest
from by_hand import KEY, write_raw
from received_records import FIRST, KENT, SUBMISSIONS, SURNAME, named, reading

from orchestration.home import Home

# one home, built twice: its tests belong on one worker, in order
pytestmark = [pytest.mark.usefixtures("first_build"), pytest.mark.xdist_group("dbt")]


def test_records_balance_with_every_kind_of_loss(tables):
    balance = tables("select * exclude quarter from quality.balance where received > 0 order by all")
    assert balance == [
        # force, record type, received, accepted, rejected, duplicate, superseded
        ("essex", "crimes", 1, 0, 0, 0, 1),
        ("kent", "crimes", 18, 13, 4, 1, 0),
        ("kent", "suspects", 6, 5, 0, 1, 0),
        ("kent", "victims", 7, 4, 3, 0, 0),
    ]


def test_rejected_records_say_why(tables):
    rejected = tables(
        "select record_type, crime_reference, rule from intermediate.int_rejected_records order by all"
    )
    assert rejected == [
        ("crimes", "no_code", "RE02"),
        ("crimes", "no_such_day", "RE03"),
        ("crimes", "other_format", "RE03"),
        ("crimes", None, "RE01"),
        ("victims", "no_code", "RE04"),
        ("victims", "nowhere", "RE04"),
        ("victims", "plain", "RE01"),
    ]


def test_status_of_returns(tables):
    returns = tables("select force, submission, status from quality.returns order by all")
    missing = [row for row in returns if row[1:] == (None, "missing")]
    assert len({row[0] for row in missing}) == len(missing) == 42  # of 44 that owe one
    assert [row for row in returns if row not in missing] == [
        ("essex", 1, "superseded"),
        ("essex", 2, "nil"),
        ("kent", 1, "accepted_with_rejections"),
        ("kent", 2, "refused"),
    ]


def test_records_of_one_key_are_merged_first_non_blank_value_first(tables):
    crime = tables(
        "select location_type, outcome_code, sheet from intermediate.int_crimes "
        "where crime_reference = 'two_sheets'"
    )
    assert crime == [("vehicle", "14", "Offences")]
    suspect = tables(
        "select relationship, gender from intermediate.int_suspects where crime_reference = 'plain'"
    )
    assert suspect == [("PTPR_0117", "male")]


def test_codes_in_every_spelling_and_unmapped_ones_listed(tables):
    victims = dict(
        (row[0], row[1:])
        for row in tables(
            "select crime_reference, gender, self_defined_ethnicity, observed_ethnicity, age_from_birth, "
            "is_person from intermediate.int_victims"
        )
    )
    assert victims == {
        "plain": ("female", "W1", None, 12, True),
        "image": (None, None, None, None, False),
        "grooming": ("not_known", "O9", "IC1", None, True),
        "two_sheets": ("unmapped", "O1", None, None, True),
    }
    unmapped = tables("select record_type, field, spelling, records from quality.unmapped_codes order by all")
    assert unmapped == [
        ("crimes", "csa_flag", "perhaps", 1),
        ("crimes", "offence_code", "SX03001", 1),
        ("crimes", "status", "Archived", 1),
        ("victims", "gender", "Martian", 1),
    ]


def test_text_that_is_no_date_or_number_is_counted(tables):
    odd = tables(
        "select crime_reference, has_unreadable_date, has_unreadable_number from intermediate.int_crimes "
        "where has_unreadable_date or has_unreadable_number"
    )
    assert odd == [("odd_spellings", True, True)]


def test_every_staged_crime_is_in_the_cpai_or_excluded_with_one_reason(tables):
    placed = dict(
        tables(
            "select crime_reference, coalesce(exclusion_reason, inclusion_rule) "
            "from cpai.cpai_classified_crimes"
        )
    )
    assert placed == {
        "plain": "code_names_a_child",
        "eaten": "child_not_shown",  # 44062 was 19/8, class 19C: it names no child
        "urn": "csa_flag",
        "grooming": "code_names_a_child",
        "image": "code_names_a_child",
        "cancelled": "cancelled",
        "late": "wrong_quarter",
        "unlisted": "unknown_code",
        "odd_spellings": "code_names_a_child",
        "two_sheets": "code_names_a_child",
        "unchanged": "code_names_a_child",
        "changed": "code_names_a_child",
        "stated": "code_names_a_child",
    }
    assert tables("select reason, crimes from quality.exclusions order by all") == [
        ("cancelled", 1),
        ("child_not_shown", 1),
        ("unknown_code", 1),
        ("wrong_quarter", 1),
    ]


def test_seed_decides_what_is_an_image_and_what_is_contact(tables):
    kinds = dict(
        (row[0], row[1:])
        for row in tables("select crime_reference, is_image, is_contact from cpai.cpai_crimes")
    )
    assert kinds["image"] == (True, False)
    assert kinds["grooming"] == (False, False)
    assert kinds["plain"] == (False, True)
    assert tables("select victim_reference from cpai.cpai_victims where crime_reference = 'image'") == []


def test_candidates_and_why(tables):
    candidates = dict(tables("select crime_reference, reason from cocad.cocad_candidates"))
    assert candidates == {
        "urn": "multiple_offender_class",
        "unchanged": "suspect_rows",
        "changed": "suspect_rows",
        "stated": "offenders_stated",
        "plain": "recall_sample",
    }


def test_tokens_only_where_a_date_of_birth_is_known(tables):
    tokens = dict(tables("select crime_reference, length(person_token) from intermediate.int_victims"))
    assert tokens["plain"] == 32
    assert tokens["grooming"] is None


def test_no_name_key_or_machine_path_in_what_dbt_leaves_behind(folder):
    target = folder / "dbt" / "target"
    left = [
        *folder.glob("dbt/logs/*"),
        target / "manifest.json",
        target / "run_results.json",
        *target.glob("compiled/**/*.sql"),
    ]
    assert len(left) > 50
    for file in left:
        text = file.read_text(encoding="utf-8")
        assert SURNAME not in text
        assert KEY not in text
        if file.suffix == ".sql":
            assert str(folder) not in text


def test_without_a_key_dbt_says_what_to_do(monkeypatch):
    from orchestration.warehouse_plugin import Plugin

    monkeypatch.delenv("CPAI_TOKEN_KEY", raising=False)
    with pytest.raises(ValueError, match=r"CPAI_TOKEN_KEY is not set.*cpai run"):
        Plugin("tokens", {}).configure_cursor(None)


def test_readings_outlive_a_resubmission_unless_what_was_read_changed(folder, dbt, tables, first_build):
    """Runs last: it builds the home anew after a second submission."""
    versions = first_build
    again = {record_type: _resubmitted(rows) for record_type, rows in FIRST.items()}
    for row in again["crimes"]:
        if row["crime_reference"] == named("changed"):
            row["summary"] = "coded summary B, with more in it"
    write_raw(
        Home(folder),
        {record_type: [*FIRST[record_type], *rows] for record_type, rows in again.items()},
        [*SUBMISSIONS, {**KENT, "submission": 3, "status": "accepted"}],
        [
            reading(name, versions[name], role)
            for name in ("unchanged", "changed")
            for role in ("first", "second")
        ],
    )
    assert dbt("run") == []
    assert tables("select crime_reference, settled_by from cocad.cocad_settled_readings") == [
        ("unchanged", "agreement")
    ]
    assert tables("select crime_reference, criterion_2024, offenders from cocad.cocad_crimes") == [
        ("unchanged", "cse", 2)
    ]
    unread = tables("select crime_reference, reason from cocad.cocad_unread order by all")
    assert unread == [
        ("changed", "stale_reading"),
        ("plain", "no_reading"),
        ("stated", "no_reading"),
        ("urn", "no_reading"),
    ]
    balance = tables("select superseded from quality.balance where force = 'kent' and record_type = 'crimes'")
    assert balance == [(18,)]


def _resubmitted(rows: list[dict]) -> list[dict]:
    return [{**row, "submission": 3} for row in rows if row["force"] == "kent"]
