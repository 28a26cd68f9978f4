"""What every page shares that is read without a server: Jinja with its filters, the frame, tables and style.

The pages of releases, reports, packs and the reading room bring their own templates, which go before these.
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from orchestration import in_print, verdicts

TEMPLATES = Path(__file__).resolve().parent


@cache
def environment(*folders: Path) -> Environment:
    """Jinja with the filters and templates of the pages; a template of one of `folders` goes before ours."""
    environment = Environment(
        loader=FileSystemLoader([*folders, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # text is a count with its sign already
    environment.filters["count"] = _or_blank(in_print.count)
    environment.filters["change"] = _or_blank(in_print.change)
    environment.filters["percent"] = _or_blank(in_print.percent)
    environment.filters["statistic"] = _or_blank(in_print.statistic)
    environment.globals["verdict"] = verdicts.wording
    environment.globals["small_base"] = in_print.small_base()
    environment.filters["prose"] = _prose
    environment.filters["first_sentence"] = lambda text: text.split(". ")[0].rstrip(".") + "."
    environment.filters["words"] = lambda text: str(text or "").replace("_", " ")
    return environment


def _or_blank(written: Callable) -> Callable:
    """A blank stays blank, and text is a number that is formatted already."""
    return lambda number, *how: (
        "" if number is None else number if isinstance(number, str) else written(number, *how)
    )


def _prose(text: str | None) -> Markup:
    """Text of dbt's descriptions as HTML: `code` between backticks, everything else escaped."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text or ""))))  # noqa: S704 - escaped
