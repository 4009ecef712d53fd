"""Previews: the choice of a document, and a dry run as pages show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request

from ionport.core.errors import NotFound
from ionport.documents.listing.model import ListQuery
from ionport.exports.dry_run import DryRun, as_curl
from ionport.mappings.model import MappingKind
from ionport.mappings.rendering.model import PlannedCall
from ionport.web.rendering.bodies import ShownBody, shown_body
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

_OFFERED = 30
_MOST_VALUES = 2_000


@dataclass(frozen=True, slots=True)
class ShownCall:
    """A planned call for a page: its body formatted, and the call as a command."""

    call: PlannedCall
    body: ShownBody
    curl: str
    is_cut: bool


@dataclass(frozen=True, slots=True)
class ShownDryRun:
    """A dry run for a page."""

    run: DryRun
    calls: Sequence[ShownCall]


def offered_documents(request: Request) -> list[tuple[str, str]]:
    """Return ids and names of the newest documents, for a choice."""
    visit, scope = visit_of(request), organization_scope(request)
    with visit.read(scope) as access:
        found = documents_of(request).documents.browse(access, ListQuery(limit=_OFFERED))
    return [
        (one.id, f"{one.number} · {one.filename}" if one.number else one.filename)
        for one in found.items
    ]


def previewed(
    request: Request, document_id: str, kind: MappingKind, text: str
) -> ShownDryRun | None:
    """Return the dry run of a text for a document; None where none is chosen or it is gone."""
    if not document_id:
        return None
    scope = organization_scope(request)
    try:
        run = documents_of(request).dry_runs.of_mapping(scope, document_id, kind, text)
    except NotFound:
        return None
    return shown(run)


def shown(run: DryRun) -> ShownDryRun:
    """Return a dry run as pages show it."""
    calls = [
        ShownCall(
            call,
            shown_body(call.body.encode("utf-8", "replace")),
            as_curl(call),
            is_cut=len(call.values) > _MOST_VALUES,
        )
        for call in run.calls
    ]
    return ShownDryRun(run, calls)
