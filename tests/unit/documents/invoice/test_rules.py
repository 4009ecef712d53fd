"""Each rule notices what it forbids, and nothing of an invoice that is right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from ionport.documents.invoice.codes import code_list, decimals_of
from ionport.documents.invoice.model import Kind
from ionport.documents.invoice.rules.check import MAX_PLACES, check_invoice, findings_by
from ionport.documents.invoice.rules.facts import Facts
from ionport.documents.invoice.rules.model import Effect
from ionport.documents.invoice.rules.profiles import rules_for
from ionport.documents.invoice.rules.sentences import rule_text
from ionport.documents.invoice.rules.table import rules
from ionport.documents.invoice.table import Syntax
from tests.support.invoice_trees import (
    EN,
    EXTENDED,
    PEPPOL,
    XRECHNUNG,
    XRECHNUNG_EXTENSION,
    branches,
    category_branches,
    invoice,
    line,
)

TODAY = date(2026, 3, 10)
PROFILES = (EN, XRECHNUNG, XRECHNUNG_EXTENSION, PEPPOL, EXTENDED)
CATEGORIES = {"S": "19", "Z": "0", "E": "0", "AE": "0", "K": "0", "G": "0", "L": "19", "M": "19"}
RULE_FAMILY = {"K": "IC", "L": "AF", "M": "AG"}
Branches = dict[str, Any]


def found(
    branch: Branches, syntax: Syntax = Syntax.UBL, kind: Kind = Kind.INVOICE
) -> dict[str, str]:
    """Return the rules that notice something, with the first sentence of each.

    They are those of the profile: none that would notice something is left out beforehand.
    """
    noticed: dict[str, str] = {}
    checked = invoice(branch, syntax, kind)
    findings = check_invoice(checked, TODAY)
    assert findings == findings_by(rules_for(checked), Facts(checked, TODAY))
    for finding in findings:
        text = rule_text(finding.rule.id, finding.values)
        assert text, finding
        noticed.setdefault(finding.rule.id, text)
    return noticed


@pytest.mark.parametrize("syntax", [Syntax.UBL, Syntax.CII])
@pytest.mark.parametrize("profile", PROFILES)
def test_an_invoice_that_is_right_is_noticed_by_no_rule(profile: str, syntax: Syntax) -> None:
    assert found(branches(profile), syntax) == {}


@pytest.mark.parametrize("syntax", [Syntax.UBL, Syntax.CII])
@pytest.mark.parametrize("category", [*CATEGORIES, "O"])
def test_each_vat_category_used_rightly_is_noticed_by_no_rule(
    category: str, syntax: Syntax
) -> None:
    assert found(category_branches(category, CATEGORIES.get(category, "")), syntax) == {}


def _set(path: str, value: Any) -> Callable[[Branches], None]:
    """Return a change: `BG-22/BT-112` becomes `value`, None takes it away."""

    def change(branch: Branches) -> None:
        *way, last = path.split("/")
        target: Any = branch
        for step in way:
            target = target[0][step] if isinstance(target, list) else target.setdefault(step, {})
        target = target[0] if isinstance(target, list) else target
        if value is None:
            target.pop(last)
        else:
            target[last] = value

    return change


_ALLOWANCE = {"BT-92": "0.00", "BT-95": "S", "BT-96": "19", "BT-97": "why"}
_CHARGE = {"BT-99": "0.00", "BT-102": "S", "BT-103": "19", "BT-104": "why"}
_DEBIT = {"BT-81": "59", "BG-19": {"BT-90": "DE98ZZZ", "BT-91": "DE02120300000000202051"}}
_TAX_REPRESENTATIVE = {"BT-62": "Rep", "BT-63": "FR1", "BG-12": {"BT-69": "FR"}}
_THIRD = {"BT-DEX-001": "a", "BT-DEX-002": "10.00", "BT-DEX-003": "b"}
_SUB = {**line("1.1", net="100.00")}
_GROUP = {**line("9", net="90.00"), "BT-X-8": "GROUP"}

BROKEN = [
    ("BR-01", EN, _set("BG-2/BT-24", "")),
    ("BR-02", EN, _set("BT-1", None)),
    ("BR-03", EN, _set("BT-2", None)),
    ("BR-04", EN, _set("BT-3", "")),
    ("BR-05", EN, _set("BT-5", None)),
    ("BR-06", EN, _set("BG-4/BT-27", None)),
    ("BR-07", EN, _set("BG-7/BT-44", None)),
    ("BR-08", EN, _set("BG-4/BG-5", None)),
    ("BR-09", EN, _set("BG-4/BG-5/BT-40", None)),
    ("BR-10", EN, _set("BG-7/BG-8", None)),
    ("BR-11", EN, _set("BG-7/BG-8/BT-55", None)),
    ("BR-12", EN, _set("BG-22/BT-106", None)),
    ("BR-13", EN, _set("BG-22/BT-109", None)),
    ("BR-14", EN, _set("BG-22/BT-112", None)),
    ("BR-15", EN, _set("BG-22/BT-115", None)),
    ("BR-16", EN, _set("BG-25", [])),
    ("BR-17", EN, _set("BG-10", {"BT-59": "Seller"})),
    ("BR-18", EN, _set("BG-11", _TAX_REPRESENTATIVE | {"BT-62": ""})),
    ("BR-19", EN, _set("BG-11", {"BT-62": "Rep", "BT-63": "FR1"})),
    ("BR-20", EN, _set("BG-11", _TAX_REPRESENTATIVE | {"BG-12": {"BT-65": "x"}})),
    ("BR-21", EN, _set("BG-25/BT-126", None)),
    ("BR-22", EN, _set("BG-25/BT-129", None)),
    ("BR-23", EN, _set("BG-25/BT-129", "10")),
    ("BR-24", EN, _set("BG-25/BT-131", None)),
    ("BR-25", EN, _set("BG-25/BG-31", None)),
    ("BR-26", EN, _set("BG-25/BG-29", None)),
    ("BR-27", EN, _set("BG-25/BG-29/BT-146", "-10.00")),
    ("BR-28", EN, _set("BG-25/BG-29/BT-148", "-1.00")),
    ("BR-29", EN, _set("BG-14", {"BT-73": "2026-02-02", "BT-74": "2026-02-01"})),
    ("BR-30", EN, _set("BG-25/BG-26", {"BT-134": "2026-02-02", "BT-135": "2026-02-01"})),
    ("BR-31", EN, _set("BG-20", _ALLOWANCE | {"BT-92": ""})),
    ("BR-32", EN, _set("BG-20", _ALLOWANCE | {"BT-95": ""})),
    ("BR-33", EN, _set("BG-20", _ALLOWANCE | {"BT-97": ""})),
    ("BR-36", EN, _set("BG-21", _CHARGE | {"BT-99": ""})),
    ("BR-37", EN, _set("BG-21", _CHARGE | {"BT-102": ""})),
    ("BR-38", EN, _set("BG-21", _CHARGE | {"BT-104": ""})),
    ("BR-41", EN, _set("BG-25/BG-27", {"BT-139": "why"})),
    ("BR-42", EN, _set("BG-25/BG-27", {"BT-136": "0"})),
    ("BR-43", EN, _set("BG-25/BG-28", {"BT-144": "why"})),
    ("BR-44", EN, _set("BG-25/BG-28", {"BT-141": "0"})),
    ("BR-45", EN, _set("BG-23/BT-116", None)),
    ("BR-46", EN, _set("BG-23/BT-117", None)),
    ("BR-47", EN, _set("BG-23/BT-118", None)),
    ("BR-48", EN, _set("BG-23/BT-119", None)),
    ("BR-49", EN, _set("BG-16/BT-81", None)),
    ("BR-50", EN, _set("BG-16/BG-17", {"BT-85": "name"})),
    ("BR-51", EN, _set("BG-16/BG-18", {"BT-87": "4111111111111111"})),
    ("BR-52", EN, _set("BG-24", {"BT-123": "no number"})),
    ("BR-53", EN, _set("BT-6", "PLN")),
    ("BR-54", EN, _set("BG-25/BG-31/BG-32", {"BT-160": "colour"})),
    ("BR-55", EN, _set("BG-3", {"BT-26": "2026-01-01"})),
    ("BR-56", EN, _set("BG-11", _TAX_REPRESENTATIVE | {"BT-63": ""})),
    ("BR-57", EN, _set("BG-13", {"BG-15": {"BT-77": "Paris"}})),
    ("BR-61", EN, _set("BG-16/BG-17", None)),
    ("BR-62", EN, _set("BG-4/BT-34", "a@example.com")),
    ("BR-63", EN, _set("BG-7/BT-49", "a@example.com")),
    ("BR-64", EN, _set("BG-25/BG-31/BT-157", "4012345")),
    ("BR-65", EN, _set("BG-25/BG-31/BT-158", "9000")),
    ("BR-CO-03", EN, lambda b: b.update({"BT-7": "2026-03-02", "BT-8": "3"})),
    ("BR-CO-04", EN, _set("BG-25/BG-30/BT-151", None)),
    ("BR-CO-09", EN, _set("BG-4/BT-31", "123456789")),
    ("BR-CO-10", EN, _set("BG-22/BT-106", "100.01")),
    ("BR-CO-11", EN, _set("BG-22/BT-107", "1.00")),
    ("BR-CO-12", EN, _set("BG-22/BT-108", "1.00")),
    ("BR-CO-13", EN, _set("BG-22/BT-109", "100.01")),
    ("BR-CO-14", EN, _set("BG-22/BT-110", "19.01")),
    ("BR-CO-15", EN, _set("BG-22/BT-112", "119.01")),
    ("BR-CO-15", EN, _set("BG-22/BT-110", ["19.00", "19.00"])),
    ("BR-CO-16", EN, _set("BG-22/BT-115", "119.01")),
    ("BR-CO-17", EN, _set("BG-23/BT-117", "20.00")),
    ("BR-CO-18", EN, _set("BG-23", [])),
    ("BR-CO-19", EN, _set("BG-14", {})),
    ("BR-CO-20", EN, _set("BG-25/BG-26", {})),
    ("BR-CO-21", EN, _set("BG-20", _ALLOWANCE | {"BT-97": ""})),
    ("BR-CO-22", EN, _set("BG-21", _CHARGE | {"BT-104": ""})),
    ("BR-CO-23", EN, _set("BG-25/BG-27", {"BT-136": "0"})),
    ("BR-CO-24", EN, _set("BG-25/BG-28", {"BT-141": "0"})),
    ("BR-CO-26", EN, _set("BG-4/BT-31", None)),
    ("BR-B-01", EN, _set("BG-25/BG-30/BT-151", "B")),
    ("BR-B-02", EN, _set("BG-25/BG-30/BT-151", "B")),
    ("BR-CL-01", EN, _set("BT-3", "ZZZ")),
    ("BR-CL-04", EN, _set("BT-5", "eur")),
    ("BR-CL-05", EN, _set("BT-6", "XXY")),
    ("BR-CL-06", EN, _set("BT-8", "5")),
    ("BR-CL-07", EN, _set("BT-18", {"=": "1", "BT-18-1": "nope"})),
    ("BR-CL-08", EN, _set("BG-1", {"BT-21": "nope", "BT-22": "text"})),
    ("BR-CL-10", EN, _set("BG-4/BT-29", {"=": "1", "BT-29-1": "nope"})),
    ("BR-CL-11", EN, _set("BG-4/BT-30", {"=": "1", "BT-30-1": "nope"})),
    ("BR-CL-13", EN, _set("BG-25/BG-31/BT-158", {"=": "1", "BT-158-1": "nope"})),
    ("BR-CL-14", EN, _set("BG-4/BG-5/BT-40", "Germany")),
    ("BR-CL-15", EN, _set("BG-25/BG-31/BT-159", "XX")),
    ("BR-CL-16", EN, _set("BG-16/BT-81", "999")),
    ("BR-CL-17", EN, _set("BG-23/BT-118", "VAT")),
    ("BR-CL-18", EN, _set("BG-25/BG-30/BT-151", "VAT")),
    ("BR-CL-19", EN, _set("BG-20", _ALLOWANCE | {"BT-98": "nope"})),
    ("BR-CL-20", EN, _set("BG-21", _CHARGE | {"BT-105": "nope"})),
    ("BR-CL-21", EN, _set("BG-25/BG-31/BT-157", {"=": "1", "BT-157-1": "nope"})),
    ("BR-CL-22", EN, _set("BG-23/BT-121", "nope")),
    ("BR-CL-23", EN, _set("BG-25/BT-129", {"=": "10", "BT-130": "PCE"})),
    ("BR-CL-24", EN, _set("BG-24", {"BT-122": "1", "BT-125": {"=": "x", "BT-125-1": "text/html"}})),
    ("BR-CL-25", EN, _set("BG-4/BT-34", {"=": "a", "BT-34-1": "nope"})),
    ("BR-CL-26", EN, _set("BG-13", {"BT-71": {"=": "1", "BT-71-1": "nope"}})),
    ("BR-DE-1", XRECHNUNG, _set("BG-16", [])),
    ("BR-DE-2", XRECHNUNG, _set("BG-4/BG-6", None)),
    ("BR-DE-3", XRECHNUNG, _set("BG-4/BG-5/BT-37", None)),
    ("BR-DE-4", XRECHNUNG, _set("BG-4/BG-5/BT-38", None)),
    ("BR-DE-5", XRECHNUNG, _set("BG-4/BG-6/BT-41", None)),
    ("BR-DE-6", XRECHNUNG, _set("BG-4/BG-6/BT-42", None)),
    ("BR-DE-7", XRECHNUNG, _set("BG-4/BG-6/BT-43", None)),
    ("BR-DE-8", XRECHNUNG, _set("BG-7/BG-8/BT-52", None)),
    ("BR-DE-9", XRECHNUNG, _set("BG-7/BG-8/BT-53", None)),
    ("BR-DE-10", XRECHNUNG, _set("BG-13", {"BG-15": {"BT-78": "1", "BT-80": "DE"}})),
    ("BR-DE-11", XRECHNUNG, _set("BG-13", {"BG-15": {"BT-77": "x", "BT-80": "DE"}})),
    ("BR-DE-14", XRECHNUNG, _set("BG-23/BT-119", None)),
    ("BR-DE-15", XRECHNUNG, _set("BT-10", None)),
    ("BR-DE-16", XRECHNUNG, _set("BG-4/BT-31", None)),
    ("BR-DE-17", XRECHNUNG, _set("BT-3", "388")),
    ("BR-DE-18", XRECHNUNG, _set("BT-20", "#SKONTO#TAGE=14#PROZENT=2#\n")),
    ("BR-DE-19", XRECHNUNG, _set("BG-16/BG-17/BT-84", "DE03120300000000202051")),
    # The sign of Kelvin is a letter K for whoever folds cases.
    ("BR-DE-19", XRECHNUNG, _set("BG-16/BG-17/BT-84", "DE03\u212a120300000000202051")),
    ("BR-DE-20", XRECHNUNG, _set("BG-16", _DEBIT | {"BG-19": {"BT-90": "x", "BT-91": "DE0"}})),
    ("BR-DE-21", XRECHNUNG, _set("BG-2/BT-24", "my-xrechnung")),
    ("BR-DE-22", XRECHNUNG, _set("BG-24", [{"BT-122": "1", "BT-125": {"BT-125-2": "a"}}] * 2)),
    ("BR-DE-23-a", XRECHNUNG, _set("BG-16/BG-17", None)),
    ("BR-DE-23-b", XRECHNUNG, _set("BG-16/BG-19", {"BT-90": "x", "BT-91": "y"})),
    ("BR-DE-24-a", XRECHNUNG, _set("BG-16", {"BT-81": "48"})),
    ("BR-DE-24-b", XRECHNUNG, _set("BG-16/BT-81", "48")),
    ("BR-DE-25-a", XRECHNUNG, _set("BG-16", {"BT-81": "59"})),
    ("BR-DE-25-b", XRECHNUNG, _set("BG-16/BT-81", "59")),
    ("BR-DE-26", XRECHNUNG, _set("BT-3", "384")),
    ("BR-DE-27", XRECHNUNG, _set("BG-4/BG-6/BT-42", "0 1")),
    ("BR-DE-28", XRECHNUNG, _set("BG-4/BG-6/BT-43", "nobody")),
    ("BR-DE-30", XRECHNUNG, _set("BG-16", _DEBIT | {"BG-19": {"BT-91": "x"}})),
    ("BR-DE-31", XRECHNUNG, _set("BG-16", _DEBIT | {"BG-19": {"BT-90": "x"}})),
    (
        "BR-DEX-01",
        XRECHNUNG_EXTENSION,
        _set("BG-24", {"BT-122": "1", "BT-125": {"=": "x", "BT-125-1": "text/html"}}),
    ),
    ("BR-DEX-02", XRECHNUNG_EXTENSION, _set("BG-25/BG-DEX-01", [_SUB, _SUB])),
    ("BR-DEX-03", XRECHNUNG_EXTENSION, _set("BG-25/BG-DEX-01", [_SUB | {"BG-30": {}}])),
    ("BR-DEX-04", XRECHNUNG_EXTENSION, _set("BG-4/BT-29", {"=": "1", "BT-29-1": "nope"})),
    ("BR-DEX-05", XRECHNUNG_EXTENSION, _set("BG-4/BT-30", {"=": "1", "BT-30-1": "nope"})),
    (
        "BR-DEX-06",
        XRECHNUNG_EXTENSION,
        _set("BG-25/BG-31/BT-157", {"=": "1", "BT-157-1": "nope"}),
    ),
    ("BR-DEX-07", XRECHNUNG_EXTENSION, _set("BG-4/BT-34", {"=": "1", "BT-34-1": "nope"})),
    ("BR-DEX-08", XRECHNUNG_EXTENSION, _set("BG-13", {"BT-71": {"=": "1", "BT-71-1": "nope"}})),
    ("BR-DEX-09", XRECHNUNG_EXTENSION, _set("BG-DEX-09", _THIRD)),
    ("BR-DEX-10", XRECHNUNG_EXTENSION, _set("BG-DEX-09", _THIRD | {"BT-DEX-001": ""})),
    ("BR-DEX-11", XRECHNUNG_EXTENSION, _set("BG-DEX-09", _THIRD | {"BT-DEX-002": ""})),
    ("BR-DEX-12", XRECHNUNG_EXTENSION, _set("BG-DEX-09", _THIRD | {"BT-DEX-003": ""})),
    ("BR-DEX-13", XRECHNUNG_EXTENSION, _set("BG-DEX-09", _THIRD | {"BT-DEX-002": "1.234"})),
    ("PEPPOL-EN16931-R001", PEPPOL, _set("BG-2/BT-23", None)),
    ("PEPPOL-EN16931-R002", PEPPOL, lambda b: _two_french_notes(b)),
    ("PEPPOL-EN16931-R003", PEPPOL, _set("BT-10", None)),
    ("PEPPOL-EN16931-R005", PEPPOL, _set("BT-6", "EUR")),
    ("PEPPOL-EN16931-R007", PEPPOL, _set("BG-2/BT-23", "something")),
    ("PEPPOL-EN16931-R008", PEPPOL, _set("BT-11", "")),
    ("PEPPOL-EN16931-R010", PEPPOL, _set("BG-7/BT-49", None)),
    ("PEPPOL-EN16931-R020", PEPPOL, _set("BG-4/BT-34", None)),
    (
        "PEPPOL-EN16931-R040",
        PEPPOL,
        _set("BG-20", _ALLOWANCE | {"BT-93": "100.00", "BT-94": "10"}),
    ),
    ("PEPPOL-EN16931-R041", PEPPOL, _set("BG-20", _ALLOWANCE | {"BT-94": "0"})),
    ("PEPPOL-EN16931-R042", PEPPOL, _set("BG-20", _ALLOWANCE | {"BT-93": "0"})),
    ("PEPPOL-EN16931-R043", PEPPOL, _set("BG-20", _ALLOWANCE | {"BG-20-1": "0"})),
    ("PEPPOL-EN16931-R044", PEPPOL, _set("BG-25/BG-29/BT-X-302", "1.00")),
    ("PEPPOL-EN16931-R046", PEPPOL, _set("BG-25/BG-29/BT-148", "12.00")),
    ("PEPPOL-EN16931-R054", PEPPOL, _set("BG-22/BT-111", "80.00")),
    ("PEPPOL-EN16931-R055", PEPPOL, _set("BG-22/BT-111", "-80.00")),
    ("PEPPOL-EN16931-R061", PEPPOL, _set("BG-16", _DEBIT)),
    ("PEPPOL-EN16931-R100", PEPPOL, _set("BG-25/BT-128", ["1", "2"])),
    ("PEPPOL-EN16931-R101", PEPPOL, _set("BG-25/BT-128", {"=": "1", "BT-128-0": "131"})),
    ("PEPPOL-EN16931-R110", PEPPOL, lambda b: _periods(b, "2026-01-31", "2026-02-27")),
    ("PEPPOL-EN16931-R111", PEPPOL, lambda b: _periods(b, "2026-02-02", "2026-03-01")),
    ("PEPPOL-EN16931-R120", PEPPOL, _set("BG-25/BG-29/BT-146", "10.01")),
    ("PEPPOL-EN16931-R121", PEPPOL, _set("BG-25/BG-29/BT-149", "-1")),
    (
        "PEPPOL-EN16931-R130",
        PEPPOL,
        _set("BG-25/BG-29/BT-149", {"=": "1", "BT-150": "KGM"}),
    ),
    *(
        (f"PEPPOL-EN16931-P01{number}", PEPPOL, _set("BG-23/BT-121", code))
        for number, code in (
            ("04", "VATEX-EU-G"),
            ("05", "VATEX-EU-O"),
            ("06", "VATEX-EU-IC"),
            ("07", "VATEX-EU-AE"),
            ("08", "VATEX-EU-D"),
            ("09", "VATEX-EU-F"),
            ("10", "VATEX-EU-I"),
            ("11", "VATEX-EU-J"),
        )
    ),
    ("BR-FXEXT-CO-10", EXTENDED, _set("BG-22/BT-106", "100.02")),
    ("BR-FXEXT-CO-11", EXTENDED, _set("BG-22/BT-107", "1.00")),
    ("BR-FXEXT-CO-12", EXTENDED, _set("BG-22/BT-108", "1.00")),
    ("BR-FXEXT-CO-13", EXTENDED, _set("BG-22/BT-109", "100.02")),
    ("BR-FXEXT-CO-15", EXTENDED, _set("BG-22/BT-112", "119.02")),
    ("BR-FXEXT-CO-16", EXTENDED, _set("BG-22/BT-115", "119.01")),
    ("BR-FXEXT-S08b", EXTENDED, _set("BG-23/BT-116", "100.02")),
    ("BR-FXEXT-S-09b", EXTENDED, _set("BG-23/BT-117", "19.02")),
    ("BR-FXEXT-06", EXTENDED, _set("BG-25/BT-X-304", "1")),
    ("BR-FXEXT-08", EXTENDED, lambda b: _under_group(b, _GROUP)),
    ("BR-FXEXT-11", EXTENDED, _set("BG-25/BT-X-304", "77")),
    ("BR-FXEXT-12", EXTENDED, lambda b: _under_group(b, _GROUP, group_inside=True)),
    ("two_currency_codes", EN, _set("BT-5", ["EUR", "USD"])),
    ("negative_invoice", EN, _set("BG-22/BT-112", "-119.00")),
    ("corrected_invoice", EN, _set("BT-3", "384")),
    ("type_code", EN, _set("BT-3", "381")),
    ("issue_date_out_of_range", EN, _set("BT-2", "1999-12-31")),
    ("issue_date_out_of_range", EN, _set("BT-2", "2026-05-10")),
    ("early_date", EN, _set("BT-9", "0026-03-30")),
    ("due_before_issue", EN, _set("BT-9", "2026-03-01")),
    ("line_number_twice", EN, lambda b: b["BG-25"].append(line("1"))),
    ("unreadable_value", EN, _set("BG-22/BT-112", "1.190,00")),
    ("unreadable_value", EN, _set("BT-9", "30.03.2026")),
    ("invisible_signs", EN, _set("BT-1", "T\u200b-1")),
    ("long_number", EN, _set("BT-1", "N" * 101)),
    ("unknown_direction", EN, _set("OWN-G2", {"BT-92": "10.00"})),
    ("other_payee", EN, _set("BG-10", {"BT-59": "Factor Bank"})),
    (
        "more_accounts",
        EN,
        _set("BG-16/BG-17", [{"BT-84": "DE02120300000000202051"}, {"BT-84": "other"}]),
    ),
]


def _two_french_notes(branch: Branches) -> None:
    branch["BG-1"] = [{"BT-22": "one"}, {"BT-22": "two"}]
    branch["BG-4"]["BG-5"]["BT-40"] = "FR"


def _periods(branch: Branches, start: str, end: str) -> None:
    branch["BG-14"] = {"BT-73": "2026-02-01", "BT-74": "2026-02-28"}
    branch["BG-25"][0]["BG-26"] = {"BT-134": start, "BT-135": end}


def _under_group(branch: Branches, group: Branches, *, group_inside: bool = False) -> None:
    below = {**line("1"), "BT-X-304": "9", "BT-X-8": "DETAIL"}
    branch["BG-25"] = [group, below]
    if group_inside:
        inside = {**line("8"), "BT-X-304": "9", "BT-X-8": "GROUP", "BT-131": ""}
        branch["BG-25"].append(inside)


@pytest.mark.parametrize(("rule", "profile", "change"), BROKEN)
def test_a_rule_notices_what_it_forbids(
    rule: str, profile: str, change: Callable[[Branches], None]
) -> None:
    branch = branches(profile)
    change(branch)
    assert rule in found(branch)


@pytest.mark.parametrize("category", CATEGORIES)
def test_each_category_is_held_to_its_rows_rates_sums_and_identifiers(category: str) -> None:
    family = RULE_FAMILY.get(category, category)

    def broken(change: Callable[[Branches], None], syntax: Syntax = Syntax.UBL) -> set[str]:
        branch = category_branches(category, CATEGORIES[category])
        change(branch)
        return set(found(branch, syntax))

    assert f"BR-{family}-01" in broken(_set("BG-23/BT-118", "Z" if category == "S" else "S"))
    assert f"BR-{family}-05" in broken(_set("BG-25/BG-30/BT-152", "-1"))
    assert f"BR-{family}-08" in broken(_set("BG-23/BT-116", "102.00"))
    assert f"BR-{family}-09" in broken(_set("BG-23/BT-117", "5.00"))
    has_reason = category in ("E", "AE", "K", "G")
    assert f"BR-{family}-10" in broken(_set("BG-23/BT-120", "" if has_reason else "why"))
    without = _set("BG-4/BT-31", "")
    assert f"BR-{family}-02" in broken(without)
    for suffix, group, term, rate in (
        ("3 6", "BG-20", "BT-95", "BT-96"),
        ("4 7", "BG-21", "BT-102", "BT-103"),
    ):
        ids, rates = suffix.split()

        def add(branch: Branches, group: str = group, term: str = term, rate: str = rate) -> None:
            without(branch)
            branch[group] = {term: category, rate: "-1"}

        noticed = broken(add)
        assert {f"BR-{family}-0{ids}", f"BR-{family}-0{rates}"} <= noticed


def test_outside_the_scope_of_vat_nothing_of_vat_stands_beside() -> None:
    branch = category_branches("O", "")
    branch["BG-4"]["BT-31"] = "DE123456789"
    branch["BG-20"] = {"BT-92": "0", "BT-95": "O", "BT-96": "1", "BT-97": "x"}
    branch["BG-21"] = {"BT-99": "0", "BT-102": "O", "BT-103": "1", "BT-104": "x"}
    branch["BG-25"][0]["BG-30"]["BT-152"] = "19"
    assert {f"BR-O-0{n}" for n in (2, 3, 4, 5, 6, 7)} <= set(found(branch))

    branch = category_branches("O", "")
    branch["BG-23"] = [branch["BG-23"], {"BT-116": "0", "BT-117": "5.00", "BT-118": "S"}]
    branch["BG-25"].append(line("2"))
    branch["BG-20"], branch["BG-21"] = _ALLOWANCE, _CHARGE
    assert {f"BR-O-{n}" for n in (11, 12, 13, 14)} <= set(found(branch))

    branch = category_branches("O", "")
    branch["BG-23"] |= {"BT-116": "101.00", "BT-117": "1.00", "BT-120": ""}
    assert {"BR-O-08", "BR-O-09", "BR-O-10"} <= set(found(branch))


def test_intra_community_supply_names_delivery_and_country() -> None:
    branch = category_branches("K", "0")
    branch["BG-13"] = {}
    assert {"BR-IC-11", "BR-IC-12"} <= set(found(branch))


@pytest.mark.parametrize(
    ("tax", "ubl", "cii"), [("19.99", False, False), ("20.00", True, False), ("20.01", True, True)]
)
def test_vat_rounded_line_by_line_is_within_one_unit(tax: str, ubl: bool, cii: bool) -> None:
    branch = branches()
    branch["BG-23"]["BT-117"] = tax
    assert ("BR-CO-17" in found(branch)) is ubl
    assert ("BR-CO-17" in found(branch, Syntax.CII)) is cii


def test_halves_of_a_cent_go_up_below_zero_too() -> None:
    branch = branches()
    branch["BG-25"] = [line("1", net="-2.345")]
    branch["BG-22"]["BT-106"] = "-2.34"
    assert "BR-CO-10" not in found(branch)
    branch["BG-22"]["BT-106"] = "-2.35"
    assert "BR-CO-10" in found(branch)


def test_extended_allows_a_cent_for_each_line_and_counts_logistics_charges() -> None:
    branch = branches(EXTENDED)
    branch["BG-X-42"] = {"BT-X-272": "10.00", "BT-X-273": "S", "BT-X-274": "19"}
    branch["BG-22"] = {
        "BT-106": "100.01",
        "BT-108": "10.00",
        "BT-109": "110.00",
        "BT-110": "20.90",
        "BT-112": "130.90",
        "BT-115": "130.90",
    }
    branch["BG-23"] |= {"BT-116": "110.00", "BT-117": "20.90"}
    assert found(branch, Syntax.CII) == {}


def test_third_party_payments_count_in_the_extension() -> None:
    branch = branches(XRECHNUNG_EXTENSION)
    branch["BG-DEX-09"] = _THIRD
    branch["BG-22"]["BT-115"] = "129.00"
    assert found(branch) == {}


def test_a_reduced_profile_is_not_asked_for_what_it_lacks() -> None:
    branch = branches("urn:factur-x.eu:1p0:minimum")
    branch["BG-25"], branch["BG-23"] = [], []
    branch["BG-22"].pop("BT-106")
    assert found(branch, Syntax.CII) == {}
    branch["BG-22"]["BT-112"] = "119.01"
    assert set(found(branch, Syntax.CII)) == {"BR-CO-15"}
    branch = branches("urn:factur-x.eu:1p0:basicwl")
    branch["BG-25"] = []
    assert found(branch, Syntax.CII) == {}


def test_a_credit_note_with_a_negative_total_holds() -> None:
    branch = branches()
    branch["BT-3"] = "381"
    branch["BG-22"]["BT-112"] = "-119.00"
    noticed = found(branch, kind=Kind.CREDIT_NOTE)
    assert "negative_credit_note" in noticed
    assert "type_code" not in noticed
    branch["BT-11"] = ["one", "two"]
    branch["BG-2"]["BT-24"] = PEPPOL
    assert "PEPPOL-EN16931-R080" in found(branch, kind=Kind.CREDIT_NOTE)


def test_one_rule_tells_a_bounded_number_of_places() -> None:
    branch = branches()
    branch["BG-25"] = [line("", net="1") for _ in range(500)]
    findings = check_invoice(invoice(branch), TODAY)
    assert sum(finding.rule.id == "BR-21" for finding in findings) == MAX_PLACES


def test_every_rule_has_an_effect_terms_that_exist_and_a_sentence() -> None:
    tested = {rule for rule, _profile, _change in BROKEN}
    for rule in rules().values():
        assert rule.effect in Effect
        assert rule_text(rule.id, {}), rule.id
    families = {*RULE_FAMILY.values(), "S", "Z", "E", "AE", "G", "O"}
    untested = {
        rule.id
        for rule in rules().values()
        if rule.id not in tested
        and rule.check != "untestable"
        and not any(rule.id.startswith(f"BR-{family}-") for family in families)
        and not rule.id.startswith("BR-DEC-")
        and not rule.id.endswith("08b")
    }
    assert untested == {
        "BR-CL-03",
        "BR-DEX-14",
        "BR-DEX-15",
        "PEPPOL-EN16931-R004",
        "PEPPOL-EN16931-R051",
        "PEPPOL-EN16931-R080",
        "negative_credit_note",
        # Of documents that are no invoices: tests/unit/documents/intake/imports/test_orders.py.
        "no_order",
        "no_delivery_note_number",
        "attachment_problem",
        "date_with_time",
        "line_amount",
        "not_understood_identity",
        "not_understood_money",
        "not_understood_payee",
        "price_charge",
        "other_currency",
        "tax_total_without_currency",
    }


@pytest.mark.parametrize("rule", [rule for rule in rules().values() if rule.check == "decimals"])
def test_amounts_have_two_decimals(rule: Any) -> None:
    (term,) = rule.arguments
    branch = branches(XRECHNUNG_EXTENSION)
    branch[term] = "1.000"
    noticed = check_invoice(invoice(branch), TODAY)
    assert rule.id in {finding.rule.id for finding in noticed}


def test_code_lists_know_names_and_decimals() -> None:
    assert code_list("untdid-1001")["380"].name
    assert (decimals_of("JPY"), decimals_of("EUR"), decimals_of("KWD"), decimals_of("?")) == (
        0,
        2,
        3,
        2,
    )
