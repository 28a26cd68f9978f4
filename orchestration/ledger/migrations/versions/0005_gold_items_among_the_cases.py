"""Gold items that readers are given among their cases, and what a page of the reading room searches by."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

KEY = ["force", "crime_reference", "version", "role", "round"]


def upgrade() -> None:
    op.create_table(
        "gold_slots",
        sa.Column("slot", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("item", sa.Integer, sa.ForeignKey("items.item"), nullable=False),
        sa.Column("reader", sa.Text, nullable=False),
        sa.Column("opened_at", sa.Text, nullable=False),
        sa.Column("held_at", sa.Text),
        sa.Column("held_until", sa.Text),
        sa.UniqueConstraint("item", "reader", name="gold_once"),
    )
    # a gold item is read by everyone, once each
    op.drop_index("reading_once", "readings")
    for name, columns, of in (
        ("reading_once", KEY, "corrects is null and role <> 'gold'"),
        ("gold_reading_once", [*KEY, "reader"], "corrects is null and role = 'gold'"),
    ):
        op.create_index(
            name, "readings", columns, unique=True, sqlite_where=sa.text(of), postgresql_where=sa.text(of)
        )
    # slots have numbers in no order any more: a case is taken in the order of the items
    op.drop_index("worklist_next", "worklist")
    op.create_index("worklist_next", "worklist", ["state", "quarter", "item"])
    op.create_index("reading_of_slot", "readings", ["slot"])
    op.create_index("worklist_slot", "worklist", ["slot"])
    op.create_index("pauses_by", "pauses", ["reader", "pause"])
