"""Which programs and transactions there are, and the fields of each.

Source: docs/reference/m3.md#transactions-and-fields, data/m3-fields.tsv.

The resource is made by `python -m tools.m3_catalogue`. A program's part of it is read when the
program is called for the first time: a sandbox that never speaks M3 pays nothing for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType

GENERAL = "GENERAL"

# Programs that Infor has and that answer the general transactions alone here: the vendor's probe
# calls CMS535MI, the others are those whose fields or names are in the reference data (public
# clients call them, docs/reference/m3.md#public-programs). Which transactions such a program has is
# not known in full, so that none is said to be missing.
_OTHER_PROGRAMS = frozenset(
    (
        *("APS050MI", "APS200MI", "ATS101MI", "CMS100MI", "CMS535MI", "CRS008MI", "CRS030MI"),
        *("CRS040MI", "CRS045MI", "CRS055MI", "CRS105MI", "CRS165MI", "CRS175MI", "CRS200MI"),
        *("CRS630MI", "CRS690MI", "CRS692MI", "CRS881MI", "CRS980MI", "CUSEXTMI", "ECZ001MI"),
        *("EVS002MI", "EXPORTMI", GENERAL, "GLS200MI", "GLS840MI", "MDBREADMI", "MMS005MI"),
        *("MMS010MI", "MMS015MI", "MMS025MI", "MMS040MI", "MMS060MI", "MMS100MI", "MMS235MI"),
        *("MMS310MI", "MMS850MI", "MNS095MI", "MNS100MI", "MNS150MI", "MWS410MI", "MWS411MI"),
        *("MWS420MI", "MWS423MI", "OIS017MI", "OIS100MI", "OIS320MI", "OIS350MI", "PMS050MI"),
        *("PMS070MI", "PMS100MI", "PMS270MI", "PPS040MI", "PPS106MI", "PPS170MI", "PPS280MI"),
        *("PPS320MI", "PPS330MI", "PPS370MI", "SHS010MI"),
    )
)
# Transactions that newer releases have and the reference data has no fields of
# (docs/reference/m3.md#supplier-invoices).
_OTHER_TRANSACTIONS: Mapping[str, frozenset[str]] = {
    "APS450MI": frozenset(("addheadrecode", "addlinerecode", "dltinvoice")),
}

# How a client asks which fields there are; the fields of that itself are inferred
# (docs/reference/m3.md#supplier-invoices).
_FIELDS_OUT = "MINM/A10 TRNM/A15 TRTP/A1 FLNM/A6 FLDS/A60 FRPO/N5 TOPO/N5 LENG/N5 TYPE/A1 MAND/N1"
METADATA = "MRS001MI"
_METADATA = (
    f"{METADATA}\tLstFields\tMINM/A10* TRNM/A15* TRTP/A1\t{_FIELDS_OUT}",
    f"{METADATA}\tLstTransactions\tMINM/A10* TRNM/A15\tMINM/A10 TRNM/A15 TRDS/A60",
)


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
    """One transaction with its fields by name, in M3's order."""

    program: str
    name: str
    inputs: Mapping[str, Field]
    outputs: Mapping[str, Field]

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


@cache
def _program(name: str) -> Program:
    lines = [*_lines()[GENERAL], *(_lines().get(name, ()) if name != GENERAL else ())]
    transactions = (_transaction(line) for line in lines)
    by_name = MappingProxyType({each.name.lower(): each for each in transactions})
    is_complete = name not in _OTHER_PROGRAMS and name != METADATA
    return Program(name, by_name, is_complete or name == GENERAL)


@cache
def _lines() -> Mapping[str, list[str]]:
    text = files(__package__).joinpath("catalogue.tsv").read_text(encoding="utf-8")
    by_program: dict[str, list[str]] = {}
    for line in (*_METADATA, *text.splitlines()):
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
