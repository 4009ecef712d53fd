"""Which programs and transactions there are, and the fields of each.

Source: docs/reference/m3.md#transactions-and-fields, data/m3-fields.tsv.

`catalogue.tsv` is made by `python -m tools.m3_catalogue`; `catalogue_of_clients.tsv` has what
public clients were seen to call and that data does not have
(docs/reference/m3.md#public-programs): their fields, whose types and lengths are inferred. A
program's part is read when the program is called for the first time: a sandbox that is never called
for M3 does not load it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType

GENERAL = "GENERAL"

# Programs that Infor has and that answer the general transactions alone here, or a few that public
# clients call as well: the vendor's probe calls CMS535MI, the others are those whose names are in
# public clients (docs/reference/m3.md#public-programs). Which transactions such a program has is
# not known in full, so that none is said to be missing.
_OTHER_PROGRAMS = frozenset(
    (
        *("ATS101MI", "CMS100MI", "CMS535MI", "CRS008MI", "CRS040MI", "CRS045MI", "CRS105MI"),
        *("CRS165MI", "CRS200MI", "CRS690MI", "CRS881MI", "CRS980MI", "CUSEXTMI", "ECZ001MI"),
        *("EVS002MI", GENERAL, "GLS200MI", "GLS840MI", "MDBREADMI", "MMS005MI", "MMS010MI"),
        *("MMS015MI", "MMS025MI", "MMS040MI", "MMS060MI", "MMS100MI", "MMS235MI", "MMS310MI"),
        *("MMS850MI", "MNS095MI", "MWS410MI", "MWS411MI", "MWS420MI", "OIS017MI", "OIS100MI"),
        *("OIS320MI", "OIS350MI", "PMS050MI", "PMS070MI", "PMS100MI", "PMS270MI", "PPS040MI"),
        *("PPS106MI", "PPS170MI", "PPS250MI", "PPS370MI", "SHS010MI"),
    )
)
# Transactions that newer releases have and the reference data has no fields of
# (docs/reference/m3.md#supplier-invoices).
_OTHER_TRANSACTIONS: Mapping[str, frozenset[str]] = {
    "APS450MI": frozenset(("addheadrecode", "addlinerecode", "dltinvoice")),
    "EXPORTMI": frozenset(("search",)),
}
# Why the sandbox cannot imitate a program unless it has learned its metadata.
OWN_OF_TENANT: Mapping[str, str] = dict.fromkeys(
    ("CMS100MI", "MDBREADMI"),
    "its transactions are a tenant's own; ionport sandbox learn takes yours up",
)

# How a client asks which fields there are; the fields of that itself are inferred
# (docs/reference/m3.md#supplier-invoices).
_FIELDS_OUT = "MINM/A10 TRNM/A15 TRTP/A1 FLNM/A6 FLDS/A60 FRPO/N5 TOPO/N5 LENG/N5 TYPE/A1 MAND/N1"
_TRANSACTION_OUT = "MINM/A10 TRNM/A15 TRDS/A60 STAT/A2 SIMU/A1"
METADATA = "MRS001MI"
_METADATA = (
    f"{METADATA}\tLstFields\tMINM/A10* TRNM/A15* TRTP/A1\t{_FIELDS_OUT}",
    f"{METADATA}\tLstAdtFieldInf\tMINM/A10* TRNM/A15* TRTP/A1\tFLNM/A6 TYPE/A1 LENG/N5 FLDS/A60",
    f"{METADATA}\tLstTransactions\tMINM/A10* TRNM/A15 INCG/N1\t{_TRANSACTION_OUT}",
    f"{METADATA}\tLstPrograms\tMINM/A10\tMINM/A10 OBNM/A10 MIDS/A60",
)
_RESOURCES = ("catalogue.tsv", "catalogue_of_clients.tsv")


class FieldType(StrEnum):
    """The type letters of m3api-rest v1's metadata."""

    TEXT = "A"
    NUMBER = "N"
    DATE = "D"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a transaction; `length` counts every character, sign and point too."""

    name: str
    type: FieldType
    length: int
    is_mandatory: bool


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction with its fields by name, in M3's order.

    `is_told`: it comes from a tenant's own metadata.
    """

    program: str
    name: str
    inputs: Mapping[str, Field]
    outputs: Mapping[str, Field]
    is_told: bool = False

    @property
    def is_general(self) -> bool:
        """Whether every program has it."""
        return self.program == GENERAL


@dataclass(frozen=True, slots=True)
class Program:
    """A program and its transactions by name in lower case, the general ones included.

    Attributes:
        is_complete: whether they are all that the reference data knows of.
    """

    name: str
    transactions: Mapping[str, Transaction]
    is_complete: bool

    def transaction(self, name: str) -> Transaction | None:
        """Return the transaction of that name, in any case of letters, or None."""
        return self.transactions.get(name.lower())

    def may_have(self, name: str) -> bool:
        """Tell whether the program may have a transaction at Infor that is none of these."""
        return not self.is_complete or name.lower() in _OTHER_TRANSACTIONS.get(self.name, ())


def program_named(name: str) -> Program | None:
    """Return the program of that name, in any case of letters, or None."""
    known = name.upper()
    return _program(known) if known in _OTHER_PROGRAMS or known in _lines() else None


def program_names() -> list[str]:
    """Return the names of all programs that are known, imitated or not, but for GENERAL."""
    return sorted({*_OTHER_PROGRAMS, *_lines()} - {GENERAL})


@cache
def _program(name: str) -> Program:
    lines = [*_lines()[GENERAL], *(_lines().get(name, ()) if name != GENERAL else ())]
    transactions = (_transaction(line) for line in lines)
    by_name = MappingProxyType({each.name.lower(): each for each in transactions})
    is_complete = name not in _OTHER_PROGRAMS and name != METADATA
    return Program(name, by_name, is_complete or name == GENERAL)


@cache
def _lines() -> Mapping[str, list[str]]:
    folder = files(__package__)
    texts = (folder.joinpath(name).read_text(encoding="utf-8") for name in _RESOURCES)
    by_program: dict[str, list[str]] = {}
    for line in (*_METADATA, *(line for text in texts for line in text.splitlines())):
        by_program.setdefault(line.partition("\t")[0], []).append(line)
    return by_program


def _transaction(line: str) -> Transaction:
    program, name, inputs, outputs = line.split("\t")
    return Transaction(program, name, _fields(inputs), _fields(outputs))


def _fields(text: str) -> Mapping[str, Field]:
    fields = (_field(part) for part in text.split())
    return MappingProxyType({field.name: field for field in fields})


def _field(part: str) -> Field:
    name, _slash, shape = part.partition("/")
    length = int(shape[1:].rstrip("*"))
    return Field(name, FieldType(shape[0]), length, is_mandatory=shape.endswith("*"))
