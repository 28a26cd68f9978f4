"""The XML of a workbook's parts, streamed to handlers by a real parser: whatever way a thing is spelt in, it is seen."""

import zipfile
from collections.abc import Callable
from typing import IO
from xml.parsers import expat

from orchestration.returns import file_safety
from orchestration.returns.reasons import Unreadable, unreadable

TRUE = ("1", "true", "on")


class Enough(Exception):
    """All rows that were asked for have been read."""


def local(name: str) -> str:
    """A tag without its prefix: x:row is row."""
    return name.rpartition(":")[2]


def parse(
    part: IO[bytes],
    where: str,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Call `start`, `end` and `text` for what a part holds. Raises Unreadable where it is no XML, or has a document type."""

    def refuse(*_: object) -> None:
        raise file_safety.document_type(where)

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    try:
        parser.ParseFile(part)
    except Enough:
        return
    except expat.ExpatError as problem:
        if problem.code == expat.errors.codes[expat.errors.XML_ERROR_NO_MEMORY]:
            raise MemoryError from None
        raise _damaged(where) from None
    except (LookupError, ValueError):  # of an encoding that there is not
        raise _damaged(where) from None


def _damaged(where: str) -> Unreadable:
    return unreadable("FL09", f"{where}: its contents are cut short or damaged; send the file again.")


def entries(packed: zipfile.ZipFile, name: str) -> dict[str, str]:
    """The entries of a workbook's ZIP by their names in lower case, with slashes: as spreadsheet programs compare them."""
    found: dict[str, str] = {}
    for entry in packed.namelist():
        plain = entry.replace("\\", "/").lstrip("/").lower()
        if plain in found and not plain.endswith("/"):
            raise unreadable(
                "FL18",
                f"{name}: holds one of its parts twice, and programs differ in which they take; save it again with a "
                "spreadsheet program.",
            )
        found[plain] = entry
    return found
