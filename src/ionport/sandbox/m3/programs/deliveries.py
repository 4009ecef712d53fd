"""Advised deliveries and receipts: the warehouse messages of MHS850MI.

Source: docs/reference/m3.md#supplier-invoices.

A message is a head, packages in it and lines in these. Status 10 is new, 90 processed; what is
processed with an order line's number books the quantity there. The statuses are inferred.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from ionport.sandbox.m3.company import Company
from ionport.sandbox.m3.errors import TransactionFailed
from ionport.sandbox.m3.model import File, Record, Session
from ionport.sandbox.m3.programs.behaviour import Behaviour
from ionport.sandbox.m3.programs.masterdata import (
    KeyField,
    MasterFile,
    add,
    change,
    delete,
    get,
    list_from,
    list_where,
)
from ionport.sandbox.m3.programs.orders import find_line, number, receive

DELIVERIES = MasterFile(File.DELIVERY, "Message number", "WMS37", (KeyField("MSGN"),))
PACKAGES = MasterFile(File.PACKAGE, "Package number", "WPA51", (KeyField("MSGN"), KeyField("PACN")))
DELIVERY_LINES = MasterFile(
    File.DELIVERY_LINE,
    "Message line number",
    "WMS40",
    (KeyField("MSGN"), KeyField("PACN"), KeyField("MSLN", 5)),
)

NEW, PROCESSED = "10", "90"
_PROCESS_NOW = "*EXE"
_ORDER_CATEGORY = "250"


def _new_delivery(company: Company, _session: Session, values: Record) -> Record:
    number_ = values.get("MSGN") or f"{company.next_number('MSGN'):010}"
    return {"STAT": NEW, "E0IO": "I", **values, "MSGN": number_}


def _new_package(company: Company, _session: Session, values: Record) -> Record:
    DELIVERIES.get(company, values)
    number_ = values.get("PACN") or f"{company.next_number('PACN'):010}"
    return {"STAT": NEW, **values, "PACN": number_}


def _new_line(company: Company, _session: Session, values: Record) -> Record:
    PACKAGES.get(company, values)
    if "MSLN" in values:
        return {"STAT": NEW, **values}
    lines = company.records(File.DELIVERY_LINE, PACKAGES.key(values))
    last = max((int(number(line, "MSLN")) for line in lines), default=0)
    return {"STAT": NEW, **values, "MSLN": str(last + 1)}


def _add_receipt(company: Company, session: Session, values: Record) -> Sequence[Record]:
    """Report goods of an order line: head, package and line in one, processed if PRFL says so."""
    order = {"PUNO": values["RIDN"], "PNLI": values["RIDL"], "PNLS": values.get("RIDX", "0")}
    order_line = find_line(company, order)
    if order_line.get("SUNO", "") != values["SUNO"]:
        raise TransactionFailed(
            f"Supplier {values['SUNO']} does not match the purchase order",
            code="WSU0103",
            field="SUNO",
        )
    if "QTY" not in values and values.get("OEND") != "1":
        raise TransactionFailed("Quantity must be entered", code="PP30005", field="QTY")
    common = {"ORCA": _ORDER_CATEGORY, "ITNO": order_line.get("ITNO", ""), **values}
    head = DELIVERIES.add(company, session, _new_delivery(company, session, common))
    pack = PACKAGES.add(
        company, session, _new_package(company, session, {**common, "MSGN": head["MSGN"]})
    )
    quantity = values.get("QTY", "0")
    line = {**common, "MSGN": head["MSGN"], "PACN": pack["PACN"], "RVQA": quantity}
    added = DELIVERY_LINES.add(company, session, {"STAT": NEW, **line, "MSLN": "1"})
    if values.get("PRFL") == _PROCESS_NOW:
        _process(company, session, added)
    return [added]


def _process_message(company: Company, session: Session, values: Record) -> Sequence[Record]:
    DELIVERIES.get(company, values)
    lines = [
        line
        for line in company.records(File.DELIVERY_LINE, DELIVERIES.key(values))
        if line["STAT"] != PROCESSED
    ]
    for line in lines:
        _order_line(company, line)
    for line in lines:
        _process(company, session, line)
    return []


def _process(company: Company, session: Session, line: Record) -> None:
    order_line = _order_line(company, line)
    done = {"STAT": PROCESSED}
    DELIVERY_LINES.change(company, session, line, done)
    for file in (DELIVERIES, PACKAGES):
        file.change(company, session, file.get(company, line), done)
    if order_line is not None:
        receive(company, session, order_line, _quantity(line))


def _order_line(company: Company, line: Record) -> Record | None:
    """Return the order line that a message line delivers, or None when it names no order."""
    if line.get("ORCA") != _ORDER_CATEGORY or not line.get("RIDN"):
        return None
    named = {"PNLI": line.get("RIDL", "0"), "PNLS": line.get("RIDX", "0")}
    return find_line(company, {"PUNO": line["RIDN"], **named})


def _quantity(line: Record) -> Decimal:
    """The received quantity, or the advised one when nothing else was said."""
    return number(line, "RVQA") or number(line, "DLQA") or number(line, "DLQT")


def _get_message(company: Company, session: Session, values: Record) -> Sequence[Record]:
    """The message of a partner under the partner's own number."""
    for delivery in company.records(File.DELIVERY):
        if all(delivery.get(name) == values[name] for name in ("E0PB", "PMSN")):
            return [delivery]
    raise DELIVERIES.missing({"MSGN": values["PMSN"]})


def _delete_message(company: Company, session: Session, values: Record) -> Sequence[Record]:
    """Delete a line, a package with its lines, or the whole message, as far as one is named."""
    if "MSLN" in values:
        deleted = delete(DELIVERY_LINES)
    elif "PACN" in values:
        deleted = delete(PACKAGES, DELIVERY_LINES)
    else:
        deleted = delete(DELIVERIES, PACKAGES, DELIVERY_LINES)
    return deleted.work(company, session, values)


BEHAVIOURS: Mapping[str, Behaviour] = {
    "AddWhsHead": add(DELIVERIES, _new_delivery),
    "ChgWhsHead": change(DELIVERIES),
    "GetWhsHead": get(DELIVERIES),
    "AddWhsPack": add(PACKAGES, _new_package),
    "ChgWhsPack": change(PACKAGES),
    "GetWhsPack": get(PACKAGES),
    "AddWhsLine": add(DELIVERY_LINES, _new_line),
    "ChgWhsLine": change(DELIVERY_LINES),
    "GetWhsLine": get(DELIVERY_LINES),
    "GetWhsLine1": get(DELIVERY_LINES),
    "LstWhsLine": list_from(DELIVERY_LINES, 1, of=DELIVERIES),
    "AddPOReceipt": Behaviour(_add_receipt, changes=True),
    "PrcWhsTran": Behaviour(_process_message, changes=True),
    "DeleteWhsTran": Behaviour(_delete_message, changes=True),
    "GetMvxMsg": Behaviour(_get_message),
    "LstMvxMsg": list_where(DELIVERIES, "E0PB", "PMSN", "STAT"),
}
