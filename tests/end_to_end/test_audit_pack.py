"""The folder that an auditor is given: whole, drawn by the auditor's word, and each figure led to its lines."""

import csv
import hashlib
import json
from pathlib import Path

import duckdb
import pytest
from some import some

from orchestration.home import file_hash
from orchestration.ledger.opening import ledger_of
from orchestration.ledger.receipts import read_submission_files
from orchestration.releases import audit_pack, explain, verify
from orchestration.releases.members import KEY

pytestmark = pytest.mark.xdist_group("year")  # one worker builds the year once


@pytest.fixture(scope="module")
def pack(year, tmp_path_factory) -> Path:
    into = tmp_path_factory.mktemp("audit")
    said = year.json("audit", "--into", str(into), "--draw", "acorn", "--figures", "8")
    assert (said["sampled"], said["equal"], said["differing"], said["unbalanced"]) == (8, 8, [], 0)
    # a delivery that was refused, and one that another replaced, make no further return
    assert (said["due"], said["missing"]) == (176, 0)
    return Path(said["folder"])


def rows_in(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def test_anybody_draws_the_same_figures_again(year, pack):
    with duckdb.connect(str(year.home.releases / "current" / "marts.duckdb"), read_only=True) as marts:
        keys = marts.execute(f"select {', '.join(KEY)} from figures where status <> 'withheld'").fetchall()
    first = sorted(keys, key=lambda key: hashlib.sha256("|".join(["acorn", *key]).encode()).hexdigest())[:8]
    assert [tuple(row[name] for name in KEY) for row in rows_in(pack / "sample.csv")] == first


def test_each_record_of_the_sample_is_led_to_a_file_that_was_received(year, pack):
    with ledger_of(year.home) as engine:
        received = {
            sha256
            for quarter in ("2023-Q1", "2023-Q2", "2023-Q3", "2023-Q4")
            for files in read_submission_files(engine, quarter).values()
            for sha256 in files.values()
        }
    seen = 0
    for row in some(rows_in(pack / "sample.csv")):
        records = rows_in(pack / row["records"])
        assert len([one for one in records if "numerator" in one["part"]]) == int(row["numerator"])
        assert {one["archived_sha256"] for one in records} <= received
        assert all(one["row"] for one in records)
        seen += len(records)
    assert seen > 0


def test_a_number_that_is_not_what_its_records_come_to_is_a_finding(year, tmp_path, monkeypatch):
    monkeypatch.setattr(explain.members, "recounted", lambda _: {"numerator": -1, "denominator": -1})
    said = year.cpai("audit", "--into", str(tmp_path), "--draw", "acorn", "--figures", "1")
    assert said.exit_code == 0 and "0 of 1 figures" in said.stdout and "DIFFERS" in said.stdout
    page = (tmp_path / f"audit-{verify.named(year.home)}" / "findings.html").read_text(encoding="utf-8")
    assert "Something does not agree" in page and "DIFFERS" in page


def test_it_is_described_for_machines(pack):
    graph = json.loads((pack / "ro-crate-metadata.json").read_text(encoding="utf-8"))["@graph"]
    files = {one["@id"]: one for one in graph if one["@type"] == "File"}
    there = {path.relative_to(pack).as_posix() for path in pack.rglob("*") if path.is_file()}
    assert set(files) == there - {"ro-crate-metadata.json"}
    assert all(files[name]["sha256"] == file_hash(pack / name) for name in some(list(files)))
    (root,) = [one for one in graph if one["@type"] == "Dataset"]
    assert {one["@id"] for one in root["hasPart"]} == set(files)
    record = json.loads((pack / "dcat.json").read_text(encoding="utf-8"))
    assert record["dct:identifier"].startswith("2023.r")
    assert record["dct:temporal"]["dcat:endDate"]["@value"] == "2024-01-01"
    rights = {one["dct:title"]: one["dct:accessRights"] for one in record["dcat:distribution"]}
    assert rights["figures.csv"] == "RESTRICTED"
    assert {of for name, of in rights.items() if name.startswith("public/")} <= {"OPEN"}


def test_the_page_names_every_file_and_the_pack_is_for_its_reader_alone(pack):
    page = (pack / "findings.html").read_text(encoding="utf-8")
    top = {path.name + ("/" if path.is_dir() else "") for path in pack.iterdir()}
    assert top - set(audit_pack._about()) == set()
    assert all(f"<dt>{name}</dt>" in page for name in some(sorted(top)))
    assert pack.stat().st_mode & 0o077 == 0
