"""`cpai check` on a force's machine and the national run say the same of a return."""

import csv
import json

import pytest
from answered import FORCES, QUARTER, REFERENCES
from click.testing import CliRunner
from written import crime, write_return

from orchestration.home import SEEDS
from orchestration.returns import check as checking
from orchestration.returns.check_command import check as command
from orchestration.returns.layouts import layout_for
from orchestration.returns.pack.gathering import canonical
from orchestration.returns.pack.page import page
from orchestration.warehouse import compiled

pytestmark = pytest.mark.xdist_group("answered")


@pytest.fixture(scope="session")
def checked(answered) -> dict[str, dict]:
    """force -> its pack, as each force finds it by itself."""
    packs = {}
    for delivered_as in REFERENCES:
        for pack in checking.check(answered.landing / QUARTER / delivered_as, delivered_as, QUARTER):
            packs[pack["force"]] = pack
    return packs


@pytest.mark.parametrize("force", FORCES)
def test_findings_are_those_of_the_national_run_byte_for_byte(checked, packs, force):
    assert canonical(checked[force]["findings"]) == canonical(packs[force]["findings"])
    assert checked[force]["balance"] == packs[force]["balance"]
    assert checked[force]["counted"] == packs[force]["counted"]
    assert len(packs[force]["findings"]) > 4


def test_what_needs_other_returns_is_said_to_be_the_centres(checked):
    kent = checked["kent"]
    assert kent["found_by_the_centre"] == []
    asked = {rule["code"] for rule in kent["only_the_centre"]}
    assert {"CR02", "CR55"} <= asked
    assert not asked & {finding["code"] for finding in kent["findings"]}
    assert all(row["national"] is None and row["last_quarter"] is None for row in kent["completeness"])


def test_a_force_of_a_joint_return_may_check_only_its_own(answered):
    folder = answered.landing / QUARTER / "norfolk-and-suffolk"
    both = checking.check(folder, "norfolk-and-suffolk", QUARTER)
    assert [pack["force"] for pack in both] == ["norfolk", "suffolk"]
    references = {
        failing["crime_reference"] for finding in both[0]["findings"] for failing in finding["failing"]
    }
    assert references and all(reference.startswith("36/") for reference in references)


