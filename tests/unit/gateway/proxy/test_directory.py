from __future__ import annotations

import pytest

from ionport.core.clock import MovableClock
from ionport.gateway.proxy.directory import LIFETIME_SECONDS, SuiteDirectory
from ionport.gateway.suites.model import ApiSuite, ProxySecurity
from ionport.identity.access import Access
from ionport.store import Database
from tests.support.custom_suites import Suites, endpoint
from tests.unit.gateway.conftest import OPERATOR, SCOPE, TARGET

KEY = (SCOPE.tenant_id, b"docbits-sandbox", b"sandbox")


@pytest.mark.on_each_database
def test_a_route_is_found_by_any_spelling_of_its_segments(suites: Suites, suite: ApiSuite) -> None:
    found = suites.directory.find(KEY)
    assert found is not None
    assert (found.suite, found.base, found.needs_token) == (suite, TARGET, True)
    assert suites.directory.find((SCOPE.tenant_id, b"docbits%2dsandbox", b"%73andbox")) == found


@pytest.mark.on_each_database
@pytest.mark.parametrize(
    "key",
    [
        ("OTHER_TST", b"docbits-sandbox", b"sandbox"),
        (SCOPE.tenant_id, b"docbits-sandbox", b"other"),
        (SCOPE.tenant_id, b"%00", b"sandbox"),
        (SCOPE.tenant_id, b"%e0%a4", b"\xff"),
        (SCOPE.tenant_id, b"", b""),
    ],
)
def test_what_leads_nowhere_is_none_on_every_database(
    suites: Suites, suite: ApiSuite, key: tuple[str, bytes, bytes]
) -> None:
    assert suites.directory.find(key) is None
    assert suites.directory.recall(key) == (True, None)


@pytest.mark.on_each_database
def test_a_change_here_is_seen_at_once_and_one_elsewhere_in_two_seconds(
    database: Database, suites: Suites, suite: ApiSuite, clock: MovableClock
) -> None:
    now = [0.0]
    elsewhere = SuiteDirectory(
        database,
        suites.keys,
        public_address=suites.service.public_address,
        monotonic=lambda: now[0],
    )
    for directory in (suites.directory, elsewhere):
        directory.find(KEY)
        assert directory.recall(KEY)[0]
    with database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        only = suites.service.list_endpoints(access, suite.id)[0]
        draft = endpoint(TARGET, proxy_security=ProxySecurity.ANONYMOUS)
        suites.service.change_endpoint(access, only.id, draft)
    assert suites.directory.recall(KEY) == (False, None)
    assert elsewhere.recall(KEY)[0]
    now[0] += LIFETIME_SECONDS
    assert not elsewhere.recall(KEY)[0]
    found = elsewhere.find(KEY)
    assert found is not None
    assert not found.needs_token


def test_what_was_loaded_before_a_change_is_not_remembered_after_it(
    database: Database, suites: Suites, suite: ApiSuite
) -> None:
    def changes_meanwhile(of: ApiSuite, proxy_context: str) -> str:
        directory.forget()
        return ""

    directory = SuiteDirectory(database, suites.keys, public_address=changes_meanwhile)
    assert directory.find(KEY) is not None
    assert directory.recall(KEY) == (False, None)
