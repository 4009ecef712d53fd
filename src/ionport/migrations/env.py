"""Alembic's entry: runs the revisions on the connection that `upgrade` hands in."""

from __future__ import annotations

from alembic import context

from ionport.store import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
