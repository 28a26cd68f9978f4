"""Releases: rows about erased records go, figures stay; lawful removal is known from tampering."""

import json
import shutil

import duckdb
import pytest
from searched import where
from small_home import Gate, change, describe_models, make_home
from some import some

from orchestration.erasure import published
from orchestration.erasure.elsewhere import Words
from orchestration.erasure.target import Target
from orchestration.home import Home
from orchestration.keys import token_key
from orchestration.ledger import erasures
from orchestration.ledger.erasures import Marks
from orchestration.ledger.opening import ledger_of
from orchestration.releases import inputs, package
from orchestration.releases.publish import publish
from orchestration.releases.verify import contents, erased_since, verify

GONE = "2023-Q1/0"
CRIME = Target("crime", "kent", GONE)
VICTIM = Target("victim", "kent", GONE, "V1")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A published release."""
    home = Home(tmp_path_factory.mktemp("made") / "home")
    token_key(home)
    make_home(home.root)
    with pytest.MonkeyPatch.context() as still:
        still.setattr(inputs, "code_hash", lambda: "c0de")
        publish(home, "2023", Gate())
    return home


@pytest.fixture
def home(made, tmp_path):
    copy = Home(tmp_path / "home")
    shutil.copytree(made.root, copy.root, symlinks=True)
    describe_models(copy)
    return copy


def begun(home, target):
    marks = Marks(home)
    mark, crime_mark = target.marks(marks)
    row = dict.fromkeys(("authority", "reason", "text", "who", "digest"), "x")
    row |= {"identity": mark, "at": "2024-02-01T00:00:00+00:00", "kind": target.kind, "force": target.force}
    row |= {"mark": mark, "crime_mark": crime_mark, "plan": "{}"}
    with ledger_of(home) as engine, engine.begin() as connection:
        return erasures.begin(home, connection, row)["erasure"]


def take_out(home, target, persons=None, words=()):
    number = begun(home, target)
    with ledger_of(home) as engine:
        rows = published.find(home, "2023.r1", target, Marks(home), persons or {})
        published.take_out(home, engine, number, rows, Words(words))
    return rows


def tables(home):
    folder = home.releases / "2023.r1"
    with duckdb.connect(str(folder / "marts.duckdb"), read_only=True) as connection:
        names = connection.execute(
            "select schema_name, table_name from duckdb_tables() where not internal"
        ).fetchall()
        views = connection.execute(
            "select view_name, sql, comment from duckdb_views() where not internal order by all"
        ).fetchall()
        comments = connection.execute(
            "select table_name, column_name, comment from duckdb_columns() order by all"
        ).fetchall()
        rows = {name: connection.execute(f'select * from {name[0]}."{name[1]}"').fetchall() for name in names}
    return rows, views, comments


def test_a_crime_goes_and_all_else_is_as_it_was(home):
    before, views, comments = tables(home)
    rows = take_out(home, CRIME, words=[GONE])
    after, views_now, comments_now = tables(home)
    assert (views_now, comments_now) == (views, comments)
    assert rows.total == 3  # the crime, its victim, its suspect
    lost = {name: len(before[name]) - len(after[name]) for name in before}
    assert {name[1] for name, many in lost.items() if many} == {"fct_crimes", "fct_victims", "fct_suspects"}
    for name in some(before):
        left = [row for row in before[name] if not ("kent" in row and GONE in row)]
        assert after[name] == left, name
    assert contents(home.releases / "2023.r1") == []
    for file in home.releases.glob("2023.r1/marts/*.parquet"):
        with duckdb.connect() as connection:
            held = connection.execute(
                f"select count(*) from '{file}' as t where cast(t as varchar) like '%kent%{GONE}%'"
            )
            assert held.fetchall() == [(0,)], file
    assert file_modes(home) == {0o400}


def file_modes(home):
    return {path.stat().st_mode & 0o777 for path in home.releases.glob("2023.r1/**/*") if path.is_file()}


def test_verify_knows_it_from_tampering(home):
    take_out(home, CRIME)
    assert verify(home, "2023.r1") == []
    (sentence,) = erased_since(home, "2023.r1")
    assert "lawfully erased after publication, on 2024-02-01" in sentence and "3 rows" in sentence
    file = home.releases / "2023.r1" / "marts" / "fct_crimes.parquet"
    erased = file.read_bytes()
    file.chmod(0o600)
    file.write_bytes(erased + b"x")
    assert "fct_crimes.parquet was changed after publishing" in str(verify(home, "2023.r1"))
    file.write_bytes(erased)
    told = home.releases / "2023.r1" / "erased.json"
    told.chmod(0o600)
    told.write_text("[]")
    assert "erased.json was changed" in str(verify(home, "2023.r1"))


def test_a_file_that_says_it_was_erased_and_was_not_is_found(home):
    """`erased.json` is for readers; the ledger decides."""
    (home.releases / "2023.r1" / "erased.json").write_text("[]")
    assert "erased.json is not in the manifest" in str(verify(home, "2023.r1"))


def test_a_release_that_was_put_back_is_found(home):
    """From a copy of before: it verifies against its manifest, and has what was erased."""
    shutil.copytree(home.releases / "2023.r1", home.root / "copy")
    take_out(home, CRIME)
    shutil.rmtree(home.releases / "2023.r1")
    (home.root / "copy").rename(home.releases / "2023.r1")
    assert "as before an erasure" in str(verify(home, "2023.r1"))


def test_done_twice_is_done_once(home):
    take_out(home, CRIME)
    files = {
        path: package.file_hash(home.releases / "2023.r1" / path)
        for path in package.files_of(home.releases / "2023.r1")
    }
    with ledger_of(home) as engine:
        rows = published.find(home, "2023.r1", CRIME, Marks(home), {})
        published.take_out(home, engine, 1, rows, Words([GONE]))
    assert rows.total == 0 and verify(home, "2023.r1") == []
    assert files == {path: package.file_hash(home.releases / "2023.r1" / path) for path in files}


@pytest.mark.parametrize(("persons", "gone"), [({"2023.r1": [1]}, 1), ({"2023.r1": [2]}, 0), ({}, 1)])
def test_a_person_goes_by_their_number_or_with_all_of_the_crime(home, persons, gone):
    before, _, _ = tables(home)
    take_out(home, VICTIM, persons)
    after, _, _ = tables(home)
    assert len(before["main", "fct_victims"]) - len(after["main", "fct_victims"]) == gone
    assert after["main", "fct_crimes"] == before["main", "fct_crimes"]
    assert verify(home, "2023.r1") == []


def test_keys_in_texts_go(home):
    """A list of failing records in the evidence of the gate: in the database, in its CSV and in a page."""
    failing = Gate()
    failing.results[0].failing_keys = [{"force": "kent", "crime_reference": "46/7777/23"}]
    change(home, "update marts.fct_crimes set location_type = 'street'")
    with pytest.MonkeyPatch.context() as still:
        still.setattr(inputs, "code_hash", lambda: "another")
        released = publish(home, "2023", failing)
    target = Target("crime", "kent", "46/7777/23")
    there = where(home.releases, "46/7777/23")["46/7777/23"]
    assert any("marts.duckdb" in name for name in there) and any(".csv" in name for name in there)
    number = begun(home, target)
    with ledger_of(home) as engine:
        rows = published.find(home, released.name, target, Marks(home), {})
        published.take_out(home, engine, number, rows, Words(["46/7777/23"]))
    assert where(home.releases, "46/7777/23", "46\\/7777") == {}
    assert verify(home, released.name) == [] and contents(released.path) == []
    assert json.loads((released.path / "erased.json").read_text())[0]["erasure"] == number
