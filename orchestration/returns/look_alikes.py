"""Texts that look alike are one text: it does not matter where a reference, a code, a date or a heading was copied from.

plain("\\uff14\\uff16/1001\\u200b/23")     # "46/1001/23"
"""

import re
import unicodedata

# Not seen at all: zero width, direction marks, variation selectors, tags, fillers.
INVISIBLE = (
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
# NFKC leaves these apart, and no one who types a reference does.
HYPHENS, SLASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58", "\u2044\u2215"
AS_TYPED = str.maketrans(dict.fromkeys(HYPHENS, "-") | dict.fromkeys(SLASHES, "/"))
# what RE2 and re both understand: texts without it are plain already
WORTH_A_LOOK = "[^ -~]"

_INVISIBLE = re.compile(INVISIBLE)
_WORTH_A_LOOK = re.compile(WORTH_A_LOOK)


def plain(text: str) -> str:
    """`text` as it would be typed: compatible characters (NFKC), nothing invisible, no blanks outside."""
    if not _WORTH_A_LOOK.search(text):
        return text.strip()
    # invisible ones go first: between a letter and its accent they keep the two apart
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).translate(AS_TYPED).strip()


def heading(text: str) -> str:
    """A heading as it is known: `plain`, with single blanks where it was broken into lines."""
    return " ".join(plain(text).split())
