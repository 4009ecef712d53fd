"""A rule's title and its general text, for a rule that has found nothing yet.

A finding's sentence names the values of its document; these name none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ionport.core.i18n import N_, _, gettext
from ionport.documents.invoice.rules.model import Rule
from ionport.documents.invoice.rules.sentences import rule_text, term_label
from ionport.documents.invoice.rules.table import rules
from ionport.documents.invoice.table import terms

_MISMATCH = N_("{term} does not follow from the other figures of the document.")
_CATEGORY_MISMATCH = N_(
    "VAT category {category}: {term} does not follow from the other figures of the document."
)
_UNLISTED = N_("{terms}: the value is not in the list of codes.")

# By rule: its title, and its sentence where its check says less than it.
_OWN: Mapping[str, tuple[str, str]] = {
    "duplicate_number": (
        N_("Possible duplicate"),
        N_("The supplier has sent an invoice with the same number before."),
    ),
    "similar_number": (
        N_("Nearly the same invoice"),
        N_(
            "The supplier has sent an invoice with the same total within a week whose number"
            " differs only in punctuation or zeros."
        ),
    ),
    "transposed_number": (
        N_("Two digits of the number transposed"),
        N_(
            "The supplier has sent an invoice with the same total within a week whose number"
            " differs only in two neighbouring digits that changed places."
        ),
    ),
    "unknown_account": (
        N_("Unknown account"),
        N_("The invoice is to be paid to an account that is not known of its supplier."),
    ),
    "first_account": (
        N_("First account of a supplier"),
        N_("No account of the supplier was known until this invoice named one."),
    ),
    "no_company": (
        N_("Addressed to none of your companies"),
        N_("The buyer of the invoice is none of your companies."),
    ),
    "several_companies": (
        N_("Addressed to more than one company"),
        N_("The buyer of the invoice could be more than one of your companies."),
    ),
    "other_company": (
        N_("Addressed to another company"),
        N_("The buyer of the invoice is a company of another sub-organization."),
    ),
    "company_by_address": (
        N_("Company recognised by its address"),
        N_("The buyer was recognised by name and postal code, and by no identifier."),
    ),
    "field_required": (
        N_("Required field is empty"),
        N_("A field that documents of this type must have is empty."),
    ),
    "field_length": (
        N_("Field is too long"),
        N_("A field has more characters than this document type allows."),
    ),
    "field_pattern": (
        N_("Field does not fit its pattern"),
        N_("The value of a field does not fit the pattern that this document type demands."),
    ),
    "field_value": (
        N_("Field has another value"),
        N_("The value of a field is not in the list of values of this document type."),
    ),
    "no_lines": (
        N_("No lines"),
        N_("The invoice has no lines, and its export configuration books lines in the ERP."),
    ),
    "no_invoice_in_pdf": (
        N_("PDF without an invoice"),
        N_("The PDF has no invoice attached as XML, and nothing is guessed from its pages."),
    ),
    "invoices_in_pdf": (
        N_("PDF with more than one invoice"),
        N_("The PDF has more than one invoice attached, and a person says which one counts."),
    ),
    "more_findings": (
        N_("More findings"),
        N_("There are more findings than are kept; they are judged again after each correction."),
    ),
    "late_answer": (
        N_("Possible double at Infor"),
        N_("An answer of Infor came after another attempt had been settled; both name an item."),
    ),
    "two_items": (
        N_("Two items at Infor"),
        N_("A look-up found two items at Infor for one delivery."),
    ),
    "item_at_target": (
        N_("Item in IDM already"),
        N_("IDM has an item with this number and supplier that no delivery of here has made."),
    ),
    "posted_before": (
        N_("Earlier export taken by the ERP"),
        N_("The document was exported again, and then the ERP took an earlier export of it."),
    ),
    "two_currency_codes": (
        N_("More than one currency"),
        N_("The invoice names more than one currency."),
    ),
    "other_currency": (
        N_("Amounts in another currency"),
        N_("Some amounts are in another currency than the invoice."),
    ),
    "tax_total_without_currency": (
        N_("Total VAT without a currency"),
        N_("The total VAT has no currency; it was read as one in the invoice's currency."),
    ),
    "negative_invoice": (
        N_("Negative invoice"),
        N_("An invoice with a negative total: it may be meant as a credit note."),
    ),
    "negative_credit_note": (
        N_("Negative credit note"),
        N_("A credit note with a negative total: it may be meant as an invoice."),
    ),
    "corrected_invoice": (
        N_("Corrected invoice"),
        N_("A corrected invoice (384): what it replaces may have been booked."),
    ),
    "type_code": (
        N_("Type contradicts the document"),
        N_("The type code contradicts the kind of the document."),
    ),
    "issue_date_out_of_range": (
        N_("Issue date out of range"),
        N_("The issue date is before 2000 or more than 60 days ahead."),
    ),
    "early_date": (N_("Early date"), N_("A date is before 2000.")),
    "due_before_issue": (
        N_("Due before it was issued"),
        N_("The due date is before the issue date."),
    ),
    "line_number_twice": (
        N_("Line number used twice"),
        N_("More than one line has the same identifier."),
    ),
    "unreadable_value": (N_("Value cannot be read"), N_("A value cannot be read.")),
    "invisible_signs": (
        N_("Invisible characters"),
        N_("An invoice number, a VAT identifier or an account has characters that nobody sees."),
    ),
    "long_number": (
        N_("Long invoice number"),
        N_("The invoice number has more than 100 characters."),
    ),
    "unknown_direction": (
        N_("Allowance or charge unknown"),
        N_("An amount says neither that it is an allowance nor that it is a charge."),
    ),
    "other_payee": (N_("Payee is not the seller"), N_("The payee is not the seller.")),
    "more_accounts": (
        N_("More than one account"),
        N_("The invoice names more than one account to pay to."),
    ),
    "not_understood_payee": (
        N_("Value about the payee not understood"),
        N_("The invoice has a value about the payee that is not understood."),
    ),
    "not_understood_identity": (
        N_("Value about an identity not understood"),
        N_("The invoice has a value about an identity that is not understood."),
    ),
    "not_understood_money": (
        N_("Value about money not understood"),
        N_("The invoice has a value about money that is not understood."),
    ),
    "line_amount": (N_("Line amount mismatch"), _MISMATCH),
    "price_charge": (N_("Charge on a price"), N_("A price has a charge.")),
    "date_with_time": (
        N_("Date with a time"),
        N_("{term} was written with a time, which was left out."),
    ),
    "attachment_problem": (
        N_("Attachment problem"),
        N_("An attachment cannot be decoded, is too large, or is not of an allowed type."),
    ),
    "BR-CL-03": (N_("Currency of an amount"), N_("An amount has a currency that is no code.")),
    "PEPPOL-EN16931-R008": (N_("Empty element"), N_("An element is there but empty.")),
}

# The general texts of checks whose sentences name values of a document.
_GENERAL: Mapping[str, str] = {
    "not_negative": N_("{terms} is negative."),
    "period": N_("A period ends before it starts."),
    "accounting_total": N_("There is no VAT total in the accounting currency."),
    "transfer_has_account": N_("The payment means is a transfer, but no account is named."),
    "vat_id_country": N_("A VAT identifier does not begin with a country's code."),
    "sum_of_lines": _MISMATCH,
    "sum_of": _MISMATCH,
    "sum_of_loose": _MISMATCH,
    "total_without_vat": _MISMATCH,
    "total_from_parts": _MISMATCH,
    "vat_total": _MISMATCH,
    "total_with_vat": _MISMATCH,
    "amount_due": _MISMATCH,
    "amount_due_with_third_parties": _MISMATCH,
    "sub_lines_sum": _MISMATCH,
    "group_line_sum": _MISMATCH,
    "line_amount": _MISMATCH,
    "net_price": _MISMATCH,
    "percentage_amount": N_(
        "The amount of an allowance or a charge is not its percentage of its base amount."
    ),
    "percentage_pair": N_("An allowance or a charge has only one of percentage and base amount."),
    "breakdown_tax": N_(
        "In a row of the VAT breakdown {term} does not follow from the other figures."
    ),
    "category_base": _CATEGORY_MISMATCH,
    "category_tax": _CATEGORY_MISMATCH,
    "category_tax_loose": N_(
        "In a row of the VAT breakdown {term} does not follow from the other figures."
    ),
    "category_rate": N_("VAT category {category} does not go with the rate that is given."),
    "only_category_o": N_("Beside VAT category O there is another one ({terms})."),
    "split_payment_in_italy": N_(
        "VAT category B (split payment) is Italian, but another country is named."
    ),
    "german_seller_tax_id": N_("The VAT category needs a tax identifier of the seller."),
    "decimals": N_("{terms} has more than two decimals."),
    "listed": _UNLISTED,
    "tax_point_code": _UNLISTED,
    "one_of": _UNLISTED,
    "discount_lines": N_("A line of the payment terms is no well-formed discount (Skonto)."),
    "iban": N_("The account to pay to is no well-formed IBAN."),
    "profile_begins": N_("{terms} is not that of the standard."),
    "different": N_("{terms}: a value stands more than once."),
    "differ": N_("{terms} are the same."),
    "matches": N_("{terms} has not its form."),
    "invoice_currency": N_("{term} is not in the invoice's currency."),
    "other_currencies": N_("An amount is not in the invoice's currency."),
    "no_parent_line": N_("A line names a parent line."),
    "indicator_word": N_("An indicator is not written as true or false."),
    "no_price_charge": N_("A price has a charge."),
    "one_accounting_total": N_(
        "There is more than one VAT total in the accounting currency ({terms})."
    ),
    "mandate": N_("A direct debit needs a mandate reference (BT-89)."),
    "line_period_starts_inside": N_("A line's period starts before the invoice's."),
    "line_period_ends_inside": N_("A line's period ends after the invoice's."),
    "positive": N_("{terms} is not above zero."),
    "base_quantity_unit": N_("The price is per another unit than the quantity."),
    "exemption": N_("The exemption {exemption} goes with another VAT category."),
    "parent_line_exists": N_("A line names a parent line that does not exist."),
}


def rule_title(code: str) -> str:
    """Return what a rule is about; a rule of a standard is named by its first term.

    Empty for a finding that no rule of the tables makes.
    """
    if code in _OWN:
        return gettext(_OWN[code][0])
    rule = rules().get(code)
    if rule is None:
        return ""
    row = terms().get(rule.terms[0]) if rule.terms else None
    name = row.name if row is not None else code
    if category := _category(rule):
        return _("VAT category {category}: {term}").format(category=category, term=name)
    return name


def rule_words(code: str) -> str:
    """Return a rule's general text, without the values of any document."""
    rule = rules().get(code)
    if rule is None:
        return gettext(_OWN[code][1])
    text = _OWN[code][1] if code in _OWN else _GENERAL.get(rule.check)
    if text is None:
        special = _SPECIAL.get(rule.check)
        return special(rule) if special else rule_text(code, _named_by_rule(rule)) or code
    return gettext(text).format(
        term=term_label(rule.terms[0]) if rule.terms else "",
        terms=", ".join(term_label(term) for term in rule.terms),
        category=_category(rule),
        exemption=rule.arguments[0] if rule.arguments else "",
    )


def _category(rule: Rule) -> str:
    """Return the VAT category that a rule is about; empty when it is about none or several."""
    if not rule.check.startswith("category_") or not rule.arguments:
        return ""
    return "O" if rule.check == "category_without_vat_ids" else rule.arguments[0]


def _named_by_rule(rule: Rule) -> dict[str, str]:
    """Return the values of a sentence that are the rule's own."""
    return {
        "category": _category(rule),
        "term": rule.terms[0] if rule.terms else "",
        "missing": " ".join(rule.arguments[2:]),
    }


def _means(rule: Rule) -> str:
    codes, with_or_without, group = rule.arguments[:3]
    if with_or_without == "with":
        text = _("Payment means {codes} needs {group}, which is missing.")
    else:
        text = _("Payment means {codes} goes without {group}, which is there.")
    return text.format(codes=codes.replace(",", _(" or ")), group=term_label(group))


_SPECIAL: Mapping[str, Callable[[Rule], str]] = {"means": _means}
