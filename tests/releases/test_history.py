"""What outlives the warehouse: a result is kept when it changes, and a release has which results it was made from."""

import duckdb
import pytest
from small_home import Gate, change

from orchestration.releases.publish import publish
from orchestration.warehouse import history
from orchestration.warehouse.attached import open_warehouse

HISTORY = """
select * exclude (kept_at), lead(kept_at) over (partition by rule, force, quarter order by kept_at) is null as stands
from read_parquet('{}/rule_results/*.parquet')
where force = 'kent' and quarter = '2023-Q1'
order by kept_at
"""


def keep(home):
    with open_warehouse(home) as connection:
        return history.keep(home, connection)


def kept(home):
    return duckdb.sql(HISTORY.format(home.history)).fetchall()


def files(home):
    return sorted(file.name for file in (home.history / "rule_results").iterdir())


def test_every_result_is_kept_once_and_what_is_the_same_is_not_written_again(home):
    assert keep(home)[0] == 12  # one rule, three forces, four quarters
    before = files(home)
    again, last = keep(home)
    assert again == 0 and files(home) == before and last
    assert kept(home) == [("CR15", "kent", "2023-Q1", 4, 0, 0, 0, "pass", True)]


def test_a_changed_result_is_kept_beside_the_one_before(home):
    keep(home)
    at = "where force = 'kent' and quarter = '2023-Q1'"
    change(home, f"update quality.rule_results set failed = 3, verdict = 'fails' {at}")
    assert keep(home)[0] == 1
    # back as it was: a third result, not the first one again
    change(home, f"update quality.rule_results set failed = 0, verdict = 'pass' {at}")
    assert keep(home)[0] == 1
    assert [(row[4], row[-1]) for row in kept(home)] == [(0, False), (3, False), (0, True)]


def test_a_rule_that_is_asked_no_more_ends(home):
    keep(home)
    change(home, "delete from quality.rule_results where force = 'kent' and quarter = '2023-Q1'")
    assert keep(home)[0] == 1
    assert keep(home)[0] == 0
    assert [row[-2:] for row in kept(home)] == [("pass", False), ("not_asked", True)]


def test_a_release_says_which_results_it_was_made_from(home):
    first = publish(home, "2023", Gate())
    change(home, "update quality.rule_results set failed = 1 where force = 'kent' and quarter = '2023-Q1'")
    # other inputs make another release
    change(home, "update marts.figures set numerator = numerator")
    second = publish(home, "2023-Q1", Gate())
    results = """
        select release, failed
        from read_parquet('{0}/releases/*.parquet') as releases, (
            select *, lead(kept_at) over (partition by rule, force, quarter order by kept_at) as replaced_at
            from read_parquet('{0}/rule_results/*.parquet')
        ) as results
        where force = 'kent' and quarter = '2023-Q1' and kept_at <= results_kept_at
            and coalesce(replaced_at > results_kept_at, true)
        order by release
    """
    found = duckdb.sql(results.format(home.history)).fetchall()
    assert found == [(second.name, 1), (first.name, 0)]


def test_publishing_twice_keeps_one_row(home):
    publish(home, "2023", Gate())
    publish(home, "2023", Gate())
    rows = len(duckdb.sql(f"from read_parquet('{home.history}/releases/*.parquet')").fetchall())
    assert rows == 1


def test_a_kept_result_is_whole_or_not_there(home, monkeypatch):
    keep(home)
    before = kept(home)
    change(home, "update quality.rule_results set failed = 1 where force = 'kent'")

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("orchestration.warehouse.history.os.fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        keep(home)
    monkeypatch.undo()
    assert kept(home) == before
    assert keep(home)[0] == 4
