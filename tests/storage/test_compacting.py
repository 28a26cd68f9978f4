"""The warehouse is copied without its free room, and whoever is killed meanwhile leaves it whole."""

import shutil

import duckdb
import pytest
from killed_at_a_line import kill_at, kill_once_written, steps_of
from some import some

from orchestration.home import Home
from orchestration.statements import quoted
from orchestration.warehouse import compacting, history
from orchestration.warehouse.compacting import CopyDiffers, blocks, compact
from orchestration.warehouse.dbt import query

MADE = """
create schema control; create schema quality; create schema marts;
create table control.state (is_whole boolean, version varchar);
insert into control.state values (true, 'v1');
create table marts.figures (figure_id varchar not null, numerator bigint, percent decimal(4, 1), flags varchar[]);
insert into marts.figures select 'f' || range, range, range % 100, ['a', null] from range(20000);
create view quality.z_rows as select * from marts.figures where numerator > 3;
create view quality.counted as select count(*) as rows from quality.z_rows;
create view quality.history as select * from read_parquet('../history/rule_results/*.parquet', hive_partitioning = false);
"""


@pytest.fixture(scope="module")
def wasteful(tmp_path_factory):
    """A warehouse of which more than a third is free, with rows in its log that are not in its file yet."""
    home = Home(tmp_path_factory.mktemp("wasteful"))
    with duckdb.connect(str(home.warehouse)) as connection:
        home.raw.mkdir()
        history.prepare(home)
        connection.execute(f"set file_search_path = {quoted(home.raw)}")
        connection.execute(MADE)
        connection.execute("create table marts.before as select md5(range::varchar) as h from range(200000)")
        connection.execute("checkpoint")
        connection.execute("drop table marts.before")
        connection.execute("checkpoint")
        connection.execute("pragma disable_checkpoint_on_shutdown")
        connection.execute("insert into control.state values (false, 'in the log')")
    assert home.warehouse.with_name("warehouse.duckdb.wal").stat().st_size
    return home


@pytest.fixture
def home(wasteful, tmp_path):
    copy = Home(tmp_path / "home")
    shutil.copytree(wasteful.root, copy.root)
    return copy


def content(home):
    return {
        "state": query(home, "select * from control.state order by all"),
        "figures": query(home, "select count(*), sum(hash(f)) from marts.figures as f"),
        "views": query(home, "select * from quality.counted"),
        "columns": query(home, "select table_name, column_name, data_type from duckdb_columns() where not internal order by all"),
        "names": query(home, "select schema_name, view_name, sql from duckdb_views() where not internal order by all"),
        "constraints": query(home, "select table_name, constraint_text from duckdb_constraints() order by all"),
    }  # fmt: skip


def files(home):
    return sorted(path.name for path in home.root.glob("*warehouse*") if path.suffix != ".lock")


def free(home):
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        used, unused = blocks(connection, "warehouse")
    return unused / (used + unused)


def test_a_third_free_is_given_back_and_everything_else_is_there(home):
    size = home.warehouse.stat().st_size
    assert compact(home)
    # before the log was read, which the first reader does
    assert files(home) == ["warehouse.duckdb"]
    assert home.warehouse.stat().st_size < size / 2 and free(home) < compacting.FREE
    found = content(home)
    assert found["state"] == [
        {"is_whole": False, "version": "in the log"},
        {"is_whole": True, "version": "v1"},
    ]
    assert len(found["names"]) == 3 and found["views"] == [{"rows": 19996}]
    assert found["constraints"] == [{"table_name": "figures", "constraint_text": "NOT NULL"}]
    assert not compact(home), "once is enough"


def test_less_than_a_third_free_is_left(home, monkeypatch):
    monkeypatch.setattr(compacting, "FREE", 0.99)
    inode = home.warehouse.stat().st_ino
    assert not compact(home) and home.warehouse.stat().st_ino == inode


def test_without_room_for_a_copy_the_warehouse_stays(home, monkeypatch):
    full = shutil.disk_usage(home.root)._replace(free=home.warehouse.stat().st_size - 1)
    monkeypatch.setattr(compacting.shutil, "disk_usage", lambda _: full)
    assert not compact(home)


LOST = (
    "delete from warehouse.marts.figures where numerator = 7",
    "drop view warehouse.quality.counted",
    "create or replace table warehouse.control.state as from built.control.state limit 1",
)


@pytest.mark.parametrize("lost", LOST)
def test_a_copy_that_differs_takes_nobodys_place(home, monkeypatch, lost):
    before, whole = content(home), compacting._content

    def damaged(connection, database):
        if database == "warehouse":
            connection.execute(lost)
        return whole(connection, database)

    monkeypatch.setattr(compacting, "_content", damaged)
    with pytest.raises(CopyDiffers, match="stays as it was"):
        compact(home)
    assert content(home) == before


def ends_as_if_it_had_not_been(wasteful, folder, steps):
    """Killed at each of some steps of all."""

    def copied(name):
        copy = Home(folder / name)
        shutil.copytree(wasteful.root, copy.root)
        return copy

    calm = copied("calm")
    many = steps_of(compact, calm)
    right = content(calm)
    assert many > 20
    for at in some(steps(many)):
        home = copied(str(at))
        kill_at(at, compact, home)
        assert content(home) == right, f"killed at step {at}"
        compact(home)
        assert content(home) == right and free(home) < compacting.FREE
        assert files(home) == ["warehouse.duckdb"], f"killed at step {at}"
        shutil.rmtree(home.root)


def test_killed_at_steps_spread_over_it_and_at_its_end(wasteful, tmp_path):
    """At its end the one file takes the place of the other."""
    ends_as_if_it_had_not_been(
        wasteful, tmp_path, lambda many: [*range(1, many - 4, many // 4), *range(many - 4, many + 1)]
    )


@pytest.mark.proof
def test_killed_at_every_step(wasteful, tmp_path):
    ends_as_if_it_had_not_been(wasteful, tmp_path, lambda many: range(1, many + 1))


def test_killed_in_the_middle_of_the_copy(home):
    right = content(home)
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("create table marts.large as select md5(range::varchar) as h from range(400000)")
        connection.execute("create table marts.gone as from marts.large union all from marts.large")
        connection.execute("checkpoint")
        connection.execute("drop table marts.gone")
    aside = home.warehouse.with_name(".warehouse.duckdb.compacted")
    kill_once_written(aside, 1_000_000, compact, home)
    assert aside.exists()
    with duckdb.connect(str(home.warehouse)) as connection:
        assert connection.execute("select count(*) from marts.large").fetchone() == (400000,)
        connection.execute("drop table marts.large")
    assert compact(home)
    assert content(home) == right and not aside.exists()
