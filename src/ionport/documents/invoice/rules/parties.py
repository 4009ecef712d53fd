"""Conditions about parties, payment and references."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

from ionport.documents.invoice.rules.facts import Facts, has
from ionport.documents.invoice.rules.model import Rule, Violation
from ionport.documents.invoice.table import Syntax
from ionport.documents.invoice.tree import Node

_TRANSFERS = frozenset({"30", "58"})
_MANDATES = frozenset({"49", "59"})
_MAX_CARD = 10
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}", re.IGNORECASE | re.ASCII)
# ISO 7064: letters count 10 to 35.
_VALUES = {sign: str(value) for value, sign in enumerate(string.digits + string.ascii_uppercase)}
_DISCOUNT = re.compile(
    r"#SKONTO#TAGE=[0-9]+#PROZENT=[0-9]+\.[0-9]{2}#(?:BASISBETRAG=-?[0-9]+\.[0-9]{2}#)?"
)


def payee_is_another(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-17: a payee has a name, and neither name nor identifier are the seller's.

    UBL compares with the trading name (BT-28), CII with the name (BT-27).
    """
    for payee in facts.tree.all("BG-10"):
        name = payee.value("BT-59")
        seller = facts.tree.value("BT-27" if facts.is_cii else "BT-28")
        identifiers = {node.text for node in facts.tree.all("BT-29") if node.text}
        if not name or name == seller or payee.value("BT-60") in identifiers:
            yield Violation(payee)


