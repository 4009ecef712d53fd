"""Reading received purchase invoices from a request, and showing them.

Source: docs/reference/ln.md#received-purchase-invoices.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from lxml import etree

from ionport.sandbox.kit.texts import quoted
from ionport.sandbox.ln.envelope import SoapCall, elements, first, local, named
from ionport.sandbox.ln.model import (
    HEADER,
    KEY_COMPANY,
    KEY_NUMBER,
    LINES,
    MAX_COMPANY,
    MAX_PROBLEMS,
    MAX_TEXT,
    NUMBER,
    Attribute,
    Component,
    Draft,
    Invoice,
    Kind,
    Problem,
    RequestRefused,
    Values,
    refused,
)

MAX_INVOICES = 100
MAX_LINES = 5_000
_DEFAULT_COUNTRY = "DE"
_INTEGER = re.compile(r"[+-]?\d{1,9}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.]{5,16}(Z|[+-]\d\d:\d\d)?)?", re.ASCII)


# Attributes as a client names them, with their values.
Given = Sequence[tuple[str, str]]


class Scope(StrEnum):
    """What is refused together when something is wrong (`ControlArea/processingScope`)."""

    NOT_APPLICABLE = "not_applicable"
    REQUEST = "request"
    BUSINESS_ENTITY = "business_entity"
    BUSINESS_ENTITY_COMPONENT = "business_entity_component"

    @property
    def is_each_on_its_own(self) -> bool:
        """Whether one wrong invoice leaves the others of the request alone."""
        return self in (Scope.BUSINESS_ENTITY, Scope.BUSINESS_ENTITY_COMPONENT)


@dataclass(frozen=True, slots=True)
class ReadInvoice:
    """An invoice of a request, or what is wrong with it."""

    draft: Draft | None
    problems: Sequence[Problem]


def read_scope(call: SoapCall) -> Scope:
    """Return the processing scope; raises RequestRefused."""
    found = first(first(call.request, "ControlArea"), "processingScope")
    text = "" if found is None else (found.text or "").strip()
    try:
        return Scope(text or Scope.REQUEST)
    except ValueError as error:
        raise refused(f"{quoted(text)} is no processing scope.") from error


def read_invoices(call: SoapCall) -> Sequence[ReadInvoice]:
    """Read the invoices of a create request; raises RequestRefused when there is none."""
    entities = list(named(first(call.request, "DataArea"), call.service))
    if not entities:
        raise refused(f"The DataArea has no {call.service}.")
    if len(entities) > MAX_INVOICES:
        text = "A request takes at most {limit} invoices; send the rest in another."
        raise refused(text.format(limit=MAX_INVOICES))
    return [_read_invoice(entity, call.company) for entity in entities]


def read_keys(call: SoapCall) -> Sequence[tuple[int, int]]:
    """Return the keys in a request's DataArea; raises RequestRefused."""
    keys = [_read_key(entity, call.company) for entity in _keyed(call)]
    if not keys:
        raise refused(f"The DataArea has no {call.service}.")
    return keys


def _keyed(call: SoapCall) -> Sequence[etree._Element]:
    return list(named(first(call.request, "DataArea"), call.service))[:MAX_INVOICES]


def _read_key(entity: etree._Element, company: int) -> tuple[int, int]:
    values = {local(child): (child.text or "").strip() for child in elements(entity)}
    number, of_company = values.get(KEY_NUMBER, ""), values.get(KEY_COMPANY, str(company))
    if _INTEGER.fullmatch(number) and _INTEGER.fullmatch(of_company):
        return int(of_company), int(number)
    raise refused(f"{KEY_NUMBER} is the number of an invoice.")


def _read_invoice(entity: etree._Element, company: int) -> ReadInvoice:
    action = entity.get("actionType", "create")
    if action not in ("create", "createOrChange"):
        text = "The sandbox creates invoices; it does not imitate the action {action}."
        return ReadInvoice(None, [Problem(text.format(action=quoted(action)))])
    lines = {each.name: list(map(_given, named(entity, each.name))) for each in LINES}
    own = [(name, text) for name, text in _given(entity) if name not in lines]
    return read_invoice(own, lines, company)


def _given(parent: etree._Element) -> Given:
    return [(local(child), child.text or "") for child in elements(parent)]


