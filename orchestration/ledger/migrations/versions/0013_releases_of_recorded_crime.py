"""Releases of police recorded crime, with the SHA-256 of what was read of each: damage shows, and is made again."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0011"  # there is no 0012


def upgrade() -> None:
    op.create_table(
        "recorded_crime_releases",
        sa.Column("read", sa.Integer, primary_key=True),
        sa.Column("published_on", sa.Text, nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("raw_file", sa.Text, nullable=False),
        sa.Column("raw_sha256", sa.Text, nullable=False),
        sa.Column("made_at", sa.Text, nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(
                f"create trigger recorded_crime_releases_no_{verb} before {verb} on recorded_crime_releases "
                "begin select raise(abort, 'the ledger is append-only: recorded_crime_releases'); end"
            )
    else:
        op.execute(
            "create trigger recorded_crime_releases_append_only before update or delete or truncate "
            "on recorded_crime_releases for each statement execute function ledger_is_append_only()"
        )
