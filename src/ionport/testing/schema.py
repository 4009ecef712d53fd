"""The Infor side's tables, made without migrations, which the project holds equal to them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from typing import Final

from sqlalchemy import Connection

from ionport import gateway, identity, oauth, sandbox
from ionport.store import metadata

_PACKAGES: Final = (identity, oauth, gateway, sandbox)


def create(connection: Connection) -> None:
    """Make every table of the Infor side in an empty database."""
    for package in _PACKAGES:
        for name in _table_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(name)
    metadata.create_all(connection, checkfirst=False)


def _table_modules(folders: Iterable[str], prefix: str) -> Iterator[str]:
    """Find every `tables` module below the folders, importing nothing on the way."""
    for found in pkgutil.iter_modules(folders, prefix):
        if found.ispkg:
            name = found.name.rpartition(".")[2]
            yield from _table_modules([f"{folder}/{name}" for folder in folders], f"{found.name}.")
        elif found.name.endswith(".tables"):
            yield found.name
