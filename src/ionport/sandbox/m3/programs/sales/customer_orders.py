"""Customer orders: OIS100MI enters them as batch orders and confirms these into orders.

Source: docs/reference/m3.md#public-programs.

A batch order has a number of its own; its confirmation gives it the order's and makes its delivery.
Only orders are read and listed. Line statuses: 22 reserved, as every confirmed line is here.
Numbers are inferred.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ionport.sandbox.m3.company import Company
from ionport.sandbox.m3.errors import TransactionFailed
from ionport.sandbox.m3.model import File, Record, Session
from ionport.sandbox.m3.programs.behaviour import Behaviour
from ionport.sandbox.m3.programs.masterdata import KeyField, MasterFile, list_where, search
from ionport.sandbox.m3.programs.orders import number, plain
from ionport.sandbox.m3.programs.partners import CUSTOMERS, ITEMS
from ionport.sandbox.m3.programs.sales.dispatch import dispatch
from ionport.sandbox.m3.programs.sales.prices import sales_price

CUSTOMER_ORDERS = MasterFile(
    File.CUSTOMER_ORDER, "Customer order number", "WOR01", (KeyField("ORNO"),)
)
CUSTOMER_ORDER_LINES = MasterFile(
    File.CUSTOMER_ORDER_LINE,
    "Customer order line",
    "WPO06",
    (KeyField("ORNO"), KeyField("PONR", 5), KeyField("POSX", 3)),
)
RESERVED: Final = "22"
_BATCH_MARK = "is batch"
_FIRST_ORDER = 10_000_001
_FIRST_BATCH = 90_000_001


def _add_batch_head(company: Company, session: Session, values: Record) -> Sequence[Record]:
    customer = CUSTOMERS.get(company, values)
    head = {
        "ORTP": "C01",
        "FACI": "A01",
        "WHLO": "100",
        "ORDT": session.today,
        "RLDT": session.today,
        "CUCD": customer.get("CUCD", ""),
        **values,
        "ORNO": f"{company.next_number('batch ORNO', _FIRST_BATCH):010}",
        _BATCH_MARK: "1",
    }
    return [CUSTOMER_ORDERS.add(company, session, head)]


def _add_batch_line(company: Company, session: Session, values: Record) -> Sequence[Record]:
    head = _batch(company, values)
    item = ITEMS.get(company, values)
    if number(values, "ORQT") <= 0:
        raise TransactionFailed("Quantity must be entered", code="OR30001", field="ORQT")
    last = max((int(line["PONR"]) for line in _lines(company, head)), default=0)
    line = {
        "WHLO": head["WHLO"],
        "DWDT": head["RLDT"],
        "SAPR": sales_price(company, head, item, head["ORDT"])["SAPR"],
        **values,
        "ITDS": item.get("ITDS", ""),
        "PONR": str(last + 1),
        "POSX": "0",
        "ATNR": "0",
    }
    line["LNAM"] = plain(number(line, "ORQT") * number(line, "SAPR"))
    return [CUSTOMER_ORDER_LINES.add(company, session, line)]


def _confirm(company: Company, session: Session, values: Record) -> Sequence[Record]:
    batch = _batch(company, values)
    lines = _lines(company, batch)
    if not lines:
        raise TransactionFailed(
            f"Batch order {batch['ORNO']} has no lines", code="OX10001", field="ORNO"
        )
    order = f"{company.next_number('ORNO', _FIRST_ORDER):010}"
    named = {"ORNO": order, "STAT": RESERVED}
    for line in lines:
        company.remove(File.CUSTOMER_ORDER_LINE, CUSTOMER_ORDER_LINES.key(line))
        CUSTOMER_ORDER_LINES.add(company, session, {**line, "ORNO": order, "ORST": RESERVED})
    company.remove(File.CUSTOMER_ORDER, CUSTOMER_ORDERS.key(batch))
    head = {name: value for name, value in batch.items() if name != _BATCH_MARK}
    total = sum((number(line, "LNAM") for line in lines), number({}, ""))
    confirmed = {**head, **named, "NTAM": plain(total)}
    dispatch(company, session, confirmed, lines)
    return [CUSTOMER_ORDERS.add(company, session, confirmed)]


def _batch(company: Company, values: Record) -> Record:
    head = company.get(File.CUSTOMER_ORDER, *CUSTOMER_ORDERS.key(values))
    if head is None or _BATCH_MARK not in head:
        raise CUSTOMER_ORDERS.missing(values)
    return head


def _order(company: Company, values: Record) -> Record:
    head = CUSTOMER_ORDERS.get(company, values)
    if _BATCH_MARK in head:
        raise CUSTOMER_ORDERS.missing(values)
    return head


def _lines(company: Company, head: Record) -> Sequence[Record]:
    return company.records(File.CUSTOMER_ORDER_LINE, (head["ORNO"],))


def _get_head(company: Company, _session: Session, values: Record) -> Sequence[Record]:
    return [_order(company, values)]


def _get_line(company: Company, _session: Session, values: Record) -> Sequence[Record]:
    _order(company, values)
    return [CUSTOMER_ORDER_LINES.get(company, values)]


def _list_lines(company: Company, session: Session, values: Record) -> Sequence[Record]:
    _order(company, values)
    return list_where(CUSTOMER_ORDER_LINES, "ORNO", "ORST", "ITNO").work(company, session, values)


def _search_heads(company: Company, session: Session, values: Record) -> Sequence[Record]:
    found = search(CUSTOMER_ORDERS).work(company, session, values)
    return [head for head in found if _BATCH_MARK not in head]


BEHAVIOURS: Mapping[str, Behaviour] = {
    "AddBatchHead": Behaviour(_add_batch_head, changes=True),
    "AddBatchLine": Behaviour(_add_batch_line, changes=True),
    "Confirm": Behaviour(_confirm, changes=True),
    "GetHead": Behaviour(_get_head),
    "GetOrderHead": Behaviour(_get_head),
    "GetLine": Behaviour(_get_line),
    "LstLine": Behaviour(_list_lines),
    "SearchHead": Behaviour(_search_heads),
}
