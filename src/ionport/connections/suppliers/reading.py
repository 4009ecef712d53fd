"""Reads suppliers from M3 and LN by the client library, and checks them as lines of a file.

Source: docs/reference/m3.md#suppliers, docs/reference/ln.md#soap.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from ionport.connections.suppliers.model import MAX_FETCHED, Erp, FoundSuppliers
from ionport.core.errors import Unavailable
from ionport.core.i18n import _
from ionport.core.sentences import told
from ionport.documents.suppliers.csv_file import Line, supplier_of
from ionport.ionapi.client import IonApiClient
from ionport.ionapi.errors import M3Error
from ionport.ionapi.ln import MAX_LISTED
from ionport.ionapi.m3 import M3Request, chunks

_SECONDS: Final = 120
_PROGRAM: Final = "CRS620MI"
_AT_A_TIME: Final = 1_000
_LN_SERVICE: Final = "BusinessPartner_v3"

Cells = dict[str, str]


Progress = Callable[[int, int, int], None]
"""Is told, after each call, how many suppliers were read, and of how many of how many M3 was asked
for the VAT number; what it raises ends the fetch."""


class _Reading:
    """What was read so far, within the time that a fetch may take."""

    def __init__(self, progress: Progress) -> None:
        self._ends_at = time.monotonic() + _SECONDS
        self._progress = progress
        self.rows: dict[str, Cells] = {}
        self.left_out: list[tuple[str, str]] = []
        self.is_cut = False

    def tell(self, asked: int = 0, to_ask: int = 0) -> None:
        """Tell the progress."""
        self._progress(len(self.rows), asked, to_ask)

    def check_time(self) -> None:
        """Raise Unavailable once the time is over."""
        if time.monotonic() > self._ends_at:
            raise Unavailable(
                _("Infor took longer than {n} seconds. Nothing was stored.").format(n=_SECONDS)
            )

    def add(self, row: Cells) -> bool:
        """Keep a supplier; False for one that was read before."""
        if row["number"] in self.rows:
            return False
        if len(self.rows) == MAX_FETCHED:
            self.is_cut = True
            return False
        self.rows[row["number"]] = row
        return True


def read_suppliers_of(
    client: IonApiClient, erp: Erp, company: str, progress: Progress = lambda *_numbers: None
) -> FoundSuppliers:
    """Return the suppliers of the ERP behind a connection; `company` "" asks for the default one.

    Raises IonApiError, and Unavailable when it takes longer than two minutes.
    """
    reading = _Reading(progress)
    _READERS[erp](client, company, reading)
    lines: list[Line] = []
    for place, row in enumerate(reading.rows.values(), start=1):
        mistakes: list[str] = []
        values = supplier_of(row, mistakes)
        if mistakes:
            reading.left_out.append((row["number"], "; ".join(mistakes)))
        else:
            lines.append((place, values))
    return FoundSuppliers(lines, reading.left_out, reading.is_cut)


def _read_m3(client: IonApiClient, company: str, reading: _Reading) -> None:
    """List the suppliers by pages, then ask for the VAT numbers, which the list need not have."""
    after = ""
    while not reading.is_cut:
        reading.check_time()
        listed = client.m3.execute(
            _PROGRAM,
            "LstSuppliers",
            {"FRSU": after} if after else {},
            company=company,
            max_records=_AT_A_TIME,
        ).records
        new = [each for each in listed if reading.add(_m3_cells(each))]
        reading.tell()
        # A page begins with the last supplier of the page before.
        if not new or len(listed) < _AT_A_TIME:
            break
        after = new[-1].get("SUNO", "")
    unknown = [number for number, row in reading.rows.items() if number and not row["vat_id"]]
    requests = [M3Request("GetBasicData", {"SUNO": number}) for number in unknown]
    asked = 0
    for part in chunks(requests):
        reading.check_time()
        for request, result in zip(
            part, client.m3.bulk(_PROGRAM, part, company=company), strict=True
        ):
            number = request.record["SUNO"]
            if result.ok:
                reading.rows[number]["vat_id"] = _plain(result.first("VRNO"))
            else:
                del reading.rows[number]
                reading.left_out.append((number, _refusal(result.error)))
        asked += len(part)
        reading.tell(asked, len(requests))


def _refusal(error: M3Error | None) -> str:
    return told(error.message) if error else _("M3 did not answer for it")


def _m3_cells(record: Mapping[str, str]) -> Cells:
    return {
        "number": _plain(record.get("SUNO", "")),
        "name": _plain(record.get("SUNM", "")),
        "vat_id": _plain(record.get("VRNO", "")),
    }


def _read_ln(client: IonApiClient, company: str, reading: _Reading) -> None:
    partners = client.ln.list(
        _LN_SERVICE,
        {"businessPartnerRole": "supplier"},
        company=company,
        limit=MAX_LISTED,
    )
    for partner in partners:
        code, name = partner.value("businessPartnerCode"), partner.value("name")
        reading.add({"number": _plain(code), "name": _plain(name)})
    # LN tells of no page that follows.
    reading.is_cut = len(partners) >= MAX_LISTED


def _plain(text: str) -> str:
    return " ".join(text.split())


_READERS: Final[Mapping[Erp, Callable[[IonApiClient, str, _Reading], None]]] = {
    Erp.M3: _read_m3,
    Erp.LN: _read_ln,
}
