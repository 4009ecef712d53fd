"""A request that is sent again under its Idempotency-Key is done once, on every database."""

from __future__ import annotations

import pytest

from ionport.core.clock import MovableClock
from ionport.core.errors import Conflict
from ionport.core.sealing import KeyRing
from ionport.identity.access import Access
from ionport.identity.api_keys.answers import Answer, Answers
from ionport.identity.api_keys.model import ApiScope
from ionport.identity.api_keys.service import ApiKeyService
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, OrganizationRole
from ionport.store import Database, OrganizationScope
from tests.support.web import People

pytestmark = pytest.mark.on_each_database


@pytest.fixture
def key_id(database: Database, clock: MovableClock, people: People) -> str:
    user = people.add("ada", organization_role=OrganizationRole.ADMINISTRATOR)
    service = ApiKeyService(clock, KeyRing.generate(), AuditLog(clock))
    with database.write() as work:
        organization = people.identity.list_organizations(work)[0]
        access = Access(work, OrganizationScope(organization.id), Actor.operator())
        key, _secret = service.create(
            access, "ERP", [ApiScope.EXPORTS_WRITE.value], user_id=user.id
        )
    return key.id


def test_a_new_request_is_taken_up_and_its_answer_is_given_again(
    database: Database, clock: MovableClock, key_id: str
) -> None:
    answers = Answers(database, clock)
    assert answers.begin(key_id, "one", "digest") is None
    with pytest.raises(Conflict) as caught:
        answers.begin(key_id, "one", "digest")
    assert caught.value.code == "request_under_way"
    answer = Answer(202, "{}")
    answers.keep(key_id, "one", answer)
    assert answers.begin(key_id, "one", "digest") == answer
    assert answers.begin(key_id, "two", "digest") is None
