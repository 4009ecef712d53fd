"""Ports for servers that a test starts again at the same address."""

from __future__ import annotations

import random
import socket

# Below those that the system gives to outgoing calls (Linux: from 32768): a call under way would
# keep a server from coming back to its port.
_PORTS = range(20_000, 32_000)


def free_port() -> int:
    """Return a port of this machine that nobody uses now."""
    while True:
        port = random.choice(_PORTS)
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
