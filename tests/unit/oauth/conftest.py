from __future__ import annotations

import pytest

from ionport.core.clock import MovableClock
from ionport.store import Database
from tests.support.oauth import OTHER_TENANT, OAuthSide, add_tenant


@pytest.fixture
def side(database: Database, clock: MovableClock) -> OAuthSide:
    """A fresh authorization server with the tenants ACME_TST and OTHER_PRD."""
    add_tenant(database, clock)
    add_tenant(database, clock, OTHER_TENANT)
    return OAuthSide(database, clock)
