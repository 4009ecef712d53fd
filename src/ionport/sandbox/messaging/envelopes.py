"""The forms in which a message may come: each is read into parameters and a payload.

Source: docs/reference/ion-messaging.md#endpoints.

v1, v2 /message              JSON, or the same as XML, with the document inside as a text
v2, v3 /multipartMessage     two parts, the parameters as JSON
v3     /message/multipart    parameters as headers X-Infor-ION-…, the document as body
"""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree
from starlette.datastructures import Headers

from ionport.core import xml
from ionport.sandbox.kit.multipart import is_multipart, malformed, read_parts
from ionport.sandbox.kit.texts import check_text, load_json_object
from ionport.sandbox.messaging.model import Parameters, listed_name, read_parameters
from ionport.sandbox.messaging.payload import PARAMETERS_PART, PAYLOAD_PART, part_of

HEADER_PREFIX = "x-infor-ion-"
DEFAULT_TO = "lid://default"
_PACKING = ("encoding", "characterSet")

Envelope = tuple[Parameters, bytes]


def read_message(body: bytes, content_type: str) -> Envelope:
    """Read the JSON or XML form; raises InvalidInput when it is malformed."""
    is_xml = "xml" in content_type.lower()
    values = _xml_values(body) if is_xml else load_json_object(body)
    document = values.get("document")
    if not isinstance(document, Mapping) or not isinstance(document.get("value"), str):
        raise malformed("The message needs a document with its value as a text.")
    packing = {name: document[name] for name in _PACKING if name in document}
    return read_parameters({**values, **packing}), document["value"].encode()


def read_multipart(body: bytes, content_type: str) -> Envelope:
    """Read the form with ParameterRequest and MessagePayload.

    Raises:
        InvalidInput: no such body, or a wrong parameter; the text names it.
    """
    parts = read_parts(body, content_type)
    values = load_json_object(part_of(parts, PARAMETERS_PART))
    payload = part_of(parts, PAYLOAD_PART)
    return read_parameters(values), payload


def read_header_form(headers: Headers, body: bytes, content_type: str) -> Envelope:
    """Read the form of 2023: parameters as headers, the document as a part or as the body.

    The two clients that are known send neither message id nor toLogicalId, and one of them
    sends the document as plain JSON: both are taken. HTTP knows no case in header names, so a
    custom property is `Custom_` and small letters.

    Raises:
        InvalidInput: as `read_multipart`.
    """
    values: dict[str, object] = {"toLogicalId": DEFAULT_TO}
    for header, value in headers.items():
        if header.startswith(HEADER_PREFIX):
            name = listed_name(header.removeprefix(HEADER_PREFIX))
            if name is not None:
                values[name] = check_text(value)
    parameters = read_parameters(values)
    if not is_multipart(content_type):
        return parameters, body
    parts = read_parts(body, content_type)
    if len(parts) == 1:
        return parameters, next(iter(parts.values()))
    return parameters, part_of(parts, PAYLOAD_PART)


def _xml_values(body: bytes) -> dict[str, object]:
    root = xml.parse(body)
    if _name(root.tag) != "messageRequest":
        raise malformed("The root element must be messageRequest.")
    values: dict[str, object] = {}
    for child in root:
        name = _name(child.tag)
        values[name] = {_name(one.tag): _text(one) for one in child} if len(child) else _text(child)
    return values


def _text(element: etree._Element) -> str:
    if len(element):
        raise malformed(
            f"Put the document into <![CDATA[…]]> of value: {_name(element.tag)} has elements."
        )
    return element.text or ""


def _name(tag: object) -> str:
    return str(tag).rpartition("}")[2]
