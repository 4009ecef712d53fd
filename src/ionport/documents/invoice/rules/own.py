"""Conditions beyond the standards, about what costs firms money when it is wrong."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from ionport.documents.invoice.attachments import Problem, attachments
from ionport.documents.invoice.codes import code_list
from ionport.documents.invoice.model import Kind
from ionport.documents.invoice.rules.facts import Facts
from ionport.documents.invoice.rules.model import Rule, Violation
from ionport.documents.invoice.tree import Node

_EARLIEST = date(2000, 1, 1)
_AHEAD = timedelta(days=60)
_MAX_NUMBER = 100
_CREDIT_NOTES = frozenset({"502", "503"})
_IDENTITIES = (
    "BT-1", "BT-13", "BT-25", "BT-29", "BT-30", "BT-31", "BT-32", "BT-48", "BT-84", "BT-86",
)  # fmt: skip
_SHOWN = 60
_MAX_NAMED = 10
# The only amounts that are in the currency of the accounts.
_ACCOUNTING_AMOUNTS = frozenset({"BT-111", "BT-X-590"})


def two_currency_codes(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """The invoice names one currency."""
    codes = list(dict.fromkeys(node.text for node in facts.tree.all("BT-5") if node.text))
    if len(codes) > 1:
        yield Violation(facts.tree.all("BT-5")[1], {"codes": ", ".join(codes[:5])})


def other_currency(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """No amount is in another currency, but for those of the accounting currency."""
    currency, others = facts.invoice.currency, dict[str, Node]()
    for node in _counted(facts.tree) if facts.currencies - {"", currency} else ():
        if node.currency not in ("", currency) and node.term not in _ACCOUNTING_AMOUNTS:
            others.setdefault(node.currency, node)
    totals = facts.tree.all("BT-111")
    if not facts.has("BT-110") and not facts.has("BT-6") and len(totals) == 1:
        # The only VAT total is in another currency, though the invoice names none for accounting.
        others.setdefault(totals[0].currency, totals[0])
    if others and currency:
        given = {"currency": currency, "others": ", ".join(list(others)[:_MAX_NAMED])}
        yield Violation(next(iter(others.values())), given)


def _counted(node: Node) -> Iterator[Node]:
    """Yield what is below `node`, without the VAT breakdown of the accounting currency."""
    for child in node.children:
        if child.term != "OWN-G1":
            yield child
            yield from _counted(child)


def tax_total_without_currency(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """The VAT total names its currency."""
    node = facts.tree.first("BT-110")
    if node is not None and node.text and not node.currency:
        yield Violation(node, {"currency": facts.invoice.currency})


def negative_invoice(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """An invoice's total is not negative."""
    yield from _negative(facts, is_credit_note=False)


