"""Actions on many documents take turns between organizations, and end with a person's rights."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ionport.core.clock import MovableClock
from ionport.documents.bulk import runner
from ionport.documents.bulk.model import BulkAction, BulkOutcome, BulkRun, BulkState, Selection
from ionport.documents.bulk.runner import BulkRunner
from ionport.documents.bulk.service import BulkService
from ionport.identity.access import Access
from ionport.identity.members.repository import MemberRepository
from ionport.identity.model import Actor, Organization, OrganizationRole, User
from ionport.identity.repository import OrganizationRepository, UserRepository
from ionport.store import OrganizationScope, SystemScope
from tests.support.exporting import OPERATOR, DocumentSide


@pytest.mark.on_each_database
def test_a_few_documents_of_one_organization_do_not_wait_for_many_of_another(
    side: DocumentSide, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_AT_A_TIME", 2)
    bulk = BulkService(clock, side.audit)
    with side.database.write() as work:
        other = Organization("org_other", "Other", None)
        OrganizationRepository(work.connection).add(SystemScope("test"), other, clock.now())
    sides = {"many": side, "few": replace(side, scope=OrganizationScope(other.id))}
    runs: dict[str, BulkRun] = {}
    for name, count in (("many", 7), ("few", 3)):
        own = sides[name]
        ids = [own.receive(f"{name}-{number}") for number in range(count)]
        clock.advance(timedelta(seconds=1))
        with own.database.write() as work:
            access = Access(work, own.scope, OPERATOR)
            runs[name] = bulk.start(access, BulkAction.EXPORT, Selection(ids=ids))
    settled: list[str] = []

    def step(access: Access[OrganizationScope], _document: str, _run: BulkRun) -> BulkOutcome:
        settled.append("few" if access.scope.organization_id == other.id else "many")
        clock.advance(timedelta(seconds=1))
        return BulkOutcome.done()

    BulkRunner(side.database, clock, {BulkAction.EXPORT: step}).run_all()

    assert settled[:7] == [*["many"] * 2, *["few"] * 2, *["many"] * 2, "few"]
    assert settled.count("many") == 7
    with side.database.read() as work:
        for name, run in runs.items():
            found = bulk.get(work.within(sides[name].scope), run.id)
            assert (found.state, found.done) == (BulkState.DONE, run.total)


def test_who_may_not_sign_in_any_more_has_no_further_document_settled(
    side: DocumentSide, clock: MovableClock
) -> None:
    bulk, system = BulkService(clock, side.audit), SystemScope("test")
    ids = [side.receive(f"R-{number}") for number in range(2)]
    user = User("usr_clerk", "clerk", "Clerk", "", "guid", False, clock.now())
    roles = frozenset({(side.scope.organization_id, OrganizationRole.ADMINISTRATOR)})
    with side.database.write() as work:
        UserRepository(work.connection).add(system, user, "clerk", "")
        access = Access(work, side.scope, Actor(user.id, user.username, organization_roles=roles))
        run = bulk.start(access, BulkAction.EXPORT, Selection(ids=ids))

    def step(access: Access[OrganizationScope], _document: str, _run: BulkRun) -> BulkOutcome:
        MemberRepository(access.connection).set_disabled(system, user.id, True)
        return BulkOutcome.done()

    BulkRunner(side.database, clock, {BulkAction.EXPORT: step}).run_one(run.id)
    with side.database.read() as work:
        found = bulk.get(work.within(side.scope), run.id)
    assert (found.state, found.done, found.open) == (BulkState.CANCELLED, 1, 1)
