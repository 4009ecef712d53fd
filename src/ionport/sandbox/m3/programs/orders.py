"""Purchase orders: PPS200MI enters them, PPS001MI confirms them.

Source: docs/reference/m3.md#supplier-invoices.

Line statuses: 15 entered, 20 approved, 35 confirmed, 75 received; PUSL and PUST of a head are
the lowest and the highest of its lines. The numbers are inferred, the fields are not.
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
    get,
    list_from,
    list_where,
    search,
)
from ionport.sandbox.m3.programs.partners import ITEMS

ORDERS = MasterFile(File.ORDER, "Purchase order", "WPU08", (KeyField("PUNO"),))
ORDER_LINES = MasterFile(
    File.ORDER_LINE,
    "Purchase order line",
    "WPN01",
    (KeyField("PUNO"), KeyField("PNLI", 3), KeyField("PNLS", 3)),
)

ENTERED, APPROVED, CONFIRMED, RECEIVED = "15", "20", "35", "75"
_LINE_STEP = 10
_CONFIRMED_FIELDS = (
    *("SORN", "TEDL", "MODL", "HAFE", "RASN", "CIAD", "CPRD", "OEND", "CPUC"),
    *("CFD1", "CFD2", "CFD3"),
)


def number(record: Record, name: str) -> Decimal:
    """Return a numeric field's value, 0 when it is blank."""
    return Decimal(record.get(name) or "0")


def plain(value: Decimal) -> str:
    """Return a number as M3 writes it: no exponent, no needless zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def find_line(company: Company, values: Record) -> Record:
    """Return the order line that the values name; raises TransactionFailed."""
    ORDERS.get(company, values)
    return ORDER_LINES.get(company, values)


def receive(company: Company, session: Session, line: Record, quantity: Decimal) -> None:
    """Book a received quantity on an order line."""
    received = number(line, "RVQA") + quantity
    is_whole = received >= number(line, "ORQA")
    status = {"PUST": RECEIVED, "PUSL": RECEIVED} if is_whole else {"PUST": RECEIVED}
    values = {"RVQA": plain(received), "RCDT": session.today, **status}
    ORDER_LINES.change(company, session, line, values)
    _sum_up(company, session, line)


def _sum_up(company: Company, session: Session, values: Record) -> Record:
    """Bring an order's totals and statuses up to date with its lines."""
    lines = company.records(File.ORDER_LINE, ORDERS.key(values))
    totals = {
        "NOLN": str(len(lines)),
        "TOQT": plain(sum((number(line, "ORQA") for line in lines), Decimal())),
        "NTAM": plain(sum((number(line, "LNAM") for line in lines), Decimal())),
        "PUSL": min((line["PUSL"] for line in lines), default=ENTERED),
        "PUST": max((line["PUST"] for line in lines), default=ENTERED),
    }
    return ORDERS.change(company, session, ORDERS.get(company, values), totals)


def _add_line(company: Company, session: Session, values: Record) -> Sequence[Record]:
    order = ORDERS.get(company, values)
    item = ITEMS.get(company, values)
    line = {
        "PNLS": "0",
        "SUNO": order.get("SUNO", ""),
        "FACI": order.get("FACI", ""),
        "WHLO": order.get("WHLO", ""),
        "PURC": order.get("PURC", ""),
        "BUYE": order.get("BUYE", ""),
        "DWDT": order.get("DWDT", ""),
        "ITDS": item.get("ITDS", ""),
        "PITD": item.get("ITDS", ""),
        "PUUN": item.get("PUUN") or item.get("UNMS", ""),
        "PPUN": item.get("PPUN") or item.get("UNMS", ""),
        "PUPR": item.get("PUPR", "0"),
        **values,
        "PUSL": ENTERED,
        "PUST": ENTERED,
    }
    if "PNLI" not in values:
        line["PNLI"] = str(_next_line(company, values))
    line["LNAM"] = plain(number(line, "ORQA") * number(line, "PUPR"))
    added = ORDER_LINES.add(company, session, line)
    _sum_up(company, session, values)
    return [added]


def _next_line(company: Company, values: Record) -> int:
    lines = company.records(File.ORDER_LINE, ORDERS.key(values))
    last = max((int(number(line, "PNLI")) for line in lines), default=0)
    if last + _LINE_STEP > 999:
        raise TransactionFailed("The order has no line number left", field="PNLI")
    return last - last % _LINE_STEP + _LINE_STEP


def _open_line(company: Company, values: Record) -> Record:
    line = find_line(company, values)
    if line["PUST"] >= RECEIVED:
        raise TransactionFailed(
            f"The status of the purchase order line is {line['PUST']}, it cannot be changed",
            code="XPO0002",
            field="PNLI",
        )
    return line


