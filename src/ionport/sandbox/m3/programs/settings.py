"""A company's settings: divisions, facilities, warehouses, users, codes, number series.

MNS095MI, MNS100MI, MNS150MI, CRS008MI, MMS005MI, MMS010MI, CRS045MI, CRS165MI, CRS175MI and the
fields of a tenant's own at any record, CUSEXTMI (docs/reference/m3.md#public-programs); what an
invoice is entered with: VAT codes (CRS030MI), exchange rates (CRS055MI), bank accounts (CRS692MI)
and costing elements (PPS280MI).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ionport.sandbox.m3.company import Company
from ionport.sandbox.m3.errors import TransactionFailed
from ionport.sandbox.m3.model import File, Record, Session, numbered
from ionport.sandbox.m3.programs.behaviour import Behaviour
from ionport.sandbox.m3.programs.masterdata import (
    KeyField,
    MasterFile,
    add,
    change,
    delete,
    get,
    list_between,
    list_by,
    list_from,
    search,
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
VAT_CODES = MasterFile(File.VAT_CODE, "VAT code", "WVT01", (KeyField("VTCD", 2),))
RATES = MasterFile(
    File.EXCHANGE_RATE,
    "Exchange rate",
    "WRA01",
    (KeyField("CUCD"), KeyField("CRTP", 2), KeyField("CUTD")),
)
BANK_ACCOUNTS = MasterFile(
    File.BANK_ACCOUNT,
    "Bank account",
    "WBK01",
    (KeyField("BKTP", 2), KeyField("ACHO"), KeyField("BKID")),
)
COST_ELEMENTS = MasterFile(File.COST_ELEMENT, "Costing element", "WCEI1", (KeyField("CEID"),))
_VERSION: Final = "16"
_COUNTRIES: Final = "CSCD"
_CURRENCIES: Final = "CUCD"
_LOCAL_CURRENCY: Final = "EUR"


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


def _currency(company: Company, _session: Session, values: Record) -> Sequence[Record]:
    code = {"STCO": _CURRENCIES, "STKY": values["CUCD"]}
    found = GENERAL_CODES.get(company, code)
    return [{**found, "CUCD": found["STKY"], "DCCD": "2", "RAFA": "1"}]


def _valid_rates(company: Company, session: Session, values: Record) -> Sequence[Record]:
    """The rates of a type that are valid on a day, one for each currency."""
    first, last = values.get("FCUR", ""), values.get("TCUR", "")
    valid: dict[str, Record] = {}
    # In the order of their days: of each currency the last one stays.
    for rate in company.records(File.EXCHANGE_RATE):
        is_asked = rate["CUCD"] >= first and (not last or rate["CUCD"] <= last)
        is_of_type = numbered(rate["CRTP"], 2) == numbered(values["CRTP"], 2)
        if is_asked and is_of_type and rate["CUTD"] <= values["CUTD"]:
            valid[rate["CUCD"]] = rate
    return list(valid.values())[: session.limit]


def _completed_rate(_company: Company, _session: Session, values: Record) -> Record:
    local = {"LOCD": _LOCAL_CURRENCY, "FCUR": values["CUCD"], "TCUR": _LOCAL_CURRENCY}
    return {**values, **local, "RAFA": "1", "DMCU": "1"}


BEHAVIOURS: Mapping[str, Mapping[str, Behaviour]] = {
    "CRS008MI": {"Get": get(FACILITIES), "ListFacility": list_from(FACILITIES)},
    "CRS030MI": {"GetBasicData": get(VAT_CODES), "LstVat": list_from(VAT_CODES)},
    "CRS055MI": {
        "AddRate": add(RATES, _completed_rate),
        "GetBasicData": Behaviour(_currency),
        "LstRatesPerType": list_from(RATES, 2),
        "SelExchangeRate": Behaviour(_valid_rates),
    },
    "CRS692MI": {
        "AddBankAccount": add(BANK_ACCOUNTS),
        "AddBankAccount2": add(BANK_ACCOUNTS),
        "ChgBankAccount2": change(BANK_ACCOUNTS),
        "ChgBasicData": change(BANK_ACCOUNTS),
        "DelBankAccount": delete(BANK_ACCOUNTS),
        "GetBasicData": get(BANK_ACCOUNTS),
        "GetBasicData2": get(BANK_ACCOUNTS),
        "LstByAccHolder": list_from(BANK_ACCOUNTS, 2),
        "LstByID": list_by(BANK_ACCOUNTS, "BKID"),
        "LstByNumber": list_by(BANK_ACCOUNTS, "BKNO"),
        "SearchBnkAcc": search(BANK_ACCOUNTS),
    },
    "PPS280MI": {
        "AddElement": add(COST_ELEMENTS),
        "GetElement": get(COST_ELEMENTS),
        "LstElement": list_from(COST_ELEMENTS),
        "LstElementRange": list_between(COST_ELEMENTS, "FEID", "TEID"),
        "UpdElement": change(COST_ELEMENTS),
    },
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
