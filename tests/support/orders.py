"""An order confirmation and a delivery note in UBL."""

from __future__ import annotations

from typing import Final

_NAMESPACES: Final = (
    'xmlns="urn:oasis:names:specification:ubl:schema:xsd:{name}-2"'
    ' xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"'
    ' xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"'
)


def _document(name: str, body: str) -> bytes:
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} {_NAMESPACES.format(name=name)}>'
    return f"{head}{body}</{name}>".encode()


def _party(role: str, name: str, number: str = "") -> str:
    identified = f"<cac:PartyIdentification><cbc:ID>{number}</cbc:ID></cac:PartyIdentification>"
    named = f"<cac:PartyName><cbc:Name>{name}</cbc:Name></cac:PartyName>"
    return f"<cac:{role}><cac:Party>{identified if number else ''}{named}</cac:Party></cac:{role}>"


def _promised(day: str) -> str:
    period = "cac:PromisedDeliveryPeriod"
    return f"<cac:Delivery><{period}><cbc:EndDate>{day}</cbc:EndDate></{period}></cac:Delivery>"


_ITEM: Final = (
    "<cac:Item><cbc:Name>Schraube</cbc:Name><cac:SellersItemIdentification><cbc:ID>4711</cbc:ID>"
    "</cac:SellersItemIdentification></cac:Item>"
)
ORDER_RESPONSE: Final = _document(
    "OrderResponse",
    "<cbc:ID>OC-77</cbc:ID><cbc:SalesOrderID>SO-1</cbc:SalesOrderID>"
    "<cbc:IssueDate>2026-03-05</cbc:IssueDate><cbc:OrderResponseCode>AP</cbc:OrderResponseCode>"
    "<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>"
    "<cac:OrderReference><cbc:ID>4500001</cbc:ID></cac:OrderReference>"
    + _party("SellerSupplierParty", "Nordwerk", "SUP001")
    + _party("BuyerCustomerParty", "Acme")
    + _promised("2026-04-01")
    + '<cac:LegalMonetaryTotal><cbc:TaxExclusiveAmount currencyID="EUR">100.00'
    "</cbc:TaxExclusiveAmount></cac:LegalMonetaryTotal>"
    "<cac:OrderLine><cac:LineItem><cbc:ID>1</cbc:ID><cbc:LineStatusCode>5</cbc:LineStatusCode>"
    '<cbc:Quantity unitCode="C62">10</cbc:Quantity>'
    '<cbc:LineExtensionAmount currencyID="EUR">100.00</cbc:LineExtensionAmount>'
    + _promised("2026-04-02")
    + '<cac:Price><cbc:PriceAmount currencyID="EUR">1000.00</cbc:PriceAmount>'
    "<cbc:BaseQuantity>100</cbc:BaseQuantity></cac:Price>"
    + _ITEM
    + "</cac:LineItem><cac:OrderLineReference><cbc:LineID>10</cbc:LineID>"
    "</cac:OrderLineReference></cac:OrderLine>",
)
"""Confirms one line, whose price is for a hundred pieces."""

DESPATCH_ADVICE: Final = _document(
    "DespatchAdvice",
    "<cbc:ID>DN77</cbc:ID><cbc:IssueDate>2026-03-05</cbc:IssueDate>"
    "<cac:OrderReference><cbc:ID>4500001</cbc:ID></cac:OrderReference>"
    + _party("DespatchSupplierParty", "Nordwerk", "SUP001")
    + _party("DeliveryCustomerParty", "Acme")
    + "<cac:Shipment><cbc:ID>1</cbc:ID><cac:Delivery>"
    "<cbc:ActualDeliveryDate>2026-03-06</cbc:ActualDeliveryDate></cac:Delivery></cac:Shipment>"
    '<cac:DespatchLine><cbc:ID>1</cbc:ID><cbc:DeliveredQuantity unitCode="C62">10'
    "</cbc:DeliveredQuantity><cac:OrderLineReference><cbc:LineID>10</cbc:LineID>"
    "</cac:OrderLineReference>" + _ITEM + "</cac:DespatchLine>",
)
"""Names who despatches and who receives, and no seller or buyer."""
