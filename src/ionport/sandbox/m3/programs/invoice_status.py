"""Changes the status of an invoice of the batch: approve, reject, acknowledge, validate.

Validation is APS455MI's (docs/reference/m3.md#supplier-invoices); it takes an approved invoice
without errors into the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ionport.sandbox.kit.texts import quoted
from ionport.sandbox.m3.company import Company
from ionport.sandbox.m3.errors import TransactionFailed
from ionport.sandbox.m3.model import File, Record, Session, numbered
from ionport.sandbox.m3.programs.behaviour import Behaviour
from ionport.sandbox.m3.programs.invoice_checks import find_errors
from ionport.sandbox.m3.programs.invoices import (
    APPROVED,
    BOOKED,
    NEW,
    NOT_APPROVED,
    VALIDATED,
    WITH_ERRORS,
    change_head,
    division_of,
    head_of,
    keep,
    lines_of,
    open_head,
    reads_head,
)

_FIRST_VOUCHER = 30_000_001
_VOUCHER_SERIES = "AP"


def _approve(company: Company, session: Session, values: Record) -> Sequence[Record]:
    head = open_head(company, session, values)
    if head["SUPA"] == WITH_ERRORS:
        raise TransactionFailed(
            f"Invoice batch number {values['INBN']} has errors, it cannot be approved",
            field="INBN",
        )
    given = _given(values, "CRNO", "YRE1", "SINO", "IVDT", "DUDT")
    date = values.get("AAPD", session.today)
    change_head(company, session, head, {**given, "AAPD": date, "SUPA": APPROVED})
    return []


def _named_by_supplier(company: Company, session: Session, values: Record) -> Record:
    """Return the head by supplier, supplier invoice number and year; raises TransactionFailed.

    The payee is the supplier: APS110MI does not ask for another.
    """
    supplier, division = values["SUNO"], division_of(session, values)
    key = (division, supplier, supplier, values["SINO"], values["INYR"])
    found = company.get(File.INVOICE_NUMBER, *key)
    if found is None:
        raise TransactionFailed(
            f"Supplier invoice number {quoted(values['SINO'])} of supplier"
            f" {quoted(supplier)} does not exist",
            code="WSINO03",
            field="SINO",
        )
    return {"DIVI": division, "INBN": found["INBN"]}


def _approve_by_supplier(company: Company, session: Session, values: Record) -> Sequence[Record]:
    return _approve(company, session, _named_by_supplier(company, session, values))


def _change_authorizer(company: Company, session: Session, values: Record) -> Sequence[Record]:
    named = _named_by_supplier(company, session, values)
    head = open_head(company, session, named)
    keep(company, session, head, {"APCD": values["APCD"]})
    return []


def _reject(company: Company, session: Session, values: Record) -> Sequence[Record]:
    head = open_head(company, session, values)
    given = _given(values, "SCRE", "RPAA", "SDA1", "SDA2", "SDA3")
    date = values.get("REJD", session.today)
    rejected = {**given, "REJD": date, "SUPA": NOT_APPROVED}
    return [{**keep(company, session, head, rejected), "TRNO": head["last line"]}]


def _acknowledge(company: Company, session: Session, values: Record) -> Sequence[Record]:
    head = head_of(company, session, values)
    keep(company, session, head, {**_given(values, "CRNO", "YRE1"), "SUAC": "1"})
    return []


def _given(values: Record, *names: str) -> dict[str, str]:
    return {name: values[name] for name in names if name in values}


def _validate(company: Company, session: Session, values: Record) -> Sequence[Record]:
    _validate_head(company, session, open_head(company, session, values))
    return []


_RANGES = (
    ("FSIN", "TSIN", "SINO", 0),
    ("FIBT", "TIBT", "IBTP", 0),
    ("FSUP", "TSUP", "SUPA", 2),
    ("FSUN", "TSUN", "SUNO", 0),
    ("FIVD", "TIVD", "IVDT", 0),
    ("FAPC", "TAPC", "APCD", 0),
    ("FIBH", "TIBH", "IBHE", 1),
    ("FIBL", "TIBL", "IBLE", 1),
    ("FINB", "TINB", "INBN", 10),
)


def _validate_selected(company: Company, session: Session, values: Record) -> Sequence[Record]:
    """Validate the invoices within every given range that are not in the ledger yet."""
    for head in company.records(File.INVOICE, (division_of(session, values),)):
        if head["SUPA"] != BOOKED and all(_is_within(head, values, *each) for each in _RANGES):
            _validate_head(company, session, head)
    return []


def _is_within(head: Record, values: Record, low: str, high: str, name: str, width: int) -> bool:
    def comparable(text: str) -> str:
        return numbered(text, width) if width else text

    value = comparable(head.get(name, ""))
    is_above = low not in values or comparable(values[low]) <= value
    return is_above and (high not in values or value <= comparable(values[high]))


def _validate_head(company: Company, session: Session, head: Record) -> None:
    """Mark the errors; enter an approved head without errors into the ledger, with a voucher."""
    lines = lines_of(company, head)
    errors = find_errors(company, head, lines)
    for line in lines:
        mark = "1" if line["TRNO"] in errors.lines else "0"
        if line["IBLE"] != mark:
            key = (head["DIVI"], numbered(head["INBN"], 10), numbered(line["TRNO"], 7))
            company.put(File.INVOICE_LINE, key, {**line, "IBLE": mark})
    result = {
        "IBHE": "1" if errors.head else "0",
        "IBLE": "1" if errors.lines else "0",
        "errors": "\n".join(errors.texts),
    }
    if errors.texts:
        result["SUPA"] = WITH_ERRORS
    elif head["SUPA"] == APPROVED:
        result["SUPA"] = BOOKED
        result["VSER"] = _VOUCHER_SERIES
        result["VONO"] = head.get("VONO") or str(company.next_number("VONO", _FIRST_VOUCHER))
    elif head["SUPA"] in (NEW, WITH_ERRORS):
        result["SUPA"] = VALIDATED
    keep(company, session, head, result)


BATCH_BEHAVIOURS: Mapping[str, Behaviour] = {
    "Acknowledge": Behaviour(_acknowledge, changes=True, reads=reads_head),
    "ApproveInvoice": Behaviour(_approve, changes=True, reads=reads_head),
    "RejectInvoice": Behaviour(_reject, changes=True, reads=reads_head),
}

AUTHORIZATION_BEHAVIOURS: Mapping[str, Behaviour] = {
    "ApproveInvoice": Behaviour(_approve_by_supplier, changes=True),
    "ChgAuthorizer": Behaviour(_change_authorizer, changes=True),
}

VALIDATION_BEHAVIOURS: Mapping[str, Behaviour] = {
    "ValidByBatchNo": Behaviour(_validate, changes=True, reads=reads_head),
    "ValidBySelect": Behaviour(_validate_selected, changes=True),
}
