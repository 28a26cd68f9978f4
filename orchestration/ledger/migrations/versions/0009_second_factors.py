"""Second factors of the reading room's users, and what was used of them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

APPEND_ONLY = ("second_factors", "second_factor_uses")


def upgrade() -> None:
    op.create_table(
        "second_factors",
        sa.Column("factor", sa.Integer, primary_key=True),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("salt", sa.Text, nullable=False),
        sa.Column("recovery", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
    )
    op.create_table(
        "second_factor_uses",
        sa.Column("factor", sa.Integer, sa.ForeignKey("second_factors.factor"), primary_key=True),
        sa.Column("used", sa.Text, primary_key=True),
        sa.Column("at", sa.Text, nullable=False),
    )
    op.create_index("second_factors_by_name", "second_factors", ["username"])
    # guesses are counted by when they were made, too
    op.create_index("sign_ins_by_time", "sign_ins", ["at"])
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
