"""No test looks at the clock on the wall: one that does fails on a slow machine, at midnight or at the end of a quarter."""

import ast
from pathlib import Path

TESTS = Path(__file__).parents[1]
CLOCKS = {
    *("time.time", "time.monotonic", "time.perf_counter", "time.process_time", "time.sleep"),
    *("date.today", "datetime.today", "datetime.now", "datetime.utcnow"),
}
ALLOWED = {
    "waiting.py": "here alone a test waits, and only until something is so",
    "terminal.py": "a person at a terminal, who presses a key after a while",
    "readings/room/small_room.py": "the app on a phone, whose codes are of now",
    "readings/room/test_limits.py": "a reader thinks for longer than the room waits for a request: the time is the test",
    "readings/room/test_sign_in.py": "the clock that is moved on begins at now, for the ledger has a clock too",
    "returns/test_kill.py": "a run is killed at moments that nobody chose",
}


def looks_at_the_clock(file: Path) -> list[str]:
    """Calls of a clock, by whatever name it was imported."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = {
        one.asname or one.name: f"{node.module}.{one.name}" if isinstance(node, ast.ImportFrom) else one.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for one in node.names
    }
    found = []
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        first, _, rest = ast.unparse(call.func).partition(".")
        # datetime is the module's name and a class's
        name = f"{names.get(first, first)}.{rest}".strip(".").removeprefix("datetime.")
        if name in CLOCKS or f"datetime.{name}" in CLOCKS:
            found.append(f"{file.relative_to(TESTS)}:{call.lineno} {name}")
    return found


def test_tests_wait_for_conditions_and_are_told_what_day_it_is():
    looking = {
        str(file.relative_to(TESTS)): found
        for file in sorted(TESTS.rglob("*.py"))
        if (found := looks_at_the_clock(file))
    }
    new = [line for name, found in looking.items() if name not in ALLOWED for line in found]
    assert not new, "wait by tests/waiting.py, or give the code its clock"
    assert looking.keys() == ALLOWED.keys(), "an exception that nothing needs any more"


# what is not of a release, and is not asked again: a pause, a lock, who is signed in; and migrations stay as they are
OF_THE_MACHINE = {
    "clock.py",
    "ledger/migrations/versions/0008_identity_of_the_home.py",
    "readings/room/sign_in.py",
}


def test_what_is_made_goes_by_the_one_clock(monkeypatch):
    """A release that is made again elsewhere is made at its own moment: `orchestration/clock.py`."""
    found = {}
    for package in ("orchestration", "expectations", "dbt_project"):
        folder = TESTS.parent / package
        monkeypatch.setattr(f"{__name__}.TESTS", folder)
        for file in sorted(folder.rglob("*.py")):
            if days := [line for line in looks_at_the_clock(file) if " time." not in line]:
                found[file.relative_to(folder).as_posix()] = days
    assert found.keys() == OF_THE_MACHINE, (
        "ask orchestration/clock.py; or an exception that nothing needs any more"
    )


def test_a_clock_is_found_by_any_name(tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.TESTS", tmp_path)
    file = tmp_path / "test_some.py"
    file.write_text(
        "import time as t, datetime as d\nfrom time import sleep\nfrom datetime import date, datetime\n"
        "t.time()\nsleep(1)\ndate.today()\ndatetime.now()\nd.datetime.now()\nt.strftime('')\ndate(2023, 1, 1)\n"
    )
    assert [line.split()[1] for line in looks_at_the_clock(file)] == [
        *("time.time", "time.sleep", "date.today", "datetime.now"),
        "datetime.now",
    ]
