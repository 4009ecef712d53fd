"""Alembic's entry: runs the revisions on the connection that `upgrade` hands in."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from ionport.store import Moment, metadata
from ionport.store.partial import tell_postgresql


def _render(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """Write what is stored, so that old revisions do not depend on today's classes."""
    return "sa.BigInteger()" if kind == "type" and isinstance(item, Moment) else False


# Alembic has loaded that dialect, after the tables perhaps.
tell_postgresql(metadata)
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    render_item=_render,
    transaction_per_migration=False,
)
context.run_migrations()
