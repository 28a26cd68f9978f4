"""A report's page as PDF/UA, for those who print or file it."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path


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
    """Each page's PDF, beside it, as it is written: in two processes, for a page takes 2 to 8 s."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as two:
        yield from two.map(write, pages)


def write(page: Path) -> Path:
    """The PDF of one page, tagged for screen readers; the same page gives the same bytes."""
    import weasyprint

    # it tells of every style that only browsers know
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    html = page.read_text(encoding="utf-8")
    # what says which figure a number is costs a fifth of the time, and links to files lead nowhere on paper
    html = re.sub(r"</?(data|tspan)[^>]*>", "", html)
    html = re.sub(r'<a href="[^#"][^"]*"', "<a", html)
    path = page.with_suffix(".pdf")
    weasyprint.HTML(string=html).write_pdf(path, pdf_variant="pdf/ua-1")
    return path
