"""A table that the imitated services and the control plane share."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Table, Text

from ionport.store import Moment, metadata

# Files that a row has released. Whether another row names them is asked when they are deleted.
released_blobs = Table(
    "released_blobs",
    metadata,
    Column("name", Text, primary_key=True),
    Column("released_at", Moment, nullable=False, index=True),
)

# A reset releases files as well: the list is the installation's, and outlives it.
STATE_TABLES: Final[tuple[Table, ...]] = ()
