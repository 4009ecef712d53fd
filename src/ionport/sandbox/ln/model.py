"""The received purchase invoice under the names of the vendor's LN mapping.

Source: docs/reference/ln.md#received-purchase-invoices.

That the mapping's keys are LN's own attribute names is inferred, and so are the names of the
lines: they are the mapping's sections. Kinds follow from what the attributes mean; `ReceiptLine`
is known to be numeric from a documented error message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ionport.core.errors import InvalidInput

NUMBER = re.compile(r"[+-]?(\d{1,15}(\.\d{0,10})?|\.\d{1,10})", re.ASCII)
MAX_TEXT = 250
MAX_COMPANY = 99_999
# The most that an answer says to be wrong.
MAX_PROBLEMS = 100
DEFAULT_COMPANY = 200
KEY_COMPANY, KEY_NUMBER = "ReceivedInvoiceCompany", "ReceivedPurchaseInvoice"

Values = Mapping[str, str]


class Kind(StrEnum):
    """What an attribute's value is, by its type in the WSDL."""

    TEXT = "string"
    INTEGER = "integer"
    NUMBER = "decimal"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute; LN refuses a request without a mandatory one."""

    name: str
    kind: Kind = Kind.TEXT
    is_mandatory: bool = False


@dataclass(frozen=True, slots=True)
class Component:
    """The invoice itself or one kind of its lines: attributes by name, in the WSDL's order."""

    name: str
    attributes: Mapping[str, Attribute]


class Status(StrEnum):
    """How far registration, matching and approval have come.

    Source: docs/reference/ln.md#received-purchase-invoices.
    """

    CREATED = "Created"
    REGISTRATION_ERRORS = "Registration Errors"
    REGISTERED = "Registered"
    MATCHING_ERRORS = "Matching Errors"
    MATCHED = "Matched"
    APPROVAL_ERRORS = "Approval Errors"
    APPROVED = "Approved"

    @property
    def has_errors(self) -> bool:
        return self.value.endswith("Errors")


class Processing(StrEnum):
    """Whether the invoice has been processed (docs/reference/ln.md#received-purchase-invoices)."""

    UNPROCESSED = "Unprocessed"
    IN_PROCESS = "In Process"
    PROCESSED = "Processed"


@dataclass(frozen=True, slots=True)
class Draft:
    """An invoice as a client sent it; `lines` are by component."""

    header: Values
    lines: Mapping[str, Sequence[Values]]

    @property
    def company(self) -> int:
        """The financial company: with its number, an invoice's key."""
        return int(self.header["FinancialCompany"])


@dataclass(frozen=True, slots=True)
class Invoice:
    """A received purchase invoice; `messages` say what the last processing found wrong."""

    number: int
    draft: Draft
    client_id: str
    created_at: datetime
    changed_at: datetime
    status: Status = Status.CREATED
    processing: Processing = Processing.UNPROCESSED
    messages: tuple[str, ...] = ()

    @property
    def company(self) -> int:
        return self.draft.company

    @property
    def key(self) -> str:
        return f"{self.company}-{self.number}"


@dataclass(frozen=True, slots=True)
class GoodsReceipt:
    """Goods that a logistic company has received, to be matched with invoices."""

    company: int
    order: str
    position: int
    receipt: str
    receipt_line: int
    quantity: str
    sequence: int = 1
    packing_slip: str = ""


@dataclass(frozen=True, slots=True)
class LnInvoiceFilter:
    """Which invoices a list shows; `text` is looked for in supplier and invoice number."""

    status: Status | None = None
    text: str | None = None
    ascending: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """One message of a fault; the codes are LN's where they are known, else our own.

    `is_conflict`: it contradicts what is stored already.
    """

    text: str
    code: str = "ionport"
    is_conflict: bool = False


@dataclass(frozen=True, slots=True)
class Created:
    """The result of a create request: the new invoices, and what was wrong with others."""

    invoices: Sequence[Invoice]
    problems: Sequence[Problem] = ()


