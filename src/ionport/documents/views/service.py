"""What a person does with their list: choose columns, save views, remove them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _
from ionport.documents.listing.columns import OFFERED, SHIPPED
from ionport.documents.views.model import MAX_NAME, MAX_VIEWS, ListSettings, View
from ionport.documents.views.repository import ListSettingsRepository
from ionport.identity.access import Access
from ionport.store import OrganizationScope


class ListSettingsService:
    """A person's own settings; nobody else sees them."""

    def get(self, access: Access[OrganizationScope]) -> ListSettings:
        """Return what the person has chosen."""
        access.require_organization_member()
        if access.actor.user_id is None:
            return ListSettings()
        return ListSettingsRepository(access.connection).find(access.scope, access.actor.user_id)

    def choose_columns(self, access: Access[OrganizationScope], names: Collection[str]) -> None:
        """Show the columns of these names, in the order of the list; the shipped ones for none."""
        chosen = tuple(column for column in OFFERED if column.id in names)
        self._put(access, replace(self.get(access), columns=chosen or SHIPPED))

    def save_view(
        self,
        access: Access[OrganizationScope],
        name: str,
        query: Mapping[str, str],
        *,
        is_default: bool = False,
    ) -> None:
        """Save a view; one of the same name is replaced.

        Raises:
            InvalidInput: the name has not 1 to 60 characters.
            Conflict: there are 30 views already (`too_many_views`).
        """
        name = " ".join(name.split())
        if not 1 <= len(name) <= MAX_NAME:
            wrong = _("A view's name has 1 to {n} characters.").format(n=MAX_NAME)
            raise InvalidInput(wrong, fields={"name": wrong})
        settings = self.get(access)
        others = [view for view in settings.views if view.name != name]
        if len(others) >= MAX_VIEWS:
            text = _("You have {n} views, and no more are kept: remove one first.")
            raise Conflict(text.format(n=MAX_VIEWS), code="too_many_views")
        views = sorted([*others, View(name, query)], key=lambda view: view.name.casefold())
        default = name if is_default else settings.default_view
        if not is_default and default == name:
            default = ""
        settings = replace(settings, views=views, default_view=default)
        self._put(access, settings)

    def remove_view(self, access: Access[OrganizationScope], name: str) -> None:
        """Remove a view, if it is there."""
        settings = self.get(access)
        views = [view for view in settings.views if view.name != name]
        default = "" if settings.default_view == name else settings.default_view
        self._put(access, replace(settings, views=views, default_view=default))

    def _put(self, access: Access[OrganizationScope], settings: ListSettings) -> None:
        if access.actor.user_id is not None:
            ListSettingsRepository(access.connection).put(
                access.scope, access.actor.user_id, settings
            )
