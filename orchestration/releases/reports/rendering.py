"""The reports' templates, with the filters and tables that they use."""

from functools import cache
from pathlib import Path

from jinja2 import Environment

from orchestration import pages
from orchestration.releases.reports import replicated
from orchestration.releases.reports.numbers import months_of, period_name
from orchestration.releases.reports.printed import word

TEMPLATES = Path(__file__).resolve().parent / "templates"


@cache
def environment() -> Environment:
    """Jinja with the templates and filters of the reports."""
    ours = pages.environment(TEMPLATES)
    ours.filters["first_month"] = lambda quarter: period_name(months_of([quarter])[0])
    ours.filters["category"] = word
    ours.globals |= {"published": replicated.table, "errata": replicated.errata}
    return ours
