"""`cpai verify --home`: a flipped byte in any kind of file that evidence rests on is named, and so is a changed row."""

import random
import shutil
from pathlib import Path

import pytest
from some import some
from sqlalchemy import text

from orchestration.home import Home
from orchestration.ledger.opening import ledger_of
from orchestration.releases import everything

pytestmark = pytest.mark.xdist_group("year")  # one worker builds the year once

KINDS = (
    *("archive", "raw/crimes", "raw/victims", "raw/suspects", "raw/intake_findings", "raw/police_recorded_crime"),
    *("raw/*.parquet", "history/rule_results", "history/releases", "reading/cases"),
    *("releases/*.r*", "releases/index.html", "reports", "packs"),
)  # fmt: skip


@pytest.fixture(scope="module")
def whole(year, tmp_path_factory) -> Home:
    """The year with reports and packs: what evidence rests on, copied."""
    assert year.cpai("pack", "2023-Q1").exit_code == 0
    answer = year.cpai("report", "2023", "--place", "kent")
    assert answer.exit_code == 0, answer.output
    copy = Home(tmp_path_factory.mktemp("whole") / "home")
    not_evidence = shutil.ignore_patterns("landing", "dagster", "dbt", "as_of", "damaged")
    shutil.copytree(year.home.root, copy.root, symlinks=True, ignore=not_evidence)
    return copy


def files_of(home: Home, kind: str) -> list[Path]:
    found = sorted(
        file
        for place in home.root.glob(kind)
        for file in ([place] if place.is_file() else place.rglob("*"))
        if file.is_file() and not file.is_symlink() and file.stat().st_size
        if "/current/" not in file.as_posix() and not file.name.endswith(".new")
    )
    # an empty table for dbt to read: its rows are looked at, not its bytes
    return [file for file in found if "raw" not in file.parts or not file.name.startswith("none.")]


def test_a_year_as_it_was_made_has_no_problem(whole, year):
    assert everything.problems(whole) == []
    answer = year.cpai("verify", "--home")
    assert answer.exit_code == 0, answer.output
    for kind in KINDS:
        assert files_of(whole, kind), f"nothing would be flipped in {kind}"


def flip(home: Home, chosen: list[Path]) -> None:
    """One bit in each of these files; each is named, and none that was not flipped. Beside a manifest nothing of its release:
    where it is not the one that was published, there is nothing to compare the others with."""
    manifests = {file.parent for file in chosen if file.name == "manifest.json" and "releases" in file.parts}
    chosen = [
        file
        for file in chosen
        if file.parent / file.name in {one / "manifest.json" for one in manifests}
        or not manifests & {*file.parents}
    ]
    before = {file: (file.read_bytes(), file.stat().st_mode) for file in chosen}
    for file, (data, _) in before.items():
        file.chmod(0o600)
        at = random.randrange(len(data))
        file.write_bytes(data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :])
    problems = " \n".join(everything.problems(home))
    for file, (data, mode) in before.items():
        file.write_bytes(data)
        file.chmod(mode)
    for file in before:
        parts = file.relative_to(home.root).parts
        name = "/".join(parts[2:] if parts[0] == "releases" and len(parts) > 2 else parts)
        assert f"{name} " in problems, name


def test_a_flipped_bit_of_each_kind_of_file_is_named(whole):
    flip(whole, [file for kind in KINDS for file in random.sample(files_of(whole, kind), 1)])
    flip(whole, [file for kind in KINDS for file in files_of(whole, kind)[-2:]])


@pytest.mark.proof
def test_a_thousand_flipped_bits_are_named(whole):
    flipped = 0
    while flipped < 1000:
        chosen = [
            file
            for kind in KINDS
            for file in random.sample(files_of(whole, kind), min(20, len(files_of(whole, kind))))
        ]
        flip(whole, chosen)
        flipped += len(chosen)


def test_a_file_that_is_gone_or_more_is_named(whole):
    files = {files_of(whole, kind)[0]: kind for kind in KINDS}
    before = {file: file.read_bytes() for file in some(files)}
    more = {file: file.with_name(f"more-{number}{file.suffix}") for number, file in enumerate(files)}
    for file, data in some(before.items()):
        file.unlink()
        more[file].write_bytes(data)
    problems = "\n".join(everything.problems(whole))
    for file, data in some(before.items()):
        more[file].unlink()
        file.write_bytes(data)
    for file, kind in some(files.items()):
        assert file.name in problems, kind
        # another table there is read by no model
        assert more[file].name in problems or kind == "raw/*.parquet", kind


ROWS = (
    "update submissions set crimes = crimes + 1 where force = 'kent' and quarter = '2023-Q1'",
    "update submission_files set bytes = bytes + 1 where force = 'kent'",
    "update raw_files set made_at = 'x' where force = 'kent'",
    "update readings set criterion = 'other' where reading_id = 5",
    "update log_entries set who = 'nobody' where entry = 5",
    "update releases set fingerprint = 'x'",
    "delete from submission_folders where force = 'kent'",
)


@pytest.mark.parametrize("statement", ROWS)
def test_a_row_of_the_ledger_that_was_changed_is_named(whole, tmp_path, statement):
    copy = Home(tmp_path / "home")
    copy.root.mkdir()
    for part in ("ledger.db", "home.json", "token.key"):
        shutil.copy(whole.root / part, copy.root / part)
    for part in ("archive", "releases", "history"):
        (copy.root / part).symlink_to(whole.root / part)
    with ledger_of(copy) as engine, engine.begin() as connection:
        for (name,) in connection.execute(
            text("select name from sqlite_master where type = 'trigger'")
        ).all():
            connection.execute(text(f"drop trigger {name}"))
        assert connection.execute(text(statement)).rowcount
    table = statement.split()[2 if statement.startswith("delete") else 1]
    named = {"readings": "reading 5,", "log_entries": "entry 5 of the log"}.get(table, table)
    with ledger_of(copy) as engine:
        problems = everything.evidence.problems(engine)
    assert any(one.startswith(named) for one in problems), problems
