"""IDM's documents on the wire: the same tree as JSON and as XML.

An object is an element with children, a list is a repeated element (facts/infor-targets.md §1.2,
§1.3). Every value is a text, as Infor's own clients read it.
"""

from __future__ import annotations

import base64
import json
import mimetypes
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from lxml import etree
from starlette.datastructures import Headers

from ionport.core import xml
from ionport.core.errors import InvalidInput, TooLarge
from ionport.core.i18n import _
from ionport.sandbox.idm.model import (
    MAX_ATTRIBUTES,
    MAX_FILE_BYTES,
    MAX_FILENAME,
    MAX_FILES,
    MAX_VALUE,
    Attribute,
    NewFile,
    NewItem,
)
from ionport.sandbox.texts import load_json_object, quoted, representable

Tree: TypeAlias = str | Mapping[str, "Tree"] | Sequence["Tree"]

_MIME_TYPE = re.compile(r"[A-Za-z0-9][\w.+-]*/[A-Za-z0-9][\w.+-]*")
# Empty for the main file, else a word such as Preview that stands in an address.
_FILE_NAME = re.compile(r"[A-Za-z0-9_-]{0,100}")
# The built-in table only: what a file is must not hang on the machine's own lists.
_known_types = mimetypes.MimeTypes()


def wants_xml(headers: Headers) -> bool:
    """Tell whether the answer goes out as XML: if `Accept` names it, and before JSON."""
    accept = headers.get("accept", "").lower()
    xml_at, json_at = accept.find("/xml"), accept.find("/json")
    return xml_at >= 0 and (json_at < 0 or xml_at < json_at)


def render(tree: Mapping[str, Tree], headers: Headers) -> tuple[bytes, str]:
    """Return body and media type of an answer, as XML or JSON as the client accepts."""
    if wants_xml(headers):
        ((name, content),) = tree.items()
        root = etree.Element(name)
        _fill(root, content)
        body = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
        return body, "application/xml;charset=utf-8"
    return json.dumps(tree, ensure_ascii=False).encode(), "application/json;charset=utf-8"


def _fill(element: etree._Element, content: Tree) -> None:
    if isinstance(content, str):
        element.text = representable(content)
        return
    if isinstance(content, Mapping):
        for name, value in content.items():
            repeated = isinstance(value, Sequence) and not isinstance(value, str)
            for each in value if repeated else (value,):
                _fill(etree.SubElement(element, name), each)


def read_new_item(body: bytes, headers: Headers) -> NewItem:
    """Read the body of a create request, JSON or XML by its content type.

    Raises:
        InvalidInput: not readable, or a part of it is missing or wrong; the text names it.
        TooLarge: a file is over 100 MB.
    """
    if "xml" in headers.get("content-type", "").lower():
        root = xml.parse(body)
        document: Mapping[str, object] = {_local_name(root): _tree(root)}
    else:
        document = load_json_object(body)
    item = _object(document, "item")
    if item is None:
        raise InvalidInput(_("The item is missing."), code="item_missing")
    return NewItem(
        entity_name=_text(item, "entityName"),
        attributes=tuple(_attribute(each) for each in _list(item, "attrs", "attr", MAX_ATTRIBUTES)),
        files=tuple(_file(each) for each in _list(item, "resrs", "res", MAX_FILES)),
        acl=_text(_object(item, "acl") or {}, "name"),
    )


def _local_name(element: etree._Element) -> str:
    return etree.QName(element).localname


def _tree(element: etree._Element) -> object:
    if len(element) == 0:
        return element.text or ""
    children: dict[str, object] = {}
    repeated: dict[str, list[object]] = {}
    for child in element:
        name = _local_name(child)
        repeated.setdefault(name, []).append(_tree(child))
    for name, values in repeated.items():
        children[name] = values[0] if len(values) == 1 else values
    return children


def _object(parent: Mapping[str, object], name: str) -> Mapping[str, object] | None:
    value = parent.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, dict):
        raise InvalidInput(_("{name} must be an object.").format(name=name), code="malformed_item")
    return value


def _list(
    parent: Mapping[str, object], name: str, entry: str, limit: int
) -> Sequence[Mapping[str, object]]:
    found = (_object(parent, name) or {}).get(entry)
    if found is None or found == "":
        return ()
    # One element of XML is no list; neither is it in the JSON that some converters make.
    values = found if isinstance(found, list) else [found]
    if len(values) > limit:
        raise InvalidInput(
            _("An item has at most {limit} {name}.").format(limit=limit, name=name),
            code="too_many_parts",
        )
    entries = [each for each in values if isinstance(each, dict)]
    if len(entries) < len(values):
        raise InvalidInput(
            _("{name} must hold objects.").format(name=f"{name}.{entry}"), code="malformed_item"
        )
    return entries


def _text(parent: Mapping[str, object], name: str) -> str:
    value = parent.get(name)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if not isinstance(value, str):
        raise InvalidInput(_("{name} must be a text.").format(name=name), code="malformed_item")
    return value


def _attribute(entry: Mapping[str, object]) -> Attribute:
    value = _text(entry, "value")
    name = _text(entry, "name")
    if len(value) > MAX_VALUE:
        raise InvalidInput(
            _("The value of attribute {name} is longer than {limit} letters.").format(
                name=quoted(name), limit=MAX_VALUE
            ),
            code="value_too_long",
        )
    return Attribute(name, value)


def _file(entry: Mapping[str, object]) -> NewFile:
    filename = _text(entry, "filename").replace("\\", "/").rpartition("/")[2].strip()
    if not filename or len(filename) > MAX_FILENAME:
        raise InvalidInput(
            _("A file needs a filename of at most {limit} letters.").format(limit=MAX_FILENAME),
            code="filename_missing",
        )
    mime_type = _text(entry, "mimetype") or _known_types.guess_type(filename)[0]
    mime_type = mime_type or "application/octet-stream"
    if len(mime_type) > 200 or not _MIME_TYPE.fullmatch(mime_type):
        raise InvalidInput(
            _("{mimetype} is not a MIME type.").format(mimetype=quoted(mime_type)),
            code="wrong_mime_type",
        )
    name = _text(entry, "name")
    if not _FILE_NAME.fullmatch(name):
        raise InvalidInput(
            _("{name} cannot name a file of an item.").format(name=quoted(name)),
            code="malformed_item",
        )
    return NewFile(name, filename, mime_type, _content(filename, _text(entry, "base64")))


def _content(filename: str, text: str) -> bytes:
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except ValueError as error:
        raise InvalidInput(
            _("The base64 of file {name} cannot be decoded.").format(name=quoted(filename)),
            code="wrong_base64",
        ) from error
    if not content:
        raise InvalidInput(
            _("The file {name} is empty.").format(name=quoted(filename)), code="file_empty"
        )
    if len(content) > MAX_FILE_BYTES:
        raise TooLarge(
            _("The file {name} has {size} bytes; at most {limit} are accepted.").format(
                name=quoted(filename), size=len(content), limit=MAX_FILE_BYTES
            ),
            code="file_too_large",
        )
    return content
