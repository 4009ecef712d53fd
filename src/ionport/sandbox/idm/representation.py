"""Items and document types as IDM writes them, and items as clients send them.

Source: docs/reference/idm.md#create, docs/reference/idm.md#items, docs/reference/idm.md#data-model.

Every value of an item is a text, as Infor's own clients read it.
"""

from __future__ import annotations

import base64
import mimetypes
import re
from collections.abc import Mapping

from starlette.datastructures import Headers

from ionport.core.errors import InvalidInput, TooLarge
from ionport.sandbox.idm.datamodel.attribute_types import AttributeType
from ionport.sandbox.idm.datamodel.model import Acl, AttributeDefinition, Entity
from ionport.sandbox.idm.documents import list_in, object_in, read_document, text_in
from ionport.sandbox.idm.model import (
    MAX_ATTRIBUTES,
    MAX_FILE_BYTES,
    MAX_FILENAME,
    MAX_FILES,
    MAX_VALUE,
    Attribute,
    Item,
    ItemContent,
    NewFile,
    Resource,
)
from ionport.sandbox.idm.previews import with_previews
from ionport.sandbox.idm.tree import Tree
from ionport.sandbox.kit.texts import quoted

_MIME_TYPE = re.compile(r"[A-Za-z0-9][\w.+-]*/[A-Za-z0-9][\w.+-]*", re.ASCII)
# Empty for the main file, else a word such as Preview that stands in an address.
_FILE_NAME = re.compile(r"[A-Za-z0-9_-]{0,100}")
# The built-in table only: a file's type must not depend on the machine's own lists.
_known_types = mimetypes.MimeTypes()


def item_tree(
    item: Item, entity: Entity | None, base_url: str, names: Mapping[str, str]
) -> Mapping[str, Tree]:
    """Return an item as IDM writes it; links begin with `base_url`, the address of the items.

    `names` gives the names of people by the GUID that tokens carry.
    """
    main = item.main_resource
    tree: dict[str, Tree] = {
        "pid": item.pid,
        "id": str(item.number),
        "version": str(item.version),
        "entityName": item.entity_name,
        "reprItem": main.filename if main else "",
        "createdBy": item.created_by,
        "createdByName": names.get(item.created_by, item.created_by),
        "createdTS": item.created_at.isoformat(),
        "lastChangedBy": item.changed_by,
        "lastChangedByName": names.get(item.changed_by, item.changed_by),
        "lastChangedTS": item.changed_at.isoformat(),
    }
    if item.checked_out_by and item.checked_out_at:
        tree["checkedOutBy"] = item.checked_out_by
        tree["checkedOutByName"] = names.get(item.checked_out_by, item.checked_out_by)
        tree["checkedOutTS"] = item.checked_out_at.isoformat()
    tree["attrs"] = {"attr": [_attribute_tree(each, entity) for each in item.attributes]}
    url = f"{base_url}/{item.pid}"
    tree["resrs"] = {"res": [resource_tree(each, url) for each in with_previews(item.resources)]}
    tree["acl"] = {"name": item.acl, "desc": item.acl}
    return tree


def _attribute_tree(attribute: Attribute, entity: Entity | None) -> Mapping[str, Tree]:
    return {
        "name": attribute.name,
        "type": str(entity.type_of(attribute.name)) if entity else "1",
        "qual": attribute.name,
        "value": attribute.value,
    }


def resource_tree(resource: Resource, item_url: str) -> Mapping[str, Tree]:
    """Return a file as IDM writes it; its link is below `item_url`."""
    name = f"/{resource.name}" if resource.name else ""
    return {
        "name": resource.name,
        "filename": resource.filename,
        "mimetype": resource.mime_type,
        "size": str(resource.size),
        "url": f"{item_url}/resource{name}/stream",
    }


def entity_tree(entity: Entity) -> Mapping[str, Tree]:
    """Return a document type as IDM writes it."""
    return {
        "name": entity.name,
        "desc": entity.description,
        "root": "true",
        "search": "true",
        "resEnabled": "true",
        "attrs": {"attr": [_definition_tree(each) for each in entity.attributes.values()]},
        "acls": {
            "acl": [{"name": acl.name, "desc": acl.description or acl.name} for acl in entity.acls]
        },
    }


def _definition_tree(definition: AttributeDefinition) -> Mapping[str, Tree]:
    tree: dict[str, Tree] = {
        "name": definition.name,
        "desc": definition.description,
        "type": str(definition.type),
        "qual": definition.name,
        "default": definition.default,
        "required": _truth(definition.is_required),
        "unique": _truth(definition.is_unique),
        "searchable": _truth(definition.is_searchable),
        "repr": "false",
        "max": "",
        "min": "",
        "size": "" if definition.max_length is None else str(definition.max_length),
    }
    if definition.values:
        values = [{"name": value, "desc": value} for value in definition.values]
        tree["valueset"] = {"value": values}
    return tree


def _truth(value: bool) -> str:
    return "true" if value else "false"


