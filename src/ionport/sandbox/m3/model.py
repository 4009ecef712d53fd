"""Records, the files that hold them, and the session and results of a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from ionport.core.errors import IonportError
from ionport.sandbox.m3.catalogue import Field, Program, program_named

if TYPE_CHECKING:
    pass

# Field names to values, dates as YMD8. A name in lower case is the sandbox's own.
Record = Mapping[str, str]
Key = tuple[str, ...]


class File(StrEnum):
    """What a company keeps, each in the order of its key."""

    CUSTOMER = "customer"
    CUSTOMER_ADDRESS = "customer address"
    SUPPLIER = "supplier"
    SUPPLIER_ADDRESS = "supplier address"
    SUPPLIER_REFERENCE = "supplier reference"
    ITEM = "item"
    ITEM_FACILITY = "item facility"
    ITEM_WAREHOUSE = "item warehouse"
    ORDER = "purchase order"
    ORDER_LINE = "purchase order line"
    DELIVERY = "delivery"
    PACKAGE = "package"
    DELIVERY_LINE = "delivery line"
    INVOICE = "supplier invoice"
    INVOICE_LINE = "supplier invoice line"
    INVOICE_NUMBER = "supplier invoice number"
    ITEM_ALIAS = "item alias"
    CUSTOMER_ORDER = "customer order"
    CUSTOMER_ORDER_LINE = "customer order line"
    DIVISION = "division"
    FACILITY = "facility"
    WAREHOUSE = "warehouse"
    LOCATION = "location"
    GENERAL_CODE = "general code"
    CUSTOM_FIELDS = "custom fields"
    VAT_CODE = "VAT code"
    EXCHANGE_RATE = "exchange rate"
    BANK_ACCOUNT = "bank account"
    COST_ELEMENT = "costing element"
    ITEM_UNIT = "alternative unit"
    ITEM_SUPPLIER = "item supplier"
    ITEM_LOT = "item lot"
    BALANCE = "balance identity"
    DISTRIBUTION_ORDER = "distribution order"
    DISTRIBUTION_LINE = "distribution order line"
    PRICE_LIST = "price list"
    BASE_PRICE = "base price"
    DISPATCH = "delivery to a customer"
    DISPATCH_LINE = "delivery line to a customer"


@dataclass(frozen=True, slots=True)
class M3InvoiceFilter:
    """Which supplier invoices a page shows.

    Attributes:
        status: of SUPA.
        text: looked for in supplier, supplier invoice number and batch number.
    """

    status: str | None = None
    text: str | None = None
    ascending: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """Who calls, when, and in which division; `limit` is the most records to return.

    `programs` finds a program by its name.
    """

    user: str
    identity: str
    tenant_id: str
    program: str
    company: int
    division: str
    limit: int
    now: datetime
    programs: Callable[[str], Program | None] = program_named

    @property
    def today(self) -> str:
        return f"{self.now:%Y%m%d}"

    @property
    def time(self) -> str:
        return f"{self.now:%H%M%S}"


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one transaction of a call; `records` hold the output `fields` alone."""

    transaction: str
    parameters: Mapping[str, str]
    fields: Sequence[Field] = ()
    records: Sequence[Mapping[str, str]] = ()
    error: IonportError | None = None
    is_processed: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """The results of a call; `termination` is why the rest was not processed."""

    results: Sequence[Result]
    termination: IonportError | None = None
    effects: tuple[str, ...] = ()


def numbered(number: str | int, width: int) -> str:
    """Return a number as part of a key: padded, so that keys sort as numbers do.

    What is no whole number becomes a part that no key has.
    """
    whole, _point, fraction = str(number).lstrip("+").partition(".")
    is_whole = whole.isdigit() and not fraction.strip("0")
    return whole.lstrip("0").rjust(width, "0") if is_whole else "-"
