"""IDM's documents as XML; see `documents`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lxml import etree

from ionport.core import xml
from ionport.sandbox.kit.texts import representable

if TYPE_CHECKING:
    from ionport.sandbox.idm.tree import Tree

NAMESPACE = "http://infor.com/daf"
# Typed as what the stubs of lxml ask for, which know no default namespace.
_DEFAULT: Any = {None: NAMESPACE}


def to_xml(tree: Mapping[str, Tree]) -> bytes:
    """Return a tree with one key as the XML document whose root is named so."""
    ((name, content),) = tree.items()
    root = etree.Element(f"{{{NAMESPACE}}}{name}", nsmap=_DEFAULT)
    _fill(root, content)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _fill(element: etree._Element, content: Tree) -> None:
    if isinstance(content, str | int):
        element.text = representable(str(content))
        return
    if isinstance(content, Mapping):
        for name, value in content.items():
            for each in (value,) if isinstance(value, str | int | Mapping) else value:
                _fill(etree.SubElement(element, f"{{{NAMESPACE}}}{name}"), each)


def from_xml(body: bytes) -> Mapping[str, object]:
    """Return what an XML document says, under the local name of its root.

    Raises:
        InvalidInput: not readable.
        TooLarge: over the size that one parses.
    """
    root = xml.parse(body)
    return {_local_name(root): _tree(root)}


def _local_name(element: etree._Element) -> str:
    return etree.QName(element).localname


def _tree(element: etree._Element) -> object:
    if len(element) == 0:
        return element.text or ""
    repeated: dict[str, list[object]] = {}
    for child in element:
        repeated.setdefault(_local_name(child), []).append(_tree(child))
    return {name: values[0] if len(values) == 1 else values for name, values in repeated.items()}
