"""A document as JSON or XML without a mapping file, for receivers that take all values.

Source: docs/reference/document-system.md#default-output. Values are as the document has them:
dates in ISO, numbers with a point.
"""

from __future__ import annotations

import json
import re

from lxml import etree

from ionport.mappings.model import RenderSource
from ionport.mappings.rendering.values import clean

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,199}", re.ASCII)


def default_json(source: RenderSource) -> bytes:
    """Return the document as JSON in UTF-8; the same document gives the same bytes."""
    content = {
        "document_type": source.document_type,
        "filename": source.file_name,
        "mime_type": source.mime_type,
        "fields_compact": {name: value for name, value in source.fields.items() if value},
        "tables": {
            name: [{column: value for column, value in row.items() if value} for row in rows]
            for name, rows in source.tables.items()
        },
    }
    return json.dumps(content, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")


def default_xml(source: RenderSource) -> bytes:
    """Return the document as XML in UTF-8, which an XSLT mapping gets as its input.

    An id that cannot be an element's name is written as `<value name="…">`.

    Raises:
        InvalidInput: a value has a sign that XML cannot write.
    """
    root = etree.Element("document")
    for name, value in (
        ("document_type", source.document_type),
        ("filename", source.file_name),
        ("mime_type", source.mime_type),
    ):
        _add(root, name, value)
    fields = etree.SubElement(root, "fields_compact")
    for name, value in source.fields.items():
        _add(fields, name, value)
    tables = etree.SubElement(root, "tables")
    for table, rows in source.tables.items():
        own = _element(tables, table)
        for row in rows:
            line = etree.SubElement(own, "row")
            for column, value in row.items():
                _add(line, column, value)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _add(parent: etree._Element, name: str, value: str) -> None:
    if value:
        _element(parent, name).text = clean(value, None, name)


def _element(parent: etree._Element, name: str) -> etree._Element:
    if _NAME.fullmatch(name):
        return etree.SubElement(parent, name)
    return etree.SubElement(parent, "value", name=clean(name, None, name[:40]))
