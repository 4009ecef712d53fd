"""What clients and administrators do with Data Catalog and Data Lake."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.errors import InvalidInput, NotFound, TooLarge, existing
from ionport.core.ids import new_ordered_uuid
from ionport.core.paging import Page, PageRequest
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.sandbox.datafabric.compass.content import count_rows
from ionport.sandbox.datafabric.filters import read_filter
from ionport.sandbox.datafabric.model import (
    MAX_OBJECT_BYTES,
    MAX_OBJECTS,
    CatalogObject,
    LakeContent,
    LakeObject,
    LakeQuery,
    Origin,
    read_object,
)
from ionport.sandbox.datafabric.repository import CatalogRepository, LakeRepository
from ionport.sandbox.kit.texts import quoted
from ionport.store import Database, ScopedWork, TenantScope


class DataLakeService:
    """Objects and their contents. Methods with an actor need a tenant administrator."""

    def __init__(self, clock: Clock, blobs: Blobs) -> None:
        self._clock = clock
        self._blobs = blobs

    def put_object(
        self, access: ScopedWork[TenantScope], by: str, values: Mapping[str, Any]
    ) -> CatalogObject:
        """Store an object of the Data Catalog; one of the same name is replaced.

        Raises:
            InvalidInput: it is malformed, or there are 1,000 already.
        """
        name, kind, schema, properties = read_object(values)
        catalog = CatalogRepository(access.connection)
        if catalog.get(access.scope, name) is None and catalog.count(access.scope) >= MAX_OBJECTS:
            raise InvalidInput(
                f"The Data Catalog holds {MAX_OBJECTS} objects at most.",
                code="catalog_full",
            )
        entry = CatalogObject(name, kind, schema, properties, self._clock.now(), by)
        catalog.put(access.scope, entry)
        return entry

    def delete_object(self, access: ScopedWork[TenantScope], name: str) -> None:
        """Remove an object from the catalog; its contents in the lake stay. Raises NotFound."""
        if not CatalogRepository(access.connection).delete(access.scope, name):
            raise _no_object(name)

    def known_objects(self, access: ScopedWork[TenantScope]) -> Sequence[CatalogObject]:
        """Return the objects of the catalog by name, for a client."""
        return CatalogRepository(access.connection).list(access.scope)

    def known_object(self, access: ScopedWork[TenantScope], name: str) -> CatalogObject:
        """Return an object of the catalog, for a client. Raises NotFound."""
        entry = CatalogRepository(access.connection).get(access.scope, name)
        if entry is None:
            raise _no_object(name)
        return entry

    def knows(self, access: ScopedWork[TenantScope], document_name: str) -> bool:
        """Tell whether the Data Catalog has an object for documents of that name.

        A BOD's object may be called by its whole name or by its noun.
        """
        catalog = CatalogRepository(access.connection)
        noun = document_name.partition(".")[2]
        return catalog.get(access.scope, document_name) is not None or (
            bool(noun) and catalog.get(access.scope, noun) is not None
        )

    def store(
        self, access: ScopedWork[TenantScope], content: LakeContent, *, message: str = ""
    ) -> LakeObject:
        """Put a content that lies in the blobs into the lake."""
        now, origin = self._clock.now(), content.origin
        item = LakeObject(
            id=f"1-{new_ordered_uuid()}",
            tenant_id=access.scope.tenant_id,
            document_name=content.document_name,
            sender=content.sender,
            message=message,
            sha256=content.sha256,
            size=content.size,
            stored_at=now,
            instances=content.instances,
            is_archived=content.is_archived,
            **asdict(replace(origin, published_at=origin.published_at or now)),
        )
        LakeRepository(access.connection).add(access.scope, item)
        return item

    def find(
        self, access: ScopedWork[TenantScope], query: LakeQuery, *, limit: int, offset: int
    ) -> tuple[Sequence[LakeObject], int]:
        """Return some of the data objects that match, and how many there are in all."""
        return LakeRepository(access.connection).find(
            access.scope, query, limit=limit, offset=offset
        )

    def content(self, access: ScopedWork[TenantScope], object_id: str) -> tuple[LakeObject, bytes]:
        """Return a data object with its content; raises NotFound."""
        item = LakeRepository(access.connection).get(access.scope, object_id)
        item = existing(
            item,
            f"The Data Lake has no data object {quoted(object_id)}.",
            code="data_object_not_found",
        )
        return item, self._blobs.get(item.sha256)

    def contents(self, items: Iterable[LakeObject]) -> Iterator[tuple[LakeObject, bytes]]:
        """Yield data objects that were found with their contents, for a client."""
        return ((item, self._blobs.get(item.sha256)) for item in items)

    def moments(
        self, access: ScopedWork[TenantScope], query: LakeQuery, every: int
    ) -> Sequence[datetime]:
        """Return when each `every`-th data object that matches was stored."""
        return LakeRepository(access.connection).moments(access.scope, query, every)

    def mark_corrupt(self, access: ScopedWork[TenantScope], ids: Collection[str]) -> int:
        """Mark data objects as corrupt, so that no query reads them; return how many there were."""
        return LakeRepository(access.connection).mark_corrupt(access.scope, ids)

    def keep(
        self,
        database: Database,
        scope: TenantScope,
        document_name: str,
        content: bytes,
        *,
        sender: str,
        is_archived: bool = False,
        origin: Origin = Origin(),  # noqa: B008 - a value that nothing changes
    ) -> LakeContent:
        """Put a content into the blobs that is to become a data object of the catalog's object.

        Raises:
            NotFound: the Data Catalog has no object of that name.
        """
        with database.read() as work:
            entry = self.known_object(work.within(scope), document_name)
        return LakeContent(
            entry.name,
            sender,
            self._blobs.put(content),
            len(content),
            instances=count_rows(entry, content),
            is_archived=is_archived,
            origin=origin,
        )

    def purge(self, access: ScopedWork[TenantScope], ids: Collection[str]) -> int:
        """Remove data objects by id and return how many there were."""
        return LakeRepository(access.connection).purge(access.scope, ids, self._clock.now())

    def purge_matching(
        self, access: ScopedWork[TenantScope], text: str, *, with_archived: bool = False
    ) -> int:
        """Remove what a filter finds, at most 10,000, and return how many there were.

        Raises:
            InvalidInput: the filter is empty or cannot be read.
        """
        condition = read_filter(text)
        if condition is None:
            raise InvalidInput("Name a filter; all is not purged at once.", code="no_filter")
        lake = LakeRepository(access.connection)
        query = LakeQuery(condition, with_archived=with_archived)
        return lake.purge_matching(access.scope, query, self._clock.now())

    def list_objects(self, access: Access[TenantScope]) -> Sequence[CatalogObject]:
        """Return the objects of the Data Catalog by name, for its page."""
        access.require_tenant_administrator()
        return CatalogRepository(access.connection).list(access.scope)

    def list_contents(
        self, access: Access[TenantScope], query: LakeQuery, request: PageRequest
    ) -> Page[LakeObject]:
        """Return one page of data objects, for the page of the Data Lake."""
        access.require_tenant_administrator()
        items, total = self.find(access, query, limit=request.limit, offset=request.offset)
        return Page(items, total, request)

    def get_object(self, access: Access[TenantScope], name: str) -> CatalogObject:
        """Return an object of the Data Catalog; raises NotFound."""
        access.require_tenant_administrator()
        entry = CatalogRepository(access.connection).get(access.scope, name)
        if entry is None:
            raise _no_object(name)
        return entry

    def add_object(self, access: Access[TenantScope], values: Mapping[str, Any]) -> CatalogObject:
        """Store an object of the Data Catalog as `put_object` does, for its page."""
        access.require_tenant_administrator()
        return self.put_object(access, access.actor.name, values)

    def remove_object(self, access: Access[TenantScope], name: str) -> None:
        """Remove an object from the catalog, for its page. Raises NotFound."""
        access.require_tenant_administrator()
        self.delete_object(access, name)

    def get_content(self, access: Access[TenantScope], object_id: str) -> tuple[LakeObject, bytes]:
        """Return a data object with its content, for the page. Raises NotFound."""
        access.require_tenant_administrator()
        return self.content(access, object_id)

    def remove_content(self, access: Access[TenantScope], object_id: str) -> None:
        """Purge one data object, for the page. Raises NotFound."""
        access.require_tenant_administrator()
        self.content(access, object_id)
        self.purge(access, [object_id])

    def upload(
        self,
        database: Database,
        scope: TenantScope,
        actor: Actor,
        document_name: str,
        content: bytes,
    ) -> LakeObject:
        """Store an administrator's file in the lake; its bytes are written before its row.

        Raises:
            InvalidInput: it is empty, or the Data Catalog has no object of that name.
            TooLarge: it has more than 6,000,000 bytes.
        """
        actor.require_tenant_administrator(scope.tenant_id)
        with database.read() as work:
            self._require_known(work.within(scope), document_name)
        if not content:
            text = "The file is empty."
            raise InvalidInput(text, fields={"file": text})
        if len(content) > MAX_OBJECT_BYTES:
            raise TooLarge(f"A data object has at most {MAX_OBJECT_BYTES} bytes.")
        kept = self._kept(database, scope, actor, document_name, content)
        with database.write() as work:
            self._require_known(work.within(scope), document_name)
            return self.store(work.within(scope), kept)

    def _kept(
        self,
        database: Database,
        scope: TenantScope,
        actor: Actor,
        document_name: str,
        content: bytes,
    ) -> LakeContent:
        with database.read() as work:
            entry = CatalogRepository(work.connection).get(scope, document_name)
        instances = 1 if entry is None else count_rows(entry, content)
        sha256 = self._blobs.put(content)
        return LakeContent(document_name, actor.name, sha256, len(content), instances)

    def _require_known(self, access: ScopedWork[TenantScope], document_name: str) -> None:
        if not self.knows(access, document_name):
            text = "Choose an object of the Data Catalog."
            raise InvalidInput(text, fields={"document_name": text})


def _no_object(name: str) -> NotFound:
    return NotFound(
        f"The Data Catalog has no object {quoted(name)}.",
        code="object_not_found",
    )
