"""Puts one tenant of the Infor side together for a test process, and serves it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from ionport.core.blobs import FolderBlobs
from ionport.core.clock import SystemClock
from ionport.core.ids import new_id, new_uuid
from ionport.core.sealing import KeyRing
from ionport.gateway.targets.addresses import AddressPolicy
from ionport.identity.audit import AuditLog
from ionport.identity.model import Tenant, TenantRole, User
from ionport.identity.repository import TenantRepository, UserRepository
from ionport.infor_side import InforOptions, InforSide
from ionport.oauth.tokens.keys.private_keys import new_private_key
from ionport.serving.infor_http import InforRouter, infor_apps
from ionport.store import Database, SystemScope, TenantScope, sqlite_url
from ionport.testing import schema
from ionport.testing.infor import Infor
from ionport.testing.parts import Parts
from ionport.testing.server import listening, serving

TENANT_ID: Final = "IONPORT_TST"
USERNAME: Final = "tester"
# No password has this hash: there is no sign-in here.
_NO_PASSWORD_HASH: Final = "none"  # noqa: S105
_SYSTEM = SystemScope("a test-suite's tenant")


@contextmanager
def running_infor(
    tenant_id: str = TENANT_ID,
    *,
    new_key: Callable[[], RSAPrivateKey] = new_private_key,
    enforces_acls: bool = False,
) -> Iterator[Infor]:
    """Serve a fresh tenant on a free loopback port for the time of the block.

    Everything is as `ionport up` serves it, but for durability: database and files lie in a
    temporary folder that goes with the block. The schema is the tables', which the
    project holds equal to its migrations. `new_key` gives the key that signs tokens. With
    `enforces_acls` IDM shows private items to their creators alone.

    Raises:
        RuntimeError: the server did not start.
    """
    with (
        tempfile.TemporaryDirectory(prefix="ionport-test-") as folder,
        closing(Database(sqlite_url(Path(folder) / "ionport.db"), durable=False)) as database,
        listening() as (listener, url),
    ):
        parts = _parts(Path(folder), database, url, tenant_id, enforces_acls=enforces_acls)
        parts.side.signing_keys.ensure(database, new_key)
        app = InforRouter(infor_apps(parts.side, database))
        with closing(parts.side), serving(app, listener):
            yield Infor(parts)


def _parts(
    folder: Path, database: Database, url: str, tenant_id: str, *, enforces_acls: bool
) -> Parts:
    clock = SystemClock()
    tenant, scope = Tenant(tenant_id, clock.now()), TenantScope(tenant_id)
    user = _user(clock.now())
    with database.write() as work:
        schema.create(work.connection)
        tenants = TenantRepository(work.connection)
        tenants.add(_SYSTEM, tenant)
        UserRepository(work.connection).add(_SYSTEM, user, USERNAME, _NO_PASSWORD_HASH)
        tenants.set_role(scope, user.id, TenantRole.USER)
    blobs = FolderBlobs(folder / "blobs", durable=False)
    options = InforOptions(
        origin=url,
        gateway_origin=url,
        addresses=AddressPolicy(),
        enforces_acls=enforces_acls,
        sends_on_demand=True,
    )
    audit = AuditLog(clock)
    side = InforSide(options, database, clock, KeyRing.generate(), blobs, audit, tenant)
    return Parts(url, scope, user.id, database, blobs, clock, side, folder)


def _user(now: datetime) -> User:
    """Return the user that service accounts act for: M3 asks for a user behind every call."""
    return User(
        id=new_id("usr"),
        username=USERNAME,
        full_name="Test User",
        email=f"{USERNAME}@example.com",
        identity2=new_uuid(),
        is_disabled=False,
        created_at=now,
    )
