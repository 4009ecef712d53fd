"""Over the reference invoices only what a table names holds, and the cases give their result."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ionport.core.errors import IonportError
from ionport.documents.invoice.reading.reader import read_invoice
from ionport.documents.invoice.rules.check import check_invoice
from ionport.documents.invoice.rules.model import Effect
from tests.support.reference import needs_reference_data, reference_files

pytestmark = needs_reference_data

TODAY = date(2026, 11, 29)

# Whose payee is another firm (a factor), and the corrected invoice: nothing else holds.
HELD_REFERENCE = {
    "01.02a": {"other_payee"},
    "01.14a": {"other_payee"},
    "01.18a": {"corrected_invoice"},
    "02.01a": {"other_payee"},
    "02.02a": {"other_payee"},
    "02.03a": {"other_payee"},
    "02.04a": {"other_payee"},
    "03.07a": {"other_payee"},
}
# The files that claim Peppol name no receiver in its network, which Peppol demands.
_NO_RECEIVER = {"PEPPOL-EN16931-R010"}
HELD_CASES = {
    "01-cii-sub-lines-group-information.xml": set[str](),
    "02-cii-logistics-service-charge.xml": set[str](),
    "03-cii-tax-total-without-currency.xml": set[str](),
    "04-cii-type-503-credit-note.xml": set[str](),
    "05-ubl-two-tax-totals-both-with-subtotals.xml": {"PEPPOL-EN16931-R051"} | _NO_RECEIVER,
    "08-ubl-invoice-380-negative.xml": {"negative_invoice"} | _NO_RECEIVER,
    "10-ubl-vat-rounded-by-line.xml": _NO_RECEIVER,
    "11-ubl-blank-line-before-declaration.xml": _NO_RECEIVER,
    "12-ubl-issue-date-with-time.xml": _NO_RECEIVER,
    "13-sbdh-wrapped-ubl.xml": _NO_RECEIVER,
    # Its allowance has no VAT category: the indicators 0 and 1 are read all the same.
    "14-cii-indicator-0-1.xml": {"BR-32", "BR-S-08"},
    "17-ubl-embedded-attachment.xml": _NO_RECEIVER,
    "19-ubl-skonto.xml": _NO_RECEIVER,
    "20-cii-basic-wl-no-lines.xml": set[str](),
    "21-ubl-latin1.xml": _NO_RECEIVER,
    "h40-date-early.xml": {"issue_date_out_of_range"},
    "h59-two-ibans.xml": set[str](),
    "h61-huf-no-decimals.xml": set[str](),
    "h64-rtl-and-zero-width.xml": {"invisible_signs"},
    "h65-number-10000-chars.xml": {"long_number"},
    "h67-sub-invoice-lines.xml": set[str](),
    "h77-third-party-payment.xml": {"BR-DE-1", "BR-DE-15"},
    "h7f-alone-other-currency.xml": {"other_currency"},
    "h7g-four-vat-lines-alone.xml": set[str](),
    "h7h-two-currency-codes-alone.xml": {"two_currency_codes"},
    "h7i-header-line-order-mix.xml": set[str](),
    "h7k-type-nonsense-alone.xml": {"BR-CL-01"},
    "h7l-payee-alone.xml": {"other_payee"},
}


def _holding(path: Path) -> set[str]:
    findings = check_invoice(read_invoice(path.read_bytes()), TODAY)
    return {finding.rule.id for finding in findings if finding.rule.effect is Effect.HOLDS}


@pytest.mark.parametrize("path", reference_files("invoices/*.xml"), ids=lambda path: path.name)
def test_a_reference_invoice_is_held_by_nothing_but_what_the_table_names(path: Path) -> None:
    assert _holding(path) == HELD_REFERENCE.get(path.name[:6], set())


@pytest.mark.parametrize(
    "path", reference_files("cases/invoices/*.xml"), ids=lambda path: path.name
)
def test_a_case_is_held_by_what_is_wrong_with_it(path: Path) -> None:
    if path.name == "h21-nested-markup-in-number.xml":
        with pytest.raises(IonportError, match="text with elements inside"):
            read_invoice(path.read_bytes())
        return
    assert _holding(path) == HELD_CASES[path.name]
