"""Who may come into the reading room, who came in, and which cases they were shown."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

APPEND_ONLY = ("users", "sign_ins", "case_views")


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("change", sa.Integer, primary_key=True),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("changed_at", sa.Text, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
    )
    op.create_table(
        "sign_ins",
        sa.Column("sign_in", sa.Integer, primary_key=True),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("ends", sa.Integer),
        sa.CheckConstraint("outcome in ('in', 'refused', 'locked', 'out')", name="sign_in_outcome"),
    )
    op.create_table(
        "case_views",
        sa.Column("view", sa.Integer, primary_key=True),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("page", sa.Text, nullable=False),
        sa.Column("slot", sa.Integer),
        sa.Column("item", sa.Integer),
    )
    # both are asked of at every page
    op.create_index("users_by_name", "users", ["username"])
    op.create_index("sign_ins_by_name", "sign_ins", ["username", "at"])
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in APPEND_ONLY:
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
