"""Keeps a test-suite away from real tenants: credentials of one are refused before they are used.

Python tells audit hooks (PEP 578) when a file is opened and when a host name is looked up, and the
client library tells them of each `.ionapi` that it reads, also from memory. So this holds for the
code under test as well, whichever library it calls Infor with, in the test's own process.
"""

from __future__ import annotations

import ipaddress
import json
import os
import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

# `ionport.ionapi` raises it with iu and pu of each credential file that it reads.
_FILE_READ: Final = "ionport.ionapi.file"
_ENDING: Final = ".ionapi"
_MAX_BYTES: Final = 64 * 1024
# Where Infor's gateways and authorization servers answer (docs/reference/credentials.md#the-file).
_INFOR: Final = ".inforcloudsuite.com"


class RealTenantRefused(RuntimeError):
    """A test, or the code under test, was about to use credentials of a real tenant."""


class Guard:
    """Refuses credentials that name another host than this computer, while a test is guarded."""

    def __init__(self) -> None:
        self._depth = 0
        self._is_installed = False
        self._allowed: frozenset[str] = frozenset()
        self._looking = threading.local()

    @contextmanager
    def guarding(self, allowed: Collection[str] = ()) -> Iterator[None]:
        """Refuse for the time of the block; `allowed` are host names that a test may reach."""
        before, self._allowed = self._allowed, self._allowed | {host.lower() for host in allowed}
        self._depth += 1
        if not self._is_installed:
            # A hook stays for the life of the process; it looks at nothing outside the block.
            sys.addaudithook(self._hear)
            self._is_installed = True
        try:
            yield
        finally:
            self._depth -= 1
            self._allowed = before

    def allow(self, *hosts: str) -> None:
        """Let these hosts be reached until the guarded block ends."""
        self._allowed |= {host.lower() for host in hosts}

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._depth:
            return
        if event == _FILE_READ:
            self._check(*args[:2])
        elif event == "open":
            self._opened(*args)
        elif event == "socket.getaddrinfo":
            self._looked_up(args[0])

    def _opened(self, path: object, mode: object, flags: object) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return
        name = os.fsdecode(path)
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_TRUNC)
        if not name.lower().endswith(_ENDING) or writes or getattr(self._looking, "at", False):
            return
        self._looking.at = True
        try:
            with Path(name).open("rb") as file:
                content = file.read(_MAX_BYTES)
        except OSError:
            return
        finally:
            self._looking.at = False
        self._check(*_addresses(content))

    def _check(self, *addresses: object) -> None:
        for address in addresses:
            host = _host(address)
            if host and not _is_this_computer(host) and host not in self._allowed:
                raise RealTenantRefused(
                    f"This .ionapi belongs to a tenant at {host}, and the test runs under the"
                    " fixture `infor`: tests do not call real tenants. Give the code under test"
                    " `infor.ionapi_file()`, or allow the host with"
                    f" @pytest.mark.infor_hosts({host!r})."
                )

    def _looked_up(self, host: object) -> None:
        name = os.fsdecode(host).lower() if isinstance(host, str | bytes) else ""
        if name.endswith(_INFOR) and name not in self._allowed:
            raise RealTenantRefused(
                f"A call to {name} was about to leave, and the test runs under the fixture"
                " `infor`: tests do not call real tenants. Allow the host with"
                f" @pytest.mark.infor_hosts({name!r})."
            )


guard = Guard()


def _addresses(content: bytes) -> list[object]:
    """Return the values of `iu` and `pu`, if there are any: other errors are found elsewhere."""
    try:
        data = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return []
    return [data.get("iu"), data.get("pu")] if isinstance(data, dict) else []


def _host(address: object) -> str:
    try:
        return (urlsplit(address).hostname or "") if isinstance(address, str) else ""
    except ValueError:
        return ""


def _is_this_computer(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
