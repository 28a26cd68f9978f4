"""Our own tables are guarded as those of forces are: read where that is certain, else one sentence and nothing done."""

import json
import os
import re
import shutil

import pytest
from click.testing import CliRunner

from orchestration import home, strict_csv
from orchestration.command import cpai
from orchestration.home import PACKAGE, SEEDS, check_seeds, seed_rows
from orchestration.readings.policy import read_policy
from orchestration.releases.disclosure import policy as disclosure_policy
from orchestration.strict_csv import NotRead
from orchestration.warehouse import dbt

SPELLINGS = "code_spellings.csv"
BOM = b"\xef\xbb\xbf"


@pytest.fixture
def seeds(tmp_path, monkeypatch):
    """The project's seeds in a folder of their own, which the command takes for the project's."""
    folder = tmp_path / "seeds"
    shutil.copytree(SEEDS, folder)
    check = lambda: check_seeds(folder)  # noqa: E731
    monkeypatch.setattr("orchestration.command.check_seeds", check)
    monkeypatch.setattr(dbt, "check_seeds", check)
    return folder


def edited(folder, edit, name=SPELLINGS):
    file = folder / name
    file.write_bytes(edit(file.read_bytes()))


def line(number: int, edit):
    """An edit of one line of a file."""

    def of(data: bytes) -> bytes:
        lines = data.split(b"\n")
        lines[number - 1] = edit(lines[number - 1])
        return b"\n".join(lines)

    return of


def said(tmp_path, *words):
    answer = CliRunner().invoke(cpai, ["--home", str(tmp_path / "home"), *words])
    assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
    return answer


@pytest.mark.parametrize(
    "saved",
    [
        lambda data: BOM + data,
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: BOM + data.replace(b"\n", b"\r\n"),
        lambda data: data.replace(b"\n", b"\r"),
        lambda data: data.rstrip(b"\n"),
    ],
    ids=["a mark", "line ends of Windows", "both", "line ends of old", "no last line end"],
)
def test_what_excel_adds_is_no_fault(seeds, tmp_path, saved):
    edited(seeds, saved)
    assert seed_rows(SPELLINGS, seeds) == seed_rows(SPELLINGS)
    (tmp_path / "home" / "landing").mkdir(parents=True)
    assert said(tmp_path, "status").exit_code == 0


NOT_READ = {
    "semicolons": (lambda data: data.replace(b",", b";"), "row 1: its cells are separated by semicolons"),
    "tabs": (lambda data: data.replace(b",", b"\t"), "row 1: its cells are separated by tabs"),
    "separator said": (
        lambda data: b"sep=;\n" + data.replace(b",", b";"),
        "row 1: its cells are separated by",
    ),
    "UTF-16": (lambda data: data.decode().encode("utf-16"), "is UTF-16 text"),
    "cp1252": (line(3, lambda text: text + "é".encode("cp1252")), "line 3: is not UTF-8 text"),
    "zero bytes": (line(3, lambda text: text + b"\0"), "zero byte"),
    "a workbook": (lambda _: b"PK\x03\x04\x14\0\0\0", "is it a workbook"),
    "a cell too many": (line(4, lambda text: text + b",x"), "row 4: has 6 cells where the heading row has 5"),
    "a cell too few": (line(4, lambda text: text.rpartition(b",")[0]), "row 4: has 4 cells"),
    "a mark not closed": (line(4, lambda text: b'"' + text), "row 4: a quotation mark is not closed"),
    "a blank row": (line(4, lambda _: b""), "row 4: is blank"),
    "a row of commas": (line(4, lambda _: b",,,,"), "row 4: is blank"),
    "a blank first row": (lambda data: b"\n" + data, "row 1: is blank"),
    "a heading twice": (
        line(1, lambda text: text.replace(b"layout", b"Field")),
        "'field' stands there twice",
    ),
    "no heading": (line(1, lambda text: text.replace(b"layout", b"")), "cell 2 has no heading"),
    "a padded heading": (line(1, lambda text: text.replace(b"layout", b" layout")), "has spaces around it"),
    "nothing": (lambda _: b"", "is blank"),
    "a mark alone": (lambda _: BOM, "is blank"),
}


@pytest.mark.parametrize("name", [SPELLINGS, "waivers.csv", "layouts/layouts.csv", "publication/feeds.csv"])
def test_every_seed_is_asked(seeds, tmp_path, name):
    edited(seeds, lambda data: data.replace(b",", b";"), name)
    answer = said(tmp_path, "run", "2023-Q1")
    assert answer.exit_code == 2
    assert answer.stderr.startswith(
        f"seeds/{name}, row 1: its cells are separated by semicolons; save it as CSV UTF-8"
    )
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("damage", NOT_READ)
def test_what_is_not_certain_is_one_sentence_with_file_and_row(seeds, tmp_path, damage):
    edit, words = NOT_READ[damage]
    edited(seeds, edit)
    answer = said(tmp_path, "run", "2023-Q1")
    assert answer.exit_code == 2
    assert answer.stderr.startswith(f"seeds/{SPELLINGS}")
    assert words in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("name", "was", "made"),
    [
        ("offences.csv", b",01916,", b",1916,"),
        ("offences.csv", b",2004-05-01,", b",01/05/2004,"),
        ("offences.csv", b",19/7,", b",19-Jul,"),
        ("forces.csv", b",01,", b",1,"),
        (SPELLINGS, b",male,", b",6.95E+15,"),
        ("reading_policy.csv", b",60,", b",#####,"),
    ],
)
def test_a_text_that_a_spreadsheet_changed_is_named_by_its_row(seeds, name, was, made):
    text = (seeds / name).read_bytes()
    assert was in text
    (seeds / name).write_bytes(text.replace(was, made, 1))
    row = text[: text.index(was)].count(b"\n") + 1
    with pytest.raises(NotRead, match=f"seeds/{name}, row {row}: a spreadsheet has made another text"):
        check_seeds(seeds)


