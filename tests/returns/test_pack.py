"""The return pack: each failing record where the force finds it, what it holds, what it may hold."""

import json
import zipfile
from html.parser import HTMLParser

import duckdb
import pytest
from answered import FORCES, QUARTER
from click.testing import CliRunner
from python_calamine import CalamineWorkbook
from sheets import as_libreoffice_shows, tables
from some import some

from orchestration.command import cpai
from orchestration.returns.pack import pack_workbook, writing
from orchestration.spreadsheets import escaped
from orchestration.turns import WarehouseClosed

pytestmark = pytest.mark.xdist_group("answered")


def finding(pack: dict, code: str) -> dict:
    return next(each for each in pack["findings"] if each["code"] == code)


def test_each_force_has_a_page_a_workbook_and_json(answered, packs):
    folders = {path.name for path in (answered.root / "packs" / QUARTER).iterdir()}
    assert folders == {f"{force}.1" for force in FORCES}
    for folder in folders:
        files = {path.name for path in (answered.root / "packs" / QUARTER / folder).iterdir()}
        assert files == set(writing.FILES)
    assert set(packs) == set(FORCES)


@pytest.mark.parametrize("force", FORCES)
def test_records_balance(packs, force):
    for row in some(packs[force]["balance"]):
        parts = row["accepted"] + row["rejected"] + row["duplicate"] + row["superseded"]
        assert row["received"] == parts > 0


@pytest.mark.parametrize("force", ["metropolitan", "avon-and-somerset"])
def test_a_failing_record_stands_in_the_row_that_is_named(answered, packs, force):
    """The rows are opened as a person would: line by line, the heading row being the first."""
    folder = answered.landing / QUARTER / force
    for each in some(packs[force]["findings"]):
        for failing in each["failing"]:
            lines = (folder / failing["file"]).read_text(encoding="utf-8").splitlines()
            assert failing["crime_reference"] in lines[failing["row"] - 1]


def test_a_failing_record_of_a_workbook_stands_in_the_row_that_is_named(answered, packs):
    found = [
        (each["code"], failing) for each in packs["west-midlands"]["findings"] for failing in each["failing"]
    ]
    assert found
    for _, failing in found:
        book = CalamineWorkbook.from_path(str(answered.landing / QUARTER / "west-midlands" / failing["file"]))
        row = book.get_sheet_by_name(failing["sheet"]).to_python(skip_empty_area=False)[failing["row"] - 1]
        assert failing["crime_reference"] in row


def test_the_bad_value_and_the_allowed_ones_stand_side_by_side(packs):
    kent = packs["kent"]
    (held_out,) = finding(kent, "RE03")["failing"]
    assert held_out["crime_reference"] == "46/1024/23"
    assert [cell["column"] for cell in held_out["values"]] == ["recorded_on"]
    assert held_out["values"][0]["value"] == "30.02.2023"
    (without,) = finding(packs["metropolitan"], "RE02")["failing"]
    assert without["values"] == [
        {
            "column": "offence_code",
            "value": None,
            "allowed": "a Home Office class (19E), class/sub-code (19/16) or five digits (01916)",
        }
    ]
    unknown = finding(kent, "UM01")["failing"]
    assert ("offence_code", "99/99") in {(c["column"], c["value"]) for row in unknown for c in row["values"]}
    (adult,) = finding(kent, "CR15")["failing"]
    ages = {cell["column"]: cell for cell in adult["values"]}["age_at_offence"]
    assert (ages["value"], ages["allowed"]) == ("44", "0 to 12")


def test_what_would_be_counted_adds_up(packs):
    for pack in some(packs.values()):
        counted = pack["counted"]
        left_out = sum(row["crimes"] for row in counted["exclusions"])
        assert counted["crimes"] == counted["cpai"] + left_out > 0
        assert counted["candidates"] <= counted["contact"] <= counted["cpai"]


def test_completeness_stands_beside_all_forces(packs):
    rates = {(row["record_type"], row["field"]): row for row in packs["kent"]["completeness"]}
    ages = rates["victims", "age_at_offence"]
    assert (ages["known"], ages["of"], ages["percent"]) == (16, 17, 94.1)  # of the victims that count
    assert ages["national"] is not None
    assert ages["last_quarter"] is None  # nothing was received for the quarter before


