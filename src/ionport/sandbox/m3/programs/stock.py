"""What lies in a warehouse (MMS060MI), and what goes from one to another (MMS100MI).

Source: docs/reference/m3.md#public-programs. Balances stay as they are: nothing that is received or
sold changes them here.
"""

from __future__ import annotations

from collections.abc import Mapping

from ionport.sandbox.m3.model import File
from ionport.sandbox.m3.programs.behaviour import Behaviour
from ionport.sandbox.m3.programs.masterdata import (
    KeyField,
    MasterFile,
    first_where,
    get,
    list_from,
    list_where,
)

_WHICH = ("WHLO", "ITNO", "WHSL", "BANO", "CAMU", "REPN")
BALANCES = MasterFile(
    File.BALANCE,
    "Balance identity",
    "WBA60",
    tuple(KeyField(name) for name in _WHICH),
)
DISTRIBUTION_ORDERS = MasterFile(
    File.DISTRIBUTION_ORDER, "Order number", "WTR01", (KeyField("TRNR"),)
)
DISTRIBUTION_LINES = MasterFile(
    File.DISTRIBUTION_LINE,
    "Order line",
    "WTR02",
    (KeyField("TRNR"), KeyField("PONR", 5), KeyField("POSX", 3)),
)

BEHAVIOURS: Mapping[str, Mapping[str, Behaviour]] = {
    "MMS060MI": {
        "Get": first_where(BALANCES, *_WHICH),
        "LstBalID": list_where(BALANCES, *_WHICH),
        "LstLot": list_where(BALANCES, "WHLO", "BANO"),
    },
    "MMS100MI": {
        "GetHead": get(DISTRIBUTION_ORDERS),
        "GetLine": get(DISTRIBUTION_LINES),
        "LstLines": list_from(DISTRIBUTION_LINES, 1, of=DISTRIBUTION_ORDERS),
    },
}
