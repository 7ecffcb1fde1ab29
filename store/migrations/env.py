"""What Alembic runs: the migrations, on the connection that :mod:`store.upgrade` hands over."""

from __future__ import annotations

from alembic import context

from store.upgrade import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
    render_as_batch=True,  # SQLite alters little in place
)
with context.begin_transaction():
    context.run_migrations()
