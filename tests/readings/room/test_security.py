"""SECURITY.md: each point has an answer, each test that it names is there; and what no other test of the room asks."""

import ast
import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from small_room import furnish, served
from some import some

ROOT = Path(__file__).parents[3]
ROOM = ROOT / "orchestration" / "readings" / "room"
SECURITY = (ROOM / "SECURITY.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in SECURITY.splitlines()
    if re.match(r"\| \d+\.\d+", line)
]


def named(cell: str) -> list[tuple[Path, str]]:
    """File and test: `test_room::test_x`, `readings::test_desk::*`."""
    found = []
    for name in re.findall("`([^`]+)`", cell):
        *folder, file, test = name.split("::")
        at = ROOT / "tests" / folder[0] if folder else ROOT / "tests" / "readings" / "room"
        found.append((at / f"{file}.py", test))
    return found


@pytest.fixture
def room(home):
    furnish(home)
    with served(home) as address:
        yield address


def test_each_point_says_whether_it_is_met_and_by_what():
    assert len(ROWS) > 90
    for point, met, how, test in some(ROWS):
        assert met in ("yes", "in part", "no", "theirs"), point
        assert how or named(test), point
        assert named(test) or test == "read" or met != "yes", point


def test_each_test_that_is_named_is_there():
    tests = [one for row in ROWS for one in named(row[3])]
    assert len(set(tests)) > 40
    for file, test in some(tests):
        assert file.is_file(), file
        text = file.read_text(encoding="utf-8")
        assert test == "*" or re.search(rf"def {test}\(", text), f"{file.name}::{test}"


def test_no_point_stands_twice():
    # of "11.3.1 to 11.3.3" both ends
    points = [number for row in ROWS for number in re.findall(r"\d+\.\d+\.\d+", row[0])]
    apart = SECURITY.partition("## Does not apply")[2]
    points += re.findall(r"\d+\.\d+\.\d+", apart)
    assert len(points) == len(set(points))


def test_no_module_of_the_room_speaks_to_other_machines():
    speaking = {
        "requests",
        "urllib3",
        "httpx",
        "aiohttp",
        "http.client",
        "urllib.request",
        "socket",
        "smtplib",
    }
    modules = sorted(ROOM.glob("*.py"))
    for module in some(modules):
        tree = ast.parse(module.read_text(encoding="utf-8"))
        imported = {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        }
        imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not imported & speaking, module


def test_no_other_origin_is_let_in_and_no_other_method(room):
    for path in ("/sign-in", "/static/keys.js", "/elsewhere"):
        answer = requests.get(room + path, headers={"origin": "https://evil.example"}, timeout=30)
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert "charset=utf-8" in answer.headers["content-type"]
    for method in ("TRACE", "PUT", "DELETE", "OPTIONS", "PATCH"):
        assert requests.request(method, room + "/sign-in", timeout=30).status_code == 405
    for path in ("/next", "/pause", "/sign-out", "/stay"):
        assert requests.get(room + path, timeout=30).status_code == 405
    for path in ("/static/", "/static", "/docs", "/openapi.json", "/.git/config", "/static/../app.py"):
        assert requests.get(room + path, timeout=30).status_code == 404


def test_a_request_with_two_lengths_is_refused(room):
    place = urlsplit(room)
    for lengths in (
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length: -1",
        b"Transfer-Encoding: chunked, gzip",
    ):
        with socket.create_connection((place.hostname, place.port), timeout=10) as opened:
            opened.sendall(b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\n" + lengths + b"\r\n\r\nhello")
            assert opened.recv(100).split()[1] in (b"400", b"501")


def test_dagsters_ui_listens_on_this_machine_alone_and_says_so():
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\ndev:")[2].partition("\n\n")[0]
    assert "dagster dev --host 127.0.0.1" in recipe and "no sign-in" in recipe
