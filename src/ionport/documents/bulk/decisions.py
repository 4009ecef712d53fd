"""The actions of bulk runs that are decisions about one document."""

from __future__ import annotations

from collections.abc import Mapping

from ionport.core.errors import Conflict
from ionport.core.i18n import _
from ionport.documents.bulk.model import UNDONE_BY, BulkAction, BulkOutcome, BulkRun
from ionport.documents.bulk.runner import BulkStep
from ionport.documents.review.decisions.anew import JudgeAnewService
from ionport.documents.review.decisions.model import DecisionKind
from ionport.documents.review.decisions.service import DecisionService
from ionport.identity.access import Access
from ionport.store import OrganizationScope

_TAKEN_BACK: Mapping[BulkAction, DecisionKind] = {
    BulkAction.UNDO_ACCEPT: DecisionKind.ACCEPT,
    BulkAction.UNDO_REJECT: DecisionKind.REJECT,
    BulkAction.UNDO_DELETE: DecisionKind.DELETE,
}


def judge_step(service: JudgeAnewService) -> BulkStep:
    """Return how one document of such a run is judged."""

    def judge(access: Access[OrganizationScope], document_id: str, run: BulkRun) -> BulkOutcome:
        del run
        if service.judge(access, document_id):
            return BulkOutcome.done()
        return BulkOutcome.left_out("waits_no_longer", _("It waits for nothing any longer."))

    return judge


def decision_steps(decisions: DecisionService) -> Mapping[BulkAction, BulkStep]:
    """Return how each action that is a decision is made."""

    def accept(access: Access[OrganizationScope], document_id: str, run: BulkRun) -> BulkOutcome:
        try:
            decisions.accept(access, document_id, run.reason, looked_at=run.asked_at)
        except Conflict as error:
            # Nothing was written yet.
            if error.code == "nothing_to_accept":
                return BulkOutcome.left_out(error.code, _("No finding holds it."))
            if error.code == "changed_meanwhile":
                text = _("More was found in it after you were asked. Look at it again.")
                return BulkOutcome.left_out(error.code, text)
            raise
        return BulkOutcome.done()

    def reject(access: Access[OrganizationScope], document_id: str, run: BulkRun) -> BulkOutcome:
        decisions.reject(access, document_id, run.reason)
        return BulkOutcome.done()

    def delete(access: Access[OrganizationScope], document_id: str, run: BulkRun) -> BulkOutcome:
        decisions.delete(access, document_id, run.reason)
        return BulkOutcome.done()

    def undo(access: Access[OrganizationScope], document_id: str, run: BulkRun) -> BulkOutcome:
        decisions.take_back(access, document_id, {_TAKEN_BACK[run.action]})
        return BulkOutcome.done()

    made = {BulkAction.ACCEPT: accept, BulkAction.REJECT: reject, BulkAction.DELETE: delete}
    return made | dict.fromkeys(UNDONE_BY.values(), undo)
