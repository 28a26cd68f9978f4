"""A report's page as PDF/UA, for those who print or file it."""

import gc
import logging
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any


def problem() -> str | None:
    """Why no PDF can be made on this machine, and what to do; None when it can."""
    try:
        import weasyprint  # noqa: F401
    except ImportError:
        return "no PDF was written: WeasyPrint is not installed; pip install 'cpai-warehouse[pdf]'"
    except OSError:  # it opens the library when it is imported
        return (
            "no PDF was written: WeasyPrint finds no Pango on this machine; on Debian: "
            "apt install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0. All other formats are there"
        )
    return None


def write_all(pages: list[Path]) -> Iterator[Path]:
    """Each page's PDF, beside it, as it is written: in two processes, for a page takes 1 to 5 s."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(2, get_context("spawn"), initializer=_begin) as two:
        yield from two.map(_write_and_clear, pages)


def _begin() -> None:
    import weasyprint  # noqa: F401

    # nearly all that a page makes lives until it is drawn: looking for what does not took a tenth of the time
    gc.disable()
    gc.freeze()


def _write_and_clear(page: Path) -> Path:
    written = write(page)
    gc.collect()
    return written


def write(page: Path) -> Path:
    """The PDF of one page, tagged for screen readers; the same page gives the same bytes."""
    import weasyprint

    # it warns of every style that only browsers have
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    html = on_paper(page.read_text(encoding="utf-8"))
    path = page.with_suffix(".pdf")
    aside = path.with_name(f".{path.name}")
    weasyprint.HTML(string=html).write_pdf(aside, font_config=_fonts(), pdf_variant="pdf/ua-1")
    aside.replace(path)
    return path


@cache
def _fonts() -> Any:
    """One for all pages of a process: each of its own would look for the same fonts again, a tenth of the time."""
    from weasyprint.text.fonts import FontConfiguration

    return FontConfiguration()


def on_paper(html: str) -> str:
    """The page without what paper does not show; together these took a third of the time."""
    html = re.sub(r'<a href="[^"]*" class="evident">(.*?)</a>', r"\1", html)
    html = re.sub(r'<nav.*?</nav>|<p class="files">.*?</p>|</?(data|tspan)[^>]*>', "", html, flags=re.DOTALL)
    # links to files lead nowhere
    html = re.sub(r'<a href="[^#"][^"]*"', "<a", html)
    return re.sub(r"<svg.*?</svg>", _named_outside, html, flags=re.DOTALL)


def _named_outside(chart: re.Match) -> str:
    """A chart whose bars are named by text of the page, laid over it: text in a picture is set letter by letter."""
    text = re.compile(r"<text[^>]*>(.*?)</text>\s*")
    names = "".join(f"<p>{name}</p>" for name in text.findall(chart[0]))
    return f'<div class="chart">{text.sub("", chart[0])}<div class="names">{names}</div></div>'
