"""Where a document belongs: the names of places, and its place after its values were corrected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ionport.core.i18n import _
from ionport.documents.companies.model import Addressee
from ionport.documents.companies.repository import CompanyRepository
from ionport.documents.companies.service import place_of
from ionport.documents.model import TimelineKind
from ionport.documents.repository import DocumentRepository, TimelineRepository
from ionport.documents.review.model import NewFinding
from ionport.documents.timeline import Timeline
from ionport.identity.repository import OrganizationRepository
from ionport.store import OrganizationScope, ScopedWork

MOVED = "moved"
"""The timeline's code of a person's move. A sub-organization that a person chose stays."""

_PLACED = "placed"


def place_names(access: ScopedWork[OrganizationScope]) -> dict[str, str]:
    """Return where documents may belong to, by id; "" is the organization itself.

    A sub-organization with a company has the company's name.
    """
    subs = OrganizationRepository(access.connection).list_sub(access.scope)
    named = {"": _("The organization itself"), **{one.id: one.name for one in subs}}
    for company in CompanyRepository(access.connection).list(access.scope):
        named[company.sub_organization_id or ""] = company.name
    return named


def place_again(
    access: ScopedWork[OrganizationScope],
    timeline: Timeline,
    document_id: str,
    buyer: Addressee,
    actor_name: str,
    *,
    was_sent: bool,
) -> tuple[str | None, Sequence[NewFinding]]:
    """Return where a document belongs, and the findings about it.

    One without a place may find its own.

    A document of which something was sent stays, and so does one that a person has moved. A place
    that a correction gave is looked for anew, so that undoing the correction takes it away. The
    place is read here, with the document's row locked: it may have moved since it was looked at.
    """
    repository = DocumentRepository(access.connection)
    document = repository.lock(access.scope, document_id)
    known = document.sub_organization_id if document else None
    moves = TimelineRepository(access.connection)
    stays = was_sent or moves.has_code(access.scope, document_id, MOVED)
    before = known if stays or not moves.has_code(access.scope, document_id, _PLACED) else None
    place, found = place_of(access, buyer, before, is_placed=stays or before is not None)
    if place != known:
        repository.set_place(access.scope, document_id, place)
        timeline.tell(
            access,
            document_id,
            TimelineKind.NOTE,
            "",
            actor_name,
            code=_PLACED,
            parameters=from_to(place_names(access), known, place),
        )
    return place, found


def from_to(places: Mapping[str, str], before: str | None, now: str | None) -> dict[str, str]:
    """Return the names of two places as timeline and audit log keep them."""
    return {
        name: places.get(place or "", place or "")[:200]
        for name, place in (("from", before), ("to", now))
    }
