"""Alembic's way in: on the connection of `upgrade`, or of `alembic -x ledger=URL` when a revision is written."""

from alembic import context
from sqlalchemy import create_engine

from orchestration.ledger import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    connection = create_engine(context.get_x_argument(as_dictionary=True)["ledger"]).connect()
context.configure(connection, target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
