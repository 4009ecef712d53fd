"""The only SQL of the settings of document types."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select

from ionport.documents.type_settings.model import TypeSettings, settings_as_json, stored_settings
from ionport.documents.type_settings.tables import document_type_settings
from ionport.store import OrganizationScope
from ionport.store.repository import Repository

_t = document_type_settings.c
# Built once: each document that comes in and each delivery runs it.
_OF_TYPE = select(_t.settings).where(
    _t.organization_id == bindparam("organization"), _t.document_type == bindparam("kind")
)


class TypeSettingsRepository(Repository):
    """Settings of the document types of one organization."""

    def find(self, scope: OrganizationScope, document_type: str) -> TypeSettings:
        """Return the settings of a document type, the shipped ones while none are stored."""
        parameters = {"organization": scope.organization_id, "kind": document_type}
        stored = self._run(_OF_TYPE, parameters).scalar_one_or_none()
        return stored_settings(stored) if stored is not None else TypeSettings(document_type)

    def put(self, scope: OrganizationScope, settings: TypeSettings, at: datetime, by: str) -> None:
        values = {"settings": settings_as_json(settings), "updated_at": at, "updated_by": by}
        own = {
            "organization_id": scope.organization_id,
            "document_type": settings.document_type,
        }
        self._put(document_type_settings, **own, **values)
