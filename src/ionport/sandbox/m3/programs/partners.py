"""Customers (CRS610MI), suppliers (CRS620MI), items (MMS200MI) and their aliases (MMS025MI)."""

from __future__ import annotations

from collections.abc import Mapping

from ionport.sandbox.m3.company import Company
from ionport.sandbox.m3.model import File, Record, Session
from ionport.sandbox.m3.programs.behaviour import Behaviour
from ionport.sandbox.m3.programs.masterdata import (
    KeyField,
    MasterFile,
    add,
    below,
    change,
    delete,
    first_where,
    get,
    list_between,
    list_by,
    list_from,
    list_where,
    search,
)

CUSTOMERS = MasterFile(File.CUSTOMER, "Customer", "WCU02", (KeyField("CUNO"),))
CUSTOMER_ADDRESSES = MasterFile(
    File.CUSTOMER_ADDRESS,
    "Customer address",
    "WAD10",
    (KeyField("CUNO"), KeyField("ADRT", 2), KeyField("ADID")),
)
SUPPLIERS = MasterFile(File.SUPPLIER, "Supplier", "WSU01", (KeyField("SUNO"),))
SUPPLIER_ADDRESSES = MasterFile(
    File.SUPPLIER_ADDRESS,
    "Supplier address",
    "WAD10",
    (KeyField("SUNO"), KeyField("ADTE", 2), KeyField("ADID"), KeyField("STDT")),
)
SUPPLIER_REFERENCES = MasterFile(
    File.SUPPLIER_REFERENCE,
    "Supplier reference",
    "WRF01",
    (KeyField("SUNO"), KeyField("RFTY"), KeyField("RFID")),
)
ITEMS = MasterFile(File.ITEM, "Item", "WIT01", (KeyField("ITNO"),))
ITEM_FACILITIES = MasterFile(
    File.ITEM_FACILITY, "Item and facility", "XRE01", (KeyField("FACI"), KeyField("ITNO"))
)
ITEM_WAREHOUSES = MasterFile(
    File.ITEM_WAREHOUSE, "Item and warehouse", "XRE01", (KeyField("WHLO"), KeyField("ITNO"))
)
# Values such as EA13 of the type are an alias of the qualifier EA13
# (docs/reference/m3.md#public-programs).
ITEM_ALIASES = MasterFile(
    File.ITEM_ALIAS,
    "Alias",
    "WPO01",
    (KeyField("ITNO"), KeyField("ALWT"), KeyField("ALWQ"), KeyField("POPN"), KeyField("E0PA")),
)

_FIRST_CUSTOMER = 70001


def _new_customer(company: Company, _session: Session, values: Record) -> Record:
    """Number a customer that comes without one; the template CUTM is taken as it is."""
    number = values.get("CUNO") or str(company.next_number("CUNO", _FIRST_CUSTOMER))
    return {"STAT": "20", "CUTP": "0", **values, "CUNO": number}


def _new_supplier(_company: Company, _session: Session, values: Record) -> Record:
    return {"STAT": "20", "ALSU": values["SUNM"][:10], **values}


CUSTOMER_BEHAVIOURS: Mapping[str, Behaviour] = {
    "Add": add(CUSTOMERS, _new_customer),
    "ChgBasicData": change(CUSTOMERS),
    "ChgFinancial": change(CUSTOMERS),
    "ChgOrderInfo": change(CUSTOMERS),
    "Delete": delete(CUSTOMERS, CUSTOMER_ADDRESSES),
    "GetBasicData": get(CUSTOMERS),
    "GetFinancial": get(CUSTOMERS),
    "GetOrderInfo": get(CUSTOMERS),
    "LstByName": list_by(CUSTOMERS, "CUNM"),
    "LstByNumber": list_from(CUSTOMERS),
    "SearchCustomer": search(CUSTOMERS),
    "AddAddress": add(CUSTOMER_ADDRESSES, below(CUSTOMERS)),
    "ChgAddress": change(CUSTOMER_ADDRESSES),
    "DeleteAddress": delete(CUSTOMER_ADDRESSES),
    "GetAddress": get(CUSTOMER_ADDRESSES),
    "LstAddresses": list_from(CUSTOMER_ADDRESSES, 1, of=CUSTOMERS),
}

