"""LN mappings: the received purchase invoice that a document becomes.

Source: docs/reference/mapping-files.md#ln, docs/reference/ln.md#received-purchase-invoices.

Names of attributes are the mapping's own: Infor does not publish those of the business data
entity. Dates and numbers go as the document has them, ISO and with a point.
"""

from __future__ import annotations

import re

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.mappings.grammars.sections import LN_SECTIONS
from ionport.mappings.model import MappingKind, RenderSource
from ionport.mappings.rendering.erp import (
    ErpMapping,
    head_values,
    line_values,
    parse_sections,
    refuse_unbooked,
)
from ionport.mappings.rendering.model import LnPayload, Traced
from ionport.mappings.rendering.values import place_text, shown

COMPANY = "FinancialCompany"
LINE_NAMES = {
    "tax_lines": "InvoiceTax",
    "receipt_lines": "InvoiceReceipt",
    "cost_lines": "InvoiceCost",
}
"""The elements of lines by section (*inferred*: the mapping's own keys)."""
MAX_TEXT = 250
"""The longest value: a bound of ours, no attribute of LN is longer as far as is known."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,79}", re.ASCII)
_COMPANY_NUMBER = re.compile(r"\d{1,5}", re.ASCII)


def parse_ln_mapping(text: str) -> ErpMapping:
    """Read an LN mapping as it is; the linter reports what is wrong with it."""
    return parse_sections(text, MappingKind.LN, LN_SECTIONS)


def render_ln(mapping: ErpMapping, source: RenderSource) -> LnPayload:
    """Return the invoice for a document; sections without rows are left out.

    Raises:
        InvalidInput: the mapping has no header, or a name or value that LN cannot take; it names
            the mapping's line and the value.
    """
    refuse_unbooked(source.document_type)
    head = mapping.sections.get("header")
    if head is None:
        raise InvalidInput(
            _("The LN mapping has no header. Add HeaderFields and their lines."),
            code="document_type_not_mapped",
        )
    header = tuple(_checked(value) for value in head_values(head, source))
    lines = {}
    for name in LINE_NAMES:
        if section := mapping.sections.get(name):
            rows = tuple(
                tuple(_checked(value) for value in values)
                for _number, values in line_values(section, source)
            )
            if rows:
                lines[name] = rows
    return LnPayload(_company(header), header, lines)


def _company(header: tuple[Traced, ...]) -> str:
    for value in header:
        if value.target == COMPANY:
            if not _COMPANY_NUMBER.fullmatch(value.value):
                raise _refused(value, _("the company is a number of up to five digits."))
            return value.value
    return ""


def _checked(value: Traced) -> Traced:
    if not _NAME.fullmatch(value.target):
        raise _refused(value, _("the name of the attribute has signs that no name in XML has."))
    if len(value.value) > MAX_TEXT:
        why = _("at most {limit} characters are accepted, these are {length}.")
        raise _refused(value, why.format(limit=MAX_TEXT, length=len(value.value)))
    return value


def _refused(value: Traced, why: str) -> InvalidInput:
    return InvalidInput(
        _("{place}: the value “{value}” cannot be sent to LN: {why}").format(
            place=place_text(value.line, value.key), value=shown(value.value), why=why
        ),
        code="not_for_ln",
    )
