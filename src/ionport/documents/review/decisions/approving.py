"""Who may not approve a document, and why."""

from __future__ import annotations

from collections.abc import Sequence

from ionport.core.errors import Forbidden
from ionport.core.i18n import _
from ionport.documents.model import Document
from ionport.documents.review.approvals import ApprovalPolicy, is_about_money
from ionport.documents.review.decisions.model import DecisionKind, DocumentDecision
from ionport.documents.review.decisions.recording import person_id
from ionport.documents.review.decisions.values import field_of
from ionport.documents.types import document_type
from ionport.identity.model import Actor


def approval_refusal(
    policy: ApprovalPolicy,
    actor: Actor,
    document: Document,
    decisions: Sequence[DocumentDecision],
) -> Forbidden | None:
    """Return why a person may not give the next approval of a document, None when they may.

    Who has approved it already (`approved_already`), or has changed an amount, an account or the
    supplier (`changed_by_approver`), may not, as far as the policy says so. Who undoes another
    person's change changes the value too.
    """
    person = person_id(actor)
    approved = {
        each.person_id for each in decisions if each.is_active and each.kind is DecisionKind.APPROVE
    }
    if policy.second_is_another_person and person in approved:
        text = _("You have approved this document; another person has to.")
        return Forbidden(text, code="approved_already")
    changes = [each for each in decisions if _changes_money(document, each)]
    has_changed = any(
        each.is_active if each.person_id == person else _was_undone_by(each, actor)
        for each in changes
    )
    if policy.who_changed_may_not_approve and has_changed:
        text = _(
            "You have changed an amount, an account or the supplier: another person has to approve."
        )
        return Forbidden(text, code="changed_by_approver")
    return None


def _was_undone_by(decision: DocumentDecision, actor: Actor) -> bool:
    """Tell whether the actor took a decision back, on a page or by whichever key.

    Where the id was not kept yet the names decide: a username has no white space, and the name of
    a key stands behind it.
    """
    if decision.undone_by_id is not None:
        return decision.undone_by_id == person_id(actor)
    names = (decision.undone_by, actor.name)
    return not decision.is_active and len({name.partition(" ")[0] for name in names}) == 1


def _changes_money(document: Document, decision: DocumentDecision) -> bool:
    if decision.kind is not DecisionKind.CORRECT:
        return decision.kind is DecisionKind.CHOOSE
    target = decision.correction.target
    return is_about_money(target, field_of(document_type(document.document_type), target))
