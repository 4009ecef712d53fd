"""Trees of invoices that no rule holds, to be changed by a test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ionport.documents.invoice.model import Invoice, Kind
from ionport.documents.invoice.table import Syntax, terms
from ionport.documents.invoice.tree import ROOT, Node

EN = "urn:cen.eu:en16931:2017"
XRECHNUNG = EN + "#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0"
XRECHNUNG_EXTENSION = EN + (
    "#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0"
    "#conformant#urn:xeinkauf.de:kosit:extension:xrechnung_3.0"
)
PEPPOL = EN + "#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
EXTENDED = EN + "#conformant#urn:factur-x.eu:1p0:extended"

Branch = Mapping[str, Any]


def tree(branch: Branch, term: str = ROOT) -> Node:
    """Make a node: a key is a term, a value its text, its branch, or a list of either.

    The key ``"="`` is the text of a node that has children too.
    """
    children = [
        child for key, value in branch.items() if key != "=" for child in _nodes(key, value)
    ]
    return Node(term, branch.get("=", ""), currency=_currency(term), children=children)


def _nodes(term: str, value: Any) -> Sequence[Node]:
    if isinstance(value, list):
        return [node for each in value for node in _nodes(term, each)]
    if isinstance(value, Mapping):
        return [tree(value, term)]
    return [Node(term, value, currency=_currency(term))]


def _currency(term: str) -> str:
    row = terms().get(term)
    if term == "BT-111":
        return "PLN"
    return "EUR" if row is not None and row.type in ("Amount", "Unit price") else ""


def line(number: str, category: str = "S", rate: str = "19", net: str = "100.00") -> dict[str, Any]:
    """Return a line of ten pieces for `net`."""
    return {
        "BT-126": number,
        "BT-129": {"=": "10", "BT-130": "C62"},
        "BT-131": net,
        "BG-29": {"BT-146": "10.00"},
        "BG-30": {"BT-151": category, "BT-152": rate},
        "BG-31": {"BT-153": "Bolt"},
    }


def branches(profile: str = EN) -> dict[str, Any]:
    """Return an invoice of one line, 100.00 and 19 % VAT, that no rule of any profile notices."""
    return {
        "BT-1": "T-1",
        "BT-2": "2026-03-02",
        "BT-3": "380",
        "BT-5": "EUR",
        "BT-9": "2026-03-30",
        "BT-10": "04011000-12345-34",
        "BG-2": {"BT-23": "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0", "BT-24": profile},
        "BG-4": {
            "BT-27": "Seller GmbH",
            "BT-28": "Seller",
            "BT-31": "DE123456789",
            "BT-34": {"=": "seller@example.com", "BT-34-1": "EM"},
            "BG-5": {"BT-37": "Berlin", "BT-38": "10115", "BT-40": "DE"},
            "BG-6": {"BT-41": "Desk", "BT-42": "030 123", "BT-43": "desk@example.com"},
        },
        "BG-7": {
            "BT-44": "Buyer AG",
            "BT-48": "DE987654321",
            "BT-49": {"=": "buyer@example.com", "BT-49-1": "EM"},
            "BG-8": {"BT-52": "Bonn", "BT-53": "53111", "BT-55": "DE"},
        },
        "BG-16": {"BT-81": "58", "BG-17": {"BT-84": "DE02120300000000202051"}},
        "BG-22": {
            "BT-106": "100.00",
            "BT-109": "100.00",
            "BT-110": "19.00",
            "BT-112": "119.00",
            "BT-115": "119.00",
        },
        "BG-23": {"BT-116": "100.00", "BT-117": "19.00", "BT-118": "S", "BT-119": "19"},
        "BG-25": [line("1")],
    }


def category_branches(category: str, rate: str) -> dict[str, Any]:
    """Return an invoice that has one VAT category, and nothing that it demands is missing."""
    made = branches()
    tax = "0.00" if rate in ("0", "") else "19.00"
    row = {"BT-116": "100.00", "BT-117": tax, "BT-118": category, "BT-119": rate}
    if category in ("E", "AE", "K", "G", "O"):
        row["BT-120"] = "a reason"
    gross = "100.00" if tax == "0.00" else "119.00"
    made["BG-23"] = row
    made["BG-22"] |= {"BT-110": tax, "BT-112": gross, "BT-115": gross}
    made["BG-25"] = [line("1", category, rate)]
    made["BG-13"] = {"BT-72": "2026-03-01", "BG-15": {"BT-80": "FR"}}
    if category == "O":
        made["BG-4"] |= {"BT-31": "", "BT-30": "HRB 1"}
        made["BG-7"] |= {"BT-48": ""}
    return made


def invoice(branch: Branch, syntax: Syntax = Syntax.UBL, kind: Kind = Kind.INVOICE) -> Invoice:
    """Return the invoice of a branch; its profile is the branch's BT-24."""
    made = tree(branch)
    return Invoice(syntax=syntax, kind=kind, profile=made.value("BT-24"), tree=made)