class RequestRefused(InvalidInput):
    """LN refuses the request: what is wrong with it, in the order of the request."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems[0].text, code=problems[0].code)
        self.problems = tuple(problems[:MAX_PROBLEMS])


def refused(text: str) -> RequestRefused:
    """Return a refusal with one message."""
    return RequestRefused([Problem(text)])


def read_key(text: str) -> tuple[int, int]:
    """Read `company-number`; a key of another form is that of no invoice."""
    company, _dash, number = text.partition("-")
    is_key = all(part.isascii() and part.isdigit() and len(part) <= 9 for part in (company, number))
    return (int(company), int(number)) if is_key else (0, 0)


def read_company(text: str) -> int:
    """Return a company's number; raises RequestRefused."""
    number = text.strip()
    if number.isascii() and number.isdigit() and len(number) <= 9 and int(number) <= MAX_COMPANY:
        return int(number)
    raise refused(f"The company is a number up to {MAX_COMPANY}.")


def _component(name: str, *attributes: Attribute) -> Component:
    return Component(name, {attribute.name: attribute for attribute in attributes})


def _texts(*names: str) -> list[Attribute]:
    return [Attribute(name) for name in names]


HEADER = _component(
    KEY_NUMBER,
    Attribute("FinancialCompany", Kind.INTEGER),
    Attribute("RateDeterminer"),
    Attribute("ExternalRateFactor", Kind.NUMBER),
    Attribute("SupplierCode", is_mandatory=True),
    *_texts("PurchaseType", "InvoiceType"),
    Attribute("InvoiceNumberSupplier", is_mandatory=True),
    Attribute("InvoiceDate", Kind.DATE, is_mandatory=True),
    Attribute("InvoiceAmount", Kind.NUMBER, is_mandatory=True),
    Attribute("InvoiceCurrency", is_mandatory=True),
    Attribute("RateDate", Kind.DATE),
    Attribute("TaxCountry"),
    Attribute("TransactionEntryDate", Kind.DATE),
    *_texts("Reference", "IDMReference", "DocumentIDExternalPackage"),
    Attribute("TaxBaseAmount", Kind.NUMBER),
    Attribute("InvoiceDocumentType"),
)
TAX = _component(
    "InvoiceTax",
    Attribute("LineNumber", Kind.INTEGER, is_mandatory=True),
    Attribute("TaxSequenceNumber", Kind.INTEGER),
    Attribute("TaxCode"),
    Attribute("TaxBaseAmount", Kind.NUMBER),
    Attribute("TaxAmount", Kind.NUMBER),
    Attribute("TaxCountry"),
)
RECEIPT = _component(
    "InvoiceReceipt",
    Attribute("OrderType"),
    Attribute("LogisticCompany", Kind.INTEGER),
    Attribute("OrderSequence", Kind.INTEGER),
    Attribute("PackingSlip"),
    Attribute("Order", is_mandatory=True),
    Attribute("OrderPosition", Kind.INTEGER, is_mandatory=True),
    Attribute("Receipt"),
    Attribute("ReceiptLine", Kind.INTEGER),
    Attribute("InvoicedAmount", Kind.NUMBER),
    Attribute("InvoicedQuantity", Kind.NUMBER),
)
COST = _component(
    "InvoiceCost",
    Attribute("LineNumber", Kind.INTEGER, is_mandatory=True),
    Attribute("TargetCompany", Kind.INTEGER),
    Attribute("LedgerAccount", is_mandatory=True),
    *_texts("DebitCredit"),
    Attribute("Amount", Kind.NUMBER, is_mandatory=True),
    *_texts(*(f"Dimension{number}" for number in range(1, 13))),
    Attribute("TaxLine", Kind.INTEGER),
    Attribute("Quantity1", Kind.NUMBER),
    Attribute("Quantity2", Kind.NUMBER),
)
LINES: Sequence[Component] = (TAX, RECEIPT, COST)

# What LN adds to an invoice when it shows it.
SHOWN = _component(
    "state",
    Attribute(KEY_COMPANY, Kind.INTEGER),
    Attribute(KEY_NUMBER, Kind.INTEGER),
    *_texts("InvoiceStatus", "ProcessingStatus"),
)
PARTNER = _component(
    "BusinessPartner_v3",
    *_texts("businessPartnerCode", "name", "status", "businessPartnerRole"),
    *_texts("currency", "addressCountry"),
)
