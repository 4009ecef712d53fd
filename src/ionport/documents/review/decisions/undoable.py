"""Which decisions about a document can be undone as it stands now: what a page offers."""

from __future__ import annotations

from collections.abc import Sequence

from ionport.documents.model import Document
from ionport.documents.review.decisions.corrections import OF_CONTENT
from ionport.documents.review.decisions.model import DecisionKind, DocumentDecision
from ionport.documents.review.life_cycle import CLOSED
from ionport.documents.review.ports import Deliveries, Sent
from ionport.identity.access import Access
from ionport.store import OrganizationScope

_OF_STATUS = frozenset(
    {DecisionKind.REJECT, DecisionKind.DUPLICATE, DecisionKind.HOLD, DecisionKind.DELETE}
)


def undoable(
    access: Access[OrganizationScope],
    deliveries: Deliveries,
    document: Document,
    decisions: Sequence[DocumentDecision],
) -> frozenset[str]:
    """Return the ids of the decisions that `DecisionService.undo_any` would not refuse.

    Once something was sent only a hold is undone. Of decisions that set the status the newest must
    be undone first, and values of a closed document stay. Decisions that the actor may not undo are
    left out.
    """
    active = [each for each in decisions if each.is_active]
    if not active or document.purged_at is not None:
        return frozenset()
    newest = [each.id for each in active if each.kind in _OF_STATUS][-1:]
    is_free = deliveries.sent(access, document.id) is Sent.NOTHING
    return frozenset(
        each.id
        for each in active
        if (is_free or each.kind is DecisionKind.HOLD)
        and (each.kind not in _OF_STATUS or each.id in newest)
        and not (document.status in CLOSED and each.kind in OF_CONTENT)
        and access.may(each.kind.permission, document.document_type)
    )
