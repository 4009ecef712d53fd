"""The input fields of `APS450MI` for a supplier invoice: of its head and of its lines.

Source: docs/reference/m3.md#supplier-invoices. A tenant's own release may have more fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

PROGRAM = "APS450MI"
ADD_HEAD, ADD_LINE = "AddHead", "AddLine"
BATCH_NUMBER = "INBN"
"""The answer to AddHead, needed by each AddLine: no mapping gives it."""

# `NAME/TYPE LENGTH`, `*` when M3 demands it; D is a date in ten characters.
_HEAD = """
SUNO/A10* IVDT/D10* DIVI/A3 IBTP/A2 SINO/A24 SPYN/A10 CUCD/A3 ARAT/N13 TEPY/A3 PYME/A3 TDCD/A4
CUAM/N17 VTAM/N17 ACDT/D10 APCD/A10 IMCD/A1 SERS/N2 DUDT/D10 FECN/A10 CRTP/N2 FTCO/A3 BSCD/A3
PUNO/A10 PUDT/D10 TECD/A3 CDT1/D10 CDP1/N6 CDC1/N17 CDT2/D10 CDP2/N6 CDC2/N17 CDT3/D10 CDP3/N6
CDC3/N17 TTXA/N17 TASD/N17 PRPA/N17 VRNO/A16 TXAP/N1 DNCO/A3 SDAP/A3 DNRE/A8 PYAD/A3 SDA1/A60
SDA2/A60 SDA3/A60 EALP/A17 EALR/A17 EALS/A17 DEDA/D10 GPDF/N1 BKID/A5 GEOC/N9 TXIN/N1 DNOI/A24
OYEA/N4 PPYR/A45 PPYN/A15 YEA4/N4 PVLD/N1 VONO/N8 CORI/A36 ECAR/A2 FRSC/A10 CRRR/A24 CRYE/N4
CTTP/N2 PAIN/A60 EXRP/N1 FAGN/A10 EORN/A30
"""
_LINE = """
INBN/N10* RDTP/N2* DIVI/A3 SERS/N2 NLAM/N17 VTA1/N17 VTA2/N17 VTCD/N2 PUNO/A10 PNLI/N3 PNLS/N3
IVQA/N17 PUUN/A3 GRPR/N19 PPUN/A3 NEPR/N19 PUCD/N5 GLAM/N17 DIPC/N7 DIAM/N17 IVCW/N17 ITNO/A15
POPN/A30 SBAN/A10 CDSE/N4 CEID/A6 REPN/N10 RELP/N1 SUDO/A20 DNDT/D10 CLAN/A10 CLLN/N3 TRNO/N7
VTP1/N7 VTP2/N7 CHGT/A30 PVLD/N1 AO01/A20 AO02/A10 AO03/A10 AO04/A10 AO05/A10 AO06/A10 AO07/A10
FTCO/A3 ECAR/A2 VRNO/A16
"""


class M3Type(StrEnum):
    """What a value may be."""

    TEXT = "A"
    NUMBER = "N"
    DATE = "D"


@dataclass(frozen=True, slots=True)
class M3Field:
    """One input field; `length` counts every character of the value, sign and point too."""

    name: str
    type: M3Type
    length: int
    is_mandatory: bool


def _fields(text: str) -> dict[str, M3Field]:
    fields = {}
    for part in text.split():
        name, _slash, shape = part.partition("/")
        length = int(shape[1:].rstrip("*"))
        fields[name] = M3Field(name, M3Type(shape[0]), length, shape.endswith("*"))
    return fields


M3_FIELDS: Mapping[str, Mapping[str, M3Field]] = {
    ADD_HEAD: _fields(_HEAD),
    ADD_LINE: _fields(_LINE),
}
"""The input fields by transaction and name, in M3's order."""


def m3_length(value: str) -> int:
    """Return how long M3 counts `value`: in units of UTF-16, without blanks at the end.

    M3 is a Java program, so a sign beyond the basic plane counts twice (*inferred*).
    """
    value = value.rstrip()
    return len(value) if value.isascii() else len(value.encode("utf-16-le", "surrogatepass")) // 2
