"""The coverage table without a server: the services as the sandbox makes them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from ionport.core.blobs import FolderBlobs
from ionport.core.clock import SystemClock
from ionport.sandbox.app import ServiceMakers
from ionport.sandbox.kit.operations import Service


def imitated_services() -> Sequence[Service]:
    """Return the services that the sandbox imitates; nothing is called or stored with them."""
    # Blobs make their folder at the first put, and nothing is put here.
    folder = Path(tempfile.gettempdir()) / "ionport-no-blobs"
    return ServiceMakers(FolderBlobs(folder), SystemClock(), gateway_url="").all()
