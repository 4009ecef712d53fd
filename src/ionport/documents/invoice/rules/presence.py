"""Conditions about what is there: values, pairs, periods, lengths, decimals, code lists."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from functools import cache

from ionport.documents.invoice.codes import code_list
from ionport.documents.invoice.rules.facts import Facts, decimals, has
from ionport.documents.invoice.rules.model import Rule, Violation
from ionport.documents.invoice.table import Syntax

_MAX_DECIMALS = 2
_VAT_PREFIXES = frozenset({"EL", "XI", "1A"})
_COUNTRIES = frozenset({"1A", "XI"})
_TAX_POINT = {True: frozenset({"5", "29", "72"}), False: frozenset({"3", "35", "432"})}
_CATEGORIES = frozenset({"AE", "E", "S", "Z", "G", "O", "K", "L", "M", "B"})
_PATTERNS = {
    "three-digits": re.compile(r".*[0-9].*[0-9].*[0-9].*", re.S),
    "email": re.compile(r"[^@\s]([^@]*[^@\s])?@[^@\s.][^@\s]*\.[^@\s.]+"),
    "peppol-process": re.compile(r"urn:fdc:peppol\.eu:2017:poacc:billing:[0-9]{2}:1\.0"),
}


def present(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """One of the terms stands in the invoice and is not blank."""
    if not facts.has(rule.arguments[0]):
        yield Violation()


def each(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """Every group has each of the terms (`A|B`: one of them)."""
    group, *wanted = rule.arguments
    is_value = group.startswith("BT-")
    for node in facts.group(group):
        if is_value and not node.text:
            continue
        index = node.index()
        for terms in wanted:
            found = index.get(terms)
            if not (found and found[0].text) and not has(node, terms):
                yield Violation(node)


def not_both(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """At most one of two terms is given."""
    if all(facts.has(term) for term in rule.arguments):
        yield Violation()


def differ(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """Two terms, when both are given, are not equal."""
    first, second = rule.arguments
    value = facts.tree.value(first)
    if value and value == facts.tree.value(second):
        yield Violation(facts.tree.first(first), {"value": value})


def different(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """All values of a term are different."""
    seen: set[str] = set()
    for node in facts.tree.all(rule.arguments[0]):
        if node.text in seen:
            yield Violation(node, {"value": node.text})
        seen.add(node.text)


def at_most_one(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """A term of a credit note stands once at most."""
    found = facts.tree.all(rule.arguments[0])
    if facts.invoice.is_credit_note and facts.invoice.syntax is Syntax.UBL and len(found) > 1:
        yield Violation(found[1])


def at_most_one_each(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """A term stands once at most in each group."""
    group, term = rule.arguments
    for node in facts.group(group):
        if len(node.all(term)) > 1:
            yield Violation(node)


def not_negative(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """A number is not below zero."""
    for node in facts.tree.all(rule.arguments[0]):
        if node.decimal is not None and node.decimal < 0:
            yield Violation(node, {"value": node.text})


def positive(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """A number is above zero."""
    for node in facts.tree.all(rule.arguments[0]):
        if node.decimal is not None and node.decimal <= 0:
            yield Violation(node, {"value": node.text})


def decimals_of_term(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """A number has two decimals at most; written zeros count, except in CII's VAT totals."""
    for term in rule.arguments:
        for node in facts.tree.all(term):
            written = node.written
            if facts.is_cii and term in ("BT-110", "BT-111"):
                written = written.rstrip().rstrip("0") if "." in written else written
            if decimals(written) > _MAX_DECIMALS:
                yield Violation(node, {"value": node.text})


def period(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """A period does not end before it starts; the same day is allowed."""
    group, start, end = rule.arguments
    for node in facts.group(group):
        first, last = node.first(start), node.first(end)
        if first and last and first.day and last.day and last.day < first.day:
            yield Violation(last, {"start": first.text, "end": last.text})


def listed(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """Every value is in a code list, case as written; `+CODE` is allowed besides."""
    name, terms, known, more = _lists(rule.arguments)
    for term in terms:
        for node in facts.tree.all(term):
            # The artefacts compare exemption codes in upper case.
            code = node.text.upper() if name == "vatex" else node.text
            if code and code not in known and code not in more:
                yield Violation(node, {"value": node.text, "list": name})


@cache
def _lists(
    arguments: tuple[str, ...],
) -> tuple[str, Sequence[str], Container[str], frozenset[str]]:
    """Return the list's name, the terms, the list, and the codes that are allowed besides."""
    name, *terms = arguments
    more = frozenset(term[1:] for term in terms if term.startswith("+")) | _besides(name)
    known: Container[str] = _CATEGORIES if name == "untdid-5305" else code_list(name)
    return name, [term for term in terms if not term.startswith("+")], known, more


def _besides(name: str) -> frozenset[str]:
    if name == "iso-3166-1":
        return _COUNTRIES
    return frozenset({"SEPA"}) if name == "iso-6523-icd" else frozenset()


def one_of(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """Every value is one of the codes of the row."""
    term, *codes = rule.arguments
    for node in facts.tree.all(term):
        if node.text and node.text not in codes:
            yield Violation(node, {"value": node.text, "codes": ", ".join(codes)})


def matches(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """A value that is given has its form."""
    term, pattern = rule.arguments
    for node in facts.tree.all(term):
        if node.text and not _PATTERNS[pattern].fullmatch(node.text):
            yield Violation(node, {"value": node.text})


def profile_begins(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """The specification identifier begins as the row says."""
    if not facts.invoice.profile.strip().startswith(rule.arguments):
        yield Violation(facts.tree.first("BT-24"), {"value": facts.invoice.profile})


def tax_point_code(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """The code of the tax point date is one of the syntax."""
    for node in facts.tree.all("BT-8"):
        if node.text and node.text not in _TAX_POINT[facts.is_cii]:
            yield Violation(node, {"value": node.text, "list": "untdid-2005"})


def currencies(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """Every amount's currency is in ISO 4217."""
    known, told = code_list("iso-4217"), set[str]()
    unknown = [currency for currency in facts.currencies if currency and currency not in known]
    for node in facts.nodes if unknown else ():
        if node.currency and node.currency not in known and node.currency not in told:
            told.add(node.currency)
            yield Violation(node, {"value": node.currency, "list": "iso-4217"})


def vat_id_country(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """A VAT identifier begins with a country's code, or EL, XI or 1A."""
    countries = code_list("iso-3166-1")
    for term in rule.arguments:
        for node in facts.tree.all(term):
            prefix = node.text[:2]
            if node.text and prefix not in countries and prefix not in _VAT_PREFIXES:
                yield Violation(node, {"value": node.text})


def no_empty_value(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """No value is blank."""
    for node in facts.nodes:
        if not node.children and not node.text and node.term.startswith("BT-"):
            yield Violation(node, {"term": node.term})


def untestable(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """Always holds: the official artefacts do not test it, mostly because no program can."""
    return iter(())
