"""Alembic's way in, on the connection that `upgrade` holds."""

from alembic import context

context.configure(context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
