"""Which home the ledger is of, and a check value of its key. The one row is made with the table: two first runs at once
would both make one."""

from datetime import UTC, datetime
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    homes = op.create_table(
        "homes",
        sa.Column("identity", sa.Text, primary_key=True),
        sa.Column("made_at", sa.Text, nullable=False),
        sa.Column("key_check", sa.Text),
    )
    now = datetime.now(UTC).isoformat(timespec="seconds")
    op.bulk_insert(homes, [{"identity": str(uuid4()), "made_at": now}])
