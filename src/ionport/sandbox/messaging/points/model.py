"""Connection points of type IMS via API Gateway: who may send which documents.

Source: docs/reference/ion-messaging.md#endpoints.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ionport.core.errors import InvalidInput, refuse_wrong
from ionport.core.i18n import N_, _
from ionport.core.paging import PageRequest
from ionport.identity.model import AuditAction
from ionport.sandbox.messaging.model import is_document_name

MAX_POINTS = 2_000
MAX_DOCUMENTS = 200
LOGICAL_ID_TYPE = "lid://infor.ims."

_MEMBERS = frozenset(("name", "description", "clientId", "documents"))
_MAX_TEXT = 500
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_CLIENT_ID = re.compile(r"[A-Z0-9_]+~[A-Za-z0-9_-]{1,100}")


@dataclass(frozen=True, slots=True)
class ConnectionPoint:
    """A connection point; `documents` are the names that it may send, sorted.

    `client_id` is empty only when the sandbox has opened the connection point by itself: then
    any app may use it, for any document, until somebody edits it.
    """

    id: str
    tenant_id: str
    name: str
    description: str
    logical_id: str
    client_id: str
    is_active: bool
    is_automatic: bool
    created_at: datetime
    created_by: str
    documents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PointDraft:
    """What the form of a connection point holds, before it is checked."""

    name: str
    description: str
    client_id: str
    documents: Sequence[str] = ()

    def check(self) -> None:
        """Raise InvalidInput, with a text for each wrong field."""
        fields = {
            "name": self._wrong_name(),
            "description": self._wrong_description(),
            "client_id": self._wrong_client_id(),
            "documents": self._wrong_documents(),
        }
        refuse_wrong(fields, _("The connection point cannot be saved. Correct the marked fields."))

    def _wrong_name(self) -> str | None:
        if not _NAME.fullmatch(self.name):
            return _("Use at most 100 letters, digits, dots, dashes and underscores.")
        return None

    def _wrong_description(self) -> str | None:
        if len(self.description) > _MAX_TEXT or "\0" in self.description:
            return _("Use at most {limit} characters.").format(limit=_MAX_TEXT)
        return None

    def _wrong_client_id(self) -> str | None:
        if not _CLIENT_ID.fullmatch(self.client_id):
            return _("Enter the Client ID of an authorized app: ci in its .ionapi file.")
        return None

    def _wrong_documents(self) -> str | None:
        if len(set(self.documents)) > MAX_DOCUMENTS:
            return _("A connection point has at most {limit} documents.").format(
                limit=MAX_DOCUMENTS
            )
        for name in self.documents:
            if not is_document_name(name):
                return _("{name} is no document name such as Sync.CaptureDocument.").format(
                    name=name[:80]
                )
        return None


@dataclass(frozen=True, slots=True)
class PointQuery:
    """Which connection points to list: `text` is looked for in name, logical id and client id."""

    text: str = ""
    is_active: bool | None = None
    descending: bool = False
    page: PageRequest = field(default_factory=PageRequest)


def logical_id_of(name: str) -> str:
    """Return the Logical ID that ION Desk makes of a connection point's name."""
    return LOGICAL_ID_TYPE + name.lower()


def read_point(values: Mapping[str, object]) -> PointDraft:
    """Read a connection point from JSON: name, clientId, documents and perhaps a description.

    Raises:
        InvalidInput: another name, or a value that is no text; the text says which.
    """
    if unknown := sorted(values.keys() - _MEMBERS):
        raise InvalidInput(_("{name} is not known here.").format(name=unknown[0][:80]))
    documents = values.get("documents", [])
    if not isinstance(documents, list) or not all(isinstance(one, str) for one in documents):
        raise InvalidInput(_("documents is a list of names."))
    draft = PointDraft(
        name=str(values.get("name", "")),
        description=str(values.get("description", "")),
        client_id=str(values.get("clientId", "")),
        documents=documents,
    )
    try:
        draft.check()
    except InvalidInput as error:
        # Beside no form, what is wrong has to stand in the text.
        name, text = next(iter(error.fields.items()))
        raise InvalidInput(f"{name}: {text}", fields=error.fields) from error
    return draft


class ConnectionPointAction(AuditAction):
    """What the audit log tells of connection points."""

    CREATED = "connection_point.created", N_("Connection point added")
    CHANGED = "connection_point.changed", N_("Connection point changed")
    ACTIVATED = "connection_point.activated", N_("Connection point activated")
    DEACTIVATED = "connection_point.deactivated", N_("Connection point deactivated")
    DELETED = "connection_point.deleted", N_("Connection point deleted")
    STRICT = "connection_points.strict", N_("Only connection points that somebody made may send")
    AUTOMATIC = "connection_points.automatic", N_("Connection points are made when they are needed")
