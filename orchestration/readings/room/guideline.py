"""The codebook as HTML: whole, and the part of it that each question is answered by."""

import re
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from orchestration.readings import codebook

# what a part is about stands in it as (`group_based`)
ABOUT = re.compile(r"\(`(\w+)`\)")


@cache
def html(version: str) -> Markup:
    """The codebook without its title, which the page has; a wide table scrolls, by keys too."""
    return _rendered(_tokens(version))


@cache
def parts(version: str) -> dict[str, Markup]:
    """The part of the codebook about each answer, by the answer's name.

    A part begins with a paragraph or heading that names what it is about and ends before the next that does, or the next
    heading. One that is named in the part of another has that part.
    """
    found: dict[str, list[Token]] = {}
    part: list[Token] = []
    for block in _blocks(_tokens(version)):
        heading = block[0].type == "heading_open"
        if heading or _begins(block):
            part = []
        # a heading is the question again, which stands above its part
        part += [] if heading else block
        for name in _named(block):
            found.setdefault(name, part)
    return {name: _rendered(tokens) for name, tokens in found.items()}


def _named(block: list[Token]) -> list[str]:
    return [name for token in block if token.type == "inline" for name in ABOUT.findall(token.content)]


def _begins(block: list[Token]) -> bool:
    """Whether a paragraph begins with what it is about."""
    return any(
        token.type == "inline" and token.content.startswith("**") and ABOUT.search(token.content)
        for token in block
    )


def _blocks(tokens: list[Token]) -> list[list[Token]]:
    blocks: list[list[Token]] = []
    for token in tokens:
        if token.level == 0 and token.nesting >= 0:
            blocks.append([])
        blocks[-1].append(token)
    return blocks


def _tokens(version: str) -> list[Token]:
    text = codebook.text(version)
    tokens = _reader().parse(text.partition("\n")[2] if text.startswith("# ") else text)
    for token in tokens:
        if token.type == "th_open":
            token.attrSet("scope", "col")
    return tokens


def _reader() -> MarkdownIt:
    # no raw HTML: the codebook is ours, and a page without any is easier to vouch for
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _rendered(tokens: list[Token]) -> Markup:
    reader = _reader()
    written = reader.renderer.render(tokens, reader.options, {})
    written = written.replace("<table>", '<div class="scroll" tabindex="0"><table>').replace(
        "</table>", "</table></div>"
    )
    return Markup(written)  # noqa: S704 - escaped by the reader
