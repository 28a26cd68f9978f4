"""What the log promises: one chain whoever writes, nothing cut off or changed unseen, no content."""

import json
import multiprocessing
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from by_command import said
from sqlalchemy import column, select, table, text
from sqlalchemy.exc import IntegrityError

from orchestration import doors
from orchestration.home import PROJECT
from orchestration.ledger import chain, log, tables, witnesses
from orchestration.ledger.erasures import Marks
from orchestration.ledger.opening import open_ledger
from orchestration.ledger.tables import log_entries
from orchestration.ledger.transactions import writing

KENT = {"force": "kent", "quarter": "2023-Q1"}


def written(engine):
    with engine.connect() as connection:
        return [
            dict(row)
            for row in connection.execute(select(log_entries).order_by(log_entries.c.entry)).mappings()
        ]


def test_an_entry_says_who_by_which_door_what_of_which_set_to_whom_and_why(engine):
    with doors.coming_by("room", "a.reader"):
        log.note(
            engine,
            "disclosure",
            "feed written",
            KENT | {"files": ["ab", "cd"], "as_of": None},
            "analysts",
            "asked",
        )
    log.note(engine, "combination", "warehouse built")
    first, second = written(engine)
    assert (first["who"], first["door"], first["action"], first["what"]) == (
        "a.reader",
        "room",
        "disclosure",
        "feed written",
    )
    assert json.loads(first["concerns"]) == KENT | {"files": ["ab", "cd"]}
    assert (first["recipient"], first["reason"], first["previous_hash"]) == ("analysts", "asked", "")
    assert (second["who"], second["door"]) == (doors.operator(), "Python")
    assert second["previous_hash"] == first["hash"] and chain.verify(engine, table=log_entries) == []


@pytest.mark.parametrize(
    "set_", [{"summary": "x"}, {"force": "x" * 201}, {"files": [{"name": "x"}]}, {"rows": 1.5}], ids=str
)
def test_content_is_no_set(engine, set_):
    with pytest.raises(ValueError, match="is no id"):
        log.note(engine, "collection", "submission received", set_)
    assert written(engine) == []


def test_an_action_that_is_none_of_the_law_is_refused(engine):
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(
            log_entries.insert(),
            {
                name: "x"
                for name in ("at", "who", "door", "action", "what", "concerns", "previous_hash", "hash")
            }
            | {"entry": 1},
        )


def test_an_entry_stands_with_its_transaction_or_not_at_all(engine):
    with pytest.raises(ZeroDivisionError), engine.begin() as connection:
        log.note(connection, "collection", "submission received", KENT)
        raise ZeroDivisionError
    assert written(engine) == []


def test_writers_in_one_process_make_one_chain(engine):
    """Some alone, some within a transaction that has read before, some within one of readings."""

    def write(number):
        how = number % 3
        if how == 0:
            log.note(engine, "consultation", f"{number}", KENT)
        elif how == 1:
            with engine.begin() as connection:
                connection.execute(select(log_entries)).all()
                log.note(connection, "consultation", f"{number}", KENT)
        else:
            with writing(engine) as connection:
                log.note_each(connection, "consultation", f"{number}", [(KENT, None), (KENT, "kent")])

    with ThreadPoolExecutor(8) as several:
        list(several.map(write, range(60)))
    assert len(written(engine)) == 80 and chain.verify(engine, table=log_entries) == []


def _writes(root, count):
    from orchestration.home import Home

    engine = open_ledger(Home(root))
    for _ in range(count):
        log.note(engine, "consultation", "case shown: reader", KENT)


