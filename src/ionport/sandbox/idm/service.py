"""What a client does with IDM."""

from __future__ import annotations

from collections.abc import Sequence

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.errors import InvalidInput, NotFound
from ionport.core.i18n import _
from ionport.sandbox.idm.datamodel import (
    DEFAULT_ACL,
    check_acl,
    check_attribute,
    definition_of,
    entity_named,
)
from ionport.sandbox.idm.model import (
    Draft,
    Item,
    NewFile,
    NewItem,
    Resource,
    item_not_found,
    read_pid,
)
from ionport.sandbox.idm.query import Query, parse_query
from ionport.sandbox.idm.repository import ItemRepository
from ionport.store import TenantScope, Work


class IdmService:
    """Items of one tenant: create, read, find, delete."""

    def __init__(self, clock: Clock, blobs: Blobs) -> None:
        self._clock = clock
        self._blobs = blobs

    def draft(self, item: NewItem) -> Draft:
        """Check an item against the data model and keep its files; before the transaction.

        Raises:
            InvalidInput: unknown document type, attribute or ACL, a value of the wrong type, or
                two files of one name; the text names it.
        """
        if not item.entity_name:
            raise InvalidInput(_("The entityName is missing."), code="entity_missing")
        entity = entity_named(item.entity_name)
        for attribute in item.attributes:
            check_attribute(entity, attribute)
        acl = item.acl or DEFAULT_ACL
        check_acl(entity, acl)
        if len({file.name for file in item.files}) < len(item.files):
            raise InvalidInput(_("Two files of the item have one name."), code="file_name_twice")
        resources = tuple(self._keep(file) for file in item.files)
        return Draft(entity.name, item.attributes, resources, acl)

    def create(self, work: Work, scope: TenantScope, by: str, draft: Draft) -> Item:
        """Store a new item; IDM takes the same content any number of times."""
        return ItemRepository(work.connection).add(scope, draft, by, self._clock.now())

    def get(self, work: Work, scope: TenantScope, pid: str) -> Item:
        """Return an item; raises NotFound."""
        item = ItemRepository(work.connection).get(scope, read_pid(pid))
        if item is None:
            raise item_not_found()
        return item

    def file(
        self, work: Work, scope: TenantScope, pid: str, name: str = ""
    ) -> tuple[Resource, bytes]:
        """Return an item's file, the main one by default; raises NotFound if it has none such."""
        resource = self.get(work, scope, pid).resource(name)
        if resource is None:
            raise NotFound(_("The item has no such file."), code="resource_not_found")
        return resource, self._blobs.get(resource.sha256)

    def query(self, text: str) -> Query:
        """Read a search query and check it against the data model; raises InvalidInput."""
        query = parse_query(text)
        entity = entity_named(query.entity_name)
        for comparison in query.comparisons:
            definition_of(entity, comparison.attribute)
        return query

    def search(
        self, work: Work, scope: TenantScope, query: Query, offset: int, limit: int
    ) -> Sequence[Item]:
        """Return the items that a query finds, the oldest first."""
        return ItemRepository(work.connection).search(scope, query, offset, limit)

    def delete(self, work: Work, scope: TenantScope, pid: str) -> None:
        """Delete an item; raises NotFound."""
        if not ItemRepository(work.connection).remove(scope, read_pid(pid)):
            raise item_not_found()

    def _keep(self, file: NewFile) -> Resource:
        sha256 = self._blobs.put(file.content)
        return Resource(file.name, file.filename, file.mime_type, len(file.content), sha256)
