"""What the sandbox received, for the inspector page: items with files, messages with BODs."""

from __future__ import annotations

from collections.abc import Sequence

from ionport.core.blobs import Blobs
from ionport.core.errors import existing
from ionport.core.i18n import _
from ionport.core.paging import Page, PageRequest
from ionport.identity.access import Access
from ionport.sandbox.idm.model import Item, ItemFilter, Resource, item_not_found, read_pid
from ionport.sandbox.idm.repository import ItemRepository
from ionport.sandbox.ln.inspection import LnInspection
from ionport.sandbox.m3.inspection import M3Inspection
from ionport.sandbox.messaging.model import Arrival, Message, MessageFilter
from ionport.sandbox.messaging.repository import MessageRepository
from ionport.store import TenantScope


class InspectionService:
    """Shows what a tenant's sandbox holds; every method raises Forbidden to who does not
    administer the tenant, and NotFound for what is not there.

    Attributes:
        m3: the imitated M3's records.
        ln: the imitated LN's invoices.
    """

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self.m3 = M3Inspection()
        self.ln = LnInspection()

    def list_items(
        self, access: Access[TenantScope], request: PageRequest, filters: ItemFilter | None = None
    ) -> Page[Item]:
        """Return one page of IDM items, the newest first."""
        access.require_tenant_administrator()
        return ItemRepository(access.connection).page(
            access.scope, request, filters or ItemFilter()
        )

    def get_item(self, access: Access[TenantScope], pid: str) -> Item:
        """Return one IDM item."""
        access.require_tenant_administrator()
        item = ItemRepository(access.connection).get(access.scope, read_pid(pid))
        if item is None:
            raise item_not_found()
        return item

    def item_versions(self, access: Access[TenantScope], item: Item) -> Sequence[Item]:
        """Return the earlier versions that are kept of an item, the newest first."""
        access.require_tenant_administrator()
        return ItemRepository(access.connection).versions(access.scope, item)

    def item_file(
        self, access: Access[TenantScope], pid: str, name: str = ""
    ) -> tuple[Resource, bytes]:
        """Return a file of an item, the main one by default."""
        resource = self.get_item(access, pid).resource(name)
        resource = existing(resource, _("The item has no such file."), code="resource_not_found")
        return resource, self._blobs.get(resource.sha256)

    def list_messages(
        self,
        access: Access[TenantScope],
        request: PageRequest,
        filters: MessageFilter | None = None,
    ) -> Page[Message]:
        """Return one page of ION messages, the newest first."""
        access.require_tenant_administrator()
        messages = MessageRepository(access.connection)
        return messages.page(access.scope, request, filters or MessageFilter())

    def get_message(self, access: Access[TenantScope], message_row_id: str) -> Message:
        """Return one ION message by the id of its row."""
        access.require_tenant_administrator()
        message = MessageRepository(access.connection).get(access.scope, message_row_id)
        return existing(message, _("There is no such message."), code="message_not_found")

    def message_bod(self, access: Access[TenantScope], message_row_id: str) -> bytes:
        """Return the document of a message, unpacked, as the first arrival brought it."""
        message = self.get_message(access, message_row_id)
        return self._blobs.get(message.bod_sha256)

    def arrivals(self, access: Access[TenantScope], message_row_id: str) -> Sequence[Arrival]:
        """Return the first 200 arrivals of a message, the oldest first."""
        message = self.get_message(access, message_row_id)
        return MessageRepository(access.connection).arrivals(access.scope, message)
