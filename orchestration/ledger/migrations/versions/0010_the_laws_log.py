"""Who did what with which data, when and by which door: one chain, in which what was kept of cases shown now stands too."""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

ACTIONS = (
    "'collection', 'alteration', 'consultation', 'disclosure', 'combination', 'erasure', 'administration'"
)


def upgrade() -> None:
    log_entries = op.create_table(
        "log_entries",
        sa.Column("entry", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("door", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("concerns", sa.Text, nullable=False),
        sa.Column("recipient", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("previous_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.CheckConstraint(f"action in ({ACTIONS})", name="log_action"),
        sa.UniqueConstraint("previous_hash", name="log_chain"),
    )
    op.create_index("log_by_who", "log_entries", ["who", "entry"])
    _append_only("log_entries")
    _carry_over(log_entries)
    op.drop_table("case_views")


def _carry_over(log_entries: sa.Table) -> None:
    """What case_views had: who was shown which case, on which page."""
    connection, previous, rows = op.get_bind(), "", []
    columns = "username, at, page, slot, item"
    for number, seen in enumerate(
        connection.exec_driver_sql(f"select {columns} from case_views order by view"),  # noqa: S608
        start=1,
    ):
        taken_out = seen.page.startswith("worklist of ")
        of = {name: getattr(seen, name) for name in ("slot", "item") if getattr(seen, name) is not None}
        if taken_out:
            of = {"quarter": seen.page.split()[2]}
        row = {
            "at": seen.at,
            "who": seen.username.removeprefix("command:"),
            "door": "command" if taken_out or seen.page == "workbook" else "room",
            "action": "disclosure" if taken_out else "consultation",
            "what": "worklist taken out" if taken_out else f"case shown: {seen.page}",
            "concerns": json.dumps(of, sort_keys=True),
            "previous_hash": previous,
        }
        canonical = json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        previous = hashlib.sha256(canonical.encode()).hexdigest()
        rows.append({"entry": number, **row, "hash": previous})
    if rows:
        connection.execute(sa.insert(log_entries), rows)


def _append_only(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(
                f"create trigger {table}_no_{verb} before {verb} on {table} "
                f"begin select raise(abort, 'the ledger is append-only: {table}'); end"
            )
    else:
        op.execute(
            f"create trigger {table}_append_only before update or delete or truncate on {table} "
            "for each statement execute function ledger_is_append_only()"
        )
