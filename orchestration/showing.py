"""How Dagster's pages show rows and files of the home."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.home import home


def link(path: Path) -> dg.UrlMetadataValue:
    """A file of the home: where a server shows the home's files (`CPAI_PAGES`, its address), else on this machine."""
    if server := os.environ.get("CPAI_PAGES"):
        return dg.MetadataValue.url(f"{server.rstrip('/')}/{path.relative_to(home().root).as_posix()}")
    return dg.MetadataValue.url(path.as_uri())


def table(rows: Iterable[Mapping[str, Any]], columns: Iterable[str]) -> dg.TableMetadataValue:
    """Rows with these columns, which an empty table has too."""
    columns = list(columns)
    return dg.MetadataValue.table(
        records=[dg.TableRecord({name: _cell(row[name]) for name in columns}) for row in rows],
        schema=dg.TableSchema([dg.TableColumn(name) for name in columns]),
    )


def _cell(value: Any) -> str | int | float | bool:
    return value if isinstance(value, str | int | float | bool) else "" if value is None else str(value)
