from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from ionport.core.errors import Forbidden
from ionport.identity.access import Access
from ionport.identity.model import Actor, OrganizationRole, TenantRole
from ionport.store import Database, OrganizationScope, ScopedWork, TenantScope, Work

_CLERK = Actor(
    user_id="usr_1",
    name="clerk",
    tenant_roles=frozenset({("ACME_TST", TenantRole.USER)}),
    organization_roles=frozenset({("org_1", OrganizationRole.USER)}),
)
_ADMINISTRATOR = Actor(
    user_id="usr_2",
    name="administrator",
    tenant_roles=frozenset({("ACME_TST", TenantRole.IONAPI_ADMINISTRATOR)}),
    organization_roles=frozenset({("org_1", OrganizationRole.ADMINISTRATOR)}),
)


@pytest.fixture
def work(database: Database) -> Work:
    with database.read() as work:
        return work


def test_an_access_decides_by_the_role_in_its_own_scope(work: Work) -> None:
    Access(work, OrganizationScope("org_1"), _CLERK).require_organization_member()
    Access(work, OrganizationScope("org_1"), _ADMINISTRATOR).require_organization_administrator()
    Access(work, TenantScope("ACME_TST"), _ADMINISTRATOR).require_tenant_administrator()
    with pytest.raises(Forbidden):
        Access(work, OrganizationScope("org_1"), _CLERK).require_organization_administrator()
    with pytest.raises(Forbidden):
        Access(work, OrganizationScope("org_2"), _ADMINISTRATOR).require_organization_member()
    with pytest.raises(Forbidden):
        Access(work, TenantScope("OTHER_TST"), _ADMINISTRATOR).require_tenant_administrator()


def test_another_scope_keeps_transaction_and_actor(work: Work) -> None:
    access = Access(work, TenantScope("ACME_TST"), _CLERK)
    other = access.within(OrganizationScope("org_1"))
    assert other == Access(work, OrganizationScope("org_1"), _CLERK)
    assert other.connection is work.connection


def test_an_access_serves_where_no_actor_is_asked_for(work: Work) -> None:
    access = Access(work, TenantScope("ACME_TST"), _CLERK)
    assert isinstance(access, ScopedWork)
    assert work.within(access.scope).connection is access.connection


def test_nobody_changes_the_scope_or_the_actor_of_an_access(work: Work) -> None:
    access = Access(work, TenantScope("ACME_TST"), _CLERK)
    with pytest.raises(FrozenInstanceError):
        access.scope = TenantScope("OTHER_TST")  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        access.actor = _ADMINISTRATOR  # type: ignore[misc]
