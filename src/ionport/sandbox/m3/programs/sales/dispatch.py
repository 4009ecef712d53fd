"""Deliveries to customers: MWS410MI and MWS411MI read what a confirmed order makes.

Source: docs/reference/m3.md#public-programs. That a confirmation makes one delivery of all lines,
and its status 10, are inferred.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ionport.sandbox.m3.company import Company
from ionport.sandbox.m3.model import File, Record, Session
from ionport.sandbox.m3.programs.behaviour import Behaviour
from ionport.sandbox.m3.programs.masterdata import KeyField, MasterFile, first_where, list_where
from ionport.sandbox.m3.programs.partners import CUSTOMERS

DISPATCHES = MasterFile(File.DISPATCH, "Delivery number", "WDL01", (KeyField("DLIX", 11),))
DISPATCH_LINES = MasterFile(
    File.DISPATCH_LINE,
    "Delivery line",
    "WDL02",
    (KeyField("DLIX", 11), KeyField("RIDN"), KeyField("RIDL", 6), KeyField("RIDX", 3)),
)
_CUSTOMER_ORDER: Final = "3"
_NEW: Final = "10"


def dispatch(company: Company, session: Session, order: Record, lines: Sequence[Record]) -> None:
    """Make the delivery of an order's lines."""
    common = {"DLIX": str(company.next_number("DLIX")), "RORC": _CUSTOMER_ORDER}
    common |= {"RIDN": order["ORNO"], "FACI": order["FACI"]}
    copied = {name: order.get(name, "") for name in ("WHLO", "MODL", "CUOR")}
    head = {**common, **copied, "CONA": order["CUNO"], "PGRS": _NEW, "DTDT": order["RLDT"]}
    DISPATCHES.add(company, session, head)
    for line in lines:
        quantities = dict.fromkeys(("TRQT", "TRQA"), line["ORQT"])
        named = {"RIDL": line["PONR"], "RIDX": line["POSX"], "ITNO": line["ITNO"]}
        DISPATCH_LINES.add(company, session, {**common, **named, **quantities})


def _address(company: Company, _session: Session, values: Record) -> Sequence[Record]:
    """Where a delivery goes: to its customer."""
    head = DISPATCHES.get(company, values)
    customer = CUSTOMERS.get(company, {"CUNO": head["CONA"]})
    lines = {f"ADR{line}": customer.get(f"CUA{line}", "") for line in range(1, 5)}
    copied = {name: customer.get(name, "") for name in ("PONO", "TOWN", "CSCD", "ECAR", "LNCD")}
    named = {"CONA": head["CONA"], "FACI": head["FACI"], "NAME": customer.get("CUNM", "")}
    return [{**named, **lines, **copied}]


BEHAVIOURS: Mapping[str, Mapping[str, Behaviour]] = {
    "MWS410MI": {
        "GetAdr": Behaviour(_address),
        "GetHead": first_where(DISPATCHES, "DLIX", "CONA"),
    },
    "MWS411MI": {"LstDelLnByOrd": list_where(DISPATCH_LINES, "RORC", "RIDN", "RIDL", "RIDX")},
}
