"""The XML of sheets and shared texts as programs mostly write it, read by patterns: four times as fast as the parser.

It is used only where every `<` is one that a pattern has read: whatever is spelt in
another way (a quotation mark, a prefix, an attribute, a comment) sends the whole part to the parser.
"""

import io
import re
from collections.abc import Callable
from typing import IO

BLOCK = 1024**2
LONGEST_PIECE = 32 * BLOCK
SHEET, TEXTS = re.compile(b"<sheetData>"), re.compile(b"<sst(?: [^<>]*[^<>/])?>")
# its place, style, type, and a value or a text of its own
CELL = re.compile(
    '<c(?: r="([A-Z]{1,3}+)([1-9][0-9]{0,6}+)")?+(?: s="([0-9]{1,9}+)")?+(?: t="([a-zA-Z]{1,9}+)")?+'
    '(?:/>|><(?:v>([^<]++)</v|is><t(?: xml:space="preserve")?+>([^<]++)</t></is)></c>)'
)
# how many `<` of each: <c/>, <c><v></v></c>, <c><is><t></t></is></c>
BLANK_CELL, VALUE_CELL, TEXT_CELL = 1, 4, 6
ROW = re.compile(r'(?: r="([1-9][0-9]{0,6})")?(?: (?!hidden=|r=)[\w:.]+="[^"<>&]*")*\s*/?')
SHARED_TEXT = re.compile('<si>(?:<t/>|<t(?: xml:space="preserve")?>([^<]*)</t>)</si>')
ENCODING = re.compile(rb"""encoding\s*=\s*["'](?i:utf-8)["']""")
# a carriage return would become a line feed, and the others are in no XML
CONTROLS = bytes([*range(9), *range(11, 32)])
NOT_AS_THEY_STAND = (b"]]>", "\ufffe".encode(), "\uffff".encode())
ENTITY = re.compile("&(?:(amp|lt|gt|quot|apos);)?")
STANDS_FOR = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


class NotPlain(Exception):
    """Something is written in another way."""


def between(
    part: IO[bytes], first: re.Pattern[bytes], last: bytes, end: bytes, take: Callable[[str], None]
) -> IO[bytes]:
    """Hand what stands between the tags `first` and `last` to `take`, in pieces that end with the tag `end`; gives the XML
    without it. Raises NotPlain."""
    start = part.read(BLOCK)
    begun = first.search(start)
    head = start[: begun.end()] if begun else b""
    if (
        not begun
        or b"<!" in head
        or head.count(b"<?") > 1
        or (b"encoding" in head and not ENCODING.search(head))
    ):
        raise NotPlain
    rest = start[begun.end() :]
    while (closing := rest.find(last)) < 0:
        whole = rest.rfind(end) + len(end)
        if whole >= len(end):
            take(_text(rest[:whole]))
            rest = rest[whole:]
        block = part.read(BLOCK)
        if not block or len(rest) > LONGEST_PIECE:
            raise NotPlain
        rest += block
    take(_text(rest[:closing]))
    return io.BytesIO(head + rest[closing:] + part.read())


def _text(piece: bytes) -> str:
    if len(piece.translate(None, CONTROLS)) != len(piece) or any(odd in piece for odd in NOT_AS_THEY_STAND):
        raise NotPlain
    try:
        return piece.decode("utf-8")
    except UnicodeDecodeError:
        raise NotPlain from None


def shared_texts(piece: str) -> list[str]:
    """The shared texts of a piece. Raises NotPlain."""
    texts = SHARED_TEXT.findall(piece)
    if 4 * len(texts) - piece.count("<t/>") != piece.count("<"):
        raise NotPlain
    return [meant(text) for text in texts] if "&" in piece else texts


def meant(text: str) -> str:
    """A text with its entities as what they stand for. Raises NotPlain."""
    return ENTITY.sub(_stands_for, text) if "&" in text else text


def _stands_for(entity: re.Match[str]) -> str:
    if not entity[1]:
        raise NotPlain
    return STANDS_FOR[entity[1]]
