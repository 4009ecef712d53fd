"""Checks of LN mappings (docs/reference/mapping-files.md#ln)."""

from __future__ import annotations

from collections.abc import Iterator

from ionport.mappings.grammars.properties import Properties, Property
from ionport.mappings.grammars.sections import LN_SECTIONS
from ionport.mappings.grammars.vocabulary import OF_INVOICES_IN_IDM
from ionport.mappings.lint.common import check_placeholders, close_to, found
from ionport.mappings.lint.examples import check_examples, sent_constants
from ionport.mappings.lint.sections import (
    check_cells,
    check_section_lines,
    sends_correlation_id,
    sends_field,
)
from ionport.mappings.model import Finding, MappingKind
from ionport.mappings.rendering.erp import Cell, SectionMapping, parse_sections

_CONSTANTS = tuple(section.constant_prefix for section in LN_SECTIONS.values())
_NAMES = """
FinancialCompany RateDeterminer ExternalRateFactor SupplierCode PurchaseType InvoiceType
InvoiceNumberSupplier InvoiceDate InvoiceAmount InvoiceCurrency RateDate TaxCountry
TransactionEntryDate Reference IDMReference DocumentIDExternalPackage TaxBaseAmount
InvoiceDocumentType LineNumber TaxSequenceNumber TaxCode TaxAmount OrderType LogisticCompany
PackingSlip Order OrderPosition OrderSequence Receipt ReceiptLine InvoicedAmount InvoicedQuantity
TargetCompany LedgerAccount DebitCredit Amount Quantity1 Quantity2 TaxLine Dimension1 Dimension2
Dimension3 Dimension4 Dimension5 Dimension6 Dimension7 Dimension8 Dimension9 Dimension10
Dimension11 Dimension12
"""
_PUBLISHED = frozenset(_NAMES.split())
"""The attributes that published files name; those of the business data entity are not public."""


def lint_ln(properties: Properties) -> Iterator[Finding]:
    """Yield the findings about an LN mapping."""
    mapping = parse_sections(str(properties), MappingKind.LN, LN_SECTIONS)

    def place_of(cell: Cell) -> Property | int | None:
        return properties.by_key.get(cell.key)

    head = mapping.sections.get("header")
    if head is None:
        yield found("no_document_type", case="erp", list="HeaderFields")
    else:
        yield from _check_head(properties, head)
    # The invoice in LN is created after the item in IDM, whose id it may bear.
    yield from check_cells(mapping, place_of, OF_INVOICES_IN_IDM)
    yield from check_placeholders(properties, _CONSTANTS)
    yield from check_examples(MappingKind.LN, sent_constants(mapping, place_of))
    yield from check_section_lines(properties, LN_SECTIONS)
    for section in mapping.sections.values():
        for target, cells in section.cells.items():
            if target not in _PUBLISHED:
                close = close_to(target, _PUBLISHED)
                yield found(
                    "ln_unknown_attribute", place_of(cells[0]), name=target, suggestion=close
                )


def _check_head(properties: Properties, head: SectionMapping) -> Iterator[Finding]:
    listing = properties.by_key.get("HeaderFields")
    if not sends_correlation_id(head):
        yield found(
            "erp_without_correlation_id", listing, "HeaderFields", case="ln", list="HeaderFields"
        )
    if "InvoiceNumberSupplier" not in head.cells:
        yield found(
            "no_invoice_number",
            listing,
            "HeaderFields",
            name="InvoiceNumberSupplier",
            list="HeaderFields",
        )
    if not sends_field(head, "invoice_id") or not sends_field(head, "supplier_id"):
        yield found("same_invoice_not_asked", listing, "HeaderFields")
    countries = head.cells.get("TaxCountry", ())
    if not countries:
        yield found("default_tax_country", listing, "HeaderFields")
    elif not any(cell.constant for cell in countries):
        line = properties.by_key.get(countries[0].key)
        yield found("default_tax_country", line, name=countries[0].field, case="field")
