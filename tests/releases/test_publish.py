"""Publishing: whole or not at all, the same inputs once, and nothing personal."""

import json

import duckdb
import pytest
from small_home import Expectation, Gate, add_reading, change, describe_models, make_home
from some import some
from sqlalchemy import select

from orchestration.ledger import tables
from orchestration.ledger.opening import open_ledger
from orchestration.releases import inputs, package, publish
from orchestration.releases.package import NotPublishable
from orchestration.releases.publish import GateShut
from orchestration.releases.verify import verify
from orchestration.warehouse.attached import WarehouseStale


def recorded(home) -> dict:
    engine = open_ledger(home)
    with engine.connect() as connection:
        rows = connection.execute(select(tables.releases)).all()
    engine.dispose()
    return {row.release: row for row in rows}


def as_it_was(home) -> dict:
    """Every path below releases/ with its time of change, the pointer, and the ledger."""
    files = {path: path.lstat().st_mtime_ns for path in sorted(home.releases.rglob("*"))}
    return {"files": files, "current": (home.releases / "current").readlink(), "ledger": recorded(home)}


def test_a_release_has_everything_the_design_names(home):
    released = publish.publish(home, "2023", Gate())
    assert released.name == "2023.r1" and not released.unchanged
    assert (home.releases / "current").resolve() == released.path
    present = set(package.files_of(released.path))
    assert {
        "marts.duckdb",
        "marts/figures.parquet",
        "marts/fct_crimes.parquet",
        "quality/returns.parquet",
        "quality/expectation_results.parquet",
        "quality/expectation_results.csv",
        "quality/rule_results.csv",
        "quality/index.html",
        "figures.csv",
        "datapackage.json",
        "dictionary.html",
        "lineage/dbt_manifest.json",
        "lineage/openlineage.ndjson",
        "report/replication_2023.html",
        "report/replication_2023.csv",
        "index.html",
    } <= present
    assert verify(home) == []
    row = recorded(home)["2023.r1"]
    assert row.live and row.period == "2023" and row.fingerprint == released.fingerprint
    assert row.manifest_sha256 == package.file_hash(released.path / "manifest.json")


def test_analysts_read_the_marts_by_their_name(home):
    path = publish.publish(home, "2023", Gate()).path / "marts.duckdb"
    with duckdb.connect(str(path), read_only=True) as marts:
        by_name = "select distinct release from {} where figure_id = 'criterion.cse'"
        assert marts.execute(by_name.format("marts.figures")).fetchall() == [("2023.r1",)]
        assert marts.execute(by_name.format("figures")).fetchall() == [("2023.r1",)]
        assert marts.execute("select count(*) from quality.returns").fetchone() == (12,)
        assert marts.execute("select distinct verdict from quality.expectation_results").fetchall() == [
            ("pass",)
        ]
        (comment,) = marts.execute(
            "select comment from duckdb_columns() where table_name = 'figures' and column_name = 'place'"
        ).fetchone()
        assert comment == "Meaning of place."


def test_a_quarter_holds_its_own_rows_only(home):
    path = publish.publish(home, "2023-Q2", Gate()).path
    assert path.name == "2023-Q2.r1"
    with duckdb.connect(str(path / "marts.duckdb"), read_only=True) as marts:
        periods = marts.execute("select distinct period from figures order by 1").fetchall()
        assert [period for (period,) in periods] == ["2023-04", "2023-05", "2023-06", "2023-Q2"]
        assert marts.execute("select distinct quarter from fct_crimes").fetchall() == [("2023-Q2",)]
        assert marts.execute("select count(*) from dim_force").fetchone() == (3,)
    assert not (path / "report").exists()
    submissions = json.loads((path / "manifest.json").read_text())["submissions"]
    assert {row["quarter"] for row in submissions} == {"2023-Q2"}


def test_the_same_inputs_are_published_once(home):
    first = publish.publish(home, "2023", Gate())
    before = as_it_was(home)
    again = publish.publish(home, "2023", Gate())
    assert again.unchanged and again.name == first.name
    assert as_it_was(home) == before


def test_a_new_reading_makes_a_new_release(home):
    publish.publish(home, "2023", Gate())
    add_reading(home, "kent", "2023-Q1/2")
    change(home, "insert into intermediate.int_readings (reading_id) values (2)")
    second = publish.publish(home, "2023", Gate())
    assert second.name == "2023.r2"
    assert (home.releases / "current").resolve() == second.path
    assert {name: row.live for name, row in recorded(home).items()} == {"2023.r1": False, "2023.r2": True}
    assert verify(home, "2023.r1") == []


def test_new_code_makes_a_new_release(home, monkeypatch):
    publish.publish(home, "2023", Gate())
    monkeypatch.setattr(inputs, "code_hash", lambda: "c0de2")
    assert publish.publish(home, "2023", Gate()).name == "2023.r2"


