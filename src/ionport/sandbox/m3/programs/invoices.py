"""The supplier invoice batch: entering and showing by APS450MI.

Source: docs/reference/m3.md#supplier-invoices.

Invoices lie under their division and batch number (INBN), lines under these and their
transaction number (TRNO). Within a division no two invoices may agree in payee, supplier,
supplier invoice number and year.

The fields, the line types and status 78 are facts; the other statuses are those that M3's own
panel shows, and when they change is inferred.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from ionport.sandbox.kit.texts import quoted
from ionport.sandbox.m3.company import Company
from ionport.sandbox.m3.errors import TransactionFailed
from ionport.sandbox.m3.model import File, Key, Record, Session, numbered
from ionport.sandbox.m3.programs.behaviour import Behaviour
from ionport.sandbox.m3.programs.invoice_checks import LINE_TYPES
from ionport.sandbox.m3.programs.orders import number, plain

NEW, WITH_ERRORS, VALIDATED, NOT_APPROVED = "10", "15", "20", "40"
ADJUSTED, APPROVED, BOOKED = "43", "50", "90"
_FREE = "0"
_FIRST_INVOICE = 1001
_DEFAULT_BATCH_TYPE = "20"
_MAX_LINE = 9_999_999
_CHARGES = ("2", "5")
_TAX = "3"


def division_of(session: Session, values: Record) -> str:
    """Return the division that the input names, else the session's."""
    return values.get("DIVI", session.division)


def key_of(session: Session, values: Record) -> Key:
    """Return the key of the invoice whose batch number is in the input."""
    return (division_of(session, values), numbered(values["INBN"], 10))


def _own_number(head: Record) -> Key:
    """Return the key that two invoices must not share; empty when there is no invoice number."""
    if not head.get("SINO"):
        return ()
    return (head["DIVI"], head["SPYN"], head["SUNO"], head["SINO"], head["YEA4"])


def head_of(company: Company, session: Session, values: Record) -> Record:
    """Return the head of the invoice that the input names; raises TransactionFailed."""
    head = company.get(File.INVOICE, *key_of(session, values))
    if head is None:
        raise TransactionFailed(
            f"Invoice batch number {values['INBN']} does not exist in division"
            f" {quoted(division_of(session, values))}",
            code="WINBN03",
            field="INBN",
        )
    return head


def open_head(company: Company, session: Session, values: Record) -> Record:
    """Return the head unless the invoice is in the ledger already; raises TransactionFailed."""
    head = head_of(company, session, values)
    if head["SUPA"] == BOOKED:
        raise TransactionFailed(
            f"Invoice batch number {values['INBN']} is in the ledger, it cannot be changed",
            field="INBN",
        )
    return head


def keep(company: Company, session: Session, head: Record, values: Record) -> Record:
    """Keep a head with other values; no field of its own number among them."""
    changed = {**head, **values, "LMDT": session.today}
    company.put(File.INVOICE, (head["DIVI"], numbered(head["INBN"], 10)), changed)
    return changed


def check_unique(company: Company, head: Record) -> None:
    """Raise TransactionFailed when another invoice has this head's supplier invoice number."""
    own = _own_number(head)
    other = company.get(File.INVOICE_NUMBER, *own) if own else None
    if other is not None and other["INBN"] != head.get("INBN"):
        raise TransactionFailed(
            f"Supplier invoice number {head['SINO']} already exists, batch number {other['INBN']}",
            code="WSINO04",
            field="SINO",
        )


def change_head(company: Company, session: Session, head: Record, values: Record) -> Record:
    """Keep a head with other values; raises TransactionFailed when its number is then taken."""
    changed = {**head, **values, "INBN": head["INBN"], "DIVI": head["DIVI"]}
    if "IVDT" in values and "YEA4" not in values:
        changed["YEA4"] = values["IVDT"][:4]
    check_unique(company, changed)
    before, after = _own_number(head), _own_number(changed)
    if before != after and before:
        company.remove(File.INVOICE_NUMBER, before)
    if before != after and after:
        company.put(File.INVOICE_NUMBER, after, {"INBN": head["INBN"]})
    return keep(company, session, changed, {})


def _draft(session: Session, values: Record) -> dict[str, str]:
    """Return a new head but for its batch number."""
    return {
        "IBTP": _DEFAULT_BATCH_TYPE,
        "IMCD": "0",
        "SPYN": values["SUNO"],
        "YEA4": values["IVDT"][:4],
        **values,
        "DIVI": division_of(session, values),
        "SUPA": NEW,
        "BIST": _FREE,
        "IBHE": "0",
        "IBLE": "0",
        "RGDT": session.today,
        "LMDT": session.today,
        "last line": "0",
    }


def _add_head(company: Company, session: Session, values: Record) -> Sequence[Record]:
    head = _draft(session, values)
    check_unique(company, head)
    head["INBN"] = str(company.next_number("INBN", _FIRST_INVOICE))
    if own := _own_number(head):
        company.put(File.INVOICE_NUMBER, own, {"INBN": head["INBN"]})
    return [keep(company, session, head, {})]


def _reads_head_to_add(session: Session, values: Record) -> Iterable[tuple[File, Key]]:
    own = _own_number(_draft(session, values))
    return [(File.INVOICE_NUMBER, own)] if own else []


def _update_head(company: Company, session: Session, values: Record) -> Sequence[Record]:
    change_head(company, session, open_head(company, session, values), values)
    return []


