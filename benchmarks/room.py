"""Readers at the reading room, all at once: how long a page takes, and that nothing acknowledged is lost.

    python -m benchmarks.room --minutes 5                  20 readers on PostgreSQL, 5 on SQLite
    python -m benchmarks.room --minutes 1 --only sqlite    one of them
    python -m benchmarks.room --readers 50 --only postgresql
    python -m benchmarks.room --worklist HOME              only the worklist of a home that is built, made anew

Each reader takes a case, opens it, waits as a person who is quick, and answers. Half-way the server is killed with
SIGKILL and started again. At the end: every answer that a reader saw saved is in the ledger, no slot has two readings,
the chain is intact, the 95th percentile of a page is under 200 ms, the room answers within 3 s of its start, and a
worklist is made in 10 s. Exit code 1 where one of these is not so.
"""

import argparse
import json
import multiprocessing
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import contextmanager, nullcontext
from pathlib import Path
from urllib.parse import urlsplit

PROJECT = Path(__file__).resolve().parent.parent
for folder in ("tests", "tests/readings/room"):
    sys.path.insert(0, str(PROJECT / folder))

THINKING = 5.0  # seconds over a case on average: several times quicker than a person
TARGET = 0.2
TO_START = 3.0
TO_MAKE_A_WORKLIST = 10.0


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--minutes", type=float, default=5)
    arguments.add_argument("--only", choices=["sqlite", "postgresql"])
    arguments.add_argument("--readers", type=int)
    arguments.add_argument("--worklist", type=Path, metavar="HOME")
    chosen = arguments.parse_args()
    if chosen.worklist:
        result = made_anew(chosen.worklist)
        print(json.dumps(result))
        sys.exit(result["wall_s"] > TO_MAKE_A_WORKLIST)
    failed = False
    for ledger, readers in (("postgresql", 20), ("sqlite", 5)):
        if chosen.only in (None, ledger):
            result = measure(ledger, chosen.readers or readers, chosen.minutes * 60)
            print(json.dumps(result))
            failed |= bool(result["wrong"])
    sys.exit(failed)


def made_anew(built: Path) -> dict:
    """The cases and the worklist of a built home's warehouse in a ledger of their own; `built` is only read."""
    from orchestration.home import Home
    from orchestration.readings.desk import Desk
    from orchestration.readings.worklist import write_cases

    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        for name in ("warehouse.duckdb", "token.key"):
            (home.root / name).symlink_to((built / name).resolve())
        desk = Desk(home)  # the ledger is there before a quarter is built
        began, worked = time.perf_counter(), time.process_time()
        quarters = write_cases(home)
        synced = desk.sync()
        took = time.perf_counter() - began, time.process_time() - worked
        desk.close()
    return {
        "quarters": len(quarters),
        "cases": synced.new,
        "wall_s": round(took[0], 1),
        "cpu_s": round(took[1], 1),
    }


def measure(ledger: str, readers: int, seconds: float) -> dict:
    with (
        tempfile.TemporaryDirectory() as folder,
        a_postgresql() if ledger == "postgresql" else nullcontext() as url,
    ):
        os.environ.pop("CPAI_LEDGER_URL", None)
        if url:
            os.environ["CPAI_LEDGER_URL"] = url
        os.environ["CPAI_TOKEN_KEY"] = "a key of this benchmark, as long as it must be"
        root = Path(folder) / "home"
        # a reader cannot answer more than two cases in THINKING
        furnished(root, readers, int(2 * readers * seconds / THINKING) + readers)
        port = free_port()
        began = time.time()
        server = start(root, port)
        up = time.time() - began
        took, saved, refused = multiprocessing.Queue(), multiprocessing.Queue(), multiprocessing.Queue()
        end = time.time() + seconds
        people = [
            multiprocessing.Process(target=read, args=(port, f"reader-{number}", end, took, saved, refused))
            for number in range(readers)
        ]
        # what the readers print is taken out as it comes: a full pipe would hold them up
        heard = {name: [] for name in ("took", "saved", "refused")}
        listeners = [
            threading.Thread(target=listen, args=(queue, heard[name]), daemon=True)
            for name, queue in (("took", took), ("saved", saved), ("refused", refused))
        ]
        for one in (*people, *listeners):
            one.start()
        time.sleep(seconds / 2)
        worked = cpu_seconds(server)
        server.send_signal(signal.SIGKILL)
        server.wait()
        server = start(root, port)
        for person in people:
            person.join()
        worked += cpu_seconds(server)
        server.terminate()
        server.wait()
        time.sleep(0.5)
        return {
            "ledger": ledger,
            "readers": readers,
            "minutes": seconds / 60,
            "pages": len(heard["took"]),
            "answers_saved": len(heard["saved"]),
            "page_p50_ms": quantile(heard["took"], 0.5),
            "page_p95_ms": quantile(heard["took"], 0.95),
            "page_max_ms": quantile(heard["took"], 1),
            "server_cpu_ms_a_page": round(1000 * worked / max(len(heard["took"]), 1)),
            "start_s": round(up, 2),
            "wrong": wrong(root, heard) + ([f"the room took {up:.1f} s to start"] if up > TO_START else []),
        }