def read_entity(entry: Mapping[str, object]) -> Entity:
    """Read a document type as `entity_tree` writes it: what another tenant's IDM lists.

    IDM does not tell which ACL is the default, so there is none.

    Raises InvalidInput for what is no document type; its rules are not checked here.
    """
    definitions = [_definition(each) for each in list_in(entry, "attrs", "attr", MAX_ATTRIBUTES)]
    acls = [
        Acl(text_in(each, "name"), text_in(each, "desc"))
        for each in list_in(entry, "acls", "acl", MAX_ATTRIBUTES)
    ]
    return Entity(
        name=text_in(entry, "name"),
        description=text_in(entry, "desc"),
        attributes={each.name: each for each in definitions},
        acls=tuple(acls),
        default_acl="",
        is_own=True,
    )


def _definition(entry: Mapping[str, object]) -> AttributeDefinition:
    code, size = text_in(entry, "type"), text_in(entry, "size")
    try:
        # Clients write 0 where they do not know the type.
        type_ = AttributeType.STRING if code in ("", "0") else AttributeType(code)
    except ValueError as error:
        raise InvalidInput(
            f"{quoted(code)} is no type code of an attribute.",
            code="wrong_attribute_type",
        ) from error
    is_text = type_ is AttributeType.STRING and size.isascii() and size.isdigit()
    values = list_in(entry, "valueset", "value", MAX_ATTRIBUTES)
    return AttributeDefinition(
        name=text_in(entry, "name"),
        description=text_in(entry, "desc"),
        type=type_,
        default=text_in(entry, "default"),
        is_required=_is_true(entry, "required"),
        is_unique=_is_true(entry, "unique"),
        is_searchable=_is_true(entry, "searchable", absent=True),
        max_length=int(size[:9]) or None if is_text else None,
        values=tuple(text_in(each, "name") for each in values),
    )


def _is_true(entry: Mapping[str, object], name: str, *, absent: bool = False) -> bool:
    text = text_in(entry, name).lower()
    return absent if not text else text in ("1", "true")


def read_item(body: bytes, headers: Headers) -> ItemContent:
    """Read the body of a create or an update, JSON or XML by its content type.

    Raises:
        InvalidInput: not readable, or a part of it is missing or wrong; the text names it.
        TooLarge: a file is over 100 MB.
    """
    document = read_document(body, headers)
    if document.get("item") is None:
        raise InvalidInput("The item is missing.", code="item_missing")
    # An element without children has the empty text in it.
    item = object_in(document, "item") or {}
    has_attributes = item.get("attrs") is not None
    entries = list_in(item, "attrs", "attr", MAX_ATTRIBUTES)
    return ItemContent(
        entity_name=text_in(item, "entityName"),
        attributes=tuple(_attribute(each) for each in entries) if has_attributes else None,
        files=tuple(_file(each) for each in list_in(item, "resrs", "res", MAX_FILES)),
        acl=text_in(object_in(item, "acl") or {}, "name"),
    )


def _attribute(entry: Mapping[str, object]) -> Attribute:
    value = text_in(entry, "value")
    name = text_in(entry, "name")
    if len(value) > MAX_VALUE:
        raise InvalidInput(
            f"The value of attribute {quoted(name)} is longer than {MAX_VALUE} letters.",
            code="value_too_long",
        )
    return Attribute(name, value)


def _file(entry: Mapping[str, object]) -> NewFile:
    filename = text_in(entry, "filename").strip()
    if "/" in filename or "\\" in filename:
        raise InvalidInput(
            f"The filename {quoted(filename)} has folders in it: send the name of the file alone.",
            code="filename_has_folders",
        )
    if not filename:
        raise InvalidInput("A file needs a filename.", code="filename_missing")
    if len(filename) > MAX_FILENAME:
        raise InvalidInput(
            f"The filename {quoted(filename)} is longer than {MAX_FILENAME} letters.",
            code="filename_too_long",
        )
    mime_type = text_in(entry, "mimetype") or _known_types.guess_type(filename)[0]
    mime_type = mime_type or "application/octet-stream"
    if len(mime_type) > 200 or not _MIME_TYPE.fullmatch(mime_type):
        raise InvalidInput(
            f"{quoted(mime_type)} is not a MIME type.",
            code="wrong_mime_type",
        )
    name = text_in(entry, "name")
    if not _FILE_NAME.fullmatch(name):
        raise InvalidInput(
            f"{quoted(name)} cannot name a file of an item.",
            code="malformed_item",
        )
    return NewFile(name, filename, mime_type, _content(filename, text_in(entry, "base64")))


def _content(filename: str, text: str) -> bytes:
    if text.lstrip()[:5].lower() == "data:":
        raise InvalidInput(
            f"The base64 of file {quoted(filename)} begins with data:, as browsers write it. Send"
            " what stands behind its comma.",
            code="data_uri",
        )
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except ValueError as error:
        raise InvalidInput(
            f"The base64 of file {quoted(filename)} cannot be decoded.",
            code="wrong_base64",
        ) from error
    if not content:
        raise InvalidInput(f"The file {quoted(filename)} is empty.", code="file_empty")
    if len(content) > MAX_FILE_BYTES:
        raise TooLarge(
            f"The file {quoted(filename)} has {len(content)} bytes; at most"
            f" {MAX_FILE_BYTES} are accepted.",
            code="file_too_large",
        )
    return content
