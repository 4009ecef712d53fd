"""A document to render, and a check of BODs against the published schema."""

from __future__ import annotations

import csv
import dataclasses
import html
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from datetime import UTC, datetime

from ionport.documents.intake.reading import read_file
from ionport.documents.samples import UBL_INVOICE, read_sample
from ionport.mappings.grammars.files import own_template, read_mapping
from ionport.mappings.model import BodEnvelope, MappingKind, RenderSource
from tests.support.reference import FOLDER

CORRELATION_ID = "0b9c3f4e-1111-4222-8333-444455556666"
ENVELOPE = BodEnvelope("ACME_TST", datetime(2026, 3, 5, 10, 0, 0, 7000, tzinfo=UTC), "anna")
IDM_TEMPLATE = read_mapping(own_template(MappingKind.IDM)[1])[0]
BOD_TEMPLATE = read_mapping(own_template(MappingKind.BOD)[1])[0]
NAMESPACE = "{http://schema.infor.com/InforOAGIS/2}"


def source_of(content: bytes, **fields: str) -> RenderSource:
    """Return what exports would render for an e-invoice."""
    intake = read_file(content)
    return RenderSource(
        document_type=intake.document_type,
        fields={**intake.fields, "correlation_id": CORRELATION_ID, **fields},
        tables=intake.tables,
        file_name="invoice.xml",
        mime_type=intake.mime_type,
        size_bytes=len(content),
    )


def demo_source(**changes: object) -> RenderSource:
    """Return the demonstration invoice, with attributes of RenderSource changed."""
    return dataclasses.replace(source_of(read_sample(UBL_INVOICE)), **changes)  # type: ignore[arg-type]


def local(element: ElementTree.Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.removeprefix(NAMESPACE)


def schema_rows() -> list[tuple[str, str, str]]:
    """Return path, cardinality (`0..∞`) and M or o of the published schema, in its order."""
    with (FOLDER / "capture-document-schema.tsv").open(encoding="utf-8") as file:
        return [
            (row["path"], html.unescape(row["cardinality"]), row["mandatory"])
            for row in csv.DictReader(file, delimiter="\t")
            if "any NS" not in row["path"]
        ]


def schema_violations(bod: bytes) -> Iterator[str]:
    """Yield what the published schema does not allow: order, cardinality, names, emptiness."""
    rows = schema_rows()
    children: dict[str, list[tuple[str, str]]] = {}
    attributes: dict[str, dict[str, str]] = {}
    for path, cardinality, mandatory in rows:
        parent, _slash, name = path.rpartition("/")
        if name.startswith("@"):
            attributes.setdefault(parent, {})[name[1:]] = mandatory
        else:
            children.setdefault(parent, []).append((name, cardinality))
    root = ElementTree.fromstring(bod)
    yield from _violations(root, "/" + local(root), children, attributes)


def _violations(
    element: ElementTree.Element,
    path: str,
    children: dict[str, list[tuple[str, str]]],
    attributes: dict[str, dict[str, str]],
) -> Iterator[str]:
    allowed, known = children.get(path, []), attributes.get(path, {})
    found = [local(child) for child in element]
    order = [name for name, _cardinality in allowed]
    if unknown := set(found) - set(order):
        yield f"{path}: unknown {unknown}"
        return
    if found != sorted(found, key=order.index):
        yield f"{path}: order {found}"
    for name, cardinality in allowed:
        least, most = cardinality.split("..")
        if found.count(name) < int(least) or (most == "1" and found.count(name) > 1):
            yield f"{path}/{name}: {found.count(name)} times, not {cardinality}"
    for name in set(element.attrib) - set(known):
        yield f"{path}: unknown attribute {name}"
    for name, mandatory in known.items():
        if mandatory == "M" and name not in element.attrib:
            yield f"{path}: no attribute {name}"
    if not (found or element.attrib or (element.text or "").strip()) and path.count("/") > 3:
        yield f"{path}: empty"
    for child in element:
        yield from _violations(child, f"{path}/{local(child)}", children, attributes)
