"""`cpai check` on a force's machine and the national run find the same in a return."""

import csv
import json
import os
from pathlib import Path

import pytest
from answered import FORCES, QUARTER, REFERENCES
from click.testing import CliRunner, Result
from some import some
from written import crime, write_return

from orchestration.command import cpai
from orchestration.home import SEEDS
from orchestration.returns import check as checking
from orchestration.returns.layouts import layout_for
from orchestration.returns.pack import writing
from orchestration.returns.pack.gathering import canonical
from orchestration.returns.pack.page import page
from orchestration.returns.pack.summary import LINES, WIDTH, summary
from orchestration.warehouse import compiled

pytestmark = pytest.mark.xdist_group("answered")


def command(folder: Path, *words: str, force: str = "metropolitan", quarter: str = QUARTER) -> Result:
    """`cpai check`, as a force types it."""
    return CliRunner().invoke(cpai, ["check", str(folder), "--force", force, "--quarter", quarter, *words])


def crimes_only(folder: Path, crimes: list[dict]) -> Path:
    write_return(
        folder, layout_for("metropolitan", QUARTER), {"crimes": crimes, "victims": [], "suspects": []}
    )
    return folder


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


def test_the_command_writes_nothing_unasked_then_only_the_pack_and_ends_with_1(
    tmp_path, answered, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CPAI_HOME", str(tmp_path / "home"))
    national = tmp_path / "national.db"
    monkeypatch.setenv("CPAI_LEDGER_URL", f"sqlite:///{national}")
    folder = answered.landing / QUARTER / "kent"
    before = sorted(path.stat().st_mtime_ns for path in folder.iterdir())

    answer = command(folder, force="kent")
    assert answer.exit_code == 1, answer.output
    assert "correct RE03" in answer.output
    assert "Nothing was written." in answer.output
    assert list(tmp_path.iterdir()) == []

    answer = command(folder, "--into", "kent.pack", force="kent")
    assert answer.exit_code == 1, answer.output
    assert "open kent.pack" in answer.output
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == [
        "kent.pack",
        *sorted(f"kent.pack/{name}" for name in writing.FILES),
    ]
    assert not national.exists()
    assert sorted(path.stat().st_mtime_ns for path in folder.iterdir()) == before


def test_nothing_to_mend_ends_with_0(tmp_path):
    folder = crimes_only(tmp_path / "in", [crime(number, "000{}/23") for number in range(3)])
    answer = command(folder, "--into", str(tmp_path / "out"), "--json")
    assert answer.exit_code == 0, answer.output
    (pack,) = json.loads(answer.stdout)["packs"]
    assert (pack["status"], pack["to_correct"], pack["counted"]["crimes"]) == ("accepted", 0, 3)


def test_a_refused_return_says_why_by_code_and_what_to_do(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "crimes.csv").write_bytes(b"PK\x03\x04 no text")
    answer = command(tmp_path / "in", "--into", str(tmp_path / "out"), "--json")
    assert answer.exit_code == 1
    (pack,) = json.loads(answer.stdout)["packs"]
    assert pack["status"] == "refused"
    assert pack["to_correct"] == len(pack["reasons"]) > 0
    assert all(reason["code"] and reason["what_to_do"] for reason in pack["reasons"])
    assert pack["findings"] == [] and pack["counted"] is None
    assert "would be refused" in (tmp_path / "out" / "index.html").read_text()


@pytest.mark.parametrize(
    ("force", "quarter", "says"),
    [
        (
            "atlantis",
            QUARTER,
            "atlantis: no return is due for 2023-Q1; forces are written as in seeds/forces.csv.",
        ),
        ("clevland", QUARTER, "clevland: no return is due for 2023-Q1; did you mean cleveland?"),
        ("Kent Police", QUARTER, "did you mean kent?"),
        ("kent", "2023-5", "is no quarter"),
        ("kent", "2013-Q4", "kent: no return is due for 2013-Q4; returns begin with 2014-Q1."),
        ("kent", "2999-Q1", "2999-Q1: has not begun"),
        ("kent", QUARTER, "holds no file of a return"),
    ],
)
def test_wrong_usage_is_told_in_a_sentence_and_ends_with_2(tmp_path, force, quarter, says):
    answer = command(tmp_path, force=force, quarter=quarter)
    assert answer.exit_code == 2
    assert says in answer.output
    as_json = command(tmp_path, "--json", force=force, quarter=quarter)
    assert as_json.exit_code == 2
    if "is no quarter" not in says:
        assert says in json.loads(as_json.stdout)["reasons"][0]


def test_a_folder_that_is_not_that_of_one_return_is_told_apart(tmp_path, monkeypatch):
    (tmp_path / "kent").mkdir()
    (tmp_path / "surrey").mkdir()
    answer = command(tmp_path, force="kent")
    assert (answer.exit_code, answer.output.count("\n")) == (2, 1)
    assert "holds folders of 2 forces; name the one of kent alone." in answer.output
    os.mkfifo(tmp_path / "kent" / "pipe")
    assert "cannot be read" in command(tmp_path / "kent", force="kent").output
    (tmp_path / "kent" / "pipe").unlink()
    monkeypatch.setattr(checking, "MOST_FILES", 3)
    for number in range(5):
        (tmp_path / "kent" / f"{number}.csv").write_text("a")
    answer = command(tmp_path / "kent", force="kent")
    assert (answer.exit_code, "more than the files of a return" in answer.output) == (2, True)


@pytest.mark.parametrize("place", [".", "pack", "..", "../beside"])
def test_a_pack_takes_the_place_of_nothing_else(tmp_path, place):
    """It once removed whatever was in the folder it was written to, and was then taken for a delivery."""
    folder = crimes_only(tmp_path / "in", [crime(number, "000{}/23") for number in range(3)])
    beside = tmp_path / "beside"
    beside.mkdir()
    (beside / "index.html").write_text("mine")
    before = sorted(path for path in tmp_path.rglob("*"))
    answer = command(folder, "--into", str(folder / place))
    assert answer.exit_code == 2, answer.output
    assert (
        "lies in the folder that is checked" if ".." not in place else "other files than a pack"
    ) in answer.output
    assert sorted(path for path in tmp_path.rglob("*")) == before


def test_a_pack_takes_the_place_of_a_pack(tmp_path):
    folder = crimes_only(tmp_path / "in", [crime(number, "000{}/23") for number in range(3)])
    for _ in range(2):
        assert command(folder, "--into", str(tmp_path / "out")).exit_code == 0
    pack = json.loads((tmp_path / "out" / "pack.json").read_text(encoding="utf-8"))
    nothing = pack | {"findings": [finding for finding in pack["findings"] if finding["answer"] != "explain"]}
    writing.write_pack(nothing, tmp_path / "out")
    # nothing to explain: nothing to fill in
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"index.html", "pack.xlsx", "pack.json"}
    assert "There is nothing to explain." in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def test_explanations_are_repeated_and_ask_for_no_more(tmp_path):
    crimes = [crime(number, "000{}/23", offence_code="86") for number in range(3)]
    crimes_only(tmp_path, crimes)
    (one, _, _) = (row["crime_reference"] for row in crimes)
    (tmp_path / "explanations.csv").write_text(
        f"rule,crime_reference,explanation\nCR41,{one},sub-code not known yet\n"
    )
    (pack,) = checking.check(tmp_path, "metropolitan", QUARTER)
    assert pack["to_explain"] == 2
    assert [(row["rule"], row["crime_reference"]) for row in pack["explanations"]] == [("CR41", one)]


