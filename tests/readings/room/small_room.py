"""A home with some cases to read, a room that serves it, and people who come in by its forms."""

import re
import socket as socketlib
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyotp
import requests
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from waiting import until

from orchestration.command.room import _listen_at
from orchestration.home import Home
from orchestration.ledger.opening import open_ledger
from orchestration.readings.desk import Desk
from orchestration.readings.room import sign_in
from orchestration.readings.room.app import application, server
from orchestration.readings.worklist import cases_file

QUARTER = "2024-Q1"
PASSWORD = "a lamp on the stairs"
PEOPLE = {
    "reader-1": {"reader"},
    "reader-2": {"reader"},
    "judge": {"adjudicator"},
    "lead": {"lead"},
    "auditor": {"auditor"},
}
CANARY = "CANARY-SUMMARY"
LINKED = (
    '[{"force": "essex", "crime_reference": "42/000007/23", "offence_code": "17/13", "offence": "Sexual assault", '
    '"recorded_on": "2023-12-01", "committed_from": "2023-11-01", "committed_to": null, "victim_rows": 2, '
    '"suspect_rows": 2}]'
)
# what a reader answers who finds a case to be familial
ANSWER = {
    "group_based": "yes",
    "network_definition": "no",
    "offenders_read": "2",
    "criterion": "familial",
    "runner_up": "",
    "committed_by_children": "no",
    "facilitator_present": "no",
    "confidence": "high",
    "decided_by": ["summary", "suspects"],
    "reason": "",
}


def cases(count: int, quarter: str = QUARTER) -> pa.Table:
    """Cases as a build leaves them for the desk: `count` of one force, each with two suspects."""
    victims = '[{"age_at_offence": 12, "gender": "F"}]'
    suspects = (
        '[{"age_at_offence": 34, "gender": "M", "relationship": "parent", "role": "suspect", "identified": "named"}, '
        '{"age_at_offence": null, "gender": null, "relationship": null, "role": "suspect", "identified": "number_only"}]'
    )
    return pa.Table.from_pylist(
        [
            {
                "force": "kent" if number % 2 else "surrey",
                "quarter": quarter,
                "crime_reference": f"46/{number:06}/24",
                "version": f"v{number}",
                "reason": "suspect_rows",
                "submission": 1,
                "offence_code": "19/16",
                "offence": "Rape of a female child under 16",
                "recorded_on": date(2024, 2, 1),
                "reported_on": date(2024, 1, 30),
                "committed_from": date(2023, 11, 4),
                "committed_to": date(2023, 11, 5),
                "location_type": "dwelling",
                "local_authority": "E07000106" if number == 1 else None,
                "suspect_rows": 2,
                "offenders_stated": None,
                "victims": victims,
                "suspects": suspects,
                "linked_crimes": LINKED if number == 1 else None,
                "summary": f"{CANARY} {number}: two persons of the household, stated by the victim. Code F2.",
                "details": f"d{number}",
                "changed": None,
                "gained": False,
                "before": None,
            }
            for number in range(1, count + 1)
        ]
    )


def furnish(home: Home, count: int = 3, people: dict[str, set[str]] = PEOPLE, quarter: str = QUARTER) -> None:
    """Cases on the worklist, and people with a password."""
    file = cases_file(home, quarter).with_suffix(".new")
    file.parent.mkdir(parents=True)
    pq.write_table(cases(count, quarter), file, row_group_size=2048)
    desk = Desk(home)
    desk.sync()
    desk.close()
    engine = open_ledger(home)
    for username, roles in people.items():
        sign_in.add_user(engine, username, roles, PASSWORD, by="test")
    engine.dispose()


@contextmanager
def served(home: Home, port: int = 0, socket: Path | None = None, **how):
    """The room's address while it is open; at `socket`, which `OverSocket` reaches."""
    opened = server(application(home, **{"behind_socket": socket is not None, **how}), port=port)
    listening = [_listen_at(socket)] if socket else None
    thread = threading.Thread(target=opened.run, kwargs={"sockets": listening})
    thread.start()
    until(lambda: opened.started or not thread.is_alive(), "the room opens", looks_again=0.01)
    assert opened.started, "the room did not open"
    try:
        yield "http://localhost" if socket else f"http://127.0.0.1:{_port(opened)}"
    finally:
        opened.should_exit = True
        thread.join()


def _port(opened) -> int:
    return opened.servers[0].sockets[0].getsockname()[1]


class OverSocket(requests.adapters.HTTPAdapter):
    """As a proxy of this machine reaches the room."""

    def __init__(self, path: Path) -> None:
        class Connection(HTTPConnection):
            def connect(self) -> None:
                self.sock = socketlib.socket(socketlib.AF_UNIX)
                self.sock.connect(str(path))

        self.pool = HTTPConnectionPool("localhost")
        self.pool.ConnectionCls = Connection
        super().__init__()

    def get_connection_with_tls_context(self, *_, **__):
        return self.pool


# the secret of each person's app, and the last 30 seconds that a code was shown of
APPS: dict[str, list] = {}


def code(username: str) -> str:
    """A code that the app has not shown before: of the 30 seconds before, of these, or of those after."""
    if username not in APPS:
        return ""
    key, last = APPS[username]
    step = max(last + 1, int(time.time() // 30) - 1)
    APPS[username][1] = step
    return pyotp.TOTP(key).generate_otp(step)


@dataclass
class Person:
    """Someone at the room's door, with the cookies of one browser."""

    address: str
    session: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str, **more) -> requests.Response:
        return self.session.get(self.address + path, timeout=30, **more)

    def post(
        self, path: str, form: dict | None = None, seen_on: str | None = None, **more
    ) -> requests.Response:
        """Send a form with the token of the page that it stands on."""
        token = re.search(r'name="token" value="([^"]+)"', self.get(seen_on or "/").text)
        return self.session.post(
            self.address + path, {"token": token[1] if token else "", **(form or {})}, timeout=30, **more
        )

    def come_in(self, username: str, password: str = PASSWORD) -> requests.Response:
        """By the password, and the app's code for who has one; who should have one and has none sets it up."""
        sent = {"username": username, "password": password, "code": code(username)}
        answer = self.post("/sign-in", sent, seen_on="/sign-in")
        return self.set_up(username) if answer.url.endswith("/second-factor") else answer

    def set_up(self, username: str) -> requests.Response:
        key = re.search(r'id="key">([^<]+)<', self.get("/second-factor").text)[1]
        APPS[username] = [key.replace(" ", ""), 0]
        return self.post("/second-factor", {"code": code(username)}, seen_on="/second-factor")

    def take(self, role: str = "reader") -> int | None:
        """The slot of the next case."""
        found = re.search(r"/case/(\d+)$", self.post("/next", {"role": role}).url)
        return int(found[1]) if found else None

    def answer(self, slot: int, **changes) -> requests.Response:
        return self.post(f"/case/{slot}", {**ANSWER, "then": "stop", **changes})
