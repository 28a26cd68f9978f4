"""What sqlfluff sees of dbt's adapter: it lints the default dialect's macros without dbt."""

from collections.abc import Callable

# words of the language, where a column's name would not parse
WORDS = {"inlined": "not materialized", "materialized_cte": "materialized"}


def dispatch(macro: str, package: str | None = None) -> Callable[..., str]:
    """A stand-in for the dispatched macro: a column's name is all that layout and case rules need."""
    return lambda *arguments: WORDS.get(macro, f"{macro}_value")
