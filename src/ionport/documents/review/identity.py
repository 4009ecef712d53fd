"""When two documents are the same invoice: the rule, without a database.

Numbers are equal after NFKC and case folding, without white space, format signs and leading
zeros; the year of the issue date is equal or one is missing; the kind is equal; and any identity
of the supplier is equal. So a second copy is recognised whatever differs in its bytes, and a
credit note or another year's invoice with the same number is not taken for one.

An order is confirmed again when something of it changes, under the same number: two confirmations
are the same when their dates are equal too.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from ionport.documents.invoice.model import Kind


@dataclass(frozen=True, slots=True)
class InvoiceIdentity:
    """The identity of an invoice. `kind` is a `Kind`'s value; `year` 0 = unknown."""

    kind: str
    number: str
    year: int
    suppliers: frozenset[str]

    def is_same_invoice(self, other: InvoiceIdentity) -> bool:
        """Tell whether both are the same invoice by the rule above."""
        return (
            (self.kind, self.number) == (other.kind, other.number)
            and (self.year == other.year or 0 in (self.year, other.year))
            and not self.suppliers.isdisjoint(other.suppliers)
        )


def invoice_identity(
    kind: Kind,
    *,
    number: str,
    issue_date: date | None,
    supplier_name: str,
    supplier_ids: Iterable[str],
) -> InvoiceIdentity:
    """Return the identity. `supplier_ids`: VAT id, tax and registration id, GLN, supplier number.

    They are compared with each other: one sender writes as VAT id what another writes as tax id.
    """
    plain = comparable_number(number)
    if kind is Kind.ORDER_CONFIRMATION and plain and issue_date:
        plain = f"{plain} {issue_date.isoformat()}"
    return InvoiceIdentity(
        kind=kind.value,
        number=plain,
        year=issue_date.year if issue_date else 0,
        suppliers=supplier_identities_of(supplier_name, supplier_ids),
    )


def supplier_identities_of(name: str, ids: Iterable[str]) -> frozenset[str]:
    """Return the identities of a supplier: its identifiers and its name."""
    suppliers = {f"id:{plain}" for one in ids if (plain := letters_and_digits(one))}
    if plain_name := letters_and_digits(name):
        suppliers.add(f"name:{plain_name}")
    return frozenset(suppliers)


def comparable_number(number: str) -> str:
    """Return an invoice's number as it is compared; a number of zeros alone keeps one."""
    folded = _folded(number)
    if folded.isascii() and folded.isprintable():
        kept = folded.replace(" ", "")
    else:
        kept = "".join(sign for sign in folded if not _is_blank(sign))
    return kept.lstrip("0") or kept[-1:]


def letters_and_digits(text: str) -> str:
    """Return an id or a name as it is compared: NFKC and case folded, letters and digits alone."""
    folded = _folded(text)
    return folded if folded.isalnum() else "".join(filter(str.isalnum, folded))


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    # Folding can undo the normal form: once more after it (Unicode, chapter 3.13).
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _is_blank(sign: str) -> bool:
    return sign.isspace() or unicodedata.category(sign) in ("Cf", "Cc")
