"""Alembic's way in, on the connection that `upgrade` holds."""

from alembic import context

from orchestration.ledger import metadata

context.configure(context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