SUPPLIER_BEHAVIOURS: Mapping[str, Behaviour] = {
    "AddSupplier": add(SUPPLIERS, _new_supplier),
    "UpdSupplier": change(SUPPLIERS),
    "DelSupplier": delete(SUPPLIERS, SUPPLIER_ADDRESSES, SUPPLIER_REFERENCES),
    "GetBasicData": get(SUPPLIERS),
    "LstByName": list_by(SUPPLIERS, "SUNM"),
    "LstByNumber": list_from(SUPPLIERS),
    "LstSuppliers": list_between(SUPPLIERS, "FRSU", "TOSU"),
    "SearchSupplier": search(SUPPLIERS),
    "AddAddress": add(SUPPLIER_ADDRESSES, below(SUPPLIERS)),
    "UpdAddress": change(SUPPLIER_ADDRESSES),
    "DelAddress": delete(SUPPLIER_ADDRESSES),
    "GetAddress": get(SUPPLIER_ADDRESSES),
    "LstAddresses": list_from(SUPPLIER_ADDRESSES, 1, of=SUPPLIERS),
    "AddSupplierRef": add(SUPPLIER_REFERENCES, below(SUPPLIERS)),
    "UpdSupplierRef": change(SUPPLIER_REFERENCES),
    "DelSupplierRef": delete(SUPPLIER_REFERENCES),
    "GetSupplierRef": get(SUPPLIER_REFERENCES),
    "LstSupplierRef": list_from(SUPPLIER_REFERENCES, 1, of=SUPPLIERS),
}


ALIAS_BEHAVIOURS: Mapping[str, Behaviour] = {
    "AddAlias": add(ITEM_ALIASES, below(ITEMS)),
    "DltAlias": delete(ITEM_ALIASES),
    "GetAlias": first_where(ITEM_ALIASES, "ITNO", "ALWT", "ALWQ"),
    "GetItem": first_where(ITEM_ALIASES, "POPN", "ALWT", "ALWQ", "E0PA"),
    "LstAlias": list_where(ITEM_ALIASES, "ITNO", "ALWT"),
    "LstAliasViaCat": list_where(ITEM_ALIASES, "ALWT", "ALWQ"),
    "LstItem": list_where(ITEM_ALIASES, "POPN", "ALWT"),
}

ITEM_BEHAVIOURS: Mapping[str, Behaviour] = {
    "AddItmBasic": add(ITEMS),
    "UpdItmBasic": change(ITEMS),
    "DltItm": delete(ITEMS),
    "Get": get(ITEMS),
    "GetItmBasic": get(ITEMS),
    "LstItmByItm": list_from(ITEMS),
    "SearchItem": search(ITEMS),
    "AddItmFac": add(ITEM_FACILITIES, below(ITEMS)),
    "UpdItmFac": change(ITEM_FACILITIES),
    "DltItmFac": delete(ITEM_FACILITIES),
    "GetItmFac": get(ITEM_FACILITIES),
    "LstItmFac": list_from(ITEM_FACILITIES, 1),
    "AddItmWhs": add(ITEM_WAREHOUSES, below(ITEMS)),
    "UpdItmWhs": change(ITEM_WAREHOUSES),
    "DltItmWhs": delete(ITEM_WAREHOUSES),
    "GetItmWhsBasic": get(ITEM_WAREHOUSES),
    "LstItmWhsByWhs": list_from(ITEM_WAREHOUSES, 1),
}

_UNITS = MasterFile(
    File.ITEM_UNIT,
    "Alternative unit",
    "WUM01",
    (KeyField("ITNO"), KeyField("AUTP", 1), KeyField("ALUN")),
)
_ITEM_SUPPLIERS = MasterFile(
    File.ITEM_SUPPLIER, "Item supplier", "WIS01", (KeyField("ITNO"), KeyField("SUNO"))
)
_LOTS = MasterFile(File.ITEM_LOT, "Lot", "WBA01", (KeyField("ITNO"), KeyField("BANO")))


def _lot(company: Company, _session: Session, values: Record) -> Record:
    """A lot of an item that there is."""
    ITEMS.get(company, values)
    return {"STAS": "1", **values}


# Of an item: MMS015MI, PPS040MI and MMS235MI (docs/reference/m3.md#public-programs).
OF_ITEMS: Mapping[str, Mapping[str, Behaviour]] = {
    "MMS015MI": {"Get": get(_UNITS), "Lst": list_from(_UNITS, 1)},
    "MMS235MI": {
        "AddItmLot": add(_LOTS, _lot),
        "GetItmLot": get(_LOTS),
        "UpdItmLot": change(_LOTS),
    },
    "PPS040MI": {"GetItemSupplier": get(_ITEM_SUPPLIERS)},
}
