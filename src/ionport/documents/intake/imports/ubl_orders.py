"""Order confirmations and delivery notes in UBL: OrderResponse and DespatchAdvice.

One table for each says where a field or a column stands; of several places the first with a value
counts. What the sender refuses, or offers instead, is no confirmation and is shown to a person.
Source: https://docs.oasis-open.org/ubl/UBL-2.1.html, docs/reference/document-system.md#orders.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Final

from lxml import etree

from ionport.core.xml import parse
from ionport.documents.amounts import EXACT, at_most_decimals, decimal_text
from ionport.documents.intake.imports.model import ImportedDocument
from ionport.documents.invoice.codes import code_list
from ionport.documents.invoice.model import Concern, NotUnderstood
from ionport.documents.invoice.table import Syntax
from ionport.documents.invoice.tree import Place
from ionport.documents.invoice.vocabulary import NAMESPACES
from ionport.documents.types import INVOICE_TABLE

XML_TYPE: Final = "application/xml"

_UBL = b"urn:oasis:names:specification:ubl:schema:xsd:"
_HEAD = 4096
# The first element, behind the declaration, comments and instructions.
_ROOT = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\s++|<\?(?:(?!\?>).)*+\?>|<!--(?:(?!-->).)*+-->)*+"
    rb"<(?:[\w.-]+:)?(?:OrderResponse|DespatchAdvice)[\s/>]",
    re.DOTALL,
)
_NAMES = dict(NAMESPACES[Syntax.UBL])
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:Z|[+-]\d{2}:\d{2}|T.{0,40})?")
_PRICE_DECIMALS = 10
_SHOWN = 200
_MAX_UNREAD = 200
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,10})?", re.ASCII)
_REFUSING: Mapping[str, frozenset[str]] = {
    # UNTDID 4343 and 1225: accepted, and accepted with changes.
    "cbc:OrderResponseCode": frozenset({"AP", "CA", "29", "30"}),
    # UNTDID 1229: added, changed, accepted.
    "cac:OrderLine/cac:LineItem/cbc:LineStatusCode": frozenset({"1", "3", "5"}),
    "cac:OrderLine/cac:SellerSubstitutedLineItem": frozenset(),
    "cac:DespatchLine/cbc:OutstandingQuantity": frozenset(),
}
"""What a person has to look at, with the values that say that all is in order."""


def _rows(text: str) -> Mapping[str, tuple[str, ...]]:
    """Return the table that a text writes: a name a line, and its places, further ones below."""
    rows = (line.split() for line in text.strip().replace("\n  ", " ").splitlines())
    return {name: tuple(places) for name, *places in rows}


_PARTIES = """
supplier_id {seller}/cac:PartyIdentification/cbc:ID
supplier_name {seller}/cac:PartyName/cbc:Name {seller}/cac:PartyLegalEntity/cbc:RegistrationName
supplier_tax_id {seller}/cac:PartyTaxScheme/cbc:CompanyID
supplier_registration {seller}/cac:PartyLegalEntity/cbc:CompanyID
supplier_country_code {seller}/cac:PostalAddress/cac:Country/cbc:IdentificationCode
buyer_id {buyer}/cac:PartyIdentification/cbc:ID
buyer_name {buyer}/cac:PartyName/cbc:Name {buyer}/cac:PartyLegalEntity/cbc:RegistrationName
buyer_tax_id {buyer}/cac:PartyTaxScheme/cbc:CompanyID
buyer_registration {buyer}/cac:PartyLegalEntity/cbc:CompanyID
buyer_country_code {buyer}/cac:PostalAddress/cac:Country/cbc:IdentificationCode
"""
_ITEM = """
ITEM_NUMBER {item}/cac:BuyersItemIdentification/cbc:ID
SUPPLIER_ITEM_NUMBER {item}/cac:SellersItemIdentification/cbc:ID
STANDARD_ITEM_NUMBER {item}/cac:StandardItemIdentification/cbc:ID
DESCRIPTION {item}/cbc:Name {item}/cbc:Description
LONG_DESCRIPTION {item}/cbc:Description
"""


@dataclass(frozen=True, slots=True)
class _Form:
    """Where the values of a document type stand: in the document, and in each of its lines."""

    document_type: str
    fields: Mapping[str, tuple[str, ...]]
    line: str
    columns: Mapping[str, tuple[str, ...]]
    quantity: str
    price: str = ""


_CONFIRMATION = _Form(
    "ORDER_CONFIRMATION",
    _rows(
        """