def account_has_number(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-50: a credit transfer has an account (UBL: means codes 30 and 58 only)."""
    for means in facts.tree.all("BG-16"):
        if facts.is_cii or means.value("BT-81") in _TRANSFERS:
            for transfer in means.all("BG-17"):
                if not transfer.value("BT-84"):
                    yield Violation(transfer)


def transfer_has_account(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-61: means codes 30 and 58 name the account to pay to."""
    for means in facts.tree.all("BG-16"):
        if means.value("BT-81") in _TRANSFERS and not means.value("BT-84"):
            yield Violation(means, {"value": means.value("BT-81")})


def card_number_cut(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-51: of a card number ten characters at most are shown; the number itself is not told."""
    for node in facts.tree.all("BT-87"):
        if len(node.text) > _MAX_CARD:
            yield Violation(node)


def seller_identified(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-CO-26: the seller has an identifier, a legal registration or a VAT identifier."""
    if not facts.has("BT-29|BT-30|BT-31"):
        yield Violation()


def means(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-DE-23 to 25: means codes come `with` a group, or `without` some."""
    codes, mode, *groups = rule.arguments
    for node in facts.tree.all("BG-16"):
        code = node.value("BT-81")
        if code not in codes.split(","):
            continue
        for group in groups:
            if has(node, group) != (mode == "with"):
                yield Violation(node, {"value": code, "term": group})


def direct_debit(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-DE-30, 31: a direct debit comes with a creditor identifier and the debited account."""
    (term,) = rule.arguments
    for node in facts.tree.all("BG-19"):
        if not node.value(term):
            yield Violation(node)


def mandate(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """Means codes 49 and 59 come with a mandate reference."""
    for node in facts.tree.all("BG-16"):
        code = node.value("BT-81")
        if code in _MANDATES and not facts.has("BT-89"):
            yield Violation(node, {"value": code})


def iban(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-DE-19, 20: for its means code an account is a well-formed IBAN (mod 97 is 1)."""
    _group, term, code = rule.arguments
    for node in facts.tree.all("BG-16"):
        if node.value("BT-81") == code:
            for account in node.all(term):
                if account.text and not is_iban(account.text):
                    yield Violation(account, {"value": account.text})


def is_iban(text: str) -> bool:
    """Tell whether `text`, white space aside, is formed as an IBAN and has its check digits."""
    number = "".join(text.split()).upper()
    if not _IBAN.fullmatch(number):
        return False
    return int("".join(map(_VALUES.__getitem__, number[4:] + number[:4]))) % 97 == 1


def discount_lines(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-DE-18: a line of the terms that begins with # is a discount, and a line break ends it."""
    for node in facts.tree.all("BT-20"):
        if "#" not in node.written:
            continue
        lines = re.split(r"\r?\n", node.written)
        for line in lines:
            text = line.strip()
            if text.startswith("#") and not _DISCOUNT.fullmatch(text):
                yield Violation(node, {"value": text})
        if lines[-1].strip().startswith("#"):
            yield Violation(node, {"value": lines[-1].strip()})


def corrected_names_original(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-DE-26: a corrected invoice (384) names the invoice it corrects."""
    if facts.tree.value("BT-3") == "384" and not facts.has("BG-3"):
        yield Violation()


def sub_line_category(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-DEX-03: every sub line has one VAT category."""
    for node in facts.nodes:
        if node.term == "BG-DEX-01" and len(node.all("BT-151")) != 1:
            yield Violation(node)


def invoice_currency(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """An amount is in the invoice's currency."""
    for node in facts.tree.all(rule.arguments[0]):
        if node.currency and node.currency != facts.invoice.currency:
            yield Violation(node, {"value": node.currency})


def other_currencies(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """Every amount is in the invoice's currency, except the VAT total of the accounting's."""
    for node in facts.nodes if facts.currencies - {"", facts.invoice.currency} else ():
        is_other = node.currency and node.currency != facts.invoice.currency
        if is_other and node.term != "BT-111":
            yield Violation(node, {"value": node.currency})
            return


def no_parent_line(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-DEX-15: no line of a CII invoice of the extension names a parent line."""
    node = facts.tree.first("BT-X-304")
    if node is not None and facts.is_cii:
        yield Violation(node, {"value": node.text})


def each_with_parent(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-FXEXT-06: a line with a parent has a status reason."""
    for line in facts.tree.all("BG-25"):
        if line.value("BT-X-304") and not line.value("BT-X-8"):
            yield Violation(line)


def parent_line_exists(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-FXEXT-11: the parent that a line names is there."""
    lines = facts.tree.all("BG-25")
    numbers = {line.value("BT-126") for line in lines}
    for line in lines:
        parent = line.value("BT-X-304")
        if parent and parent not in numbers:
            yield Violation(line.first("BT-X-304"), {"value": parent})


def one_note(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """At most one note, unless seller and buyer are German."""
    is_german = facts.tree.value("BT-40") == "DE" == facts.tree.value("BT-55")
    notes = facts.tree.all("BG-1")
    if len(notes) > 1 and not is_german:
        yield Violation(notes[1])


def indicator_word(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """An indicator is written `true` or `false`."""
    for term in ("BG-20-1", "BG-21-1", "BG-27-1", "BG-28-1"):
        for node in facts.tree.all(term):
            if node.written.strip() not in ("true", "false"):
                yield Violation(node, {"value": node.written.strip()})


def no_price_charge(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """A price has a discount and no charge (UBL)."""
    node = facts.tree.first("BT-X-302")
    if node is not None and facts.invoice.syntax is Syntax.UBL:
        yield Violation(node, {"value": node.text})


def base_quantity_unit(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """The base quantity's unit is the quantity's, when both have one."""
    for line in facts.lines:
        unit, base = line.value("BT-130"), line.first("BT-150")
        if unit and base is not None and base.text and base.text != unit:
            yield Violation(base, {"value": base.text, "unit": unit})


def line_period_starts_inside(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """A line's period does not start before the invoice's."""
    start = facts.tree.first("BT-73")
    for node in facts.tree.all("BT-134"):
        if start is not None and start.day and node.day and node.day < start.day:
            yield _outside(node, start)


def line_period_ends_inside(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """A line's period does not end after the invoice's."""
    end = facts.tree.first("BT-74")
    for node in facts.tree.all("BT-135"):
        if end is not None and end.day and node.day and node.day > end.day:
            yield _outside(node, end)


def _outside(node: Node, limit: Node) -> Violation:
    return Violation(node, {"value": node.text, "limit": limit.text})
