"""Alembic's entry: one transaction on the connection that ``journal.database.migrate`` gives."""

from alembic import context

from journal.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