order_confirmation_id cbc:ID
document_date cbc:IssueDate
purchase_order cac:OrderReference/cbc:ID
order_date cac:OrderReference/cbc:IssueDate
sales_order cbc:SalesOrderID cac:OrderReference/cbc:SalesOrderID
reference cbc:CustomerReference
contract_reference cac:Contract/cbc:ID
delivery_date cac:Delivery/cac:PromisedDeliveryPeriod/cbc:EndDate
  cac:Delivery/cac:PromisedDeliveryPeriod/cbc:StartDate
payment_terms cac:PaymentTerms/cbc:Note
currency cbc:DocumentCurrencyCode
total_net_amount cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount
total_tax_amount cac:TaxTotal/cbc:TaxAmount
total_amount cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount
"""
        + _PARTIES.format(
            seller="cac:SellerSupplierParty/cac:Party", buyer="cac:BuyerCustomerParty/cac:Party"
        ).lstrip()
    ),
    "cac:OrderLine",
    _rows(
        """
POSITION cac:LineItem/cbc:ID
LINE_NUMBER cac:OrderLineReference/cbc:LineID cac:LineItem/cac:OrderLineReference/cbc:LineID
PURCHASE_ORDER cac:OrderLineReference/cac:OrderReference/cbc:ID
NET_AMOUNT cac:LineItem/cbc:LineExtensionAmount
PROMISED_DELIVERY_DATE cac:LineItem/cac:Delivery/cac:PromisedDeliveryPeriod/cbc:EndDate
  cac:LineItem/cac:Delivery/cac:PromisedDeliveryPeriod/cbc:StartDate
"""
        + _ITEM.format(item="cac:LineItem/cac:Item").lstrip()
    ),
    "cac:LineItem/cbc:Quantity",
    "cac:LineItem/cac:Price",
)
_DELIVERY = _Form(
    "DELIVERY_NOTE",
    _rows(
        """
delivery_note_id cbc:ID
document_date cbc:IssueDate
purchase_order cac:OrderReference/cbc:ID
order_date cac:OrderReference/cbc:IssueDate
sales_order cac:OrderReference/cbc:SalesOrderID
delivery_date cac:Shipment/cac:Delivery/cbc:ActualDeliveryDate
  cac:Shipment/cac:Delivery/cac:EstimatedDeliveryPeriod/cbc:EndDate
  cac:Shipment/cac:Delivery/cac:EstimatedDeliveryPeriod/cbc:StartDate
ship_to_party_id cac:DeliveryCustomerParty/cac:Party/cac:PartyIdentification/cbc:ID
ship_to_party_name cac:DeliveryCustomerParty/cac:Party/cac:PartyName/cbc:Name
"""
        + _PARTIES.format(
            seller="cac:SellerSupplierParty/cac:Party", buyer="cac:BuyerCustomerParty/cac:Party"
        ).lstrip()
    ),
    "cac:DespatchLine",
    _rows(
        """
