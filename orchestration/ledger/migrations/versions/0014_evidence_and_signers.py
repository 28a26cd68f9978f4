"""One chain over the rows and files that evidence rests on, who may sign what with which key, and signed waivers."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "evidence",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text),
        sa.Column("previous_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.UniqueConstraint("previous_hash", name="evidence_chain"),
    )
    op.create_index("evidence_of", "evidence", ["place", "name"])
    op.create_table(
        "signers",
        sa.Column("change", sa.Integer, primary_key=True),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("keyid", sa.Text),
        sa.Column("public_key", sa.Text),
        sa.Column("valid_from", sa.Text, nullable=False),
        sa.Column("revoked_at", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.CheckConstraint("role in ('analyst', 'assurer', 'waiver')", name="signer_role"),
    )
    op.create_table(
        "waiver_signatures",
        sa.Column("signature", sa.Integer, primary_key=True),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("force", sa.Text, nullable=False),
        sa.Column("quarter", sa.Text, nullable=False),
        sa.Column("row_sha256", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("keyid", sa.Text, nullable=False),
        sa.Column("signed_at", sa.Text, nullable=False),
        sa.Column("envelope", sa.Text, nullable=False),
    )
    for table in ("evidence", "signers", "waiver_signatures"):
        _append_only(table)


def _append_only(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(
                f"create trigger {table}_no_{verb} before {verb} on {table} "
                f"begin select raise(abort, 'the ledger is append-only: {table}'); end"
            )
    else:
        op.execute(
            f"create trigger {table}_append_only before update or delete or truncate "
            f"on {table} for each statement execute function ledger_is_append_only()"
        )
