"""What the published ION mappings read of a BOD: names that they drop, and names that they miss.

Source: docs/reference/ion-messaging.md#synccapturedocument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ionport.mappings.grammars.aliases import column_id, comparable, field_id
from ionport.mappings.grammars.edits import Edit, add_item, add_line, set_value
from ionport.mappings.grammars.properties import Properties, Property
from ionport.mappings.lint.common import found
from ionport.mappings.model import Finding

_RATES = 3
"""As many VAT lines the published mappings read."""

_Source = Callable[[Property], str]


@dataclass(frozen=True, slots=True)
class Receiver:
    """What is read for one type of document: names, with the field or column that gives each.

    Names without one are read too, but no document has a value for them.
    """

    noun: str
    fields: Mapping[str, str]
    columns: Mapping[str, str]


def _names(text: str) -> dict[str, str]:
    return {name: source for name, _eq, source in (part.partition("=") for part in text.split())}


_INVOICE = Receiver(
    "SupplierInvoice",
    _names(
        "InvoiceNumber=invoice_id InvoiceDate=invoice_date AlternateDocumentID=correlation_id"
        " BankReference=payment_reference TotalAmount=total_amount Currency=currency"
        " BankAccount=supplier_iban SupplierCountry=supplier_country_code"
        " SupplierVATCountry=supplier_vat_country"
        " VatPercent=tax_rate VATAmount=tax_amount NetAmount=net_amount"
        " VatPercent2=tax_rate_2 VATAmount2=tax_amount_2 NetAmount2=net_amount_2"
        " VatPercent3=tax_rate_3 VATAmount3=tax_amount_3 NetAmount3=net_amount_3"
        " TaxCode=tax_code TaxCode2=tax_code_2 TaxCode3=tax_code_3"
        " DueDate=due_date PaymentTerms=payment_terms PurchaseOrder=purchase_order"
        " OrganisationNo=supplier_registration SupplierID=supplier_id SupplierName=supplier_name"
        " VATRegNo=supplier_tax_id SupplierCat=supplier_category"
    ),
    _names(
        "Description=DESCRIPTION ItemNumber=ITEM_NUMBER Quantity=QUANTITY UnitMeasurement=UNIT"
        " UnitPrice=UNIT_PRICE Amount=TOTAL_AMOUNT PONumber=PURCHASE_ORDER Position=LINE_NUMBER"
    ),
)
_CONFIRMATION = Receiver(
    "Process.PurchaseOrder",
    _names(
        "PurchaseOrder=purchase_order SupplierID=supplier_id Currency=currency"
        " NetAmount=total_net_amount"
    ),
    _names(
        "Position=LINE_NUMBER SubPosition=SUB_LINE_NUMBER Quantity=QUANTITY UnitMeasurement=UNIT"
        " UnitPrice=UNIT_PRICE ItemNumber=ITEM_NUMBER Description=DESCRIPTION Amount=TOTAL_AMOUNT"
    ),
)
_DELIVERY = Receiver(
    "Load.ReceiveDelivery",
    _names(
        "DeliveryNoteId=delivery_note_id SupplierID=supplier_id DeliveryDate=delivery_date"
        " Status=delivery_status ReceivedDateTime=received_date"
        " WarehouseLocation=warehouse_location"
    ),
    _names(
        "ItemNumber=ITEM_NUMBER ItemCode=SUPPLIER_ITEM_NUMBER Description=DESCRIPTION"
        " Quantity=QUANTITY UnitMeasurement=UNIT Position=LINE_NUMBER PONumber=PURCHASE_ORDER"
    ),
)
_RECEIVERS = {
    "invoice": _INVOICE,
    "creditnote": _INVOICE,
    "orderconfirmation": _CONFIRMATION,
    "deliverynote": _DELIVERY,
}
_INSTEAD = {
    "ConfirmedQuantity": "Quantity",
    "ConfirmedUnitPrice": "UnitPrice",
    "SubLineNumber": "SubPosition",
}


def check_receiver(properties: Properties) -> Iterator[Finding]:
    """Yield what is lost between the BOD and the noun that the published mappings make of it."""
    types = [comparable(name) for name in properties.names("Document_Types")]
    receiver = next((_RECEIVERS[name] for name in types if name in _RECEIVERS), None)
    if receiver is None:
        return
    fields = {
        line.value: line
        for name in properties.names("Index_Fields")
        if (line := properties.by_key.get("IF_" + name)) and line.value
    }
    columns = {
        line.value: line
        for table in properties.names("Tables")
        for line in properties
        if line.key.startswith(f"TN_{table}_TC_") and line.value
    }
    yield from _not_read(receiver, receiver.fields, fields, _field_of)
    yield from _not_read(receiver, receiver.columns, columns, _column_of)
    yield from _not_sent(properties, receiver, fields, columns)
    if receiver is _INVOICE:
        yield from _vat_lines(properties, fields)


def _field_of(line: Property) -> str:
    return field_id(line.key.removeprefix("IF_"))


def _column_of(line: Property) -> str:
    return column_id(line.key.partition("_TC_")[2])


def _instead(
    known: Mapping[str, str], sent: Mapping[str, Property], line: Property, source: str
) -> str:
    """Return the name that the receiver reads for what the line sends, if it goes unsent."""
    names = [name for name, own in known.items() if own == source] + [_INSTEAD.get(line.value, "")]
    return next((name for name in names if name in known and name not in sent), "")


def _not_read(
    receiver: Receiver, known: Mapping[str, str], sent: Mapping[str, Property], source_of: _Source
) -> Iterator[Finding]:
    for name, line in sent.items():
        if name not in known:
            instead = _instead(known, sent, line, source_of(line))
            fix = [set_value(line, instead)] if instead else []
            yield found(
                "name_not_read", line, fix=fix, noun=receiver.noun, name=name, suggestion=instead
            )


def _not_sent(
    properties: Properties,
    receiver: Receiver,
    fields: Mapping[str, Property],
    columns: Mapping[str, Property],
) -> Iterator[Finding]:
    """Names that a document could give; those that a line sends under another are told there."""
    corrected = {
        _instead(known, sent, line, source_of(line))
        for known, sent, source_of in (
            (receiver.fields, fields, _field_of),
            (receiver.columns, columns, _column_of),
        )
        for name, line in sent.items()
        if name not in known
    }
    listing = properties.by_key.get("Index_Fields")
    for name, source in receiver.fields.items():
        if source and name not in fields and name not in corrected:
            example = f"IF_{source}={name}"
            fix = _send_field(properties, listing, fields, source, example) if listing else ()
            yield found(
                "name_not_sent", listing, fix=fix, noun=receiver.noun, name=name, example=example
            )
    table = next(iter(properties.names("Tables")), "InvoiceTable")
    for name, source in receiver.columns.items():
        if source and name not in columns and name not in corrected:
            example = f"TN_{table}_TC_{source}={name}"
            last = max((line.line for line in columns.values()), default=0)
            fix = (add_line(properties, last, example),) if last else ()
            yield found(
                "name_not_sent",
                properties.by_key.get("Tables"),
                "Tables",
                fix=fix,
                noun=receiver.noun,
                name=name,
                example=example,
            )


def _send_field(
    properties: Properties,
    listing: Property,
    fields: Mapping[str, Property],
    source: str,
    example: str,
) -> tuple[Edit, ...]:
    """Return the edits that list a field and define its line behind the last one."""
    taken = {field_id(name) for name in properties.names("Index_Fields")}
    if source in taken or not fields:
        return ()
    last = max(line.line for line in fields.values())
    return (add_item(listing, source), add_line(properties, last, example))


def _vat_lines(properties: Properties, fields: Mapping[str, Property]) -> Iterator[Finding]:
    listing = properties.by_key.get("Index_Fields")
    rates = sum(
        any(f"{name}{number}" in fields for name in ("VatPercent", "VATAmount", "NetAmount"))
        for number in ("", "2", "3")
    )
    if rates < _RATES:
        yield found("vat_lines", listing, count=str(rates))
    else:
        yield found("vat_lines_read", listing, count=str(_RATES))
    if rates:
        yield found("tax_code_fixed", listing)