def read_invoice(
    given: Given, of_lines: Mapping[str, Sequence[Given]], company: int
) -> ReadInvoice:
    """Read an invoice from its attributes and those of its lines, which are by component.

    `company` is the financial company of an invoice that names none.
    """
    if sum(map(len, of_lines.values())) > MAX_LINES:
        return ReadInvoice(None, [Problem(f"An invoice takes at most {MAX_LINES} lines.")])
    values, problems = _read_values(given, HEADER)
    values = {"FinancialCompany": str(company), "TaxCountry": _DEFAULT_COUNTRY, **values}
    header = {name: values[name] for name in HEADER.attributes if name in values}
    if not 0 <= int(header["FinancialCompany"]) <= MAX_COMPANY:
        wrong = "the value is no company"
        problems.append(_invalid("FinancialCompany", header["FinancialCompany"], wrong))
    lines: dict[str, list[Values]] = {component.name: [] for component in LINES}
    for component in LINES:
        for line in of_lines.get(component.name, ()):
            # What is wrong with a hundred values is enough to know.
            if len(problems) < MAX_PROBLEMS:
                line_values, of_line = _read_values(line, component)
                lines[component.name].append(line_values)
                problems += of_line
    return ReadInvoice(None if problems else Draft(header, lines), problems)


def _read_values(given: Given, component: Component) -> tuple[dict[str, str], list[Problem]]:
    """Read the attributes of an invoice or a line, and everything that is wrong with them."""
    if len(given) > MAX_PROBLEMS:
        text = "{component} has too many attributes."
        return {}, [Problem(text.format(component=component.name))]
    values: dict[str, str] = {}
    problems = []
    for name, text in given:
        attribute = component.attributes.get(name)
        if attribute is None:
            problems.append(unknown_attribute(name, text))
        elif problem := problem_of(attribute, text):
            problems.append(problem)
        elif text.strip():
            values[name] = text.strip()
    problems += [
        _invalid(name, " ", "the value is mandatory")
        for name, attribute in component.attributes.items()
        if attribute.is_mandatory and name not in values and not _is_named(problems, name)
    ]
    return {name: values[name] for name in component.attributes if name in values}, problems


def unknown_attribute(name: str, text: str) -> Problem:
    """Return the message for an attribute that there is not."""
    return _invalid(name[:80], text, "the attribute is not known")


def problem_of(attribute: Attribute, text: str) -> Problem | None:
    """Return what is wrong with an attribute's value, or None."""
    value = text.strip()
    if attribute.kind is Kind.TEXT:
        if len(value) > MAX_TEXT:
            wrong = f"the value has at most {MAX_TEXT} characters"
            return _invalid(attribute.name, value, wrong)
        return None
    if attribute.kind is Kind.DATE:
        is_right = not value or _is_date(value)
        return None if is_right else _invalid(attribute.name, value, "the value must be a date")
    pattern = _INTEGER if attribute.kind is Kind.INTEGER else NUMBER
    if pattern.fullmatch(value):
        return None
    # The vendor's users know this text; a blank is what the documented message shows.
    return _invalid(attribute.name, value or " ", "the value must be numeric")


def _invalid(name: str, value: str, wrong: str) -> Problem:
    """Return a message in the words of the documented one (docs/reference/ln.md#soap)."""
    return Problem(f"Request validation; Attr. '{name}', Value {quoted(value)} : {wrong}.")


def _is_named(problems: Iterable[Problem], name: str) -> bool:
    return any(f"Attr. '{name}'" in problem.text for problem in problems)


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value[:10])
    except ValueError:
        return False
    return _DATE.fullmatch(value) is not None


def shown(invoice: Invoice) -> dict[str, str]:
    """Return an invoice's own attributes, first those that LN adds."""
    return {
        KEY_COMPANY: str(invoice.company),
        KEY_NUMBER: str(invoice.number),
        "InvoiceStatus": invoice.status.value,
        "ProcessingStatus": invoice.processing.value,
        **invoice.draft.header,
    }


def check_all(read: Sequence[ReadInvoice]) -> None:
    """Raise RequestRefused with everything that is wrong with any invoice of the request."""
    problems = [problem for each in read for problem in each.problems]
    if problems:
        raise RequestRefused(problems)
