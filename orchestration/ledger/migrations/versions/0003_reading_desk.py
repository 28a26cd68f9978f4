"""Items, slots, events and the worklist of reading; readings in one chain, corrected by a further one."""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

APPEND_ONLY = ("items", "reading_slots", "reading_events", "pauses")
NEW_COLUMNS = {
    "facilitator_present": sa.Text,
    "decided_by": sa.Text,
    "codebook": sa.Text,
    "scheme": sa.Text,
    "started_at": sa.Text,
    "slot": sa.Integer,
    "corrects": sa.Integer,
    "previous_hash": sa.Text,
    "hash": sa.Text,
}


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    if not sqlite:
        op.execute("drop trigger readings_append_only on readings")
    # on SQLite the table is made anew, which takes its triggers with it
    with op.batch_alter_table("readings") as readings:
        for name, kind in NEW_COLUMNS.items():
            readings.add_column(sa.Column(name, kind))
        readings.add_column(sa.Column("round", sa.Integer, nullable=False, server_default="1"))
        readings.drop_constraint("reading_once", type_="unique")
        readings.create_unique_constraint("reading_corrected_once", ["corrects"])
        readings.create_unique_constraint("reading_chain", ["previous_hash"])
    _chain_what_is_there()
    op.create_index(
        "reading_once",
        "readings",
        ["force", "crime_reference", "version", "role", "round"],
        unique=True,
        sqlite_where=sa.text("corrects is null"),
        postgresql_where=sa.text("corrects is null"),
    )
    op.create_index("reading_by", "readings", ["reader", "imported_at"])
    _make_tables()
    _make_worklist()
    for table in (*APPEND_ONLY, "readings"):
        if sqlite:
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


def _chain_what_is_there() -> None:
    connection = op.get_bind()
    table = sa.Table("readings", sa.MetaData(), autoload_with=connection)
    previous = ""
    hashes = []
    for row in connection.execute(table.select().order_by(table.c.reading_id)).mappings().all():
        row = {**row, "previous_hash": previous}
        previous = _hash_of(row)
        hashes.append({"number": row["reading_id"], "before": row["previous_hash"], "own": previous})
    if hashes:
        connection.execute(
            table.update()
            .where(table.c.reading_id == sa.bindparam("number"))
            .values(previous_hash=sa.bindparam("before"), hash=sa.bindparam("own")),
            hashes,
        )


def _hash_of(row: dict) -> str:
    """The hash of a reading as it was defined at this revision: a migration does not follow later code."""
    said = {
        name: value for name, value in row.items() if name not in ("reading_id", "hash") and value is not None
    }
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _make_tables() -> None:
    op.create_table(
        "items",
        sa.Column("item", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("force", sa.Text, nullable=False),
        sa.Column("quarter", sa.Text, nullable=False),
        sa.Column("crime_reference", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("drawn", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.UniqueConstraint("force", "crime_reference", "version", "quarter", name="item_once"),
    )
    op.create_table(
        "reading_slots",
        sa.Column("slot", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("item", sa.Integer, sa.ForeignKey("items.item"), nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("because", sa.Text, nullable=False),
        sa.Column("opened_at", sa.Text, nullable=False),
        sa.CheckConstraint("role in ('first', 'second', 'adjudicator')", name="slot_role"),
        sa.UniqueConstraint("item", "role", "round", name="slot_once"),
    )
    op.create_table(
        "reading_events",
        sa.Column("event", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("item", sa.Integer, sa.ForeignKey("items.item"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("fields", sa.Text),
        sa.CheckConstraint(
            "kind in ('carried_forward', 'changed_elsewhere', 'requeued', 'replaced', 'retired', 'returned')",
            name="event_kind",
        ),
    )
    op.create_index("event_of_item", "reading_events", ["item"])
    op.create_table(
        "pauses",
        sa.Column("pause", sa.Integer, primary_key=True),
        sa.Column("reader", sa.Text, nullable=False),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
    )


def _make_worklist() -> None:
    op.create_table(
        "worklist",
        sa.Column("item", sa.Integer, sa.ForeignKey("items.item"), primary_key=True, autoincrement=False),
        sa.Column("force", sa.Text, nullable=False),
        sa.Column("quarter", sa.Text, nullable=False),
        sa.Column("crime_reference", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("slot", sa.Integer),
        sa.Column("submission", sa.Integer),
        sa.Column("details", sa.Text),
        sa.Column("held_by", sa.Text),
        sa.Column("held_at", sa.Text),
        sa.Column("held_until", sa.Text),
        sa.CheckConstraint(
            "state in ('first', 'second', 'adjudicator', 'settled', 'replaced', 'retired')", name="item_state"
        ),
    )
    op.create_index("worklist_next", "worklist", ["state", "quarter", "slot"])
    op.create_index("worklist_held", "worklist", ["held_by"])
    op.create_index("worklist_crime", "worklist", ["force", "crime_reference"])
    op.create_table(
        "worklist_quarters",
        sa.Column("quarter", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.Text, nullable=False),
    )
