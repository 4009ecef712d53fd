"""Why an XML file is not read: the few reasons, each with what to do."""

from __future__ import annotations

from typing import Final

from lxml import etree

from ionport.core.errors import InvalidInput, TooLarge
from ionport.core.i18n import N_, _, gettext
from ionport.documents.invoice.reading.automaton import LINES
from ionport.documents.invoice.table import terms
from ionport.documents.invoice.tree import place_of

# Business documents of UBL and UN/CEFACT by their root element.
_OTHER_DOCUMENTS: Final = {
    "Order": N_("an order"),
    "OrderChange": N_("a change of an order"),
    "OrderCancellation": N_("a cancelled order"),
    "OrderResponse": N_("an order confirmation"),
    "OrderResponseSimple": N_("an answer to an order"),
    "SCRDMCCBDACIOMessageStructure": N_("an order"),
    "DespatchAdvice": N_("a delivery note"),
    "ReceiptAdvice": N_("a receipt of goods"),
    "Catalogue": N_("a catalogue"),
    "Quotation": N_("an offer"),
    "RequestForQuotation": N_("a request for an offer"),
    "Reminder": N_("a reminder"),
    "Statement": N_("a statement of account"),
    "RemittanceAdvice": N_("a remittance advice"),
    "ApplicationResponse": N_("an answer to a message"),
}


def too_many(what: str, limit: int) -> InvalidInput:
    """There are more lines or attachments than are read."""
    if what == LINES:
        text = _("The invoice has more than {limit} lines, which are not read.")
    else:
        text = _("The invoice has more than {limit} attachments, which are not read.")
    return InvalidInput(text.format(limit=limit), code=f"too_many_{what}")


def too_often(element: etree._Element, limit: int) -> InvalidInput:
    """One element stands more often in one place than any invoice needs."""
    return InvalidInput(
        _("{element} stands more than {limit} times in one place, which is not read.").format(
            element=place_of(element).path.partition("[")[0], limit=limit
        ),
        code="too_many_occurrences",
    )


def too_many_invoices(count: int, limit: int) -> InvalidInput:
    """A file holds more invoices than are read."""
    return InvalidInput(
        _("The file holds {count} invoices; at most {limit} are accepted.").format(
            count=count, limit=limit
        ),
        code="several_invoices",
    )


def several_invoices(count: int) -> InvalidInput:
    """One invoice was asked for, and a file holds several."""
    return InvalidInput(
        _("This FatturaPA file holds {count} invoices; one a file is read.").format(count=count),
        code="several_invoices",
    )


def mixed(element: etree._Element, term: str = "") -> InvalidInput:
    """An element has text beside or around other elements."""
    named = f"{term} {terms()[term].name}" if term else etree.QName(element).localname
    place = place_of(element)
    return InvalidInput(
        _(
            "{name} has text with elements inside, so that no part of it can be taken for the"
            " whole: {path} (line {line}). Ask the supplier for a correct file."
        ).format(name=named, path=place.path, line=place.line),
        code="mixed_content",
    )


def too_long(term: str, length: int, limit: int) -> TooLarge:
    """A value is too long."""
    return TooLarge(
        _("{term} {name} has {length} characters; at most {limit} are accepted.").format(
            term=term, name=terms()[term].name, length=length, limit=limit
        ),
        code="value_too_long",
    )


def unknown_syntax(root: etree._Element) -> InvalidInput:
    """The root element is none of an invoice."""
    name = etree.QName(root)
    if name.localname in _OTHER_DOCUMENTS and name.namespace:
        return InvalidInput(
            _("This XML is {what}, not an invoice. Send the invoice itself.").format(
                what=gettext(_OTHER_DOCUMENTS[name.localname])
            ),
            code="unknown_syntax",
        )
    found = f"{name.localname} ({name.namespace})" if name.namespace else name.localname
    return InvalidInput(
        _(
            "This XML is not an e-invoice that ionport reads: its root element is {found}."
            " Accepted are UBL 2.1 Invoice and CreditNote, UN/CEFACT CrossIndustryInvoice (CII),"
            " as in XRechnung, Peppol BIS 3 and Factur-X, ZUGFeRD 1.0 and FatturaPA."
        ).format(found=found[:200]),
        code="unknown_syntax",
    )


def too_deep(element: etree._Element, limit: int) -> TooLarge:
    """Elements stand inside elements too often."""
    return TooLarge(
        _("The invoice is nested deeper than {limit} levels (line {line}).").format(
            limit=limit, line=element.sourceline
        ),
        code="too_deep",
    )