def negative_credit_note(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """A credit note's total is not negative: the kind turns the sign already."""
    yield from _negative(facts, is_credit_note=True)


def _negative(facts: Facts, *, is_credit_note: bool) -> Iterator[Violation]:
    gross = facts.tree.first("BT-112")
    if gross is None or gross.decimal is None or facts.invoice.is_credit_note != is_credit_note:
        return
    if gross.decimal < 0:
        yield Violation(gross, {"total": gross.text, "currency": facts.invoice.currency})


def corrected_invoice(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """A corrected invoice (384) replaces another, which may have been booked."""
    node = facts.tree.first("BT-3")
    if node is not None and node.text == "384":
        replaced = ", ".join(one.text for one in facts.tree.all("BT-25")[:_MAX_NAMED])
        yield Violation(node, {"replaced": replaced})


def issue_date(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """The issue date is not before 2000-01-01 and not more than 60 days ahead."""
    node = facts.tree.first("BT-2")
    day = node.day if node is not None else None
    if node is not None and day and not (day >= _EARLIEST and day - _AHEAD <= facts.today):
        yield Violation(node, {"value": node.text})


def early_date(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """No other date of the invoice is before 2000-01-01."""
    for node in facts.dates:
        day = node.day if node.term != "BT-2" else None
        if day is not None and day < _EARLIEST:
            yield Violation(node, {"term": node.term, "value": node.text})


def due_before_issue(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """The due date is not before the issue date."""
    issued, due = facts.tree.first("BT-2"), facts.tree.first("BT-9")
    if issued and due and issued.day and due.day and due.day < issued.day:
        yield Violation(due, {"due": due.text, "issued": issued.text})


def same_line_id(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """No two lines have one identifier."""
    numbers = Counter(line.value("BT-126") for line in facts.tree.all("BG-25"))
    told: set[str] = set()
    for line in facts.tree.all("BG-25"):
        number = line.value("BT-126")
        if number and numbers[number] > 1 and number not in told:
            told.add(number)
            yield Violation(line.first("BT-126"), {"number": number, "count": str(numbers[number])})


def unreadable_value(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """Every number is a decimal of at most 28 signs, and every date a day of the calendar."""
    unreadable = {node for node in facts.numbers if node.decimal is None}
    unreadable |= {node for node in facts.dates if node.day is None}
    # In the order of the file.
    for node in facts.nodes if unreadable else ():
        if node in unreadable:
            yield Violation(node, {"term": node.term, "value": node.text})


def date_with_time(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """Dates are written without a time, which is left out."""
    for node in facts.dates:
        if (":" in node.written or "T" in node.written) and node.day is not None:
            yield Violation(node, {"term": node.term, "value": node.written})


def attachment_problem(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """Every attachment can be decoded, is not too large, and is of the type that it says."""
    for one in attachments(facts.invoice):
        if one.problem is not Problem.NONE:
            name = (one.filename or one.reference)[:_SHOWN]
            given = {"name": name, "problem": one.problem.value, "type": one.mime_type[:_SHOWN]}
            yield Violation(None, given)


def invisible_signs(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """No number or identifier has signs that nobody sees or that turn the direction."""
    for term in _IDENTITIES:
        for node in facts.tree.all(term):
            if node.text.isprintable():
                continue
            signs = [sign for sign in node.text if unicodedata.category(sign) in ("Cf", "Cc", "Co")]
            if signs:
                names = ", ".join(dict.fromkeys(f"U+{ord(sign):04X}" for sign in signs[:5]))
                shown = "".join(sign for sign in node.text if sign not in signs)
                yield Violation(node, {"term": term, "value": shown, "signs": names})


def long_number(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """The document's number has 100 characters at most."""
    node = facts.tree.first("BT-1")
    if node is not None and len(node.text) > _MAX_NUMBER:
        given = {"value": node.text[:_SHOWN] + "…", "length": str(len(node.text))}
        yield Violation(node, given)


def type_code(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """A credit note's type does not stand in a document of invoices, nor the other way round."""
    node = facts.tree.first("BT-3")
    known = code_list("untdid-1001").get(node.text) if node is not None else None
    if node is None or known is None or node.text in _CREDIT_NOTES:
        return
    if (known.more == "credit note") != facts.invoice.is_credit_note:
        yield Violation(node, {"value": node.text, "name": known.name})


def no_order(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """A confirmation names the order that it confirms, once or in every line."""
    tree = facts.tree
    if facts.invoice.kind is Kind.ORDER_CONFIRMATION and not tree.value("BT-13"):
        lines = tree.all("BG-25")
        if not lines or not all(line.value("BT-X-21") for line in lines):
            yield Violation(None, {})


def no_delivery_note_number(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """A delivery note has a number."""
    if facts.invoice.kind is Kind.DELIVERY_NOTE and not facts.tree.value("BT-1"):
        yield Violation(None, {})


def unknown_direction(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """Every allowance or charge tells which of both it is."""
    for node in facts.nodes:
        if node.term in ("OWN-G2", "OWN-G3"):
            amount = node.value("BT-92") or node.value("BT-136")
            yield Violation(node, {"amount": amount})


def other_payee(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """The payee is the seller."""
    node = facts.tree.first("BT-59")
    if node is not None and node.text and node.text != facts.tree.value("BT-27"):
        yield Violation(node, {"payee": node.text, "seller": facts.tree.value("BT-27")})


def several_accounts(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """The invoice names one account to pay to."""
    accounts = list(dict.fromkeys(node.text for node in facts.tree.all("BT-84") if node.text))
    if len(accounts) > 1:
        more = ", ".join(accounts[1:6])
        yield Violation(facts.tree.all("BT-84")[1], {"first": accounts[0], "others": more})


def not_understood(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """Nothing about the row's concerns (money, payee, identity) stands where no term is."""
    for found in facts.invoice.not_understood:
        if found.concern in rule.arguments:
            given = {
                "path": found.place.path[-120:],
                "value": found.text,
                "concern": found.concern.value,
                "line": str(found.place.line),
            }
            yield Violation(None, given)
