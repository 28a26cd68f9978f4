"""The folder that each submission came in, so that the same bytes in another are another act; hashes of raw files."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

KEY = ["force", "quarter", "submission"]


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    # on SQLite the table is made anew, which takes its triggers with it
    with op.batch_alter_table("submissions") as submissions:
        submissions.drop_constraint("submission_once", type_="unique")
    op.create_table(
        "submission_folders",
        sa.Column("force", sa.Text, primary_key=True),
        sa.Column("quarter", sa.Text, primary_key=True),
        sa.Column("submission", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("folder", sa.Text, nullable=False),
        _of_a_submission(),
    )
    op.create_table(
        "raw_files",
        sa.Column("raw_file", sa.Integer, primary_key=True),
        sa.Column("force", sa.Text, nullable=False),
        sa.Column("quarter", sa.Text, nullable=False),
        sa.Column("submission", sa.Integer, nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("made_at", sa.Text, nullable=False),
        _of_a_submission(),
    )
    op.create_index("raw_files_of", "raw_files", KEY)
    for table in ("submission_folders", "raw_files", *(["submissions"] if sqlite else [])):
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


def _of_a_submission() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(KEY, [f"submissions.{column}" for column in KEY])
