"""The only SQL of persons' settings of the list of documents."""

from __future__ import annotations

from sqlalchemy import select

from ionport.documents.listing.columns import OFFERED
from ionport.documents.views.model import ListSettings, View
from ionport.documents.views.tables import list_settings
from ionport.store import OrganizationScope
from ionport.store.repository import Repository, in_scope

_t = list_settings.c


class ListSettingsRepository(Repository):
    """One row for each person in an organization."""

    def find(self, scope: OrganizationScope, user_id: str) -> ListSettings:
        """Return what a person has chosen, the shipped settings while nothing is stored."""
        row = self._run(
            select(list_settings).where(in_scope(list_settings, scope, user_id=user_id))
        ).one_or_none()
        if row is None:
            return ListSettings()
        return ListSettings(
            columns=tuple(column for column in OFFERED if column.id in row.columns),
            views=tuple(View(each["name"], each["query"]) for each in row.views),
            default_view=row.default_view,
        )

    def put(self, scope: OrganizationScope, user_id: str, settings: ListSettings) -> None:
        values = {
            "columns": [column.id for column in settings.columns],
            "views": [{"name": view.name, "query": dict(view.query)} for view in settings.views],
            "default_view": settings.default_view,
        }
        own = {"organization_id": scope.organization_id, "user_id": user_id}
        self._put(list_settings, **own, **values)
