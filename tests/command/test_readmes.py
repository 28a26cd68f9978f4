"""What the READMEs list is what is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def listed(readme: str) -> list[str]:
    """The names in the first column of a README's tables."""
    return re.findall(r"^\| `([^`]+)`", (ROOT / readme).read_text(), flags=re.M)


def test_every_seed_is_listed_once():
    there = [path.relative_to(ROOT / "seeds").as_posix() for path in (ROOT / "seeds").rglob("*.csv")]
    assert len(there) > 40
    assert sorted(listed("seeds/README.md")) == sorted(there)


def test_every_folder_of_tests_is_listed_once():
    there = {
        path.parent.relative_to(ROOT / "tests").as_posix() for path in (ROOT / "tests").rglob("test_*.py")
    }
    assert sorted(listed("tests/README.md")) == sorted(there)
