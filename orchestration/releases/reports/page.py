"""What stands on a page of a report: the numbers with where they are from, and everything else that is read."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

# names with digits in them that are no figures: ages, periods, the release, the numbers of tables
NAMES = re.compile(
    r"[Uu]nder 10|10 to 1[357]|14 to 15|16 to 17|18 and over|18 to 29|30 to 39|40 to 49|50 to 59|60 and over|under 18"
    r"|(January|February|March|April|May|June|July|August|September|October|November|December) 20\d\d"
    r"|\b20\d\d(-Q[1-4])?(\.r\d+)?\b|Licence v3\.0|[Tt]able \d+|England and Wales, 2023"
)
# what stands on a page; other elements could hold a number that is not seen
ELEMENTS = {
    "a", "aside", "body", "caption", "data", "dd", "desc", "div", "dl", "dt", "figcaption", "figure", "footer", "h1",
    "h2", "h3", "head", "header", "html", "li", "main", "meta", "nav", "p", "rect", "span", "strong", "style", "svg",
    "table", "tbody", "td", "text", "tfoot", "th", "thead", "title", "tr", "tspan", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "aria-label", "aria-labelledby", "charset", "class", "colspan", "content", "data-figure", "data-of", "data-period",
    "data-place", "data-table", "fill", "font-family", "height", "href", "http-equiv", "id", "lang", "name", "role",
    "scope", "tabindex", "value", "width", "x", "y",
}  # fmt: skip


def unexplained(text: str) -> bool:
    """Whether `text` has a digit that is in no known name."""
    # a term of the notes is the sign itself
    return text.strip() != "0" and bool(re.search(r"\d", NAMES.sub("", text)))


@dataclass
class Chart:
    """The numbers printed beside the bars of one chart, and the widths of the bars, in per cent."""

    printed: list[str] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)

    @property
    def is_drawn_to_scale(self) -> bool:
        values = [float(text.rstrip("%").replace(",", "")) for text in self.printed]
        full = 100 if self.printed and self.printed[0].endswith("%") else max(values, default=0)
        return [round(100 * value / full, 1) for value in values] == self.widths


class Page(HTMLParser):
    """`numbers`: (attributes, text) of each number; `text`: everything else that is read, comments too;
    `tables`: the numbers of each; `charts`; `unknown`: elements and attributes that no page of ours has."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.numbers, self.text, self.tables, self.charts, self.unknown = [], [], [], [], set()
        self._number, self._skipped, self._table = None, 0, None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.unknown |= ({tag} - ELEMENTS) | (attributes.keys() - ATTRIBUTES)
        if tag in ("data", "tspan"):
            self._number = attributes
        elif tag == "table":
            self._table = []
            self.tables.append(self._table)
        elif tag == "svg":
            self.charts.append(Chart())
        elif tag == "rect" and attributes.get("class") != "full":
            self.charts[-1].widths.append(float(attributes["width"].rstrip("%")))
        self._skipped += tag == "style"

    def handle_endtag(self, tag: str) -> None:
        if tag in ("data", "tspan"):
            self._number = None
        elif tag == "table":
            self._table = None
        self._skipped -= tag == "style"

    def handle_data(self, data: str) -> None:
        if self._number is not None:
            self.numbers.append((self._number, data))
            if self._table is not None:
                self._table.append(data)
            elif "value" not in self._number:
                self.charts[-1].printed.append(data)
        elif not self._skipped:
            self.text.append(data)

    def handle_comment(self, data: str) -> None:
        self.text.append(data)

    @property
    def unexplained(self) -> list[str]:
        """Text with a digit that is in no number and no known name."""
        return [line.strip() for line in self.text if unexplained(line)]
