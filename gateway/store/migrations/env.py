"""Alembic's entry: runs the steps on the connection that `gateway.store.migrate` hands over."""

from alembic import context

from gateway.store.tables import Row

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
