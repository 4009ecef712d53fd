"""Remembers in the data folder where `ionport up` serves, for the commands beside it.

A command writes the same addresses into credentials and links as the server does, whatever
`--port` or environment the server was started with. Each side has its own, since two processes
may serve the sides of one data folder.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from ionport.core.files import private_opener
from ionport.settings import Settings

FILE: Final = "served.json"


def remember(settings: Settings) -> None:
    """Note the addresses that a server with these settings serves now."""
    path = settings.data / FILE
    found = _read(path)
    address = {
        "host": settings.host,
        "port": settings.port,
        "public_url": settings.public_url,
        "gateway_url": settings.gateway_url,
    }
    if settings.side.has_infor:
        found["infor"] = address
    if settings.side.has_documents:
        found["documents"] = address
    new = path.with_name(f"{FILE}.{os.getpid()}.new")
    with open(new, "w", encoding="utf-8", opener=private_opener) as file:
        json.dump(found, file)
    new.replace(path)


def as_served(settings: Settings) -> Settings:
    """Return the settings with the addresses that the last server of this data folder served.

    An `IONPORT_PUBLIC_URL` or `IONPORT_GATEWAY_URL` of one's own goes before what is remembered.
    """
    found = _read(settings.data / FILE)
    first, second = ("infor", "documents") if settings.side.has_infor else ("documents", "infor")
    address: Any = found.get(first) or found.get(second)
    try:
        return replace(
            settings,
            host=str(address["host"]),
            port=int(address["port"]),
            public_url=settings.public_url or str(address["public_url"]),
            gateway_url=settings.gateway_url or str(address["gateway_url"]),
        )
    except (KeyError, TypeError, ValueError):
        # Nothing has served here yet, or the file is no longer what was written.
        return settings


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