@pytest.mark.parametrize("force", FORCES)
def test_under_each_heading_stands_what_the_heading_says(answered, packs, force):
    """Every sheet against the JSON, heading by heading: seven headings over five values put advice under another."""
    pack = packs[force]
    sheets = tables(answered.root / "packs" / QUARTER / f"{force}.1" / "pack.xlsx")
    found = [*pack["findings"], *pack["found_by_the_centre"]]
    assert sorted(row["Rule"] for row in sheets["Rules"]) == sorted(each["code"] for each in found)
    for row in sheets["Rules"]:
        (each,) = (one for one in found if one["code"] == row["Rule"] and one["answer"] == row["Answer"])
        assert (row["Records"], row["Of"]) == (each["records"], each["tested"] or "")
        assert row["Blocks the release"] == ("yes" if each["holds"] else "")
        assert (row["What should hold"], row["What to do"]) == (each["statement"], each["what_to_do"])
        assert row["Why it stands here"] == each["why"]
    columns = {
        **dict.fromkeys(("Rule", "Answer", "What to do"), 0),
        **dict.fromkeys(("Crime reference", "Person", "File", "Sheet", "Row", "Found", "The crime is"), 1),
        **dict.fromkeys(("Column", "As sent", "Allowed"), 2),
    }
    keys = dict(map(reversed, pack_workbook.SHEETS["Records"]))
    wanted = [
        {name: (each, record, cell)[place].get(keys[name]) for name, place in columns.items()}
        for each in found
        for record in each["failing"]
        for cell in record["values"] or [{}]
    ]
    # as a spreadsheet shows them, and not what it took an apostrophe from
    wanted = [{name: escaped(cell) for name, cell in row.items()} for row in wanted]
    told = [{name: row[name] for name in columns} for row in sheets["Records"]]
    assert in_any_order(told) == in_any_order(wanted) != []
    assert [row["Received"] for row in sheets["Balance"]] == [row["received"] for row in pack["balance"]]
    assert [row["Crimes"] for row in sheets["Left out"]] == [
        row["crimes"] for row in pack["counted"]["exclusions"]
    ]
    shares = [(row["Recorded"], row["Of"], row["This quarter, per cent"]) for row in sheets["Completeness"]]
    assert shares == [(row["known"], row["of"], row["percent"]) for row in pack["completeness"]]


def in_any_order(rows: list[dict]) -> list[str]:
    """Rows as a spreadsheet would show them."""
    return sorted(
        "|".join("" if cell is None else str(cell).removesuffix(".0") for cell in row.values())
        for row in rows
    )


def test_a_sheet_of_nothing_is_not_there(answered, tmp_path):
    """It had a lone "None" once, as if that were a heading."""
    pack = json.loads((answered.root / "packs" / QUARTER / "kent.1" / "pack.json").read_text())
    assert pack["explanations"] == [] == pack["reasons"]
    path = tmp_path / "pack.xlsx"
    pack_workbook.write_workbook(pack, path)
    assert set(tables(path)) == {"Return", "Rules", "Records", "Balance", "Left out", "Completeness"}
    pack |= {
        "explanations": [{"rule": "CR41", "crime_reference": "=46/1/23", "explanation": "not known yet"}],
        "reasons": [{"code": "FL47", "said": "sent again", "what_to_do": None}],
    }
    pack_workbook.write_workbook(pack, path)
    sheets = tables(path)
    assert sheets["Explanations"] == [
        {"Rule": "CR41", "Crime reference": "'=46/1/23", "Explanation": "not known yet"}
    ]
    assert [*sheets["Remarks"][0].values()] == ["FL47", "sent again", ""]
    pack_workbook.write_workbook(pack | {"status": "refused"}, path)
    assert [*tables(path)["Why refused"][0].values()] == ["FL47", "sent again", ""]


@pytest.mark.proof
def test_libreoffice_opens_every_sheet_of_a_pack(answered, tmp_path):
    for force in ("kent", "west-midlands"):
        path = answered.root / "packs" / QUARTER / f"{force}.1" / "pack.xlsx"
        as_libreoffice_shows(path, tmp_path / force)


