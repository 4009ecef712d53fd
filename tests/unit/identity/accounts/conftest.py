from __future__ import annotations

import pytest

from ionport.core.clock import MovableClock
from ionport.identity.accounts.service import AccountService
from ionport.identity.members.service import MemberService
from ionport.store import Database
from tests.support.web import People


@pytest.fixture
def people(database: Database, clock: MovableClock) -> People:
    return People.on(database, clock)


@pytest.fixture
def accounts(people: People) -> AccountService:
    return people.accounts(MemberService(people.audit, people.identity))
