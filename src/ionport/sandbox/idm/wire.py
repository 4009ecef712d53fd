"""What IDM's clients send, for the OpenAPI document.

Source: docs/reference/idm.md#create, docs/reference/idm.md#search.
"""

from __future__ import annotations

from collections.abc import Mapping

from ionport.sandbox.kit.operations import PLAIN_TEXT, Wire

_JSON = ("application/json",)
# Two that every tenant has; administrators add others.
_ENTITY: Mapping[str, object] = {
    "anyOf": [{"enum": ["M3_SupplierInvoice", "LN_SupplierInvoice"]}, PLAIN_TEXT]
}


def _object(properties: Mapping[str, object], *required: str) -> Mapping[str, object]:
    return {"type": "object", "required": list(required), "properties": dict(properties)}


def _list(name: str, item: Mapping[str, object]) -> Mapping[str, object]:
    return _object({name: {"type": "array", "items": dict(item)}}, name)


_NAME: Mapping[str, object] = {
    "anyOf": [{"enum": ["BOD_SupplierInvoiceID", "M3_Company", "M3_Division"]}, PLAIN_TEXT]
}
_ATTRIBUTE = _object({"name": _NAME, "value": PLAIN_TEXT}, "name", "value")
_FILE = _object(
    {"filename": PLAIN_TEXT, "base64": {"type": "string", "format": "byte"}}, "filename"
)
_ITEM = {
    "entityName": _ENTITY,
    "attrs": _list("attr", _ATTRIBUTE),
    "resrs": _list("res", _FILE),
    "acl": _object({"name": {"type": "string", "enum": ["Public", "Private"]}}, "name"),
}
_ARGUMENT = _object(
    {
        "key": PLAIN_TEXT,
        "operator": {"type": "string", "enum": ["=", "<", ">", "<=", ">=", "!=", "LIKE"]},
        "value": PLAIN_TEXT,
        "logicalType": {"type": "string", "enum": ["AND", "OR"]},
    },
    "key",
)
_QUERY = _object(
    {
        "entities": _ENTITY,
        "useTextSearch": {"type": "boolean"},
        "arguments": _list("argument", _ARGUMENT),
    },
    "entities",
)
_PAGE = ("$offset", "$limit", "$state", "$language")

_NEW_ITEM = (
    '{"item": {"entityName": "M3_SupplierInvoice", "attrs": {"attr":'
    ' [{"name": "BOD_SupplierInvoiceID", "value": "471102"}]}, "resrs": {"res":'
    ' [{"filename": "471102.txt", "base64": "SW52b2ljZQ=="}]}, "acl": {"name": "Public"}}}'
)
_QUERIES = (
    '{"queries": {"query": [{"entities": "M3_SupplierInvoice", "useTextSearch": false,'
    ' "arguments": {"argument": [{"key": "BOD_SupplierInvoiceID", "operator": "=",'
    ' "value": "471102", "logicalType": "AND"}]}}]}}'
)

NEW_ITEM = Wire(
    query=("$checkout", "$language"),
    takes=_JSON,
    schema=_object({"item": _object(_ITEM, "entityName")}, "item"),
    example=_NEW_ITEM,
)
CHANGED_ITEM = Wire(
    query=("$checkout", "$checkin", "$merge", "$language"),
    takes=_JSON,
    schema=_object({"item": _object(_ITEM)}, "item"),
)
QUERY_TEXT = Wire(query=("$query", *_PAGE))
QUERY_DOCUMENT = Wire(
    query=_PAGE,
    takes=_JSON,
    schema=_object({"queries": _list("query", _QUERY)}, "queries"),
    example=_QUERIES,
)
