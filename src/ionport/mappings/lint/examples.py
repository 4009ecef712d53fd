"""Values of the vendor's published files that fit no one who downloads them.

Source: docs/reference/mapping-files.md#values-of-published-files.

A company of two hundred or a division AAA is common, so such a value is reported only in a file
that also has a value which no other file has by chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ionport.mappings.grammars.properties import Properties, Property
from ionport.mappings.lint.common import found
from ionport.mappings.lint.sections import PlaceOf
from ionport.mappings.model import Finding, MappingKind
from ionport.mappings.rendering.erp import ErpMapping


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant of a mapping file: what it is sent as, and where it stands."""

    target: str
    value: str
    key: str
    at: Property | int | None


@dataclass(frozen=True, slots=True)
class _Example:
    """What one published file sends: `sure` values are the example's, and then `others` too."""

    sure: Mapping[str, str]
    others: Mapping[str, str]


_M3 = (
    _Example({"DIVI": "RFP"}, {"CONO": "001"}),
    _Example({"DIVI": "PJA"}, {}),
    _Example({"CONO": "780"}, {"DIVI": "AAA"}),
)
_LN = (_Example({"FinancialCompany": "0200"}, {"LogisticCompany": "200", "TargetCompany": "200"}),)
_BOD = (
    _Example({"AccountingEntityID": "001_RFP"}, {}),
    _Example(
        {"LocationID": "D_TST100", "WarehouseLocation": "W_RM", "LastModificationPerson": "100138"},
        {"AccountingEntityID": "3110"},
    ),
)
_IDM = (_Example({"M3_Division": "VVB"}, {"M3_Company": "921"}),)
_EXAMPLES: Mapping[MappingKind, Sequence[_Example]] = {
    MappingKind.M3: _M3,
    MappingKind.TOML: _M3,
    MappingKind.LN: _LN,
    MappingKind.BOD: _BOD,
    MappingKind.IDM: _IDM,
}


def check_examples(kind: MappingKind, constants: Iterable[Constant]) -> Iterator[Finding]:
    """Report constants that still have the value of a published file, each in its line."""
    given = tuple(constants)
    pairs = {(one.target, one.value) for one in given}
    told = set[tuple[str, str]]()
    for example in _EXAMPLES[kind]:
        if pairs & example.sure.items():
            told |= example.sure.items() | example.others.items()
    for one in given:
        if (one.target, one.value) in told:
            # By its name an acceptance is of this value, and not of the next one in the line.
            yield found("example_value", one.at, one.key, name=one.value)


def sent_constants(mapping: ErpMapping, place_of: PlaceOf) -> Iterator[Constant]:
    """Yield the constants of a file for M3 or LN."""
    for section in mapping.sections.values():
        for target, cells in section.cells.items():
            for cell in cells:
                if cell.constant:
                    yield Constant(target, cell.constant, cell.key, place_of(cell))


def constants_of(properties: Properties, prefix: str) -> Iterator[Constant]:
    """Yield the constants of a BOD or IDM file: the lines with a prefix."""
    for line in properties:
        if line.key.startswith(prefix):
            yield Constant(line.key.removeprefix(prefix), line.value, line.key, line)
