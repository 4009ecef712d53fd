"""The actions of bulk runs that are decisions about one document."""

from __future__ import annotations

from collections.abc import Mapping

from ionport.core.errors import Conflict
from ionport.core.i18n import _
from ionport.documents.bulk.model import BulkAction, Outcome
from ionport.documents.bulk.runner import BulkStep
from ionport.documents.review.decisions.service import DecisionService
from ionport.identity.model import Actor
from ionport.store import OrganizationScope, Work


def decision_steps(decisions: DecisionService) -> Mapping[BulkAction, BulkStep]:
    """Return how each action that is a decision is made."""

    def accept(
        work: Work, scope: OrganizationScope, actor: Actor, document_id: str, reason: str
    ) -> Outcome:
        try:
            decisions.accept(work, scope, actor, document_id, reason)
        except Conflict as error:
            if error.code != "nothing_to_accept":
                raise
            # Nothing was written yet.
            return Outcome.left_out(error.code, _("No finding holds it."))
        return Outcome.done()

    def reject(
        work: Work, scope: OrganizationScope, actor: Actor, document_id: str, reason: str
    ) -> Outcome:
        decisions.reject(work, scope, actor, document_id, reason)
        return Outcome.done()

    def delete(
        work: Work, scope: OrganizationScope, actor: Actor, document_id: str, reason: str
    ) -> Outcome:
        decisions.delete(work, scope, actor, document_id, reason)
        return Outcome.done()

    return {BulkAction.ACCEPT: accept, BulkAction.REJECT: reject, BulkAction.DELETE: delete}
