"""What the reading of an e-invoice noticed: what is missing, unreadable or has no term."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice

from ionport.documents.invoice.attachments import Problem, attachments
from ionport.documents.invoice.model import Concern, Invoice
from ionport.documents.invoice.table import Syntax, terms
from ionport.documents.invoice.tree import Node
from ionport.documents.review.model import NewFinding

_MAX_OF_A_KIND = 50
_SHOWN = 60
_FIRST_DAY = date(2000, 1, 1)
_MOST_AHEAD = timedelta(days=60)

# UNTDID 1001 as EN 16931 allows it (BR-CL-01): the first and the last code of each range.
_TYPE_CODES = frozenset(
    str(code)
    for first, last in (
        (71, 71),
        (80, 84),
        (102, 102),
        (130, 130),
        (202, 204),
        (211, 211),
        (218, 219),
        (261, 262),
        (295, 296),
        (308, 308),
        (325, 326),
        (331, 331),
        (380, 390),
        (393, 396),
        (420, 420),
        (456, 458),
        (471, 473),
        (500, 503),
        (527, 527),
        (532, 532),
        (553, 553),
        (575, 575),
        (623, 623),
        (633, 633),
        (751, 751),
        (780, 780),
        (817, 817),
        (870, 870),
        (875, 877),
        (935, 935),
    )
    for code in range(first, last + 1)
)
_FATTURAPA_TYPE_CODES = frozenset(f"TD{number:02}" for number in range(1, 30))
_CORRECTED_INVOICE = "384"

_HEADER = ("BT-1", "BT-2", "BT-3", "BT-5", "BT-27", "BT-44", "BT-112")
_TOTALS = ("BT-106", "BT-109", "BT-115")
_OF_GROUPS = {"BG-23": ("BT-116", "BT-117"), "BG-25": ("BT-126", "BT-129", "BT-131", "BT-153")}
# Profiles that state totals without what they are made of.
_WITHOUT_LINES = ("basicwl", "minimum")


def check_reading(invoice: Invoice, today: date | None = None) -> tuple[NewFinding, ...]:
    """Return what a person must see of how the invoice was read; `today` bounds its date."""
    found = (
        _missing(invoice),
        _unreadable(invoice),
        _unknown_type(invoice),
        _dates(invoice, today),
        _line_numbers(invoice),
        _directions(invoice),
        _accounts(invoice),
        _attachments(invoice),
        _not_understood(invoice),
    )
    return tuple(finding for findings in found for finding in islice(findings, _MAX_OF_A_KIND))


def _missing(invoice: Invoice) -> Iterator[NewFinding]:
    tree = invoice.tree
    profile = invoice.profile.lower().replace(" ", "").replace("_", "")
    has_lines = not profile.endswith(_WITHOUT_LINES)
    required = [*_HEADER]
    if invoice.syntax is not Syntax.FATTURAPA:
        required += [term for term in _TOTALS if has_lines or term != "BT-106"]
    for term in required:
        if not tree.value(term):
            yield _missing_term(term)
    if has_lines and not tree.all("BG-25"):
        yield _missing_term("BG-25")
    for group, needed in _OF_GROUPS.items():
        for index, node in enumerate(tree.all(group), start=1):
            for term in needed:
                # FatturaPA has lines that are texts with an amount.
                if term == "BT-129" and invoice.syntax is Syntax.FATTURAPA:
                    continue
                if not node.value(term):
                    yield _missing_term(term, group, index, node)


def _missing_term(
    term: str, group: str = "", index: int = 0, node: Node | None = None
) -> NewFinding:
    values = {"term": term, "name": terms()[term].name}
    if node is not None and (place := node.place) is not None:
        values |= {"group": group, "index": str(index), "line": str(place.line)}
    return NewFinding("missing_term", values)


def _unreadable(invoice: Invoice) -> Iterator[NewFinding]:
    for node in invoice.tree.walk():
        if not node.text:
            continue
        if node.is_number:
            is_readable = node.decimal is not None
        else:
            is_readable = terms()[node.term].type != "Date" or node.day is not None
        if not is_readable:
            place = node.place
            yield NewFinding(
                "unreadable_value",
                {
                    "term": node.term,
                    "name": terms()[node.term].name,
                    "value": node.text[:_SHOWN],
                    "path": "" if place is None else place.path,
                    "line": "" if place is None else str(place.line),
                },
            )


def _unknown_type(invoice: Invoice) -> Iterator[NewFinding]:
    code = invoice.tree.value("BT-3")
    known = _FATTURAPA_TYPE_CODES if invoice.syntax is Syntax.FATTURAPA else _TYPE_CODES
    if code and code not in known:
        yield NewFinding("unknown_type_code", {"code": code[:_SHOWN]})
    if code == _CORRECTED_INVOICE:
        replaced = ", ".join(node.text for node in invoice.tree.all("BT-25")[:10])
        yield NewFinding("corrected_invoice", {"replaced": replaced[:200]})


def _dates(invoice: Invoice, today: date | None) -> Iterator[NewFinding]:
    with_time: list[str] = []
    for node in invoice.tree.walk():
        day = node.day if terms()[node.term].type == "Date" else None
        if day is None:
            continue
        if node.term == "BT-2":
            if day < _FIRST_DAY or (today is not None and day > today + _MOST_AHEAD):
                yield NewFinding("issue_date_out_of_range", {"date": node.text})
        elif day < _FIRST_DAY:
            name = terms()[node.term].name
            yield NewFinding("early_date", {"term": node.term, "name": name, "date": node.text})
        if ":" in node.written or "T" in node.written:
            with_time.append(node.term)
    if with_time:
        yield NewFinding("date_with_time", {"terms": ", ".join(dict.fromkeys(with_time))[:200]})


def _line_numbers(invoice: Invoice) -> Iterator[NewFinding]:
    numbers = Counter(line.value("BT-126") for line in invoice.lines)
    for number, count in numbers.items():
        if number and count > 1:
            yield NewFinding("line_number_twice", {"number": number[:_SHOWN], "count": str(count)})


def _directions(invoice: Invoice) -> Iterator[NewFinding]:
    for node in invoice.tree.walk():
        if node.term not in ("OWN-G2", "OWN-G3"):
            continue
        amount = node.value("BT-92") or node.value("BT-136")
        indicator = node.value("BG-20-1") or node.value("BG-27-1")
        values = {"amount": amount[:_SHOWN], "indicator": indicator[:_SHOWN]}
        yield NewFinding("unknown_direction", values)
    if invoice.syntax is Syntax.UBL:
        for node in invoice.tree.all("BT-X-302"):
            yield NewFinding("price_charge", {"amount": node.text[:_SHOWN]})


def _accounts(invoice: Invoice) -> Iterator[NewFinding]:
    accounts = list(dict.fromkeys("".join(n.text.split()) for n in invoice.tree.all("BT-84")))
    if len(accounts) > 1:
        others = ", ".join(accounts[1:11])
        yield NewFinding("more_accounts", {"account": accounts[0], "others": others[:500]})


def _attachments(invoice: Invoice) -> Iterator[NewFinding]:
    for one in attachments(invoice):
        if one.problem is not Problem.NONE:
            name = (one.filename or one.reference)[:_SHOWN]
            values = {"name": name, "problem": one.problem.value, "type": one.mime_type[:_SHOWN]}
            yield NewFinding("attachment_problem", values)


def _not_understood(invoice: Invoice) -> Iterator[NewFinding]:
    for one in invoice.not_understood:
        if one.concern is not Concern.NOTHING:
            values = {"path": one.place.path, "line": str(one.place.line), "value": one.text}
            yield NewFinding(f"not_understood_{one.concern}", values)
