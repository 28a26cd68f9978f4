"""How many rows a CSV holds, counted without the parser that reads it: what is read must come to the same.

The ends of lines outside quotation marks, found over the bytes. What counts a workbook's rows is in `workbooks/`.
"""

import re
from collections.abc import Iterator

import numpy as np

QUOTE, LINE_FEED, RETURN = 0x22, 0x0A, 0x0D


def lines(data: bytes, delimiter: str) -> int:
    """Rows of a CSV's bytes (UTF-8), the heading row too; blank lines do not count."""
    text_ends, next_starts = line_ends(data, delimiter)
    return int((text_ends > np.concatenate(([0], next_starts[:-1]))).sum()) if len(text_ends) else 0


def ends_mixed(data: bytes, delimiter: str) -> bool:
    """Whether some lines end in a carriage return alone and others in a line feed."""
    if data.count(b"\r") == data.count(b"\r\n"):
        return False
    text_ends, next_starts = line_ends(data, delimiter)
    last = np.frombuffer(data, np.uint8)[next_starts[next_starts > text_ends] - 1]
    return bool((last == RETURN).any() and (last == LINE_FEED).any())


def quotes_pair(data: bytes, delimiter: str) -> bool:
    """Whether every quotation mark opens a cell, closes one, or is doubled inside one."""
    octets = np.frombuffer(data, np.uint8)
    return _paired(octets, np.flatnonzero(octets == QUOTE), delimiter)


def line_ends(data: bytes, delimiter: str) -> tuple[np.ndarray, np.ndarray]:
    """Where the text of each line ends, and where the next line begins; equal for a last line without an end."""
    octets = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(octets == QUOTE)
    if not _paired(octets, quotes, delimiter):
        return _walked(data, delimiter)
    ends = np.flatnonzero(octets == LINE_FEED)
    returns = np.flatnonzero(octets == RETURN)
    alone = octets[np.minimum(returns + 1, len(octets) - 1)] != LINE_FEED
    if alone.any():
        ends = np.sort(np.concatenate((ends, returns[alone])))
    if len(quotes):
        ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
    text_ends = ends - ((octets[ends] == LINE_FEED) & (ends > 0) & (octets[ends - 1] == RETURN))
    next_starts = ends + 1
    if len(octets) and (not len(ends) or next_starts[-1] < len(octets)):
        text_ends, next_starts = np.append(text_ends, len(octets)), np.append(next_starts, len(octets))
    return text_ends, next_starts


def _paired(octets: np.ndarray, quotes: np.ndarray, delimiter: str) -> bool:
    """As quotes_pair: then a place is inside quotation marks exactly when an odd number stands before it, and no
    walk is needed."""
    if not len(quotes):
        return True
    opening, closing = quotes[0::2], quotes[1::2]
    if len(opening) != len(closing):
        return False
    beside = np.zeros(256, bool)
    beside[[ord(delimiter), LINE_FEED, RETURN]] = True
    doubled = np.concatenate(([False], opening[1:] == closing[:-1] + 1))
    opens = (opening == 0) | beside[octets[np.maximum(opening - 1, 0)]] | doubled
    after = octets[np.minimum(closing + 1, len(octets) - 1)]
    closes = (closing + 1 >= len(octets)) | beside[after] | (after == QUOTE)
    return bool(opens.all() and closes.all())


def _walked(data: bytes, delimiter: str) -> tuple[np.ndarray, np.ndarray]:
    """The same for text with stray quotation marks, cell by cell: a mark opens a cell only at its beginning."""
    separator = re.escape(delimiter.encode())
    cell = rb'(?:"[^"]*(?:""[^"]*)*")?[^' + separator + rb"\r\n]*(" + separator + rb"|\r\n|\r|\n|\Z)"
    found = np.array(list(_cell_ends(re.compile(cell), data, delimiter.encode())), np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _cell_ends(cell: re.Pattern[bytes], data: bytes, delimiter: bytes) -> Iterator[tuple[int, int]]:
    """(text end, next start) of each line."""
    position = 0
    while position < len(data):
        match = cell.match(data, position)
        assert match, "a cell may be empty, so one is found everywhere"
        position = match.end()
        if match[1] != delimiter:
            yield match.start(1), position
