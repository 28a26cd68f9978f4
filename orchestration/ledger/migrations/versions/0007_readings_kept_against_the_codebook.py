"""The rules of the codebook that a reading was kept against. Of a reading from before none is known, and its hash stands:
a blank column is not hashed."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    # added in place, or SQLite would make the table anew and lose what keeps it append-only
    op.add_column("readings", sa.Column("checks", sa.Text))
