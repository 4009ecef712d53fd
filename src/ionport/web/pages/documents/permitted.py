"""Permission checks of pages that ask before something is done."""

from __future__ import annotations

from starlette.requests import Request

from ionport.documents.retention.content import require_content
from ionport.identity.groups.permissions import Permission
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of


def require_for_document(request: Request, permission: Permission, document_id: str = "") -> None:
    """Raise Forbidden unless the reader may do it with a document, and NotFound.

    Raises Conflict (`purged`) where its content was removed.
    The document is the one that the address names, unless one is named.
    """
    wanted = document_id or str(request.path_params["document"])
    with visit_of(request).read(organization_scope(request)) as access:
        document = documents_of(request).documents.get(access, wanted)
        access.require(permission, document.document_type)
        require_content(document.purged_at)
