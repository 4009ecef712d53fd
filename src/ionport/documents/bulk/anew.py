"""Applies changed rules and settings to waiting documents, in the background."""

from __future__ import annotations

from ionport.core.clock import Clock
from ionport.core.errors import InvalidInput
from ionport.documents.bulk.model import BulkAction, Selection
from ionport.documents.bulk.repository import BulkRepository
from ionport.documents.bulk.service import BulkService
from ionport.documents.model import DocumentFilter
from ionport.documents.review.life_cycle import WAITING
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor
from ionport.store import OrganizationScope


class JudgingAnew:
    """Begins runs that apply the rules again to every document that waits."""

    def __init__(self, clock: Clock, audit: AuditLog) -> None:
        self._clock = clock
        self._bulk = BulkService(clock, audit)

    def begin(self, access: Access[OrganizationScope]) -> None:
        """Begin a run over the waiting documents, which a `BulkRunner` takes.

        It ends an earlier run of this kind, whose documents are judged by this one. It does not
        depend on the rights of the person who changed the rules or settings.
        """
        ionport = Actor.operator(access.actor.name)
        repository = BulkRepository(access.connection)
        repository.cancel_open(access.scope, BulkAction.JUDGE, self._clock.now())
        waiting = Selection(matching=DocumentFilter(statuses=WAITING))
        try:
            with access.connection.begin_nested():
                everything = OrganizationScope(access.scope.organization_id)
                by_ionport = Access(access.work, everything, ionport)
                self._bulk.start(by_ionport, BulkAction.JUDGE, waiting)
        except InvalidInput as error:
            # Nothing waits.
            if error.code != "nothing_selected":
                raise