def test_the_code_hash_sees_every_kind_of_source(tmp_path, monkeypatch):
    monkeypatch.undo()
    for folder in ("dbt", "package", "expectations"):
        (tmp_path / folder / "target").mkdir(parents=True)
        (tmp_path / folder / "target" / "built.sql").write_text("built")
        (tmp_path / folder / "kept.pyc").write_text("built")
    monkeypatch.setattr(inputs, "DBT_PROJECT", tmp_path / "dbt")
    monkeypatch.setattr(inputs, "PACKAGE", tmp_path / "package")
    empty = inputs.code_hash()
    seen = {empty}
    for source in ("dbt/model.sql", "dbt/model.yml", "package/step.py", "package/page.html"):
        (tmp_path / source).write_text("x")
        seen.add(inputs.code_hash())
    assert len(seen) == 5
    (tmp_path / "dbt" / "target" / "built.sql").write_text("built again")
    assert inputs.code_hash() in seen


def test_a_reading_of_another_quarter_leaves_a_quarter_unchanged(home):
    publish.publish(home, "2023-Q2", Gate())
    add_reading(home, "kent", "2023-Q1/2")
    change(home, "insert into intermediate.int_readings (reading_id) values (2)")
    assert publish.publish(home, "2023-Q2", Gate()).unchanged


def test_a_shut_gate_leaves_everything_as_it_was(home):
    publish.publish(home, "2023", Gate())
    add_reading(home, "kent", "2023-Q1/2")
    before = as_it_was(home)
    with pytest.raises(GateShut, match="3 candidates are unread") as shut:
        publish.publish(home, "2023", Gate(open=False, reasons=["3 candidates are unread: read them"]))
    assert shut.value.reasons == ["3 candidates are unread: read them"]
    assert as_it_was(home) == before


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("alter table marts.fct_crimes add column summary varchar", "personal column summary"),
        ("alter table quality.balance add column person_token varchar", "personal column person_token"),
        (
            "alter table marts.fct_crimes add column mood varchar",
            "column mood of marts.fct_crimes has no desc",
        ),
        ("drop table quality.exclusions", "quality.exclusions is not in the warehouse"),
        ("delete from marts.figures", "no figure of 2023"),
    ],
)
def test_an_unfit_table_leaves_everything_as_it_was(home, sql, says):
    publish.publish(home, "2023", Gate())
    before = as_it_was(home)
    add_reading(home, "kent", "2023-Q1/2")
    change(home, f"insert into intermediate.int_readings (reading_id) values (2); {sql}")
    with pytest.raises(NotPublishable, match=says):
        publish.publish(home, "2023", Gate())
    assert as_it_was(home) == before


def test_personal_columns_never_pass_even_when_described(home):
    change(home, "alter table marts.fct_crimes add column date_of_birth varchar")
    describe_models(home)
    with pytest.raises(NotPublishable, match="date_of_birth"):
        publish.publish(home, "2023", Gate())


def test_a_stale_warehouse_is_not_published(home):
    add_reading(home, "kent", "2023-Q1/2")
    with pytest.raises(WarehouseStale, match="readings up to 2, the warehouse up to 1"):
        publish.publish(home, "2023", Gate())
    change(home, "insert into intermediate.int_readings (reading_id) values (2)")
    change(home, "delete from quality.returns where force = 'kent' and quarter = '2023-Q3'")
    with pytest.raises(WarehouseStale, match="kent 2023-Q3 submission 1"):
        publish.publish(home, "2023", Gate())


def test_what_a_killed_run_left_is_cleared(home):
    leftover = home.releases / ".building-2023.r1"
    leftover.mkdir(parents=True)
    (leftover / "marts.duckdb").write_text("half")
    assert publish.publish(home, "2023", Gate()).name == "2023.r1"
    assert [path.name for path in home.releases.glob(".*")] == []