def test_every_rule_that_a_force_judges_tells_it_what_to_do():
    with (SEEDS / "rules.csv").open(encoding="utf-8", newline="") as file:
        for rule in some(csv.DictReader(file)):
            if rule["home"] == "record_rule" and rule["checked_by"] == "force":
                assert rule["force_does"], rule["rule"]


@pytest.mark.parametrize(
    ("file", "status", "says"),
    [
        ("NIL", "received as a nil return", "nothing to report"),
        ("MISSING", "noted as missing", "will not come"),
    ],
)
def test_a_statement_is_answered(tmp_path, file, status, says):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / file).write_text("A. Registrar, 3 April 2023\n")
    answer = command(tmp_path / "in", "--into", str(tmp_path / "out"), force="kent")
    assert f"Kent Police, {QUARTER}: would be {status}." in answer.output
    assert answer.exit_code == 0
    html = (tmp_path / "out" / "index.html").read_text()
    assert says in html
    assert "Registrar" not in html


def test_the_fill_in_comes_back_as_it_was_given(tmp_path):
    """With two of its rows filled, one of them about a reference that a spreadsheet would calculate."""
    crimes = [
        crime(number, reference, offence_code="86")
        for number, reference in enumerate(["000{}/23", "=1+{}", "@{}"])
    ]
    crimes_only(tmp_path / "in", crimes)
    command(tmp_path / "in", "--into", str(tmp_path / "out"))
    with (tmp_path / "out" / "explanations.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    references = [
        "",
        *sorted(
            f"'{each}" if each[0] in "=@" else each for each in (row["crime_reference"] for row in crimes)
        ),
    ]
    assert sorted(row["crime_reference"] for row in rows if row["rule"] == "CR41") == sorted(references)
    assert {row["explanation"] for row in rows} == {""}
    for row in rows:
        if row["crime_reference"][1:2] in ("=", "@"):
            row["explanation"] = "not known yet"
    with (tmp_path / "in" / "explanations.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    (pack,) = checking.check(tmp_path / "in", "metropolitan", QUARTER)
    assert pack["reasons"] == []  # a row left blank is no mistake
    assert pack["to_explain"] == 1
    assert [row["crime_reference"] for row in writing.to_explain(pack) if row["rule"] == "CR41"] == [
        None,
        crimes[0]["crime_reference"],
    ]


def test_what_was_explained_for_a_whole_rule_is_asked_no_more():
    failing = [{"crime_reference": "1/23"}, {"crime_reference": "2/23"}]
    finding = {
        "code": "CR41",
        "answer": "explain",
        "failing": failing,
        "level": 5,
        "at_stake": 1,
        "records": 2,
    }
    pack = {"findings": [finding], "found_by_the_centre": [], "explanations": []}
    assert len(writing.to_explain(pack)) == 3
    many = finding | {"failing": [{"crime_reference": f"{n}/23"} for n in range(writing.MOST_BESIDE_RECORDS)]}
    # more than may come back: a row for the whole rule
    assert writing.to_explain(pack | {"findings": [many]}) == [{"rule": "CR41", "crime_reference": None}]
    for explained, left in (((None,), 0), (("1/23", "2/23"), 0), (("1/23",), 2)):
        rows = [{"rule": "CR41", "crime_reference": reference} for reference in explained]
        assert len(writing.to_explain(pack | {"explanations": rows})) == left


def test_the_latest_delivery_is_judged_and_said_to_be(tmp_path):
    crimes = [crime(number, "000{}/23") for number in range(3)]
    crimes_only(tmp_path / "met" / "1", crimes)
    (pack,) = checking.check(tmp_path / "met" / "1", "metropolitan", QUARTER)
    assert (pack["checked"]["judged"], pack["checked"]["said"]) == ("", "the files in 1")
    (pack,) = checking.check(tmp_path / "met", "metropolitan", QUARTER)
    assert pack["checked"]["said"] == "sub-folder 1 of met"
    (tmp_path / "met" / "2").mkdir()
    (tmp_path / "met" / "2" / "crimes.csv").touch()
    (pack,) = checking.check(tmp_path / "met", "metropolitan", QUARTER)
    assert (pack["submission"], pack["status"], pack["stands"]) == (2, "refused", 1)
    assert pack["balance"] == [] and pack["counted"] is None
    said = "sub-folder 2 of met, the latest of 2 deliveries there (before it: sub-folder 1 of met)"
    assert pack["checked"]["said"] == said
    assert pack["checked"]["files"] == ["crimes.csv"]
    for told in (page(pack, False), "\n".join(summary([pack], None)).replace("\n  ", " ")):
        assert said in told
    assert "If both were sent, sub-folder 1 of met would stand." in page(pack, False)


def test_deliveries_whose_order_nothing_tells_are_not_said_to_be_in_one(tmp_path):
    for name in ("north", "south"):
        crimes_only(tmp_path / "met" / name, [crime(number, "000{}/23") for number in range(3)])
        for path in (tmp_path / "met" / name).iterdir():
            os.utime(path, (1, 1))
    answer = command(tmp_path / "met")
    assert answer.exit_code == 1
    assert "Checked: 2 deliveries in met; which is the latest is not known." in answer.output


# words of a receipt, which a check is not
OF_RECEIPTS = (
    "was refused",
    "is received",
    "Submission",
    "Received</dt>",
    "was received",
    "waits for this force",
)


@pytest.mark.parametrize("force", FORCES)
def test_a_check_speaks_of_a_check(checked, packs, force):
    told = page(checked[force], True)
    assert f"<title>Check before sending: {checked[force]['force_name']}" in told
    assert "nothing has been sent" in told
    assert [word for word in OF_RECEIPTS if word in told] == []
    national = page(packs[force], True)
    assert "Check" not in national.partition("</dl>")[0] and "<dt>Submission</dt>" in national


@pytest.mark.parametrize("force", [*FORCES, "norfolk-and-suffolk"])
def test_the_summary_fits_a_screen_however_much_is_found(checked, force):
    packs = (
        [checked[one] for one in ("norfolk", "suffolk")]
        if "-and-s" in force
        else [checked[force]]
        if force in checked
        else []
    )
    assert packs
    long = "a very long \u202e name \x1b[31m " * 30
    many = [{"code": f"FL{n}", "said": f"{n} {long}", "what_to_do": ""} for n in range(30)]
    worst = [
        pack | {"findings": pack["findings"] * 9, "checked": pack["checked"] | {"said": long}}
        for pack in packs
    ]
    refused = [
        pack | {"status": "refused", "reasons": many, "findings": [], "counted": None} for pack in packs
    ]
    for each in (packs, worst, refused):
        for into in (None, Path("/a" * 300)):
            lines = summary(each, into)
            # the prompt, and the line that the rules are prepared, are on the screen as well
            assert len(lines) <= LINES - 3
            assert max(map(len, lines)) <= WIDTH
            assert all(line.isprintable() for line in lines)
    first = packs[0]["findings"][0]
    assert any(line.split()[:2] == [first["answer"], first["code"]] for line in summary(packs, None))
    assert any(line.startswith("  and 2") and line.endswith(" more") for line in summary(refused, None))


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
