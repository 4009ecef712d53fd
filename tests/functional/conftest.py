"""Says loudly when a client that others wrote was not there to be tried."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

NO_PEER = "NO OAUTH4WEBAPI: the npm client was not tried; install node 20, then run npm ci"
_CLIENT = Path(__file__).parents[2] / "node_modules" / "oauth4webapi"


def node_path() -> str | None:
    """Return the path of node where the client can run, else nothing."""
    return shutil.which("node") if _CLIENT.is_dir() else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if node_path() is None:
        terminalreporter.write_sep("!", NO_PEER, red=True, bold=True)
