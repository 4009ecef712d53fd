"""Moving a document to another company: to the sub-organization that its documents belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, existing
from ionport.core.i18n import N_, _
from ionport.documents.companies.model import addressee_of
from ionport.documents.companies.service import COMPANY_RULES, place_of
from ionport.documents.model import Document, TimelineKind
from ionport.documents.parties.repository import PartyRepository
from ionport.documents.repository import DocumentRepository, TimelineRepository
from ionport.documents.retention.content import require_content
from ionport.documents.review.decisions.corrections import sent_already
from ionport.documents.review.decisions.judging import Judging
from ionport.documents.review.decisions.placing import MOVED, from_to, place_names
from ionport.documents.review.life_cycle import CLOSED
from ionport.documents.review.lines import NO_LINES
from ionport.documents.review.model import NewFinding
from ionport.documents.review.ports import Sent
from ionport.documents.review.service import ReviewService
from ionport.documents.timeline import Timeline
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.groups.permissions import Permission
from ionport.identity.model import AuditAction
from ionport.store import OrganizationScope, ScopedWork


class MoveAction(AuditAction):
    """What the audit log tells of a document that changes its company."""

    MOVED = "document.moved", N_("Document moved to another company")


@dataclass(eq=False, repr=False)
class MoveService:
    """Moves documents between the organization and its sub-organizations."""

    _clock: Clock
    _audit: AuditLog
    _timeline: Timeline
    _review: ReviewService
    _judging: Judging

    def places(self, access: ScopedWork[OrganizationScope]) -> dict[str, str]:
        """Return where documents may belong to, by id; "" is the organization itself.

        A sub-organization with a company has the company's name.
        """
        return place_names(access)

    def move(
        self,
        access: Access[OrganizationScope],
        document_id: str,
        place: str,
        seen: str | None = None,
    ) -> bool:
        """Let a document belong to a sub-organization (its id), or to the organization ("").

        The company rules run again: moved to another company than the buyer, it is held until a
        person accepts it. Approvals are withdrawn. `seen` is where it was when the person looked;
        None: not compared. Returns whether it moved: where it belongs there already, the timeline
            notes the person's choice, and no correction moves it.

        Raises:
            Forbidden: the actor is no member.
            NotFound: no such document.
            InvalidInput: no such place.
            Conflict: rejected or deleted (`document_closed`), a delivery of it was sent or is not
                over (`sent_already`, `delivery_not_over`), or it was moved meanwhile.
        """
        document = self._locked(access, document_id)
        access.require(Permission.EDIT, document.document_type)
        places = self.places(access)
        before = document.sub_organization_id or ""
        _check_place(places, place, before if seen is None else seen, before)
        told = from_to(places, before, place)
        if before == place:
            self._stays(access, document_id, told)
            return False
        repository = DocumentRepository(access.connection)
        repository.set_place(access.scope, document_id, place or None)
        self._tell(access, document_id, told)
        self._judge(access, document, place or None)
        self._review.withdraw_approvals(access, document_id)
        self._review.settle(access, document_id, access.actor.name)
        return True

    def _stays(
        self, access: Access[OrganizationScope], document_id: str, told: Mapping[str, str]
    ) -> None:
        """Note that a person wants a document to stay where it is, unless this is noted already."""
        if TimelineRepository(access.connection).has_code(access.scope, document_id, MOVED):
            return
        self._tell(access, document_id, told)

    def _tell(
        self, access: Access[OrganizationScope], document_id: str, told: Mapping[str, str]
    ) -> None:
        self._timeline.tell(
            access,
            document_id,
            TimelineKind.NOTE,
            "",
            access.actor.name,
            code=MOVED,
            parameters=told,
        )
        self._audit.record(access, MoveAction.MOVED, document_id, told)

    def _locked(self, access: ScopedWork[OrganizationScope], document_id: str) -> Document:
        """Return the document, locked with its deliveries; raises Conflict where it stays."""
        deliveries, repository = self._review.deliveries, DocumentRepository(access.connection)
        sent = deliveries.lock(access, document_id)
        repository.lock_status(access.scope, document_id)
        document = repository.find(access.scope, document_id)
        document = existing(document, _("There is no such document."), code="no_document")
        require_content(document.purged_at)
        if document.status in CLOSED:
            raise Conflict(
                _("The document is {status}. Undo that before you move it.").format(
                    status=document.status.label
                ),
                code="document_closed",
            )
        if sent is Sent.SOMETHING:
            raise sent_already()
        if sent is Sent.UNDER_WAY or deliveries.has_open(access, document_id):
            raise Conflict(
                _("A delivery of it is not over. Cancel that delivery before you move it."),
                code="delivery_not_over",
            )
        return document

    def _judge(
        self, access: Access[OrganizationScope], document: Document, place: str | None
    ) -> None:
        """Close findings about company and lines that no longer apply, and add new ones."""
        if not document.fields:
            return
        parties = PartyRepository(access.connection).of_document(access.scope, document.id)
        buyer = addressee_of(document.fields, parties.buyer_ids)
        _place, about_company = place_of(access, buyer, place, is_placed=True)
        known = self._review.list(access, document.id)
        read = [NewFinding(one.code, one.parameters) for one in known if not one.resolved_at]
        new = [*about_company, *self._review.about_lines(access, document, place, read)]
        wanted = {(one.code, tuple(sorted(one.parameters.items()))) for one in new}
        gone = [
            one
            for one in known
            if one.code in COMPANY_RULES | {NO_LINES}
            and one.resolved_at is None
            and (one.code, tuple(sorted(one.parameters.items()))) not in wanted
        ]
        now = self._clock.now()
        self._judging.resolve(access, document.id, gone, access.actor.name, now)
        for one in new:
            code, parameters = one.code, one.parameters
            self._review.add(access, document.id, code, parameters, actor_name=access.actor.name)


def _check_place(places: Mapping[str, str], place: str, seen: str, before: str) -> None:
    """Raise InvalidInput for no place, and Conflict where a person saw another one than it has."""
    if place not in places:
        wrong = _("Choose one of these.")
        raise InvalidInput(wrong, code="no_sub_organization", fields={"place": wrong})
    if seen != before:
        raise Conflict(
            _("Somebody else has moved the document to {place} meanwhile.").format(
                place=places.get(before, before)
            ),
            code="changed_meanwhile",
        )