def test_the_command_writes_only_the_pack_and_ends_with_1(tmp_path, answered, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CPAI_HOME", str(tmp_path / "home"))
    national = tmp_path / "national.db"
    monkeypatch.setenv("CPAI_LEDGER_URL", f"sqlite:///{national}")
    folder = answered.landing / QUARTER / "kent"
    before = sorted(path.stat().st_mtime_ns for path in folder.iterdir())

    answer = CliRunner().invoke(command, [str(folder), "--force", "kent", "--quarter", QUARTER])

    assert answer.exit_code == 1, answer.output
    assert "mend    RE03" in answer.output
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [
        "kent.pack",
        "kent.pack/index.html",
        "kent.pack/pack.json",
        "kent.pack/pack.xlsx",
    ]
    assert not national.exists()
    assert sorted(path.stat().st_mtime_ns for path in folder.iterdir()) == before


def test_nothing_to_mend_ends_with_0(tmp_path):
    layout = layout_for("metropolitan", QUARTER)
    crimes = [crime(number, "000{}/23") for number in range(3)]
    write_return(tmp_path / "in", layout, {"crimes": crimes, "victims": [], "suspects": []})
    words = [str(tmp_path / "in"), "--force", "metropolitan", "--quarter", QUARTER]
    answer = CliRunner().invoke(command, [*words, "--into", str(tmp_path / "out"), "--json"])
    assert answer.exit_code == 0, answer.output
    (pack,) = json.loads(answer.stdout)["packs"]
    assert (pack["status"], pack["to_mend"], pack["counted"]["crimes"]) == ("accepted", 0, 3)


def test_a_refused_return_says_why_by_code_and_what_to_do(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "crimes.csv").write_bytes(b"PK\x03\x04 no text")
    words = [str(tmp_path / "in"), "--force", "metropolitan", "--quarter", QUARTER]
    answer = CliRunner().invoke(command, [*words, "--into", str(tmp_path / "out"), "--json"])
    assert answer.exit_code == 1
    (pack,) = json.loads(answer.stdout)["packs"]
    assert pack["status"] == "refused"
    assert pack["to_mend"] == len(pack["reasons"]) > 0
    assert all(reason["code"] and reason["what_to_do"] for reason in pack["reasons"])
    assert pack["findings"] == [] and pack["counted"] is None
    assert "was refused" in (tmp_path / "out" / "index.html").read_text()


@pytest.mark.parametrize(
    ("force", "quarter", "says"),
    [("atlantis", QUARTER, "owes no return"), ("kent", "2023-5", "not a quarter")],
)
def test_wrong_usage_ends_with_2(tmp_path, force, quarter, says):
    answer = CliRunner().invoke(command, [str(tmp_path), "--force", force, "--quarter", quarter])
    assert answer.exit_code == 2
    assert says in answer.output


def test_explanations_are_repeated_and_ask_for_no_more(tmp_path):
    layout = layout_for("metropolitan", QUARTER)
    crimes = [crime(number, "000{}/23", offence_code="86") for number in range(3)]
    write_return(tmp_path, layout, {"crimes": crimes, "victims": [], "suspects": []})
    (one, _, _) = (row["crime_reference"] for row in crimes)
    (tmp_path / "explanations.csv").write_text(
        f"rule,crime_reference,explanation\nCR41,{one},sub-code not known yet\n"
    )
    (pack,) = checking.check(tmp_path, "metropolitan", QUARTER)
    assert pack["to_explain"] == 2
    assert [(row["rule"], row["crime_reference"]) for row in pack["explanations"]] == [("CR41", one)]


def test_every_rule_that_a_force_judges_tells_it_what_to_do():
    with (SEEDS / "rules.csv").open(encoding="utf-8", newline="") as file:
        for rule in csv.DictReader(file):
            if rule["home"] == "record_rule" and rule["judged_by"] == "force":
                assert rule["force_does"], rule["rule"]


@pytest.mark.parametrize(
    ("file", "status", "says"), [("NIL", "nil", "nothing to report"), ("MISSING", "missing", "will not come")]
)
def test_a_statement_is_answered(tmp_path, file, status, says):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / file).write_text("A. Registrar, 3 April 2023\n")
    words = [str(tmp_path / "in"), "--force", "kent", "--quarter", QUARTER]
    answer = CliRunner().invoke(command, [*words, "--into", str(tmp_path / "out")])
    assert f"kent {QUARTER}: {status}" in answer.output
    assert answer.exit_code == 0
    html = (tmp_path / "out" / "index.html").read_text()
    assert says in html
    assert "Registrar" not in html


def test_a_refused_delivery_leaves_the_earlier_one_standing(tmp_path):
    crimes = [crime(number, "000{}/23") for number in range(3)]
    layout = layout_for("metropolitan", QUARTER)
    write_return(tmp_path / "1", layout, {"crimes": crimes, "victims": [], "suspects": []})
    (tmp_path / "2").mkdir()
    (tmp_path / "2" / "crimes.csv").touch()
    (pack,) = checking.check(tmp_path, "metropolitan", QUARTER)
    assert (pack["submission"], pack["status"], pack["stands"]) == (2, "refused", 1)
    assert pack["balance"] == [] and pack["counted"] is None
    assert "Until then submission 1 stands" in page(pack)


def test_a_wheel_carries_the_rules_of_its_own_version_only(tmp_path, monkeypatch):
    made = compiled.steps(checking.MODELS)
    monkeypatch.setattr(compiled, "SHIPPED", tmp_path / "compiled.json")
    monkeypatch.setattr(compiled, "_compile", lambda models: made)
    compiled.ship(checking.MODELS)
    monkeypatch.setenv("CPAI_CACHE", str(tmp_path / "no cache"))
    assert compiled.ready(checking.MODELS)
    assert compiled.steps(checking.MODELS) == made
    monkeypatch.setattr(compiled, "source_hash", lambda: "of another version")
    assert not compiled.ready(checking.MODELS)
