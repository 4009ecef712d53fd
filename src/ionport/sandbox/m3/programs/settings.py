"""What a company is made of and set to: divisions, facilities, warehouses, users, codes, numbers.

MNS095MI, MNS100MI, MNS150MI, CRS008MI, MMS005MI, MMS010MI, CRS045MI, CRS165MI, CRS175MI and the
fields of a tenant's own at any record, CUSEXTMI (docs/reference/m3.md#public-programs).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ionport.sandbox.m3.company import Company
from ionport.sandbox.m3.errors import TransactionFailed
from ionport.sandbox.m3.model import File, Record, Session
from ionport.sandbox.m3.programs.behaviour import Behaviour
from ionport.sandbox.m3.programs.masterdata import (
    KeyField,
    MasterFile,
    add,
    change,
    delete,
    get,
    list_between,
    list_from,
)

DIVISIONS = MasterFile(File.DIVISION, "Division", "WDI01", (KeyField("DIVI"),))
FACILITIES = MasterFile(File.FACILITY, "Facility", "WFAC3", (KeyField("FACI"),))
WAREHOUSES = MasterFile(File.WAREHOUSE, "Warehouse", "WWH01", (KeyField("WHLO"),))
LOCATIONS = MasterFile(File.LOCATION, "Location", "WWS01", (KeyField("WHLO"), KeyField("WHSL")))
GENERAL_CODES = MasterFile(
    File.GENERAL_CODE, "General code", "WST01", (KeyField("STCO"), KeyField("STKY"))
)
CUSTOM_FIELDS = MasterFile(
    File.CUSTOM_FIELDS,
    "Record",
    "WPK01",
    (KeyField("FILE"), *(KeyField(f"PK0{number}") for number in range(1, 9))),
)
_VERSION: Final = "16"
_COUNTRIES: Final = "CSCD"


def _company(company: Company, _session: Session, _values: Record) -> Sequence[Record]:
    return [{"TX40": f"Company {company.number}", "MNVR": _VERSION}]


def _division(company: Company, session: Session, values: Record) -> Sequence[Record]:
    """The division that is named, or the session's."""
    return [DIVISIONS.get(company, {"DIVI": session.division, **values})]


def _user(_company: Company, session: Session, values: Record) -> Sequence[Record]:
    """The user of the call; the sandbox keeps no others."""
    wanted = values.get("USID", session.user)
    if wanted != session.user:
        raise TransactionFailed(f"User {wanted} does not exist", code="WUSI103", field="USID")
    return [_user_record(session)]


def _users(_company: Company, session: Session, values: Record) -> Sequence[Record]:
    return [_user_record(session)] if session.user >= values.get("USID", "") else []


def _user_record(session: Session) -> Record:
    return {
        "DIVI": session.division,
        "LANC": "GB",
        "DTFM": "YMD",
        "DCFM": ".",
        "TIZO": "UTC",
        "FACI": "A01",
        "WHLO": "100",
        "MNVR": _VERSION,
        "USID": session.user,
        "NAME": session.user,
        "TX40": session.user,
        "EUID": session.identity,
        "USTA": "20",
        "USTP": "1",
    }


def _next_number(company: Company, _session: Session, values: Record) -> Sequence[Record]:
    series = f"series {values['NBTY']}/{values['NBID']}"
    return [{"NBNR": str(company.next_number(series))}]


def _country(company: Company, _session: Session, values: Record) -> Sequence[Record]:
    code = {"STCO": _COUNTRIES, "STKY": values["CSCD"]}
    found = GENERAL_CODES.get(company, code)
    return [{"CSCD": found["STKY"], "TX40": found["TX40"], "IISO": found["STKY"], "ECYN": "0"}]


BEHAVIOURS: Mapping[str, Mapping[str, Behaviour]] = {
    "CRS008MI": {"Get": get(FACILITIES), "ListFacility": list_from(FACILITIES)},
    "CRS045MI": {"GetBasicData": Behaviour(_country)},
    "CRS165MI": {"RtvNextNumber": Behaviour(_next_number, changes=True)},
    "CRS175MI": {
        "GetGeneralCode": get(GENERAL_CODES),
        "LstGeneralCode": list_from(GENERAL_CODES, 1),
    },
    "CUSEXTMI": {
        "AddFieldValue": add(CUSTOM_FIELDS),
        "ChgFieldValue": change(CUSTOM_FIELDS),
        "DelFieldValue": delete(CUSTOM_FIELDS),
        "GetFieldValue": get(CUSTOM_FIELDS),
        "LstFieldValue": list_from(CUSTOM_FIELDS, 1),
    },
    "MMS005MI": {
        "GetWarehouse": get(WAREHOUSES),
        "LstWarehouses": list_between(WAREHOUSES, "FWHL", "TWHL"),
    },
    "MMS010MI": {"GetLocation": get(LOCATIONS), "ListLocations": list_from(LOCATIONS, 1)},
    "MNS095MI": {"Get": Behaviour(_company)},
    "MNS100MI": {"GetBasicData": Behaviour(_division), "LstDivisions": list_from(DIVISIONS)},
    "MNS150MI": {"GetUserData": Behaviour(_user), "LstUserData": Behaviour(_users)},
}
