"""What LN has from the start: made-up business partners, and goods to match invoices with."""

from __future__ import annotations

from collections.abc import Sequence

from ionport.sandbox.ln.model import DEFAULT_COMPANY, GoodsReceipt, Values

_PARTNERS = (
    ("SUP000001", "Copper Pine Metals", "supplier", "EUR", "DE"),
    ("SUP000002", "Quiet River Paper", "supplier", "EUR", "AT"),
    ("SUP000003", "Seven Hills Freight", "supplier", "GBP", "GB"),
    ("CUS000001", "Harbour Bicycles", "customer", "EUR", "DE"),
)
PARTNERS: Sequence[Values] = [
    {
        "businessPartnerCode": code,
        "name": name,
        "status": "active",
        "businessPartnerRole": role,
        "currency": currency,
        "addressCountry": country,
    }
    for code, name, role, currency, country in _PARTNERS
]

# Order, position, receipt, receipt line, quantity, packing slip.
_RECEIPTS = (
    ("PUR000001", 10, "RCP000001", 1, "500", "LS-7781"),
    ("PUR000001", 20, "RCP000001", 2, "250", "LS-7781"),
    ("PUR000002", 10, "RCP000002", 1, "40", "LS-7790"),
)
RECEIPTS: Sequence[GoodsReceipt] = [
    GoodsReceipt(
        company=DEFAULT_COMPANY,
        order=order,
        position=position,
        receipt=receipt,
        receipt_line=line,
        quantity=quantity,
        packing_slip=slip,
    )
    for order, position, receipt, line, quantity, slip in _RECEIPTS
]
