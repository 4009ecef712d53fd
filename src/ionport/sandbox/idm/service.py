"""What a client does with IDM."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.errors import Conflict, Forbidden, InvalidInput, existing
from ionport.sandbox.idm.datamodel.model import (
    OWNERS_ACL,
    Entity,
    check_required,
    checked,
    checked_acl,
    entity_named,
    with_defaults,
)
from ionport.sandbox.idm.datamodel.repository import DataModelRepository
from ionport.sandbox.idm.model import (
    MAX_VERSIONS,
    Draft,
    Flags,
    Item,
    ItemContent,
    NewFile,
    Pid,
    Resource,
    item_not_found,
    read_pid,
)
from ionport.sandbox.idm.previews import preview, with_previews
from ionport.sandbox.idm.query.model import Query, paths_of
from ionport.sandbox.idm.repository import ItemRepository
from ionport.sandbox.kit.texts import quoted
from ionport.store import ScopedWork, TenantScope


class IdmService:
    """Items of one tenant: create, read, change, find, delete; and its document types.

    With `enforces_acls` a private item with its versions is its creator's alone: for others it is
    not found by searches, and Forbidden by its pid. Inferred: which rights a list gives is a
    tenant's own.
    """

    def __init__(self, clock: Clock, blobs: Blobs, *, enforces_acls: bool = False) -> None:
        self._clock = clock
        self._blobs = blobs
        self._enforces_acls = enforces_acls

    def draft(self, content: ItemContent) -> Draft:
        """Keep an item's files, before the transaction; raises InvalidInput for two of one name."""
        if len({file.name for file in content.files}) < len(content.files):
            raise InvalidInput("Two files of the item have one name.", code="file_name_twice")
        # The main file comes first, as clients look for it there.
        files = sorted(content.files, key=lambda file: file.name != "")
        resources = tuple(self._keep(file) for file in files)
        return Draft(content.entity_name, content.attributes, resources, content.acl)

    def create(
        self, access: ScopedWork[TenantScope], by: str, draft: Draft, *, check_out: bool = False
    ) -> Item:
        """Store a new item; IDM takes the same content any number of times.

        Raises:
            InvalidInput: unknown document type, attribute or ACL, a value that the attribute
                does not take, or a required one missing; the text names it.
        """
        if not draft.entity_name:
            raise InvalidInput("The entityName is missing.", code="entity_missing")
        entity = self.entity(access, draft.entity_name)
        now = self._clock.now()
        item = Item(
            number=0,
            tenant_id=access.scope.tenant_id,
            entity_name=entity.name,
            version=0,
            acl=checked_acl(entity, draft.acl),
            attributes=with_defaults(entity, checked(entity, draft.attributes or ())),
            resources=draft.resources,
            created_by=by,
            created_at=now,
            changed_by=by,
            changed_at=now,
        )
        items = ItemRepository(access.connection)
        _check_whole(items, access.scope, entity, item)
        stored = items.add(access.scope, item, entity)
        return self._check_out(items, access.scope, entity, stored, by) if check_out else stored

    def change(
        self, access: ScopedWork[TenantScope], by: str, pid: str, draft: Draft, flags: Flags
    ) -> Item:
        """Change an item, between check-out and check-in as `flags` say.

        Raises:
            NotFound: nothing has this pid.
            Conflict: another user has checked the item out, or none has and it is to be
                checked in.
            InvalidInput: as for `create`, or the item is of another document type.
        """
        items = ItemRepository(access.connection)
        item = self._held(items, access.scope, pid, by)
        entity = self.entity(access, item.entity_name)
        if draft.entity_name and draft.entity_name != entity.name:
            raise InvalidInput(
                f"The item is of document type {entity.name}, not {quoted(draft.entity_name)}.",
                code="wrong_entity",
            )
        if flags.check_out and item.checked_out_by is None:
            item = self._check_out(items, access.scope, entity, item, by)
        if flags.check_in and item.checked_out_by is None:
            raise Conflict(
                "The item is not checked out, so it cannot be checked in. Check it out first.",
                code="not_checked_out",
            )
        changed = self._changed(entity, item, draft, by, merge=flags.merge)
        _check_whole(items, access.scope, entity, changed)
        if flags.check_in:
            changed = _next_version(changed)
        items.change(access.scope, changed, entity)
        return changed

    def undo_check_out(self, access: ScopedWork[TenantScope], by: str, pid: str) -> Item:
        """Undo the changes since check-out, and let others change the item again.

        Raises NotFound, and Conflict when the item is not checked out, or by somebody else.
        """
        items = ItemRepository(access.connection)
        item = self._held(items, access.scope, pid, by)
        if item.checked_out_by is None:
            raise Conflict("The item is not checked out.", code="not_checked_out")
        (before,) = items.versions(access.scope, item, item.version)
        restored = replace(before, is_latest=True)
        items.drop_version(access.scope, item, item.version)
        items.change(access.scope, restored, self.entity(access, item.entity_name))
        return restored

    def get(self, access: ScopedWork[TenantScope], by: str, pid: str) -> Item:
        """Return an item, or the version of it that the pid names.

        Raises NotFound, and Forbidden for another's private item.
        """
        items, named = ItemRepository(access.connection), read_pid(pid)
        item = items.get(access.scope, named)
        if item is None:
            raise item_not_found()
        # The list that an item has now is that of its versions, too.
        now = item if item.is_latest else items.get(access.scope, replace(named, is_latest=True))
        self._check_acl(now or item, by)
        return item

    def versions(self, access: ScopedWork[TenantScope], by: str, pid: str) -> Sequence[Item]:
        """Return an item and its earlier versions, the newest first; raises as `get` does."""
        item = self.get(access, by, pid)
        kept = ItemRepository(access.connection).versions(access.scope, item)
        return [item, *(each for each in kept if each.version != item.version)]

    def resource(self, item: Item, name: str = "") -> Resource:
        """Return a file of an item, or a preview of its main one; raises NotFound."""
        found = next((each for each in with_previews(item.resources) if each.name == name), None)
        return existing(
            found,
            "The item has no such file, and the sandbox makes none of it.",
            code="resource_not_found",
        )

    def content(self, item: Item, name: str = "") -> tuple[Resource, bytes]:
        """Return a file of an item with its content; raises NotFound."""
        resource, main = self.resource(item, name), item.main_resource
        if item.resource(name) is None and main is not None:
            return resource, preview(name, main.mime_type) or b""
        return resource, self._blobs.get(resource.sha256)

    def search(
        self, access: ScopedWork[TenantScope], query: Query, offset: int, limit: int
    ) -> Sequence[Item]:
        """Return the items that a query finds, in its order.

        Raises InvalidInput for what the data model does not have.
        """
        entities = self._entities_of(access, query)
        return ItemRepository(access.connection).search(
            access.scope, query, entities, offset, limit
        )

    def count(self, access: ScopedWork[TenantScope], query: Query) -> int:
        """Return how many items a query finds; raises InvalidInput as `search` does."""
        entities = self._entities_of(access, query)
        return ItemRepository(access.connection).count(access.scope, query, entities)

    def delete(self, access: ScopedWork[TenantScope], by: str, pid: str) -> Item:
        """Delete an item with its versions and return it.

        Raises NotFound, and Conflict when somebody else has checked it out.
        """
        items = ItemRepository(access.connection)
        item = self._held(items, access.scope, pid, by)
        items.remove(access.scope, item)
        return item

    def readable(self, query: Query, by: str) -> Query:
        """Return a query that finds what somebody may read."""
        return replace(query, reader=by) if self._enforces_acls else query

    def entities(
        self, access: ScopedWork[TenantScope], names: Collection[str] | None = None
    ) -> Mapping[str, Entity]:
        """Return the document types of these names that there are, or all, by name."""
        return DataModelRepository(access.connection).entities(access.scope, names)

    def entity(self, access: ScopedWork[TenantScope], name: str) -> Entity:
        """Return the document type of that name; raises InvalidInput naming it."""
        return entity_named(self.entities(access, [name]), name)

    def _entities_of(self, access: ScopedWork[TenantScope], query: Query) -> Mapping[str, Entity]:
        return self.entities(access, {path.entity_name for path in paths_of(query.items)})

    def _held(self, items: ItemRepository, scope: TenantScope, text: str, by: str) -> Item:
        """Return the item to change; raises NotFound, and Conflict if another has it."""
        pid: Pid = read_pid(text)
        item = items.get(scope, pid, to_change=True) if pid.is_latest else None
        if item is None:
            raise item_not_found()
        self._check_acl(item, by)
        if item.checked_out_by not in (None, by):
            raise Conflict(
                f"{item.checked_out_by} has checked the item out. It can be changed"
                " once it is checked in.",
                code="checked_out",
            )
        return item

    def _check_acl(self, item: Item, by: str) -> None:
        if self._enforces_acls and item.acl == OWNERS_ACL and item.created_by != by:
            raise Forbidden(
                f"The access control list {OWNERS_ACL} lets only the item's creator read and"
                " change it.",
                code="acl_forbids",
            )

    def _check_out(
        self, items: ItemRepository, scope: TenantScope, entity: Entity, item: Item, by: str
    ) -> Item:
        if item.version >= MAX_VERSIONS:
            raise Conflict(
                f"The item has {MAX_VERSIONS} versions; the sandbox keeps no more.",
                code="too_many_versions",
            )
        items.keep_version(scope, item)
        held = replace(item, checked_out_by=by, checked_out_at=self._clock.now())
        items.change(scope, held, entity)
        return held

    def _changed(self, entity: Entity, item: Item, draft: Draft, by: str, *, merge: bool) -> Item:
        attributes = item.attributes
        if draft.attributes is not None:
            sent = checked(entity, draft.attributes)
            named = {each.name for each in sent}
            kept = [each for each in item.attributes if merge and each.name not in named]
            attributes = (*kept, *sent)
        new = {each.name for each in draft.resources}
        resources = [each for each in item.resources if each.name not in new]
        both = sorted((*resources, *draft.resources), key=lambda each: each.name != "")
        return replace(
            item,
            acl=checked_acl(entity, draft.acl) if draft.acl else item.acl,
            attributes=attributes,
            resources=tuple(both),
            changed_by=by,
            changed_at=self._clock.now(),
        )

    def _keep(self, file: NewFile) -> Resource:
        sha256 = self._blobs.put(file.content)
        return Resource(file.name, file.filename, file.mime_type, len(file.content), sha256)


def _check_whole(items: ItemRepository, scope: TenantScope, entity: Entity, item: Item) -> None:
    """Raise InvalidInput or Conflict for an item that its document type does not allow."""
    check_required(entity, item.attributes)
    for attribute in item.attributes:
        definition = entity.attributes.get(attribute.name)
        if definition is None or not definition.is_unique or not attribute.value:
            continue
        if items.has_value(scope, entity.name, attribute, item.number):
            raise Conflict(
                f"Another item has the value {quoted(attribute.value)} of"
                f" {attribute.name}, which must be unique.",
                code="value_not_unique",
            )


def _next_version(item: Item) -> Item:
    return replace(item, version=item.version + 1, checked_out_by=None, checked_out_at=None)
