"""What was erased by law: who decided, when, why, how many things in which place; never content."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("erasure", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("authority", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("force", sa.Text),
        sa.Column("quarter", sa.Text),
        sa.Column("submission", sa.Integer),
        sa.Column("mark", sa.Text, nullable=False),
        sa.Column("crime_mark", sa.Text),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("previous_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.CheckConstraint(
            "kind in ('crime', 'victim', 'suspect', 'submission', 'file')", name="erasure_kind"
        ),
        sa.UniqueConstraint("previous_hash", name="erasure_chain"),
        sa.UniqueConstraint("identity", name="erasure_once"),
    )
    op.create_table(
        "erasure_ends",
        sa.Column("end", sa.Integer, primary_key=True),
        sa.Column("erasure", sa.Integer, sa.ForeignKey("erasures.erasure"), nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
    )
    op.create_table(
        "erased",
        sa.Column("erased", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("erasure", sa.Integer, sa.ForeignKey("erasures.erasure"), nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("was", sa.Text),
        sa.Column("is_now", sa.Text),
        sa.Column("many", sa.BigInteger, nullable=False),
        sa.Column("previous_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.UniqueConstraint("previous_hash", name="erased_chain"),
    )
    op.create_index("erased_of", "erased", ["place", "name"])
    for table in ("erasures", "erasure_ends", "erased"):
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