def test_writers_of_several_processes_make_one_chain(engine, home):
    processes = [
        multiprocessing.get_context("spawn").Process(target=_writes, args=(home.root, 15)) for _ in range(3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert len(written(engine)) == 45 and chain.verify(engine, table=log_entries) == []


FORGERIES = {
    "edited": ["update log_entries set who = 'nobody' where entry = 3"],
    "taken out": ["delete from log_entries where entry = 3"],
    "the first taken out": ["delete from log_entries where entry = 1"],
    "cut off": ["delete from log_entries where entry > 4"],
    "all of it": ["delete from log_entries"],
    "put between": ["update log_entries set entry = entry + 100 where entry > 3", "copy 3 4"],
    "reordered": [
        "update log_entries set entry = 99 where entry = 2",
        "update log_entries set entry = 2 where entry = 3",
    ],
    "written anew": ["update log_entries set who = 'nobody' where entry = 3", "anew"],
    "cut off and written on": ["delete from log_entries where entry > 4", "note"],
}


def forge(engine, statements):
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            for verb in ("update", "delete"):
                connection.execute(text(f"drop trigger log_entries_no_{verb}"))
        else:
            connection.execute(text("drop trigger log_entries_append_only on log_entries"))
        for statement in statements:
            rows = [
                dict(row)
                for row in connection.execute(select(log_entries).order_by(log_entries.c.entry)).mappings()
            ]
            if statement.startswith("copy"):
                _, of, to = map(str, statement.split())
                (row,) = [row for row in rows if row["entry"] == int(of)]
                row |= {"entry": int(to), "what": "put between", "previous_hash": "f" * 64}
                connection.execute(log_entries.insert(), row | {"hash": chain.hash_of(row, log_entries)})
            elif statement == "anew":
                connection.execute(log_entries.delete())
                chain.append(connection, rows, log_entries)
            elif statement == "note":
                log.note(connection, "consultation", "another", KENT)
            else:
                connection.execute(text(statement))


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_log_is_found(engine, home, forgery):
    for number in range(6):
        log.note(engine, "consultation", f"{number}", KENT)
    open_ledger(home).dispose()
    assert said(home, "log", "verify").exit_code == 0
    forge(engine, FORGERIES[forgery])
    # a command that comes first must not write over what home.json knew
    assert said(home, "status").exit_code == 0
    found = said(home, "log", "verify")
    assert found.exit_code == 1 and "of the log" in found.output, found.output
    assert "restore the ledger from a copy" in found.output


def test_a_ledger_and_home_forged_together_do_not_go_through_where_a_pack_has_them(engine, home, tmp_path):
    for number in range(6):
        log.note(engine, "consultation", f"{number}", KENT)
    pack = tmp_path / "pack.json"
    pack.write_text(json.dumps({"force": "kent", "ledger": chain.ends(engine)}))
    assert said(home, "log", "verify", "--witness", str(pack)).exit_code == 0
    forge(engine, FORGERIES["written anew"])
    known = json.loads((home.root / "home.json").read_text())
    (home.root / "home.json").write_text(json.dumps(known | {"ledger": chain.ends(engine)}))
    assert said(home, "log", "verify").exit_code == 0, "nothing in the home knows better"
    found = said(home, "log", "verify", "--witness", str(pack), "--json")
    assert found.exit_code == 1
    (sentence,) = json.loads(found.stdout)["reasons"]
    assert "entry 6 of the log, the last when" in sentence and "pack.json was made" in sentence
    (tmp_path / "no.json").write_text("[]")
    assert "is no manifest.json" in said(home, "log", "verify", "--witness", str(tmp_path / "no.json")).output


def test_a_release_is_a_witness_of_both_chains():
    before = {"last_of_reading_chain": {"reading_id": 4, "hash": "a"}}
    assert witnesses.of_document(before) == {"readings": {"reading_id": 4, "hash": "a"}}
    end = {"entry": 7, "hash": "b"}
    assert witnesses.of_document(before | {"last_of_log": end})["log"] == end
    assert witnesses.of_document({"last_of_reading_chain": {"reading_id": 0, "hash": None}}) == {}


def test_what_was_kept_of_views_before_there_was_a_log_is_in_it(home):
    """As the revision before left them, and as they stand in the chain that they begin."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine

    from orchestration.ledger import migrations

    ledger = create_engine(f"sqlite:///{home.root / 'ledger.db'}")
    config = Config()
    config.set_main_option("script_location", migrations.__path__[0])
    with ledger.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0009")
        views = table("case_views", *map(column, ("view", "username", "at", "page", "slot", "item")))
        connection.execute(
            views.insert(),
            [
                {"view": 1, "username": "a.reader", "at": "2023-07-01T12:00:00+00:00", "page": "reader", "slot": 7, "item": None},
                {"view": 2, "username": "command:anna", "at": "2023-07-02T12:00:00+00:00", "page": "worklist of 2023-Q1 as CSV",
                 "slot": None, "item": None},
            ],
        )  # fmt: skip
    ledger.dispose()
    engine = open_ledger(home)
    log.note(engine, "consultation", "case shown: reader", {"slot": 8})
    assert chain.verify(engine, table=log_entries) == []
    old, export, _ = written(engine)
    assert (old["who"], old["door"], old["what"], old["concerns"]) == (
        "a.reader",
        "room",
        "case shown: reader",
        '{"slot": 7}',
    )
    assert (export["who"], export["action"], export["concerns"]) == (
        "anna",
        "disclosure",
        '{"quarter": "2023-Q1"}',
    )
    engine.dispose()


def test_who_it_was_is_asked_of_the_system_and_not_of_the_environment(monkeypatch, tmp_path):
    mine = doors.operator()
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody.else")
    assert doors.operator() == mine
    monkeypatch.setattr(doors, "LOGIN", tmp_path / "loginuid")
    (tmp_path / "loginuid").write_text("4294967295")
    assert doors.operator() == mine
    (tmp_path / "loginuid").write_text("4000001")
    assert doors.operator() == f"4000001 as {mine}"


class TestTheCommand:
    def test_it_shows_entries_with_sign_ins_and_answers_in_their_places(self, home):
        engine = open_ledger(home)
        with engine.begin() as connection:
            connection.execute(
                tables.sign_ins.insert(),
                {
                    "username": "a.reader",
                    "at": "2023-07-01T08:00:00+00:00",
                    "outcome": "in",
                    "address": "here",
                },
            )
            reading = {
                "force": "kent",
                "crime_reference": "1/23",
                "version": "1",
                "role": "first",
                "round": 1,
                "slot": 3,
            }
            chain.append(
                connection, [reading | {"reader": "a.reader", "imported_at": "2023-07-01T09:00:00+00:00"}]
            )
            log.note(connection, "disclosure", "return pack written", KENT | {"submission": 2}, "kent")
        rows = json.loads(said(home, "log", "--json").stdout)
        assert [(row["who"], row["what"], row["set"]) for row in rows] == [
            ("a.reader", "signed in", {"sign_in": 1}),
            ("a.reader", "reading recorded", {"reading": 1, "slot": 3}),
            (doors.operator(), "return pack written", KENT | {"submission": 2}),
        ]
        for words, count in (
            (("--who", "a.reader"), 2),
            (("--action", "disclosure"), 1),
            (("--set", "kent"), 1),
            (("--set", "force=kent"), 1),
            (("--set", "quarter=kent"), 0),
            (("--since", "2023-07-01"), 3),
            (("--since", "2023-07-02"), 1),
            (("--crime", "kent:1/23"), 1),
            (("--crime", "kent:2/23"), 0),
        ):
            assert len(json.loads(said(home, "log", *words, "--json").stdout)) == count, words
        assert (
            "disclosure: return pack written  force kent, quarter 2023-Q1, submission 2  to kent"
            in said(home, "log").stdout
        )

    def test_a_crime_is_found_by_its_token_and_not_told_by_it(self, home):
        engine = open_ledger(home)
        record = log.token(home, "kent", "46/1/23")
        log.note(engine, "consultation", "crime explained", {"force": "kent", "record": record})
        (row,) = json.loads(said(home, "log", "--crime", "kent:46/1/23", "--json").stdout)
        assert row["set"]["record"] == record
        assert "46/1/23" not in json.dumps(written(engine))
        assert log.token(home, "essex", "46/1/23") != record
        log.note(
            engine, "erasure", "erasure 1: crime", {"record": Marks(home).of("crime", "kent", "46/1/23")}
        )
        assert len(json.loads(said(home, "log", "--crime", "kent:46/1/23", "--json").stdout)) == 2

    def test_it_is_written_to_a_file_that_no_spreadsheet_calculates(self, home, tmp_path):
        log.note(open_ledger(home), "consultation", "case shown: reader", {"username": "=1+1"}, "=cmd()")
        assert said(home, "log", "--csv", str(tmp_path / "log.csv")).stdout.startswith("1 entry in ")
        assert "'=cmd()" in (tmp_path / "log.csv").read_text()

    def test_what_is_no_action_or_crime_is_said(self, home):
        open_ledger(home).dispose()
        assert "none of collection, alteration" in said(home, "log", "--action", "reading").output
        assert "as in kent:46/123/23" in said(home, "log", "--crime", "kent").output


def test_the_log_opens_without_what_is_heavy():
    code = "import sys, orchestration.ledger.log; print(sorted({'pandas', 'pyarrow', 'dagster', 'alembic'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT)
    assert ran.stdout.strip() == "[]"