def test_a_run_killed_after_the_rename_is_finished(home, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(publish, "_go_live", killed)
        with pytest.raises(KeyboardInterrupt):
            publish.publish(home, "2023", Gate())
    assert not (home.releases / "current").exists() and recorded(home) == {}
    before = package.file_hash(home.releases / "2023.r1" / "manifest.json")
    assert publish.publish(home, "2023", Gate()).name == "2023.r1"
    assert recorded(home)["2023.r1"].manifest_sha256 == before
    assert verify(home) == []


def test_a_failure_while_building_leaves_no_trace(home, monkeypatch):
    def full(folder):
        raise OSError("no space left")

    monkeypatch.setattr(package, "settle", full)
    with pytest.raises(OSError, match="no space"):
        publish.publish(home, "2023", Gate())
    assert list(home.releases.iterdir()) == [] and recorded(home) == {}


def test_two_builds_of_the_same_inputs_are_equal_byte_for_byte(tmp_path):
    hashes = []
    for name in ("a", "b"):
        home = make_home(tmp_path / name)
        path = publish.publish(home, "2023", Gate()).path
        manifest = json.loads((path / "manifest.json").read_text())
        hashes.append({file["path"]: file["sha256"] for file in manifest["files"]})
    first, second = hashes
    same = {path for path in first if first[path] == second[path]}
    assert first.keys() == second.keys()
    # DuckDB does not promise the same file for the same tables; the front page shows the day; events have their times
    lineage = "lineage/openlineage.ndjson"
    assert first.keys() - same <= {"marts.duckdb", "index.html", lineage}
    events = [
        [
            json.loads(line) | {"eventTime": None}
            for line in (tmp_path / name / "releases/2023.r1" / lineage).open()
        ]
        for name in ("a", "b")
    ]
    assert events[0] == events[1]


def test_an_expectation_that_could_not_run_is_an_error(home):
    raised = Expectation(rule="CR58", severity="reported", success=False, error="no such column")
    path = publish.publish(home, "2023", Gate(results=[Expectation(), raised])).path
    assert json.loads((path / "manifest.json").read_text())["gate"]["error"] == 1
    assert "no such column" in (path / "quality" / "index.html").read_text()


def test_no_file_names_this_machine(home):
    path = publish.publish(home, "2023", Gate()).path
    for file in some(path.rglob("*")):
        if file.is_file():
            assert str(home.root).encode() not in file.read_bytes(), file.name


@pytest.mark.parametrize("period", ["2023-Q5", "23", "2023-01", "all"])
def test_a_period_is_a_year_or_a_quarter(home, period):
    with pytest.raises(ValueError, match="is not a period"):
        publish.publish(home, period, Gate())


def test_a_new_release_of_recorded_crime_makes_a_new_release(home):
    publish.publish(home, "2023", Gate())
    quarter = publish.publish(home, "2023-Q2", Gate())
    change(
        home,
        "insert into intermediate.int_police_recorded_crime "
        "values ('2024-01-25', 'revised.ods', repeat('cd', 32), '2023-Q1', 'kent')",
    )
    second = publish.publish(home, "2023", Gate())
    assert second.name == "2023.r2"
    head = json.loads((second.path / "manifest.json").read_text())
    assert [row["published_on"] for row in head["recorded_crime"]] == ["2023-10-19", "2024-01-25"]
    # it counts nothing of this quarter
    assert publish.publish(home, "2023-Q2", Gate()).fingerprint == quarter.fingerprint


RECONCILED = """
create table quality.reconciliation as select * from (values
    ('kent', '2023-Q1', '2024-01-25', 311::bigint, 300::bigint, 11::bigint, 3.7::decimal(9, 1),
        15::decimal(9, 1), true, 0::bigint, 0::bigint, 0::bigint, null),
    ('durham', '2023-Q1', '2024-01-25', 90::bigint, 100::bigint, -10::bigint, -10::decimal(9, 1),
        5::decimal(9, 1), false, -3::bigint, 1234::bigint, 0::bigint, 'a <changed> rule'),
    ('norfolk', '2023-Q2', '2023-10-19', 9::bigint, 0::bigint, 9::bigint, null,
        5::decimal(9, 1), false, 0::bigint, 0::bigint, 0::bigint, null)
) as v(force, quarter, published_on, cpai, recorded_crime, difference, percent_difference, tolerance,
    within_tolerance, revised, excluded, held_out, known_breaks);
create table quality.recorded_crime_revisions as select * from (values
    ('2023-10-19', 'durham', '2023-Q1', 'ab', 103::bigint, null::bigint, false),
    ('2024-01-25', 'durham', '2023-Q1', 'cd', 100::bigint, -3::bigint, true)
) as v(published_on, force, quarter, file_sha256, recorded_crime, revision, is_newest);
"""


def test_the_page_on_recorded_crime_tells_what_is_outside_and_what_may_explain_it(home):
    change(home, RECONCILED)
    describe_models(home)
    quality = publish.publish(home, "2023", Gate()).path / "quality"
    assert 'href="reconciliation.html"' in (quality / "index.html").read_text()
    page = " ".join((quality / "reconciliation.html").read_text().split())
    outside = page[page.index("Force-quarters outside") : page.index("Releases of recorded crime")]
    assert "3 of 12 force-quarters" in page and "5% of recorded crime, or 5 crimes" in page
    assert "Kent Police" not in outside and "Durham Constabulary" in outside
    assert (
        "1,234 crimes of these classes are excluded from the CPAI; "
        "recorded crime was revised by \u22123 since its first release; a &lt;changed&gt; rule" in outside
    )
    assert "nothing that is known here" in outside
    revised = page[page.index("Force-quarters that a later release revised") :]
    assert revised.index("Durham Constabulary") < revised.index("\u22123")
