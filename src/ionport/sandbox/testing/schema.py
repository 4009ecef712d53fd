"""The Infor side's tables, made without migrations, which the project holds equal to them."""

from __future__ import annotations

import importlib.util
import pkgutil
from typing import Final

from sqlalchemy import Connection

from ionport import sandbox
from ionport.store import metadata

_ROOMS: Final = ("ionport.identity", "ionport.oauth", "ionport.gateway")


def create(connection: Connection) -> None:
    """Make every table of the Infor side in an empty database."""
    services = pkgutil.iter_modules(sandbox.__path__, f"{sandbox.__name__}.")
    for room in (*_ROOMS, *(service.name for service in services if service.ispkg)):
        if importlib.util.find_spec(f"{room}.tables") is not None:
            importlib.import_module(f"{room}.tables")
    metadata.create_all(connection, checkfirst=False)
