"""A warehouse in numbers, to compare whether two hold the same."""

import duckdb

from orchestration.home import Home


def tables_of(home: Home) -> dict[tuple[str, str], tuple[int, int]]:
    """Every table of the warehouse: its rows, and one number over all of them but the times of receipt. Not those about the
    last build itself."""
    with duckdb.connect(str(home.warehouse), read_only=True) as warehouse:
        names = warehouse.execute(
            "select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE' "
            "and table_schema <> 'control'"
        ).fetchall()
        said = {}
        for schema, name in names:
            columns = warehouse.table(f"{schema}.{name}").columns
            kept = ", ".join(f'"{column}"' for column in columns if column != "received_at")
            said[schema, name] = warehouse.execute(
                f"select count(*), bit_xor(hash(row)) from (select ({kept}) as row from {schema}.{name})"
            ).fetchone()
        return said
