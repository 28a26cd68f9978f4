"""received = accepted + rejected + duplicate + superseded, by force, quarter and record type, whatever was sent."""

import duckdb
import pytest
from answered import FORCES, QUARTER

pytestmark = pytest.mark.xdist_group("answered")


@pytest.fixture(scope="module")
def warehouse(answered):
    with duckdb.connect(str(answered.warehouse), read_only=True) as connection:
        connection.execute("set file_search_path = ?", [str(answered.raw)])
        yield connection


def test_every_record_of_every_force_is_accounted_for(warehouse):
    rows = warehouse.execute(
        "select force, record_type, received, accepted + rejected + duplicate + superseded from quality.balance"
    ).fetchall()
    assert {(force, record_type) for force, record_type, *_ in rows} == {
        (force, record_type) for force in FORCES for record_type in ("crimes", "victims", "suspects")
    }
    assert all(received == accounted > 0 for *_, received, accounted in rows)


def test_received_is_what_the_receipts_say(warehouse):
    rows = warehouse.execute(
        "select force, record_type, received from quality.balance except "
        "select force, unnest(['crimes', 'victims', 'suspects']), unnest([crimes, victims, suspects]) "
        "from quality.returns where status <> 'refused'"
    ).fetchall()
    assert rows == []


def test_a_record_held_out_is_counted_under_its_code(warehouse):
    rejected = dict(
        warehouse.execute(
            "select force || ' ' || record_type, sum(records)::integer from quality.intake_findings "
            "where code like 'RE%' group by all"
        ).fetchall()
    )
    balance = dict(
        warehouse.execute(
            "select force || ' ' || record_type, rejected from quality.balance where rejected > 0"
        ).fetchall()
    )
    assert rejected == balance
    assert balance["kent crimes"] == 2


def test_persons_of_a_crime_held_out_are_held_out_with_it(warehouse):
    codes = warehouse.execute(
        "select distinct rule from intermediate.int_rejected_records where record_type = 'victims'"
    ).fetchall()
    assert codes == [("RE04",)]
    left = warehouse.execute(
        f"select count(*) from intermediate.int_victims where quarter = '{QUARTER}' and crime_reference = '46/1024/23'"
    ).fetchone()
    assert left == (0,)