def _add_line(company: Company, session: Session, values: Record) -> Sequence[Record]:
    head = open_head(company, session, values)
    line_type = numbered(values["RDTP"], 1)
    if line_type not in LINE_TYPES:
        raise TransactionFailed(
            f"Line type {values['RDTP']} is invalid, it is one of {', '.join(sorted(LINE_TYPES))}",
            code="WRDTP01",
            field="RDTP",
        )
    last = int(head["last line"])
    wanted = numbered(values.get("TRNO", str(last + 1)), 1)
    line_key = (*key_of(session, values), numbered(wanted, 7))
    is_number = wanted.isdigit() and 1 <= int(wanted) <= _MAX_LINE
    if not is_number or (int(wanted) <= last and company.get(File.INVOICE_LINE, *line_key)):
        raise TransactionFailed(
            f"Transaction number {wanted} is taken or none",
            code="WTRNO04",
            field="TRNO",
        )
    line = {
        **values,
        "INBN": head["INBN"],
        "DIVI": head["DIVI"],
        "CUCD": head.get("CUCD", ""),
        "RDTP": line_type,
        "TRNO": wanted,
        "IBLE": "0",
        "RGDT": session.today,
        "LMDT": session.today,
    }
    company.put(File.INVOICE_LINE, line_key, line)
    if int(wanted) > last:
        keep(company, session, head, {"last line": wanted})
    return [line]


def reads_head(session: Session, values: Record) -> Iterable[tuple[File, Key]]:
    """Name the head that the input names, to be read with those of the whole batch."""
    return [(File.INVOICE, key_of(session, values))]


def lines_of(company: Company, head: Record) -> list[Record]:
    """Return an invoice's lines by transaction number."""
    return company.records(File.INVOICE_LINE, (head["DIVI"], numbered(head["INBN"], 10)))


def _adjust_line(company: Company, session: Session, values: Record) -> Sequence[Record]:
    head = open_head(company, session, values)
    key = (*key_of(session, values), numbered(values["TRNO"], 7))
    line = company.get(File.INVOICE_LINE, *key)
    if line is None:
        raise TransactionFailed(
            f"Transaction number {values['TRNO']} does not exist",
            code="WTRNO03",
            field="TRNO",
        )
    adjusted = {**line, "ADAB": values.get("ADAB", "0"), "LMDT": session.today}
    company.put(File.INVOICE_LINE, key, adjusted)
    total = sum((number(each, "ADAB") for each in lines_of(company, head)), Decimal())
    keep(company, session, head, {"ADAB": plain(total), "SUPA": ADJUSTED})
    return []


def _get_head(company: Company, session: Session, values: Record) -> Sequence[Record]:
    """Return the head with its totals: lines, charges, and what is due with the tax."""
    head = head_of(company, session, values)
    totals = {"lines": Decimal(), "charges": Decimal(), "tax": Decimal()}
    for line in lines_of(company, head):
        if line["RDTP"] == _TAX:
            totals["tax"] += number(line, "VTA1") + number(line, "VTA2")
        else:
            kind = "charges" if line["RDTP"] in _CHARGES else "lines"
            totals[kind] += number(line, "NLAM")
    shown = {
        "TLNA": plain(totals["lines"]),
        "TCHG": plain(totals["charges"]),
        "TOPA": plain(sum(totals.values(), Decimal())),
    }
    return [{**head, **shown}]


def _get_head_2(company: Company, session: Session, values: Record) -> Sequence[Record]:
    return [head_of(company, session, values)]


def _list_lines(company: Company, session: Session, values: Record) -> Sequence[Record]:
    head_of(company, session, values)
    start = (numbered(values.get("TRNO", "0"), 7),)
    return company.records(
        File.INVOICE_LINE, key_of(session, values), start=start, limit=session.limit
    )


def _list_by_supplier_invoice(
    company: Company, session: Session, values: Record
) -> Sequence[Record]:
    """The invoices of that supplier invoice number: one for each year."""
    prefix = (division_of(session, values), values["SPYN"], values["SUNO"], values["SINO"])
    return _heads(company, session, prefix)[: session.limit]


def _list_batch_numbers(company: Company, session: Session, values: Record) -> Sequence[Record]:
    """The invoices of a payee that agree with the other input, from the batch number on."""
    first = numbered(values.get("INBN", "0"), 10)
    division = division_of(session, values)
    wanted = {name: values[name] for name in ("SPYN", "SUNO", "IBTP", "SUPA") if name in values}
    heads = company.records(File.INVOICE, (division,), start=(first,))
    return [head for head in heads if wanted.items() <= head.items()][: session.limit]


def _heads(company: Company, session: Session, prefix: Key) -> list[Record]:
    numbers = company.records(File.INVOICE_NUMBER, prefix)
    keys = [(prefix[0], numbered(each["INBN"], 10)) for each in numbers]
    company.fetch((File.INVOICE, key) for key in keys)
    found = (company.get(File.INVOICE, *key) for key in keys)
    return [head for head in found if head is not None]


BEHAVIOURS: Mapping[str, Behaviour] = {
    "AddHead": Behaviour(_add_head, changes=True, reads=_reads_head_to_add),
    "AddLine": Behaviour(_add_line, changes=True, reads=reads_head),
    "AdjustLine": Behaviour(_adjust_line, changes=True, reads=reads_head),
    "UpdHead": Behaviour(_update_head, changes=True, reads=reads_head),
    "GetHead": Behaviour(_get_head, reads=reads_head),
    "GetHead2": Behaviour(_get_head_2, reads=reads_head),
    "LstLines": Behaviour(_list_lines, reads=reads_head),
    "LstInvBySupInv": Behaviour(_list_by_supplier_invoice),
    "LstInvBatchNo": Behaviour(_list_batch_numbers),
}