def wrong(root: Path, heard: dict[str, list]) -> list[str]:
    from sqlalchemy import select

    from orchestration.home import Home
    from orchestration.ledger.tables import readings
    from orchestration.readings.desk import Desk

    desk = Desk(Home(root))
    found = desk.verify_chain()
    with desk.engine.connect() as connection:
        kept = [tuple(row) for row in connection.execute(select(readings.c.slot, readings.c.reader))]
    desk.close()
    twice = [slot for slot, count in Counter(slot for slot, _ in kept).items() if count > 1]
    lost = {tuple(one) for one in heard["saved"]} - set(kept)
    if twice:
        found.append(f"{len(twice)} slots have two readings")
    if lost:
        found.append(f"{len(lost)} answers were acknowledged and are not in the ledger")
    if heard["refused"]:
        found.append(f"pages that were refused: {dict(Counter(heard['refused']))}")
    if not heard["saved"]:
        found.append("nobody answered anything")
    if (slowest := quantile(heard["took"], 0.95)) > TARGET * 1000:
        found.append(f"the 95th percentile of a page is {slowest} ms")
    return found


def read(port: int, username: str, end: float, took, saved, refused) -> None:
    """One reader until the end; while the server is down they try again, as people do."""
    import requests
    from small_room import ANSWER, PASSWORD

    address = f"http://127.0.0.1:{port}"
    session = requests.Session()
    token = ""

    def ask(method: str, path: str, form: dict | None = None, timed: bool = True):
        nonlocal token
        while True:
            began = time.perf_counter()
            try:
                answer = session.request(
                    method,
                    address + path,
                    data=form and {"token": token, **form},
                    timeout=30,
                    allow_redirects=False,
                )
            except requests.ConnectionError:
                if time.time() > end + 30:
                    raise
                time.sleep(0.1)
                continue
            if timed:
                took.put(time.perf_counter() - began)
            if found := re.search(r'name="token" value="([^"]+)"', answer.text):
                token = found[1]
            return answer

    # nobody signs in within the same second, which is twenty passwords to hash at once
    time.sleep(random.uniform(0, 2) * THINKING)
    ask("GET", "/sign-in", timed=False)
    # argon2 is slow by design, and nobody signs in at every page
    ask("POST", "/sign-in", {"username": username, "password": PASSWORD}, timed=False)
    ask("GET", "/")
    at = ask("POST", "/next", {"role": "reader"}).headers.get("location", "/")
    while time.time() < end and at != "/":
        page = ask("GET", at)
        if page.status_code == 409:  # answered before the kill, and the page about it was lost
            ask("GET", "/")
            at = ask("POST", "/next", {"role": "reader"}).headers.get("location", "/")
            continue
        if page.status_code != 200:
            refused.put(f"{page.status_code} at a case")
            return
        time.sleep(random.uniform(0.5, 1.5) * THINKING)
        slot = int(at.rsplit("/", 1)[1])
        answer = ask("POST", at, {**ANSWER, "then": "next"})
        if answer.status_code == 303:
            saved.put((slot, username))
            at = urlsplit(answer.headers["location"]).path
        elif answer.status_code == 409:
            at = ask("POST", "/next", {"role": "reader"}).headers.get("location", "/")
        else:
            refused.put(f"{answer.status_code} at an answer")
            return


def listen(queue, heard: list) -> None:
    while True:
        heard.append(queue.get())


def furnished(root: Path, readers: int, cases: int) -> None:
    from small_room import PASSWORD, furnish

    from orchestration.home import Home
    from orchestration.ledger.opening import open_ledger
    from orchestration.readings.room import sign_in

    furnish(Home(root), cases, people={})
    engine = open_ledger(Home(root))
    for number in range(readers):
        sign_in.add_user(engine, f"reader-{number}", {"reader"}, PASSWORD, by="benchmark")
    engine.dispose()


def start(root: Path, port: int) -> subprocess.Popen:
    """The room as the command serves it, once it answers; nobody's day is capped, and nobody is offered a pause."""
    code = (
        "import sys; from orchestration.readings import desk; from dataclasses import replace; "
        "read = desk.read_policy; desk.read_policy = lambda: replace(read(), daily_cap=10**6, pause_after=0); "
        "from orchestration.command import cpai; cpai()"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", code, "--home", str(root), "room", "--port", str(port)],
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
    )
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return server
        except OSError:
            if server.poll() is not None:
                raise RuntimeError("the room did not open") from None
            time.sleep(0.02)


def cpu_seconds(server: subprocess.Popen) -> float:
    """What the room's process has worked so far, its start too: a shared machine stretches all other times."""
    fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def quantile(seconds: list[float], share: float) -> int:
    """In whole milliseconds."""
    ordered = sorted(seconds)
    return round(1000 * ordered[min(int(len(ordered) * share), len(ordered) - 1)]) if ordered else 0


@contextmanager
def a_postgresql():
    from a_postgresql import postgresql
    from sqlalchemy import create_engine

    running = (
        postgresql.__wrapped__() if hasattr(postgresql, "__wrapped__") else postgresql._fixture_function()
    )
    url = next(running)
    try:
        administration = create_engine(url.format("postgres"), isolation_level="AUTOCOMMIT")
        with administration.connect() as connection:
            connection.exec_driver_sql("create database room")
        administration.dispose()
        yield url.format("room")
    finally:
        next(running, None)


if __name__ == "__main__":
    main()
