"""Sales prices: OIS017MI keeps price lists and their prices, OIS320MI tells what a line costs.

Source: docs/reference/m3.md#public-programs. Which price counts is inferred: the customer's own
before everybody's, and the one that is valid last; without one the price of the item.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ionport.sandbox.m3.company import Company
from ionport.sandbox.m3.errors import TransactionFailed
from ionport.sandbox.m3.model import File, Record, Session
from ionport.sandbox.m3.programs.behaviour import Behaviour
from ionport.sandbox.m3.programs.masterdata import KeyField, MasterFile, add, get, list_where
from ionport.sandbox.m3.programs.orders import number, plain
from ionport.sandbox.m3.programs.partners import CUSTOMERS, ITEMS

_LIST = (KeyField("PRRF"), KeyField("CUCD"), KeyField("CUNO"), KeyField("FVDT"))
PRICE_LISTS = MasterFile(File.PRICE_LIST, "Price list", "WPR20", _LIST)
BASE_PRICES = MasterFile(File.BASE_PRICE, "Sales price", "WSP01", (*_LIST, KeyField("ITNO")))


def sales_price(company: Company, customer: Record, item: Record, day: str) -> Record:
    """Return the base price of an item for a customer on a day, or SAPR alone, the item's own."""
    valid = [
        price
        for price in company.records(File.BASE_PRICE)
        if price["ITNO"] == item["ITNO"]
        and price["CUCD"] == customer.get("CUCD", "")
        and price.get("CUNO", "") in ("", customer["CUNO"])
        and price["FVDT"] <= day <= price.get("LVDT", day)
    ]
    if not valid:
        return {"SAPR": item.get("SAPR", item.get("PUPR", "0"))}
    return max(valid, key=lambda price: (price.get("CUNO", ""), price["FVDT"]))


def _priced(company: Company, _session: Session, values: Record) -> Record:
    """A price of an item and a price list that there are; it is valid as long as its list."""
    ITEMS.get(company, values)
    of_list = PRICE_LISTS.get(company, values)
    return {"SACD": "1", "LVDT": of_list["LVDT"], "TX15": of_list.get("TX15", ""), **values}


def _named(company: Company, _session: Session, values: Record) -> Record:
    if "CUNO" in values:
        CUSTOMERS.get(company, values)
    if values["LVDT"] < values["FVDT"]:
        raise TransactionFailed(
            f"Last day {values['LVDT']} is before the first day {values['FVDT']}", field="LVDT"
        )
    return {"TX15": values["TX40"][:15], **values}


def _price_line(company: Company, session: Session, values: Record) -> Sequence[Record]:
    customer, item = CUSTOMERS.get(company, values), ITEMS.get(company, values)
    day, quantity = values.get("ORDT", session.today), values.get("ORQA", "1")
    price = sales_price(company, customer, item, day)
    amount = number({"ORQA": quantity}, "ORQA") * number(price, "SAPR")
    line = {"WHLO": values.get("WHLO", "100"), "ORDT": day, "ORQA": quantity, "LNAM": plain(amount)}
    return [{**price, **line, "CUCD": customer.get("CUCD", "")}]


BEHAVIOURS: Mapping[str, Mapping[str, Behaviour]] = {
    "OIS017MI": {
        "AddBasePrice": add(BASE_PRICES, _priced),
        "AddPriceList": add(PRICE_LISTS, _named),
        "GetBasePrice": get(BASE_PRICES),
        "LstPriceList": list_where(PRICE_LISTS, "PRRF", "CUCD", "CUNO", "FVDT"),
    },
    "OIS320MI": {"GetPriceLine": Behaviour(_price_line)},
}
