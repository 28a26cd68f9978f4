"""What stands on a page: the numbers that say where they come from, and the text beside them."""

import re
from html.parser import HTMLParser
from pathlib import Path

# names with digits in them that are no figures: ages, periods, the release, the numbers of tables
NAMES = re.compile(
    r"[Uu]nder 10|10 to 1[357]|14 to 15|16 to 17|18 and over|18 to 29|30 to 39|40 to 49|50 to 59|60 and over|under 18"
    r"|(January|February|March|April|May|June|July|August|September|October|November|December) 20\d\d"
    r"|\b20\d\d(\.r\d+)?\b|Licence v3\.0|[Tt]able \d+|England and Wales, 2023"
)


class Page(HTMLParser):
    """`numbers`: (attributes, text) of each number; `text`: everything else that is read; `cells`: numbers of tables."""

    def __init__(self, path: Path):
        super().__init__()
        self.numbers, self.text, self.cells = [], [], 0
        self._inside, self._skipped = None, 0
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag in ("data", "tspan"):
            assert "data-figure" in attributes or "data-table" in attributes
            self._inside = attributes
        self._skipped += tag == "style"

    def handle_endtag(self, tag):
        if tag in ("data", "tspan"):
            self._inside = None
        self._skipped -= tag == "style"

    def handle_data(self, data):
        if self._inside is not None:
            self.numbers.append((self._inside, data))
        elif not self._skipped:
            self.text.append(data)

    @property
    def unexplained(self) -> list[str]:
        """Text with a digit that is in no number and no known name."""
        # a term of the notes is the symbol itself
        lines = [NAMES.sub("", line) for line in self.text if line.strip() not in ("", "0")]
        return [line.strip() for line in lines if re.search(r"\d", line)]