def _update_line(company: Company, session: Session, values: Record) -> Sequence[Record]:
    line = _open_line(company, values)
    quantity = number({**line, **values}, "ORQA")
    amount = plain(quantity * number({**line, **values}, "PUPR"))
    ORDER_LINES.change(company, session, line, {**values, "LNAM": amount})
    _sum_up(company, session, values)
    return []


def _delete_line(company: Company, session: Session, values: Record) -> Sequence[Record]:
    line = _open_line(company, values)
    company.remove(File.ORDER_LINE, ORDER_LINES.key(line))
    _sum_up(company, session, values)
    return []


def _update_head(company: Company, session: Session, values: Record) -> Sequence[Record]:
    ORDERS.change(company, session, ORDERS.get(company, values), values)
    return []


def _approve(company: Company, session: Session, values: Record) -> Sequence[Record]:
    ORDERS.get(company, values)
    for line in company.records(File.ORDER_LINE, ORDERS.key(values)):
        if line["PUST"] < APPROVED:
            status = {"PUSL": APPROVED, "PUST": APPROVED}
            ORDER_LINES.change(company, session, line, status)
    return [_sum_up(company, session, values)]


def _confirm_line(company: Company, session: Session, values: Record) -> Sequence[Record]:
    _confirm(company, session, _open_line(company, values), values)
    _sum_up(company, session, values)
    return []


def _confirm_all(company: Company, session: Session, values: Record) -> Sequence[Record]:
    ORDERS.get(company, values)
    for line in company.records(File.ORDER_LINE, ORDERS.key(values)):
        if line["PUST"] < RECEIVED:
            _confirm(company, session, line, values)
    _sum_up(company, session, values)
    return []


def _confirm(company: Company, session: Session, line: Record, values: Record) -> None:
    """Confirm a line: as ordered, except for what the supplier says otherwise."""
    confirmed = {
        "CODT": values.get("CODT") or line.get("DWDT", ""),
        "CFQA": values.get("CFQA") or line.get("ORQA", ""),
        "CPPR": values.get("CPPR") or line.get("PUPR", ""),
        "PUSL": max(line["PUSL"], CONFIRMED),
        "PUST": max(line["PUST"], CONFIRMED),
    }
    given = {name: values[name] for name in _CONFIRMED_FIELDS if name in values}
    ORDER_LINES.change(company, session, line, {**confirmed, **given})


def _get_line(company: Company, session: Session, values: Record) -> Sequence[Record]:
    """Return the named line; without a line number the order's first."""
    if "PNLI" in values:
        return [find_line(company, values)]
    ORDERS.get(company, values)
    return company.records(File.ORDER_LINE, ORDERS.key(values), limit=1)


def _receive_line(company: Company, session: Session, values: Record) -> Sequence[Record]:
    line = _open_line(company, values)
    receive(company, session, line, number(values, "RVQA"))
    receiving_number = str(company.next_number("REPN", 5_000_001))
    return [{**line, **values, "REPN": receiving_number}]


_LINES_OF_ORDER = list_from(ORDER_LINES, 1, of=ORDERS)

PPS200_BEHAVIOURS: Mapping[str, Behaviour] = {
    "GetHead": get(ORDERS),
    "UpdHead": Behaviour(_update_head, changes=True),
    "ApprovePO": Behaviour(_approve, changes=True),
    "SearchHead": search(ORDERS),
    "AddLine": Behaviour(_add_line, changes=True),
    "UpdLine": Behaviour(_update_line, changes=True),
    "DltLine": Behaviour(_delete_line, changes=True),
    "GetLine": Behaviour(_get_line),
    "LstLine": _LINES_OF_ORDER,
    "LstLine2": _LINES_OF_ORDER,
    "SearchLine": search(ORDER_LINES),
}

PPS001_BEHAVIOURS: Mapping[str, Behaviour] = {
    "GetHeadBasic": get(ORDERS),
    "ListHeadBasic": list_where(ORDERS, "PURC"),
    "GetLine": Behaviour(_get_line),
    "GetBasicData": Behaviour(_get_line),
    "GetBasicData2": Behaviour(_get_line),
    "LstBasicData": _LINES_OF_ORDER,
    "LstLine": list_where(ORDER_LINES, "WHLO", "PURC", "PUSL"),
    "ConfirmLine": Behaviour(_confirm_line, changes=True),
    "ConfirmAll": Behaviour(_confirm_all, changes=True),
    "Receipt": Behaviour(_receive_line, changes=True),
}