def test_what_forces_write_may_look_like_it(seeds):
    edited(seeds, lambda data: data + b"gender,,19-Aug,male,made up\n")
    assert seed_rows(SPELLINGS, seeds)[-1]["spelling"] == "19-Aug"


def test_a_seed_that_is_gone_or_a_folder_is_named(seeds):
    (seeds / SPELLINGS).unlink()
    with pytest.raises(NotRead, match="there is no such file"):
        seed_rows(SPELLINGS, seeds)
    (seeds / SPELLINGS).mkdir()
    with pytest.raises(NotRead, match="is a folder"):
        seed_rows(SPELLINGS, seeds)


def test_all_that_cannot_be_read_are_named_at_once_and_to_machines(seeds, tmp_path):
    for name in (SPELLINGS, "forces.csv"):
        edited(seeds, lambda _: b"", name)
    answer = said(tmp_path, "status", "--json")
    assert answer.exit_code == 2
    assert [sentence.partition(":")[0] for sentence in json.loads(answer.stdout)["reasons"]] == [
        f"seeds/{SPELLINGS}",
        "seeds/forces.csv",
    ]


def test_a_column_that_is_asked_for_and_not_there_is_named(seeds):
    edited(seeds, line(1, lambda text: text.replace(b"spelling", b"spellign")))
    with pytest.raises(NotRead, match=r"seeds/code_spellings.csv, row 1: has no heading 'spelling'"):
        seed_rows(SPELLINGS, seeds)[0]["spelling"]


def test_a_policy_that_lacks_a_row_or_a_number_is_named(seeds, monkeypatch):
    monkeypatch.setattr(home, "seed_rows", lambda name: seed_rows(name, seeds))
    edited(seeds, lambda data: data.replace(b"daily_cap,60", b"daily_cap,6O"), "reading_policy.csv")
    with pytest.raises(
        NotRead, match=r"seeds/reading_policy\.csv, row 'daily_cap': its value is no whole number"
    ):
        read_policy()
    edited(seeds, lambda data: data.replace(b"daily_cap", b"dayly_cap"), "reading_policy.csv")
    with pytest.raises(NotRead, match="has no row 'daily_cap'"):
        read_policy()
    edited(seeds, lambda data: data.replace(b"method,hide", b"method,hyde"), "disclosure_policy.csv")
    with pytest.raises(NotRead, match="row 'method': its value is none of hide, round"):
        disclosure_policy.read()


@pytest.mark.parametrize(
    ("name", "edit", "words"),
    [
        (
            SPELLINGS,
            line(1, lambda text: text.replace(b"spelling", b"spellign")),
            "row 1: has no heading spelling",
        ),
        (
            "age_bands.csv",
            line(2, lambda text: text.replace(b",0,", b",none,")),
            "row 2: age_from is no integer",
        ),
    ],
)
def test_what_dbt_would_miss_is_named_before_it_builds(seeds, parsed, name, edit, words):
    manifest = parsed / "manifest.json"
    dbt._check_seeds(manifest)
    edited(seeds, edit, name)
    with pytest.raises(NotRead) as problem:
        dbt._check_seeds(manifest)
    assert problem.value.sentences[0].startswith(f"seeds/{name}, {words}")


def test_every_reader_of_a_seed_is_the_strict_one():
    """`csv`, pandas or DuckDB on a seed would read what this refuses. Releases of recorded crime are no seeds."""
    reads = re.compile(
        r"\(SEEDS / [^)]*\)\.(open|read_text|read_bytes)|read_csv\((SEEDS|f?\"\{SEEDS)|from '\{SEEDS"
    )
    found = [
        file.name
        for folder in (PACKAGE, PACKAGE.parent / "expectations")
        for file in folder.rglob("*.py")
        if reads.search(file.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_a_table_may_end_as_it_likes_and_hold_any_text():
    table = strict_csv.parse('a,b\r\n"x, ""y""\r\nz",\u00e9\r\n\r\n'.encode(), "t.csv")
    assert table.dicts() == [{"a": 'x, "y"\r\nz', "b": "\u00e9"}]
    assert table.blank == [3]


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "t.csv")
    with pytest.raises(NotRead, match="is a pipe or device"):
        strict_csv.read(tmp_path / "t.csv", "t.csv")


def test_a_long_cell_and_a_large_file_are_refused(tmp_path):
    with pytest.raises(NotRead, match="row 2: a"):
        strict_csv.parse(b"a,b\n" + b"x" * 200_000 + b",y\n", "t.csv")
    (tmp_path / "t.csv").write_bytes(b"a,b\n" * 1000)
    with pytest.raises(NotRead, match="larger than 1 kB"):
        strict_csv.read(tmp_path / "t.csv", "t.csv", 1024)
