"""A FatturaPA file may hold several invoices under one header: each becomes a file of its own."""

from __future__ import annotations

import copy
from typing import Any, Final, cast

from lxml import etree

from ionport.core import xml
from ionport.core.errors import IonportError
from ionport.documents.invoice import vocabulary
from ionport.documents.invoice.reading import refusals
from ionport.documents.invoice.table import Syntax

BODY: Final = "FatturaElettronicaBody"
MAX_BODIES: Final = 100
_MARK: Final = BODY.encode()
# A file with one body names it twice: where it opens and where it closes.
_OF_ONE: Final = 2


def split_bodies(content: bytes) -> list[bytes]:
    """Return a whole FatturaPA file for each invoice in `content`, or `content` when it has one.

    The same input gives the same bytes. Raises InvalidInput over 100 invoices; XML that is not
    well-formed is returned as it is, and refused when it is read.
    """
    if content.count(_MARK) <= _OF_ONE:
        return [content]
    try:
        root = xml.parse(content)
    except IonportError:
        return [content]
    if vocabulary.SYNTAX_BY_ROOT.get(root.tag) is not Syntax.FATTURAPA:
        return [content]
    parts = one_each(root)
    if len(parts) == 1:
        return [content]
    return [etree.tostring(part, encoding="UTF-8", xml_declaration=True) for part in parts]


def one_each(root: etree._Element) -> list[etree._Element]:
    """Return a root for each body, with the header of all of them."""
    bodies = list(root.iterchildren(BODY))
    if len(bodies) < 2:
        return [root]
    if len(bodies) > MAX_BODIES:
        raise refusals.too_many_invoices(len(bodies), MAX_BODIES)
    return [_with_one(root, body) for body in bodies]


def _with_one(root: etree._Element, body: etree._Element) -> etree._Element:
    one = etree.Element(root.tag, nsmap=cast("Any", root.nsmap))
    one.text = root.text
    for name, value in root.items():
        one.set(name, value)
    one.extend(copy.deepcopy(part) for part in root if part.tag != BODY or part is body)
    return one
