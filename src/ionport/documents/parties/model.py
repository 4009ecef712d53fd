"""Identifiers of the buyer and payment accounts of an invoice that no field holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ionport.core.ids import key_text
from ionport.documents.invoice.model import Invoice
from ionport.documents.invoice.tree import Node

GLN = "0088"
"""The scheme of Global Location Numbers (ISO/IEC 6523)."""


@dataclass(frozen=True, slots=True)
class Parties:
    """`buyer_ids`: every identifier of the buyer, GLN of its address among them.

    `accounts`: the accounts to pay to (BT-84) as they are compared, in the invoice's order.
    """

    buyer_ids: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()


NO_PARTIES = Parties()


def parties_of(invoice: Invoice) -> Parties:
    """Return the buyer's identifiers and the accounts of an invoice."""
    tree = invoice.tree
    ids = [node.text for term in ("BT-46", "BT-47", "BT-48", "OWN-1") for node in tree.all(term)]
    accounts = [
        comparable_account(account.text, transfer.value("BT-86"))
        for transfer in tree.all("BG-17")
        for account in transfer.all("BT-84")
    ]
    return Parties(buyer_ids=_distinct([*ids, *glns(tree, "BT-49")]), accounts=_distinct(accounts))


def glns(tree: Node, term: str) -> list[str]:
    """Return the electronic addresses (BT-34, BT-49) that are a GLN."""
    return [node.text for node in tree.all(term) if node.value(f"{term}-1") == GLN]


def comparable_account(account: str, bank: str = "") -> str:
    """Return an account as it is compared; one that is no IBAN is told apart by its bank (BIC)."""
    number, of = (_plain(text) for text in (account, bank))
    if not number or number[:2].isalpha() or not of:
        return key_text(number)
    return key_text(f"{number}/{of}")


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, text.upper()))


def _distinct(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, texts)))
