from __future__ import annotations

import pytest

from ionport.core.clock import MovableClock
from ionport.gateway.suites.model import ApiSuite, SuiteDraft, TargetEndpoint
from ionport.identity.access import Access
from ionport.identity.model import Actor, Tenant
from ionport.identity.repository import TenantRepository
from ionport.store import Database, SystemScope, TenantScope
from tests.support.custom_suites import Suites, endpoint

SCOPE, OTHER = TenantScope("ACME_TST"), TenantScope("OTHER_TST")
OPERATOR = Actor.operator()
TARGET = "https://api.example.com/base"
DRAFT = SuiteDraft("DocBits", "Sandbox", "A description", "DocBits-Sandbox")


@pytest.fixture
def suites(database: Database, clock: MovableClock) -> Suites:
    with database.write() as work:
        for scope in (SCOPE, OTHER):
            tenant = Tenant(scope.tenant_id, clock.now())
            TenantRepository(work.connection).add(SystemScope("test"), tenant)
    return Suites(database, clock, "https://gw.example.com")


@pytest.fixture
def suite(database: Database, suites: Suites) -> ApiSuite:
    with database.write() as work:
        return suites.service.create_suite(Access(work, SCOPE, OPERATOR), DRAFT, [endpoint(TARGET)])


@pytest.fixture
def only(database: Database, suites: Suites, suite: ApiSuite) -> TargetEndpoint:
    with database.read() as work:
        return suites.service.list_endpoints(Access(work, SCOPE, OPERATOR), suite.id)[0]
