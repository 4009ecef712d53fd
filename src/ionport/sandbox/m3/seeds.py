"""What a company has from the start: a few made-up partners, items, orders and a delivery."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache

from ionport.sandbox.m3.model import File, Key, Record, numbered

_CUSTOMERS = (
    ("10001", "Harbour Bicycles", "DE", "EUR", "Hamburg"),
    ("10002", "North Star Tools", "SE", "SEK", "Malmo"),
    ("10003", "Blue Kettle Foods", "GB", "GBP", "Leeds"),
)
_SUPPLIERS = (
    ("20001", "Copper Pine Metals", "DE", "EUR"),
    ("20002", "Quiet River Paper", "AT", "EUR"),
    ("20003", "Seven Hills Freight", "GB", "GBP"),
    ("20004", "Lantern Office Supply", "US", "USD"),
    # Of the sample invoice of ionport's document side.
    ("70012", "Nordwerk Werkzeuge GmbH", "DE", "EUR"),
)
_ITEMS = (
    ("BOLT-M8", "Hexagon bolt M8", "PCS", "0.12"),
    ("SHEET-2", "Steel sheet 2 mm", "KG", "1.85"),
    ("PAPER-A4", "Copy paper A4", "BOX", "21.50"),
    ("CHAIR-01", "Office chair", "PCS", "89.00"),
    ("100482", "Hexagon screw M8 x 40", "PCS", "0.38"),
    ("100771", "Cordless drill 18 V", "PCS", "149.90"),
    ("200015", "Safety manual", "PCS", "21.60"),
)
# Order, supplier, order date, and the lines: item and quantity.
_ORDERS = (
    ("4500001", "20001", "20260105", (("BOLT-M8", "5000"), ("SHEET-2", "250"))),
    ("4500002", "20004", "20260212", (("PAPER-A4", "40"), ("CHAIR-01", "6"))),
    ("4500017", "70012", "20260220", (("100482", "200"), ("100771", "12"), ("200015", "25"))),
)
# Countries and currencies, as general codes.
_CODES = (
    ("CSCD", (("AT", "Austria"), ("DE", "Germany"), ("GB", "United Kingdom"), ("SE", "Sweden"))),
    ("CSCD", (("US", "United States"),)),
    ("CUCD", (("EUR", "Euro"), ("GBP", "Pound sterling"), ("SEK", "Swedish krona"))),
    ("CUCD", (("USD", "US dollar"),)),
)
_VAT_CODES = (("0", "No VAT"), ("1", "VAT 19 %"), ("2", "VAT 7 %"))
# The exchange rate of each to the euro.
_RATES = (("GBP", "1.15"), ("SEK", "0.09"), ("USD", "0.92"))
_COST_ELEMENTS = (("E001", "Freight"), ("E101", "Customs"))
_COMMON = {"RGDT": "20260101", "LMDT": "20260101", "CHNO": "1", "CHID": "SANDBOX"}
_PLACE = {"DIVI": "AAA", "FACI": "A01", "WHLO": "100"}
_BUYER = {"PURC": "BUYER", "BUYE": "BUYER"}


@cache
def seeded_records() -> Mapping[tuple[File, Key], Record]:
    """Return the records by file and key."""
    records: dict[tuple[File, Key], Record] = {}
    for number, name, country, currency, town in _CUSTOMERS:
        records[File.CUSTOMER, (number,)] = {
            **_COMMON,
            "CUNO": number,
            "CUNM": name,
            "ALCU": name[:10],
            "CSCD": country,
            "CUCD": currency,
            "TOWN": town,
            "STAT": "20",
        }
    for number, name, country, currency in _SUPPLIERS:
        records[File.SUPPLIER, (number,)] = {
            **_COMMON,
            "SUNO": number,
            "SUNM": name,
            "ALSU": name[:10],
            "CSCD": country,
            "CUCD": currency,
            "SUTY": "0",
            "STAT": "20",
            "TEPY": "N30",
            "PYME": "BT",
        }
    for number, name, unit, price in _ITEMS:
        records[File.ITEM, (number,)] = {
            **_COMMON,
            "ITNO": number,
            "ITDS": name,
            "UNMS": unit,
            "PUUN": unit,
            "PPUN": unit,
            "PUPR": price,
            "STAT": "20",
        }
    _add_places(records)
    _add_finance(records)
    _add_stock(records)
    _add_orders(records)
    _add_delivery(records)
    return records


def _add_places(records: dict[tuple[File, Key], Record]) -> None:
    """The division, its facility and warehouse with a location, and the general codes."""
    place = {**_COMMON, **_PLACE, "FACN": "Main works", "WHNM": "Main warehouse"}
    names = {"TX15": "Main division", "CONM": "Example company"}
    records[File.DIVISION, ("AAA",)] = {**place, **names}
    records[File.FACILITY, ("A01",)] = place
    records[File.WAREHOUSE, ("100",)] = place
    location = {"WHLO": "100", "WHSL": "A-01", "SLDS": "Shelf A 1", "SLTP": "1"}
    records[File.LOCATION, ("100", "A-01")] = {**_COMMON, **location}
    for table, codes in _CODES:
        for code, name in codes:
            texts = {"STCO": table, "STKY": code, "TX15": name[:15], "TX40": name}
            records[File.GENERAL_CODE, (table, code)] = {**_COMMON, **texts}


def _add_finance(records: dict[tuple[File, Key], Record]) -> None:
    """The records that invoices refer to, and those about items beside the items themselves."""
    for number, name in _VAT_CODES:
        texts = {"VTCD": number, "TX15": name[:15], "TX40": name, "VATT": "1"}
        records[File.VAT_CODE, (numbered(number, 2),)] = {**_COMMON, **texts}
    for currency, rate in _RATES:
        values = {"CUCD": currency, "CRTP": "1", "CUTD": "20260101", "ARAT": rate, "LOCD": "EUR"}
        key = (currency, numbered(1, 2), "20260101")
        records[File.EXCHANGE_RATE, key] = {**_COMMON, **values, "DMCU": "1", "RAFA": "1"}
    account = {"BKTP": "1", "ACHO": "", "BKID": "BANK1", "BANA": "House bank", "CUCD": "EUR"}
    bank = {"DIVI": "AAA", "STAT": "20", "BKNO": "10020030", "BKIN": "0001", "CBPY": "1"}
    records[File.BANK_ACCOUNT, (numbered(1, 2), "", "BANK1")] = {**_COMMON, **account, **bank}
    for element, name in _COST_ELEMENTS:
        texts = {"CEID": element, "TX30": name, "TX15": name[:15], "WSOP": "50"}
        records[File.COST_ELEMENT, (element,)] = {**_COMMON, **texts}
    unit = {"ITNO": "BOLT-M8", "AUTP": "1", "ALUN": "BOX", "COFA": "100", "DMCF": "1", "DCCD": "0"}
    records[File.ITEM_UNIT, ("BOLT-M8", numbered(1, 1), "BOX")] = {**_COMMON, **unit}
    offered = {"ITNO": "BOLT-M8", "SUNO": "20001", "SITE": "CP-4711", "SITD": "Bolt, hexagon, M8"}
    records[File.ITEM_SUPPLIER, ("BOLT-M8", "20001")] = {**_COMMON, **offered}


def _add_stock(records: dict[tuple[File, Key], Record]) -> None:
    """What lies in the warehouse, an order that moves some of it, and a price list."""
    for item, lot, quantity in (("BOLT-M8", "L-2601", "12000"), ("CHAIR-01", "", "8")):
        key = ("100", item, "A-01", lot, "", "")
        values = dict(zip(("WHLO", "ITNO", "WHSL", "BANO"), key, strict=False))
        values |= {"STQT": quantity, "PHSQ": quantity, "ALQT": "0", "STAS": "2", "ALOC": "1"}
        names = {"WHNM": "Main warehouse", "ITDS": next(n for i, n, *_ in _ITEMS if i == item)}
        records[File.BALANCE, key] = {**_COMMON, **values, **names}
    order = {"TRNR": "0000500001", "TRTP": "TOR", "FACI": "A01", "WHLO": "100", "TWLO": "100"}
    head = {**_COMMON, **order, "TRSL": "22", "TRSH": "22", "TRDT": "20260305"}
    records[File.DISTRIBUTION_ORDER, ("0000500001",)] = head
    line = {"TRNR": "0000500001", "PONR": "1", "POSX": "0", "ITNO": "BOLT-M8", "TRQT": "500"}
    line |= {"ITDS": "Hexagon bolt M8", "WHLO": "100", "TRSH": "22", "WHSL": "A-01"}
    place = ("0000500001", numbered(1, 5), numbered(0, 3))
    records[File.DISTRIBUTION_LINE, place] = {**_COMMON, **line}
    prices = {"PRRF": "STANDARD", "CUCD": "EUR", "CUNO": "", "FVDT": "20260101"}
    of_list = {**prices, "LVDT": "20991231", "TX15": "Standard", "TX40": "Standard prices"}
    records[File.PRICE_LIST, tuple(prices.values())] = {**_COMMON, **of_list}


def _add_orders(records: dict[tuple[File, Key], Record]) -> None:
    names = {number: (name, unit, price) for number, name, unit, price in _ITEMS}
    for number, supplier, date, lines in _ORDERS:
        common = {**_COMMON, **_PLACE, **_BUYER, "PUNO": number, "SUNO": supplier, "PUDT": date}
        common |= {"DWDT": "20260401", "PUSL": "20", "PUST": "20"}
        total = Decimal()
        for position, (item, quantity) in enumerate(lines, start=1):
            name, unit, price = names[item]
            amount = Decimal(price) * Decimal(quantity)
            total += amount
            line = str(position * 10)
            records[File.ORDER_LINE, (number, numbered(line, 3), numbered(0, 3))] = {
                **common,
                "PNLI": line,
                "PNLS": "0",
                "ITNO": item,
                "ITDS": name,
                "PITD": name,
                "PUUN": unit,
                "PPUN": unit,
                "PUPR": price,
                "ORQA": quantity,
                "LNAM": f"{amount:.2f}",
            }
        totals = {"NOLN": str(len(lines)), "NTAM": f"{total:.2f}"}
        records[File.ORDER, (number,)] = {**common, **totals, "CUCD": "EUR", "ORTY": "A10"}


def _add_delivery(records: dict[tuple[File, Key], Record]) -> None:
    """An advised delivery of the first line of the first order, not processed yet."""
    common = {**_COMMON, **_PLACE, "MSGN": "ADVICE-1", "STAT": "10", "SUNO": "20001"}
    partner = {"E0IO": "I", "E0PA": "COMPANY", "E0PB": "COPPERPINE", "E065": "DESADV"}
    note = {"SUDO": "LS-7781", "DNDT": "20260330", "ORCA": "250", "RIDN": "4500001"}
    records[File.DELIVERY, ("ADVICE-1",)] = {**common, **partner, **note, "PMSN": "CP-1"}
    records[File.PACKAGE, ("ADVICE-1", "PALLET-1")] = {**common, **note, "PACN": "PALLET-1"}
    records[File.DELIVERY_LINE, ("ADVICE-1", "PALLET-1", numbered(1, 5))] = {
        **common,
        **note,
        "PACN": "PALLET-1",
        "MSLN": "1",
        "RIDL": "10",
        "RIDX": "0",
        "ITNO": "BOLT-M8",
        "DLQA": "2000",
        "ALUN": "PCS",
    }
