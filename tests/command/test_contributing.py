"""CONTRIBUTING.md describes the code that is there."""

import re
from pathlib import Path

from test_imports import LAYERS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
FILE = re.compile(r"`((?:orchestration|dbt_project|expectations|seeds|tests)/[\w./-]*\w)`")


def test_the_picture_is_the_order_of_imports():
    (picture,) = re.findall(r"```\n(.*?)```", TEXT, flags=re.DOTALL)
    rows = [line.split("  ")[0].split() for line in picture.splitlines() if "↓" not in line]
    assert [tuple(row) for row in rows] == list(LAYERS)


def test_every_file_that_a_recipe_names_is_there():
    for text, fewest in ((TEXT, 15), (README, 5)):
        named = FILE.findall(text)
        assert len(named) >= fewest
        assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_recipes_of_the_house_are_there():
    assert re.findall(r"^### (.*)", TEXT, flags=re.MULTILINE) == [
        "A scheme of criteria",
        "A column of the return",
        "A rule",
        "A figure",
        "A layout",
        "A page of a report",
    ]
