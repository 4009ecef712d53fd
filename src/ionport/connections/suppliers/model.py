"""Values of suppliers that are fetched from an ERP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ionport.documents.suppliers.csv_file import Line
from ionport.documents.suppliers.model import SupplierImport

MAX_FETCHED: Final = 10_000
"""Suppliers that one fetch reads at most; of LN, whose lists have no pages, 1,000."""


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
