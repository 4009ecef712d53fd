"""Every value of every reference file is in the tree, under the term the reference table names."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from ionport.core.errors import InvalidInput
from ionport.documents.amounts import decimal_text
from ionport.documents.invoice.model import Concern, Invoice
from ionport.documents.invoice.reading.reader import read_invoice
from ionport.documents.invoice.table import Syntax
from ionport.documents.invoice.tree import Node
from tests.support.reference import needs_reference_data, reference_files

pytestmark = needs_reference_data

_INVOICES = reference_files("invoices/*.xml")
_CASES = reference_files("cases/invoices/**/*.xml")
_TABLE = Path(__file__).with_name("leaves.tsv")
_PAIRS = Path(__file__).with_name("pairs.tsv")
# Parts of values, and what only tools read.
_NO_TERMS = re.compile(r"currencyID|format|\{http://www\.w3\.org/2001/XMLSchema-instance\}.*")
_NAMESPACES = {
    Syntax.UBL: {
        "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
        "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
    },
    Syntax.CII: {
        "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
        "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
        "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
        "qdt": "urn:un:unece:uncefact:data:standard:QualifiedDataType:100",
    },
}


def _read(path: Path) -> tuple[Invoice, etree._Element]:
    content = path.read_bytes().lstrip()
    root = etree.fromstring(content)
    inside = next(root.iter("{*}Invoice", "{*}CreditNote", "{*}CrossIndustryInvoice"))
    return read_invoice(content), inside


def _leaves(root: etree._Element) -> Iterator[tuple[int, str]]:
    """Yield line and text of every element without children and every attribute."""
    for element in root.iter("*"):
        if len(element) == 0 and (element.text or "").strip():
            yield element.sourceline, (element.text or "").strip()
        for name, value in element.attrib.items():
            if value.strip() and not _NO_TERMS.fullmatch(name):
                yield element.sourceline, value.strip()


@pytest.mark.parametrize("path", _INVOICES + _CASES, ids=lambda path: path.name)
def test_every_leaf_is_in_the_tree_or_named_as_not_understood(path: Path) -> None:
    if path.name == "h21-nested-markup-in-number.xml":
        with pytest.raises(InvalidInput) as caught:
            _read(path)
        assert caught.value.code == "mixed_content"
        return
    invoice, root = _read(path)
    nodes = {
        (place.line, node.written.strip())
        for node in invoice.tree.walk()
        if (place := node.place) is not None and node.written
    }
    left = Counter(_leaves(root)).keys() - nodes
    assert {text for _line, text in left} == {one.text for one in invoice.not_understood}
    for one in invoice.not_understood:
        # UBL demands a card's network, for which EN 16931 has no term.
        assert one.place.path.endswith("PaymentMeans/CardAccount/NetworkID"), one
        assert one.concern is Concern.NOTHING


def test_a_committed_table_names_the_term_of_every_leaf() -> None:
    found: dict[tuple[str, str], set[str]] = {}
    for path in _INVOICES + _CASES:
        if path.name.startswith("h21-"):
            continue
        invoice, _root = _read(path)
        for node in invoice.tree.walk():
            place = node.place
            if place is not None and node.written:
                generic = re.sub(r"\[\d+\]", "", place.path)
                found.setdefault((invoice.syntax, generic), set()).add(node.term)
    rows = [
        (syntax, path, " ".join(sorted(terms))) for (syntax, path), terms in sorted(found.items())
    ]
    with _TABLE.open(encoding="utf-8", newline="") as file:
        assert [tuple(row) for row in csv.reader(file, delimiter="\t")] == rows


@cache
def _rows() -> dict[str, list[dict[str, str]]]:
    (path,) = reference_files("en16931-terms.tsv")
    children: dict[str, list[dict[str, str]]] = {}
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            children.setdefault(row["parent"] or "", []).append(row)
    return children


def _expected(
    element: etree._Element, parent: str, column: str, names: dict[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield term and text by the reference table's XPaths, each asked at its parent's element."""
    for row in _rows().get(parent, ()):
        path = row[column] or (row["ubl_invoice"] if column == "ubl_creditnote" else "")
        if path in ("", "-") or re.fullmatch(r"BG-DEX-0[2-8]", row["id"]):
            continue
        found = element.xpath(path, namespaces=names)
        for one in [found] if isinstance(found, str) else found:
            text = one if isinstance(one, str) else one.text or ""
            is_group = row["type"] == "Group"
            if is_group or text.strip():
                yield row["id"], "" if is_group else text.strip()
            if not isinstance(one, str):
                yield from _expected(one, row["id"], column, names)
                if row["id"] == "BG-DEX-01":
                    yield from _expected(one, "BG-25", column, names)


# Where our table reads more than the reference table, or reads it apart.
_OWN = re.compile(r"OWN-.*|BT-X-302.*")
_APART = {"05-ubl-two-tax-totals-both-with-subtotals.xml"}


@pytest.mark.parametrize("path", _INVOICES + _CASES, ids=lambda path: path.name)
def test_each_term_has_the_values_that_the_reference_table_finds(path: Path) -> None:
    if path.name.startswith("h21-") or path.name in _APART:
        pytest.skip("refused, or read apart on purpose")
    invoice, root = _read(path)
    column = {Syntax.CII: "cii", Syntax.UBL: "ubl_invoice"}[invoice.syntax]
    if etree.QName(root).localname == "CreditNote":
        column = "ubl_creditnote"
    expected = Counter(_expected(root, "", column, _NAMESPACES[invoice.syntax]))
    found = Counter(
        (node.term, _stated(node)) for node in invoice.tree.walk() if not _OWN.match(node.term)
    )
    assert found == expected


def _stated(node: Node) -> str:
    """Return the text as the reference table's XPaths give it."""
    return node.text if node.term == "BT-21" else node.written.strip()


# What a syntax adds of its own (types of taxes, indicators, groups), and codes that differ by it.
_OF_SYNTAX = re.compile(r"BT-\d+-0|BG-2[0178]-1|BT-20-00|BT-8|BT-149-1|BT-150-1")


def _values(node: Node, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the way of terms and the value of all below `node`."""
    for child in node.children:
        if _OF_SYNTAX.fullmatch(child.term):
            continue
        way = f"{path}/{child.term}"
        number = child.decimal if child.is_number else None
        if child.text:
            yield way, child.text if number is None else decimal_text(number.normalize())
        yield from _values(child, way)


def test_the_same_invoice_in_ubl_and_cii_gives_the_same_terms() -> None:
    differences = []
    for path in _INVOICES:
        if "_ubl" not in path.name:
            continue
        ubl, cii = (
            Counter(_values(read_invoice(one.read_bytes()).tree))
            for one in (path, path.with_name(path.name.replace("_ubl", "_uncefact")))
        )
        name = path.name.removesuffix("_ubl.xml")
        differences += [(name, "UBL", *one) for one in sorted((ubl - cii).elements())]
        differences += [(name, "CII", *one) for one in sorted((cii - ubl).elements())]
    # The files themselves say different things there.
    with _PAIRS.open(encoding="utf-8", newline="") as file:
        assert [tuple(row) for row in csv.reader(file, delimiter="\t")] == differences
