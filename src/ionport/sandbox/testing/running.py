"""Puts one tenant of the Infor side together for a test process, and serves it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from starlette.types import ASGIApp, Receive, Scope, Send

from ionport.core.blobs import FolderBlobs
from ionport.core.clock import MovableClock
from ionport.core.sealing import KeyRing
from ionport.identity.audit import AuditLog
from ionport.identity.model import Tenant
from ionport.identity.repository import TenantRepository
from ionport.oauth.private_keys import new_private_key
from ionport.sandbox.infor_side import (
    InforOptions,
    InforSide,
    MachineDoors,
    machine_doors,
    open_infor_side,
)
from ionport.sandbox.testing.infor import Infor
from ionport.sandbox.testing.server import serving
from ionport.store import Database, SystemScope, metadata, sqlite_url

TENANT_ID = "IONPORT_TST"

_AUTHORIZATION = re.compile(r"/(?:[^/]+/as|\.well-known)/", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Doors:
    """Sends each request to the authorization server or to the gateway; there are no pages."""

    machines: MachineDoors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_authorization = _AUTHORIZATION.match(scope["path"])
        door = self.machines.authorization if is_authorization else self.machines.gateway
        await door(scope, receive, send)


@contextmanager
def running_infor(
    tenant_id: str = TENANT_ID, *, new_key: Callable[[], RSAPrivateKey] = new_private_key
) -> Iterator[Infor]:
    """Serve a fresh tenant on a free loopback port for the time of the block.

    Everything is as `ionport up` serves it, but for durability: database and files lie in a
    temporary folder that goes with the block. The schema is made from the tables, which the
    project holds equal to its migrations. `new_key` gives the key that signs tokens.

    Raises:
        RuntimeError: the server did not start.
    """
    with tempfile.TemporaryDirectory(prefix="ionport-test-") as name:
        folder = Path(name)
        database = Database(sqlite_url(folder / "ionport.db"), durable=False)
        try:
            side = _Side(folder, database, tenant_id, new_key)
            with serving(side.app) as url:
                yield Infor(url, tenant_id, side.infor, database, side.blobs, side.clock, folder)
        finally:
            database.close()


class _Side:
    """The parts that exist before the server's address is known."""

    def __init__(
        self,
        folder: Path,
        database: Database,
        tenant_id: str,
        new_key: Callable[[], RSAPrivateKey],
    ) -> None:
        self.database = database
        self._new_key = new_key
        self.clock = MovableClock()
        self.blobs = FolderBlobs(folder / "blobs", durable=False)
        self._tenant = Tenant(tenant_id, self.clock.now())
        with database.write() as work:
            metadata.create_all(work.connection, checkfirst=False)
            TenantRepository(work.connection).add(SystemScope("tests"), self._tenant)
        self.infor: InforSide

    def app(self, url: str) -> ASGIApp:
        """Return the app that answers at `url`, which credentials name."""
        self.infor = open_infor_side(
            InforOptions(url, url),
            self.database,
            self.clock,
            KeyRing.generate(),
            self.blobs,
            AuditLog(self.clock),
            self._tenant,
        )
        self.infor.signing_keys.ensure(self.database, self._new_key)
        return _Doors(machine_doors(self.infor, self.database, self.blobs, self.clock))
