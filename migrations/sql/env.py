"""Run revisions on the connection that `iotflow.stores.sql.migrations` passes, inside its transaction."""

from alembic import context

from iotflow.stores.sql.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_type=True,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
