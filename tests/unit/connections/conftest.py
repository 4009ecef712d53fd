"""An organization and a connection service on a real database."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass

import pytest

from ionport.connections.service import ConnectionService
from ionport.core.clock import MovableClock
from ionport.core.sealing import KeyRing
from ionport.identity.audit import AuditLog
from ionport.identity.passwords import Passwords
from ionport.identity.service import IdentityService
from ionport.ionapi.addresses import AddressPolicy
from ionport.store import Database, OrganizationScope


def credential(**changes: str | None) -> bytes:
    """An `.ionapi` of Infor's shape with fresh random secrets; None leaves a key out."""
    content = {
        "ti": "ACME_TST",
        "cn": "DocBits_TST",
        "dt": "12",
        "ci": f"ACME_TST~{secrets.token_urlsafe(32)}",
        "cs": secrets.token_urlsafe(64),
        "iu": "http://127.0.0.1:9",
        "pu": "http://127.0.0.1:9/ACME_TST/as/",
        "oa": "authorization.oauth2",
        "ot": "token.oauth2",
        "or": "revoke_token.oauth2",
        "ev": "V1480769020",
        "v": "1.0",
        "saak": f"ACME_TST#{secrets.token_urlsafe(64)}",
        "sask": secrets.token_urlsafe(64),
        **changes,
    }
    return json.dumps({key: value for key, value in content.items() if value is not None}).encode()


@dataclass
class ConnectionsSetup:
    database: Database
    clock: MovableClock
    keys: KeyRing
    connections: ConnectionService
    scope: OrganizationScope
    other: OrganizationScope


@pytest.fixture
def setup(database: Database, clock: MovableClock) -> ConnectionsSetup:
    audit = AuditLog(clock)
    identity = IdentityService(clock, audit, Passwords(time_cost=1, memory_kib=8))
    with database.write() as work:
        mine = identity.ensure_organization(work, "Mine")
    with database.write() as work:
        from ionport.core.ids import new_id
        from ionport.identity.tables import organizations

        other_id = new_id("org")
        work.connection.execute(
            organizations.insert().values(id=other_id, name="Other", created_at=clock.now())
        )
    keys = KeyRing.generate()
    return ConnectionsSetup(
        database,
        clock,
        keys,
        ConnectionService(clock, keys, audit, policy=AddressPolicy()),
        OrganizationScope(mine.id),
        OrganizationScope(other_id),
    )