POSITION cbc:ID
LINE_NUMBER cac:OrderLineReference/cbc:LineID
PURCHASE_ORDER cac:OrderLineReference/cac:OrderReference/cbc:ID
"""
        + _ITEM.format(item="cac:Item").lstrip()
    ),
    "cbc:DeliveredQuantity",
)
# Where no seller or buyer is named, who despatches and who receives.
_STAND_INS = {
    "cac:SellerSupplierParty": "cac:DespatchSupplierParty",
    "cac:BuyerCustomerParty": "cac:DeliveryCustomerParty",
}
_FORMS = {"OrderResponse": _CONFIRMATION, "DespatchAdvice": _DELIVERY}


def is_ubl_order(content: bytes) -> bool:
    """Tell whether `content` begins as an OrderResponse or a DespatchAdvice in UBL."""
    head = content[:_HEAD]
    return _UBL in head and _ROOT.match(head) is not None


def read_ubl_order(content: bytes) -> ImportedDocument:
    """Return the order confirmation or delivery note in an XML file, as its sender wrote it.

    Values in no place of the table are listed as not understood, so that a person sees them.

    Raises:
        TooLarge, InvalidInput: no XML that is accepted; see `core.xml.parse`.
    """
    root = parse(content)
    return _Reader(root, _FORMS[etree.QName(root).localname]).document()


class _Reader:
    def __init__(self, root: etree._Element, form: _Form) -> None:
        self._root, self._form = root, form
        self._seen: set[etree._Element] = set()

    def document(self) -> ImportedDocument:
        """Return the values of the document and of its lines."""
        made = ImportedDocument(self._form.document_type)
        for name, places in self._form.fields.items():
            _put(made.fields, name, self._first(self._root, self._with_stand_ins(places)))
        lines = self._root.iterfind(self._form.line, _NAMES)
        made.rows[INVOICE_TABLE] = [self._line(line) for line in lines]
        made.not_understood = (
            *self._unknown_currency(),
            *self._refusals(),
            *islice(self._unread(), _MAX_UNREAD),
        )
        return made

    def _line(self, line: etree._Element) -> dict[str, str]:
        row: dict[str, str] = {}
        for name, places in self._form.columns.items():
            _put(row, name, self._first(line, places))
        if row.get("LONG_DESCRIPTION") == row.get("DESCRIPTION"):
            row.pop("LONG_DESCRIPTION", None)
        quantity = line.find(self._form.quantity, _NAMES)
        if quantity is not None:
            self._seen.add(quantity)
            _put(row, "QUANTITY", _text(quantity))
            _put(row, "UNIT", str(quantity.get("unitCode") or ""))
        if self._form.price:
            _put(row, "UNIT_PRICE", self._unit_price(line, self._form.price))
        return row

    def _unit_price(self, line: etree._Element, place: str) -> str:
        """Return the price of one unit; one that cannot be read is left as it is written."""
        price = self._first(line, (f"{place}/cbc:PriceAmount",))
        per = self._first(line, (f"{place}/cbc:BaseQuantity",))
        if not (_NUMBER.fullmatch(price) and _NUMBER.fullmatch(per)) or not Decimal(per):
            return price
        exact = EXACT.divide(Decimal(price), Decimal(per))
        return decimal_text(at_most_decimals(exact, _PRICE_DECIMALS))

    def _with_stand_ins(self, places: tuple[str, ...]) -> tuple[str, ...]:
        party = places[0].partition("/")[0]
        stand_in = _STAND_INS.get(party)
        if stand_in is None or self._root.find(party, _NAMES) is not None:
            return places
        return tuple(place.replace(party, stand_in, 1) for place in places)

    def _first(self, element: etree._Element, places: tuple[str, ...]) -> str:
        for place in places:
            found = element.find(place, _NAMES)
            if found is not None and (text := _text(found)):
                self._seen.add(found)
                return text
        return ""

    def _unknown_currency(self) -> Iterator[NotUnderstood]:
        """Yield the currency where no list has it: its amounts cannot be used."""
        found = self._root.find("cbc:DocumentCurrencyCode", _NAMES)
        if found is not None and (text := _text(found)) and text not in code_list("iso-4217"):
            yield NotUnderstood(_place(found), text[:_SHOWN], Concern.MONEY)

    def _refusals(self) -> Iterator[NotUnderstood]:
        """Yield the values by which something is refused, or offered in its place."""
        for place, accepted in _REFUSING.items():
            for found in self._root.iterfind(place, _NAMES):
                self._seen.update(found.iter())
                text = " ".join("".join(map(str, found.itertext())).split())
                if text not in accepted and not _is_nothing(found, text):
                    yield NotUnderstood(_place(found), text[:_SHOWN], Concern.MONEY)

    def _unread(self) -> Iterator[NotUnderstood]:
        for element in self._root.iter():
            if element not in self._seen and (text := _text(element)):
                yield NotUnderstood(_place(element), text[:_SHOWN], Concern.NOTHING)


def _is_nothing(element: etree._Element, text: str) -> bool:
    """Tell whether an element is a quantity of zero."""
    is_quantity = etree.QName(element).localname == "OutstandingQuantity"
    return is_quantity and _NUMBER.fullmatch(text) is not None and not Decimal(text)


def _place(element: etree._Element) -> Place:
    names = [etree.QName(each).localname for each in (element, *element.iterancestors())]
    return Place("/".join(reversed(names)), int(str(element.sourceline)))


def _text(element: etree._Element) -> str:
    text = " ".join(str(element.text or "").split())
    day = _DATE.fullmatch(text)
    return day[1] if day else text


def _put(values: dict[str, str], name: str, text: str) -> None:
    if text:
        values[name] = text
