"""Receipts with their files, readings and releases; append-only on SQLite."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "submissions",
        sa.Column("force", sa.Text, primary_key=True),
        sa.Column("quarter", sa.Text, primary_key=True),
        sa.Column("submission", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("delivered_as", sa.Text, nullable=False),
        sa.Column("layout", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("received_at", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("crimes", sa.Integer, nullable=False),
        sa.Column("victims", sa.Integer, nullable=False),
        sa.Column("suspects", sa.Integer, nullable=False),
        sa.Column("reasons", sa.Text, nullable=False),
        sa.CheckConstraint("status in ('accepted', 'refused', 'nil')", name="submission_status"),
        sa.UniqueConstraint("force", "quarter", "fingerprint", name="submission_once"),
    )
    op.create_table(
        "submission_files",
        sa.Column("force", sa.Text, primary_key=True),
        sa.Column("quarter", sa.Text, primary_key=True),
        sa.Column("submission", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("file", sa.Text, primary_key=True),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("bytes", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["force", "quarter", "submission"],
            ["submissions.force", "submissions.quarter", "submissions.submission"],
        ),
    )
    _make_readings_and_releases()
    if op.get_bind().dialect.name == "sqlite":
        for table in ("submissions", "submission_files", "readings"):
            for verb in ("update", "delete"):
                op.execute(
                    f"create trigger {table}_no_{verb} before {verb} on {table} "
                    f"begin select raise(abort, 'the ledger is append-only: {table}'); end"
                )


def _make_readings_and_releases() -> None:
    op.create_table(
        "readings",
        sa.Column("reading_id", sa.Integer, primary_key=True),
        sa.Column("force", sa.Text, nullable=False),
        sa.Column("crime_reference", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("reader", sa.Text),
        sa.Column("read_at", sa.Text),
        sa.Column("group_based", sa.Text),
        sa.Column("network_definition", sa.Text),
        sa.Column("offenders_read", sa.Integer),
        sa.Column("criterion", sa.Text),
        sa.Column("runner_up", sa.Text),
        sa.Column("committed_by_children", sa.Text),
        sa.Column("confidence", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("imported_at", sa.Text, nullable=False),
        sa.Column("source_file", sa.Text),
        sa.UniqueConstraint("force", "crime_reference", "version", "role", name="reading_once"),
    )
    op.create_table(
        "releases",
        sa.Column("release", sa.Text, primary_key=True),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("manifest_sha256", sa.Text, nullable=False),
        sa.Column("live", sa.Boolean, nullable=False),
    )
