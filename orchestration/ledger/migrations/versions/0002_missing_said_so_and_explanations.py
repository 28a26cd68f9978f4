"""A force that says its return will not come, what a force explains, files above 2 GB; append-only on PostgreSQL."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

APPEND_ONLY = ("submissions", "submission_files", "explanations", "readings")


def upgrade() -> None:
    # on SQLite both tables are made anew, which takes their triggers with them
    with op.batch_alter_table("submissions") as submissions:
        submissions.add_column(sa.Column("said", sa.Text))
        submissions.drop_constraint("submission_status", type_="check")
        submissions.create_check_constraint(
            "submission_status", "status in ('accepted', 'refused', 'nil', 'missing')"
        )
    with op.batch_alter_table("submission_files") as files:
        files.alter_column("bytes", type_=sa.BigInteger, existing_type=sa.Integer, existing_nullable=False)
    op.create_table(
        "explanations",
        sa.Column("force", sa.Text, primary_key=True),
        sa.Column("quarter", sa.Text, primary_key=True),
        sa.Column("submission", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("record_number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("crime_reference", sa.Text),
        sa.Column("explanation", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["force", "quarter", "submission"],
            ["submissions.force", "submissions.quarter", "submissions.submission"],
        ),
    )
    if op.get_bind().dialect.name == "sqlite":
        _append_only_on_sqlite()
    else:
        _append_only_on_postgresql()


def _append_only_on_sqlite() -> None:
    for table in APPEND_ONLY:
        for verb in ("update", "delete"):
            op.execute(
                f"create trigger if not exists {table}_no_{verb} before {verb} on {table} "
                f"begin select raise(abort, 'the ledger is append-only: {table}'); end"
            )


def _append_only_on_postgresql() -> None:
    op.execute(
        "create function ledger_is_append_only() returns trigger language plpgsql as $$ begin "
        "raise exception 'the ledger is append-only: %', tg_table_name "
        "using errcode = 'integrity_constraint_violation'; end $$"
    )
    for table in APPEND_ONLY:
        # for each statement: an update that would change no row is refused too, and a truncate has no rows
        op.execute(
            f"create trigger {table}_append_only before update or delete or truncate on {table} "
            "for each statement execute function ledger_is_append_only()"
        )
