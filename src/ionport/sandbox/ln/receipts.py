"""Goods receipts by the names of an invoice's receipt line, for who seeds a sandbox."""

from __future__ import annotations

from collections.abc import Mapping

from ionport.sandbox.ln.invoices import problem_of, unknown_attribute
from ionport.sandbox.ln.model import (
    DEFAULT_COMPANY,
    Attribute,
    GoodsReceipt,
    Kind,
    Problem,
    RequestRefused,
)

_ATTRIBUTES: Mapping[str, Attribute] = {
    attribute.name: attribute
    for attribute in (
        Attribute("LogisticCompany", Kind.INTEGER),
        Attribute("Order", is_mandatory=True),
        Attribute("OrderPosition", Kind.INTEGER, is_mandatory=True),
        Attribute("OrderSequence", Kind.INTEGER),
        Attribute("Receipt", is_mandatory=True),
        Attribute("ReceiptLine", Kind.INTEGER),
        Attribute("PackingSlip"),
        Attribute("Quantity", Kind.NUMBER, is_mandatory=True),
    )
}


def read_receipt(values: Mapping[str, str]) -> GoodsReceipt:
    """Read a goods receipt; raises RequestRefused with everything that is wrong."""
    problems: list[Problem] = []
    for name, value in values.items():
        attribute = _ATTRIBUTES.get(name)
        wrong = problem_of(attribute, value) if attribute else unknown_attribute(name, value)
        problems += [wrong] if wrong else []
    problems += [
        Problem(f"{name} is missing.")
        for name, attribute in _ATTRIBUTES.items()
        if attribute.is_mandatory and not values.get(name, "").strip()
    ]
    if problems:
        raise RequestRefused(problems)
    return GoodsReceipt(
        company=int(values.get("LogisticCompany", DEFAULT_COMPANY)),
        order=values["Order"].strip(),
        position=int(values["OrderPosition"]),
        receipt=values["Receipt"].strip(),
        receipt_line=int(values.get("ReceiptLine", 1)),
        quantity=values["Quantity"].strip(),
        sequence=int(values.get("OrderSequence", 1)),
        packing_slip=values.get("PackingSlip", "").strip(),
    )
