"""Values of suppliers: master data as a file or a person gives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ionport.documents.review.identity import supplier_identities_of

MAX_SUPPLIERS = 50_000
MAX_ACCOUNTS = 20
COLUMNS = ("number", "name", "vat_id", "tax_number", "gln", "ibans", "category")
"""The columns of the file, `number` and `name` filled in every line; `ibans`: several by `|`."""


@dataclass(frozen=True, slots=True)
class SupplierValues:
    """A supplier's master data. `accounts` are as they are compared (`comparable_account`).

    `category` is a word of the ERP: what a mapping may send as `supplier_category`.
    """

    number: str
    name: str
    vat_id: str
    tax_number: str
    gln: str
    accounts: tuple[str, ...]
    category: str = ""

    @property
    def identities(self) -> frozenset[str]:
        """The identities by which an invoice may name the supplier (decision record 0020)."""
        return supplier_identities_of(
            self.name, (self.number, self.vat_id, self.tax_number, self.gln)
        )

    def completed(self, other: SupplierValues) -> SupplierValues:
        """Return these values with those of the ERP where one is empty; accounts are only added.

        Nothing is replaced: accounts are known under the name and the ids as they are.
        """
        added = tuple(one for one in other.accounts if one not in self.accounts)
        return SupplierValues(
            number=self.number,
            name=self.name or other.name,
            vat_id=self.vat_id or other.vat_id,
            tax_number=self.tax_number or other.tax_number,
            gln=self.gln or other.gln,
            accounts=(*self.accounts, *added)[:MAX_ACCOUNTS],
            category=self.category or other.category,
        )


@dataclass(frozen=True, slots=True)
class Supplier:
    """A supplier of the organization."""

    id: str
    values: SupplierValues
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account that is known of a supplier: of the master data, or by an invoice, or both.

    `document_id` is the invoice that made it known, at `known_at`; None where none did.
    """

    account: str
    is_master_data: bool
    document_id: str | None = None
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SupplierChange:
    """A line of a file against what is stored; `changed` maps a column to both values."""

    line: int
    values: SupplierValues
    supplier_id: str | None
    changed: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SupplierImport:
    """The result of an import or of its dry run; `changes` are the lines that differ.

    `kept` are values that stay although the ERP has others: what is stored, and what it has.
    """

    changes: Sequence[SupplierChange]
    unchanged: int
    kept: Sequence[SupplierChange] = ()

    @property
    def added(self) -> int:
        return sum(change.supplier_id is None for change in self.changes)

    @property
    def changed(self) -> int:
        return len(self.changes) - self.added


def cells_of(values: SupplierValues) -> dict[str, str]:
    """Return a supplier as the cells of its line."""
    return {
        "number": values.number,
        "name": values.name,
        "vat_id": values.vat_id,
        "tax_number": values.tax_number,
        "gln": values.gln,
        "ibans": "|".join(values.accounts),
        "category": values.category,
    }
