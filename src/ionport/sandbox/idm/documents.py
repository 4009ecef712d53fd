"""IDM's documents on the wire: the same tree as JSON and as XML.

An object is an element with children, a list is a repeated element (docs/reference/idm.md#create,
docs/reference/idm.md#items). The elements are in Infor's namespace, as public clients look for them
there; one that reads local names finds them too. What comes in may have the namespace or not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from starlette.datastructures import Headers

from ionport.core.errors import InvalidInput
from ionport.sandbox.idm.tree import Tree
from ionport.sandbox.kit.texts import load_json_object


def wants_xml(headers: Headers) -> bool:
    """Tell whether the answer goes out as XML: if `Accept` names it, and before JSON."""
    accept = headers.get("accept", "").lower()
    xml_at, json_at = accept.find("/xml"), accept.find("/json")
    return xml_at >= 0 and (json_at < 0 or xml_at < json_at)


def render(tree: Mapping[str, Tree], headers: Headers) -> tuple[bytes, str]:
    """Return body and media type of an answer, as XML or JSON as the client accepts."""
    if wants_xml(headers):
        # Loaded with the first XML, and the XML library with it.
        from ionport.sandbox.idm.xml_form import to_xml

        return to_xml(tree), "application/xml;charset=utf-8"
    return json.dumps(tree, ensure_ascii=False).encode(), "application/json;charset=utf-8"


def read_document(body: bytes, headers: Headers) -> Mapping[str, object]:
    """Read a request's body, JSON or XML by its content type; its one key is the root's name.

    Raises:
        InvalidInput: not readable.
        TooLarge: XML over the size that one parses (20 MB, or 10 MB in one text).
    """
    if "xml" in headers.get("content-type", "").lower():
        from ionport.sandbox.idm.xml_form import from_xml

        return from_xml(body)
    return load_json_object(body)


def object_in(parent: Mapping[str, object], name: str) -> Mapping[str, object] | None:
    """Return the object called `name`, None when there is none; raises InvalidInput."""
    value = parent.get(name)
    if value is None or value == "" or value == []:
        return None
    if not isinstance(value, dict):
        raise InvalidInput(f"{name} must be an object.", code="malformed_item")
    return value


def list_in(
    parent: Mapping[str, object], name: str, entry: str, limit: int
) -> Sequence[Mapping[str, object]]:
    """Return the objects of a list such as `attrs.attr`; raises InvalidInput over `limit`."""
    found = (object_in(parent, name) or {}).get(entry)
    if found is None or found == "":
        return ()
    # One element of XML is no list; neither is it in the JSON that some converters make.
    values = found if isinstance(found, list) else [found]
    if len(values) > limit:
        raise InvalidInput(
            f"There may be {limit} {f'{name}.{entry}'} at most.",
            code="too_many_parts",
        )
    entries = [each for each in values if isinstance(each, dict)]
    if len(entries) < len(values):
        raise InvalidInput(f"{f'{name}.{entry}'} must hold objects.", code="malformed_item")
    return entries


def text_in(parent: Mapping[str, object], name: str) -> str:
    """Return the text called `name`, empty when there is none; raises InvalidInput."""
    value = parent.get(name)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if not isinstance(value, str):
        raise InvalidInput(f"{name} must be a text.", code="malformed_item")
    return value
