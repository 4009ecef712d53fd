"""Values of suppliers that are fetched from an ERP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from ionport.core.i18n import _
from ionport.core.sentences import recalled, stored
from ionport.documents.suppliers.csv_file import Line
from ionport.documents.suppliers.model import SupplierChange, SupplierImport, SupplierValues

MAX_FETCHED: Final = 10_000
"""Suppliers that one fetch reads at most; of LN, whose lists have no pages, 1,000."""

SHOWN: Final = 200
"""Suppliers that are named of what changes, of what stays and of what is left out."""

SILENCE: Final = timedelta(minutes=3)
"""After so long without a sign of its process a fetch has broken off."""


class Erp(StrEnum):
    """The ERP that is asked. The value is the stage of a connection's proof, too."""

    M3 = "m3"
    LN = "ln"

    @property
    def label(self) -> str:
        return {Erp.M3: "M3", Erp.LN: "LN"}[self]


@dataclass(frozen=True, slots=True)
class FoundSuppliers:
    """What an ERP has: suppliers by their place, and those left out, each with the reason.

    `is_cut` tells that the ERP has, or may have, more than were read.
    """

    lines: Sequence[Line]
    left_out: Sequence[tuple[str, str]]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class FetchedSuppliers:
    """The result of a fetch or of its dry run."""

    result: SupplierImport
    found: FoundSuppliers


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """Which ERP is asked; `company` "" is the default one. `is_check`: nothing is stored."""

    connection_id: str
    erp: Erp
    company: str = ""
    is_check: bool = False


class FetchState(StrEnum):
    """How far a fetch in the background is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class FetchOutcome:
    """The numbers of a fetch that is done, and the first of the suppliers behind them."""

    added: int
    changed: int
    unchanged: int
    all_kept: int
    all_left_out: int
    is_cut: bool
    changes: Sequence[SupplierChange]
    kept: Sequence[SupplierChange]
    left_out: Sequence[tuple[str, str]]

    @classmethod
    def of(cls, fetched: FetchedSuppliers) -> FetchOutcome:
        """Return what is kept of a result."""
        result, found = fetched.result, fetched.found
        return cls(
            added=result.added,
            changed=result.changed,
            unchanged=result.unchanged,
            all_kept=len(result.kept),
            all_left_out=len(found.left_out),
            is_cut=found.is_cut,
            changes=result.changes[:SHOWN],
            kept=result.kept[:SHOWN],
            left_out=found.left_out[:SHOWN],
        )

    def stored(self) -> dict[str, Any]:
        """Return it as JSON keeps it."""
        numbers = ("added", "changed", "unchanged", "all_kept", "all_left_out", "is_cut")
        return {
            **{name: getattr(self, name) for name in numbers},
            "changes": [_change_row(each) for each in self.changes],
            "kept": [_change_row(each) for each in self.kept],
            "left_out": [[number, stored(reason)] for number, reason in self.left_out],
        }

    @classmethod
    def restored(cls, row: Mapping[str, Any]) -> FetchOutcome:
        """Return what `stored` gave, in the language of who reads."""
        lists = {
            "changes": [_change_of(each) for each in row["changes"]],
            "kept": [_change_of(each) for each in row["kept"]],
            "left_out": [(number, recalled(reason)) for number, reason in row["left_out"]],
        }
        return cls(**{**row, **lists})


@dataclass(frozen=True, slots=True)
class SupplierFetch:
    """A fetch in the background.

    So many `suppliers` were read; of `to_ask` of them M3 is asked for the VAT number, and was of
    `asked`. `error` says why it failed.
    """

    id: str
    organization_id: str
    connection_id: str
    erp: Erp
    company: str
    is_check: bool
    state: FetchState
    person: str
    started_at: datetime
    updated_at: datetime
    suppliers: int = 0
    asked: int = 0
    to_ask: int = 0
    error: str = ""
    outcome: FetchOutcome | None = None

    def as_seen_at(self, now: datetime) -> SupplierFetch:
        """Return it, as failed when its process has written nothing for too long."""
        if self.state is not FetchState.RUNNING or now - self.updated_at < SILENCE:
            return self
        text = _("It broke off: its process has ended. Nothing was stored.")
        return replace(self, state=FetchState.FAILED, error=text)


def _change_row(change: SupplierChange) -> dict[str, Any]:
    return {
        "line": change.line,
        "number": change.values.number,
        "name": change.values.name,
        "supplier": change.supplier_id,
        "changed": {name: list(both) for name, both in change.changed.items()},
    }


def _change_of(row: Mapping[str, Any]) -> SupplierChange:
    changed = {name: (before, after) for name, (before, after) in row["changed"].items()}
    values = SupplierValues(row["number"], row["name"], "", "", "", ())
    return SupplierChange(row["line"], values, row["supplier"], changed)
