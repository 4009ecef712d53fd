"""Which programs and transactions there are, and the fields of each (§4.1, data/m3-fields.tsv).

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

# Programs that answer the general transactions alone: the vendor's probe calls CMS535MI, and
# the others are named in the facts without their fields being imitated.
_OTHER_PROGRAMS = frozenset(
    (
        *("APS050MI", "APS200MI", "CMS535MI", "CRS030MI", "CRS055MI", "CRS175MI", "CRS630MI"),
        *("CRS692MI", "EXPORTMI", GENERAL, "GLS200MI", "MNS100MI", "MNS150MI", "MWS423MI"),
        *("PPS280MI", "PPS320MI", "PPS330MI"),
    )
)

# How a client asks which fields there are; the fields of that itself are inferred (§4.4).
_FIELDS_OUT = "MINM/A10 TRNM/A15 TRTP/A1 FLNM/A6 FLDS/A60 FRPO/N5 TOPO/N5 LENG/N5 TYPE/A1 MAND/N1"
_METADATA = (
    f"MRS001MI\tLstFields\tMINM/A10* TRNM/A15* TRTP/A1\t{_FIELDS_OUT}",
    "MRS001MI\tLstTransactions\tMINM/A10* TRNM/A15\tMINM/A10 TRNM/A15 TRDS/A60",
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
    """A program and its transactions by name in lower case, the general ones included."""

    name: str
    transactions: Mapping[str, Transaction]

    def transaction(self, name: str) -> Transaction | None:
        """Return the transaction of that name, in any case of letters, or None."""
        return self.transactions.get(name.lower())


def program_named(name: str) -> Program | None:
    """Return the program of that name, in any case of letters, or None."""
    known = name.upper()
    return _program(known) if known in _OTHER_PROGRAMS or known in _lines() else None


@cache
def _program(name: str) -> Program:
    lines = [*_lines()[GENERAL], *(_lines().get(name, ()) if name != GENERAL else ())]
    transactions = (_transaction(line) for line in lines)
    return Program(name, MappingProxyType({each.name.lower(): each for each in transactions}))


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
