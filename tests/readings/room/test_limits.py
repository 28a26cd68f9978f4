"""What a stranger, or a broken client, can take of the room: places, time, ids and lines of its log."""

import logging
import re
import resource
import socket
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from small_room import CANARY, PASSWORD, Person, furnish, served

from orchestration.readings.room import app, connections, refusals


@pytest.fixture
def room(home):
    furnish(home)
    with served(home) as address:
        yield address


@pytest.fixture
def impatient(home, monkeypatch):
    """A room that waits half a second for a whole request."""
    monkeypatch.setattr(connections, "WHOLE_REQUEST", 0.5)
    furnish(home)
    with served(home) as address:
        yield address


def connect(address: str, sent: bytes = b"") -> socket.socket:
    place = urlsplit(address)
    opened = socket.create_connection((place.hostname, place.port), timeout=10)
    opened.sendall(sent)
    return opened


def signed_in(address: str, username: str) -> Person:
    person = Person(address)
    assert person.come_in(username).status_code == 200
    return person


def test_eleven_hundred_connections_that_ask_nothing_keep_nobody_out(room):
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], min(4096, before[1])), before[1]))
    try:
        with ExitStack() as held:
            opened = [held.enter_context(connect(room)) for _ in range(1100)]
            person = signed_in(room, "reader-1")
            assert CANARY in person.get(f"/case/{person.take()}").text
            opened[0].settimeout(5)
            assert ended(opened[0]), "the one that waited longest gave up its place"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def ended(opened: socket.socket) -> bool:
    try:
        return opened.recv(1) == b""
    except ConnectionResetError:
        return True


def ended_over(opened: socket.socket, text: bytes) -> bool:
    """A byte each tenth of a second: whether the room ended it before the last."""
    opened.settimeout(0.1)
    for at in range(len(text)):
        try:
            opened.sendall(text[at : at + 1])
            if opened.recv(4096) == b"":
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


FORM = b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n"


@pytest.mark.parametrize(
    ("begins", "goes_on"),
    [
        (b"", b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\nx-slow: " + b"x" * 200),
        (FORM, b"x" * 200),
        # a page that reads no form answers, and the rest of the form is not waited for either
        (FORM.replace(b"/sign-in", b"/elsewhere"), b"x" * 200),
    ],
    ids=["headers", "form", "form that nobody reads"],
)
def test_a_request_that_comes_byte_by_byte_is_ended(impatient, begins, goes_on, caplog):
    with connect(impatient, begins) as slow:
        assert ended_over(slow, goes_on[:30])
    assert "no whole request within 0.5 s" in caplog.text
    assert "Traceback" not in caplog.text
    signed_in(impatient, "reader-1")


def test_a_reader_who_thinks_is_not_cut_off(impatient):
    person = signed_in(impatient, "reader-1")
    slot = person.take()
    time.sleep(1.2)
    assert person.answer(slot).status_code == 200


def test_headers_without_end_and_a_websocket_are_refused(room):
    with connect(room, b"GET / HTTP/1.1\r\nHost: localhost\r\nx-long: " + b"x" * 200_000) as opened:
        assert b" 400 " in opened.recv(100)
    upgrade = (
        b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    with connect(room, upgrade) as opened:
        assert b"303 See Other" in opened.recv(100)


@pytest.mark.parametrize("number", [str(2**31), str(2**63 - 1), str(2**63), "9" * 5000], ids=len)
@pytest.mark.parametrize(
    ("username", "path"), [("reader-1", "/case"), ("reader-1", "/own-readings"), ("auditor", "/history")]
)
def test_an_id_of_another_size_is_nowhere(room, username, path, number, caplog):
    answer = signed_in(room, username).get(f"{path}/{number}")
    assert answer.status_code == (409 if len(number) == 10 else 404)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_byte_that_no_text_has_is_refused(room):
    assert Person(room).come_in("reader\0", PASSWORD).status_code == 400
    assert signed_in(room, "auditor").get("/views?username=%00").status_code == 400


def test_each_refusal_is_a_line_of_who_where_and_what_and_never_of_content(room, caplog):
    reader = signed_in(room, "reader-1")
    Person(room).come_in("lead", "my own SECRET-PASSWORD")
    Person(room).come_in("SECRET-NAME", "my own SECRET-PASSWORD")
    reader.get("/views")
    reader.get("/SECRET-PATH?q=SECRET-QUERY")
    reader.session.post(f"{room}/case/1", {"reason": "SECRET-REASON"}, timeout=30)
    reader.get("/views", headers={"host": "SECRET-HOST"})
    for line in (
        "refused (403): POST /sign-in, nobody, from 127.0.0.1",
        "refused (403): GET /views, reader-1, from 127.0.0.1",
        "refused (404): GET no page, reader-1, from 127.0.0.1",
        "refused (403): POST /case/{slot:id}, reader-1, from 127.0.0.1",
        "refused (400): GET no page, nobody, from 127.0.0.1",
    ):
        assert line in caplog.text
    assert "SECRET" not in caplog.text


def test_a_line_of_the_log_has_the_time_in_utc(home, capfd):
    furnish(home)
    with served(home) as address:
        Person(address).get("/elsewhere")
        lines = capfd.readouterr().err.splitlines()
    line = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ WARNING refused \(404\): GET no page, nobody, from 127.0.0.1"
    assert [found for found in lines if re.fullmatch(line, found)], lines
    record = logging.makeLogRecord({"created": 1_700_000_000, "levelname": "WARNING", "msg": "refused"})
    assert app.Line().format(record) == "2023-11-14T22:13:20Z WARNING refused"


def test_a_flood_of_refusals_is_counted_and_hides_none_of_another_kind(monkeypatch, caplog):
    minutes = iter([60.0] * 501 + [120.0])
    monkeypatch.setattr(refusals.time, "monotonic", lambda: next(minutes))
    for _ in range(500):
        refusals.note(404, "GET no page", "nobody", "127.0.0.1")
    refusals.note(403, "GET /views", "reader-1", "127.0.0.1")
    refusals.note(404, "GET no page", "nobody", "127.0.0.1")
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == refusals.LINES + 3 and f"refused (404): {500 - refusals.LINES} more" in lines
    assert "refused (403): GET /views, reader-1, from 127.0.0.1" in lines
