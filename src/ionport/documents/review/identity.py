"""When two documents are the same invoice, or nearly: the rule, without a database.

Numbers are equal after NFKC and case folding, without white space, format signs and leading
zeros; the year of the issue date is equal or one is missing; the kind is equal; and any identity
of the supplier is equal. So a second copy is recognised whatever differs in its bytes, and a
credit note or another year's invoice with the same number is not taken for one.

Nearly the same are invoices of one supplier, kind, total and currency, issued at most a week apart
(or one on an unknown day), whose numbers differ in nothing but their punctuation, zeros in front of
a group of digits, or two neighbouring digits that changed places. Numbers that count on (rent,
tolls) differ in another digit; two of a long row may be transposed, which only notes therefore
(docs/decisions/0063-nearly-the-same-invoice.md).

An order is confirmed again when something of it changes, under the same number: two confirmations
are the same when their dates are equal too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import blake2b
from itertools import accumulate

from ionport.core.ids import key_text
from ionport.documents.invoice.model import Kind

SIMILAR_NUMBER = "similar_number"
TRANSPOSED_NUMBER = "transposed_number"

_MOST_APART = timedelta(days=7)
_KEY_BYTES = 16
_SEPARATORS = re.compile(r"[\W_]+")
_LEADING_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")


@dataclass(frozen=True, slots=True)
class InvoiceIdentity:
    """The identity of an invoice. `kind` is a `Kind`'s value; `year` 0 = unknown.

    `likeness` and `day` are no part of it: by them nearly equal ones are found (`near`).
    """

    kind: str
    number: str
    year: int
    suppliers: frozenset[str]
    likeness: str = field(default="", compare=False)
    day: date | None = field(default=None, compare=False)

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
        number=key_text(plain),
        year=issue_date.year if issue_date else 0,
        suppliers=supplier_identities_of(supplier_name, supplier_ids),
    )


def supplier_identities_of(name: str, ids: Iterable[str]) -> frozenset[str]:
    """Return the identities of a supplier: its identifiers and its name."""
    suppliers = {f"id:{key_text(plain)}" for one in ids if (plain := letters_and_digits(one))}
    if plain_name := letters_and_digits(name):
        suppliers.add(f"name:{key_text(plain_name)}")
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


def likeness(number: str, total: str, currency: str) -> str:
    """Return what near invoices have in common, ``""`` for one that is near no other.

    The letters and digits of the number without zeros and order, with total and currency: equal
    keys are found by an index and compared by `near`. A total of nothing tells nothing.
    """
    signs = "".join(sorted(letters_and_digits(number).replace("0", "")))
    if not signs or not total.strip("-0."):
        return ""
    key = "\n".join((currency, total, signs))
    return blake2b(key.encode(), digest_size=_KEY_BYTES).hexdigest()


def near(one: InvoiceIdentity, other: InvoiceIdentity) -> str:
    """Return the code of what makes `one` nearly `other`; ``""`` where it is not, or the same."""
    is_alike = (one.kind, one.likeness) == (other.kind, other.likeness) and one.likeness
    if not is_alike or one.suppliers.isdisjoint(other.suppliers) or one.is_same_invoice(other):
        return ""
    if one.day and other.day and abs(one.day - other.day) > _MOST_APART:
        return ""
    if _is_similar(one.number, other.number):
        return SIMILAR_NUMBER
    if _is_transposed(letters_and_digits(one.number), letters_and_digits(other.number)):
        return TRANSPOSED_NUMBER
    return ""


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    # Folding can undo the normal form: once more after it (Unicode, chapter 3.13).
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _is_blank(sign: str) -> bool:
    return sign.isspace() or unicodedata.category(sign) in ("Cf", "Cc")


def _is_similar(one: str, other: str) -> bool:
    """Tell whether numbers are equal without punctuation, as they are or without leading zeros.

    1-11 and 11-1 are not: each is divided where the other is not.
    """
    pairs = ((one, other), (_LEADING_ZEROS.sub("", one), _LEADING_ZEROS.sub("", other)))
    for this, that in pairs:
        (text, cuts), (other_text, other_cuts) = _divided(this), _divided(that)
        if text == other_text and (cuts <= other_cuts or other_cuts <= cuts):
            return True
    return False


def _divided(number: str) -> tuple[str, set[int]]:
    """Return a number without punctuation, and where it was."""
    parts = [part for part in _SEPARATORS.split(number) if part]
    return "".join(parts), set(accumulate(len(part) for part in parts[:-1]))


def _is_transposed(one: str, other: str) -> bool:
    """Tell whether two neighbouring digits changed places, and nothing else differs."""
    if len(one) != len(other):
        return False
    differing = [at for at, pair in enumerate(zip(one, other, strict=True)) if len(set(pair)) > 1]
    if len(differing) != 2 or differing[1] != differing[0] + 1:
        return False
    first = differing[0]
    pair = one[first : first + 2]
    return pair.isdigit() and pair == other[first : first + 2][::-1]