def test_a_workbook_calculates_nothing(answered):
    for path in some((answered.root / "packs" / QUARTER).glob("*/pack.xlsx")):
        with zipfile.ZipFile(path) as book:
            for name in book.namelist():
                if name.startswith("xl/worksheets/"):
                    assert b"<f>" not in book.read(name) and b"<f " not in book.read(name)
        for sheet in CalamineWorkbook.from_path(str(path)).sheet_names:
            for row in CalamineWorkbook.from_path(str(path)).get_sheet_by_name(sheet).to_python():
                assert not any(isinstance(cell, str) and cell.startswith(("=", "@", "+")) for cell in row)


def test_a_value_that_looks_like_a_formula_is_there_as_text(answered):
    path = answered.root / "packs" / QUARTER / "metropolitan.1" / "pack.xlsx"
    cells = [
        cell
        for row in CalamineWorkbook.from_path(str(path)).get_sheet_by_name("Records").to_python()
        for cell in row
    ]
    assert "'@SUM(1)" in cells


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.tables = self.captions = 0
        self.loose_headings = 0
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append(int(tag[1]))
        self.tables += tag == "table"
        self.captions += tag == "caption"
        self.loose_headings += tag == "th" and "scope" not in given
        self.addresses += [given[name] or "" for name in ("src", "href") if name in given]
        if "id" in given:
            self.ids.append(given["id"] or "")


@pytest.mark.parametrize("force", ["kent", "durham"])
def test_the_page_reads_without_sight_script_or_network(answered, force):
    page = _Page()
    html = (answered.root / "packs" / QUARTER / f"{force}.1" / "index.html").read_text(encoding="utf-8")
    page.feed(html)
    assert '<html lang="en-GB">' in html
    assert page.headings[0] == 1 and page.headings.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in zip(page.headings, page.headings[1:], strict=False))
    assert page.tables == page.captions > 5
    assert page.loose_headings == 0
    assert "script" not in page.tags
    assert all(address.startswith("#") for address in page.addresses)
    assert len(page.ids) == len(set(page.ids))


def test_a_pack_is_replaced_whole(answered, tmp_path):
    pack = json.loads((answered.root / "packs" / QUARTER / "kent.1" / "pack.json").read_text())
    folder = tmp_path / "packs" / "kent.1"
    writing.write_pack(pack, folder)
    (folder / "left over").touch()
    writing.write_pack(pack, folder)
    assert {path.name for path in folder.iterdir()} == set(writing.FILES)
    assert [path.name for path in folder.parent.iterdir()] == ["kent.1"]


def test_packs_need_a_warehouse(home):
    with pytest.raises(WarehouseClosed, match="run `cpai run <quarter>` first"):
        writing.write_packs(home, QUARTER)


def test_packs_are_an_asset_of_their_quarter(answered):
    import dagster as dg

    from orchestration.returns.pack.assets import return_packs

    result = dg.materialize(
        [return_packs],
        partition_key="2023-Q1",
        instance=dg.DagsterInstance.ephemeral(),
        resources={"home": answered},
    )
    (event,) = result.asset_materializations_for_node("return_packs")
    assert event.metadata["packs"].value == f"{len(FORCES)} written"


def test_what_holds_the_release_is_what_the_gate_would_say(answered, packs):
    with duckdb.connect(str(answered.warehouse), read_only=True) as connection:
        fails = connection.execute(
            "select force, rule, tested from quality.rule_results "
            "inner join reference.rules using (rule) "
            "where verdict = 'fails' and checked_by = 'force' and severity = 'blocks'"
        ).fetchall()
    told = [
        (force, each["code"], each["tested"])
        for force, pack in packs.items()
        for each in pack["findings"]
        if each["holds"]
    ]
    assert sorted(told) == sorted(fails) != []


def test_a_mended_cell_is_shown_as_it_came_and_as_it_was_read(packs):
    (corrected,) = finding(packs["west-midlands"], "RP03")["failing"]
    (cell,) = corrected["values"]
    assert (cell["column"], cell["value"], cell["allowed"]) == ("offenders_stated", "2.0", "read as 2")
    assert finding(packs["west-midlands"], "RP03")["answer"] == "nothing"


def test_a_pack_for_a_force_that_sent_nothing_says_so(answered):
    words = ["--home", str(answered.root), "pack", QUARTER, "--force", "essex"]
    answer = CliRunner().invoke(cpai, words)
    assert answer.exit_code == 1
    assert "essex: nothing has come for 2023-Q1" in answer.output
