"""The sentences of rule findings: stored are id and values, the sentence is made when shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ionport.core.i18n import SOURCE_LANGUAGE, _, language
from ionport.documents.invoice.codes import money_text
from ionport.documents.invoice.rendering.words import labels
from ionport.documents.invoice.rules.model import Rule
from ionport.documents.invoice.rules.table import rules
from ionport.documents.invoice.table import terms

Values = Mapping[str, str]


def rule_text(identifier: str, values: Values) -> str | None:
    """Return the sentence of the rule `identifier`, None when it is no rule of the table."""
    rule = rules().get(identifier)
    if rule is None:
        return None
    try:
        return _SENTENCES[rule.check](rule, values)
    except KeyError:
        return _("The invoice breaks the rule {rule}.").format(rule=identifier)


def term_label(term: str) -> str:
    """Return a term's name in the reader's language with its id: `Invoice number (BT-1)`.

    In English, and where the readable page has no name for it, the name is that of the standard.
    """
    row = terms().get(term)
    if row is None:
        return term
    spoken = language()
    translated = labels().get(term) if spoken != SOURCE_LANGUAGE else None
    return f"{translated[spoken] if translated else row.name} ({term})"


def _labels(ids: Sequence[str]) -> str:
    return ", ".join(term_label(term) for term in ids)


def _either(text: str) -> str:
    return _(" or ").join(term_label(term) for term in text.split("|"))


def _present(rule: Rule, values: Values) -> str:
    return _("{term} is missing.").format(term=_either(rule.arguments[0]))


def _each(rule: Rule, values: Values) -> str:
    group, *wanted = rule.arguments
    return _("{group} is without {term}.").format(
        group=term_label(group), term=", ".join(_either(terms) for terms in wanted)
    )


def _mismatch(rule: Rule, values: Values) -> str:
    if "computed" not in values:
        return _("{term} stands more than once.").format(term=term_label(values["term"]))
    return _(
        "Amounts Mismatch: {term} is {stated} in the document but {computed} by its other"
        " figures (difference {difference})."
    ).format(
        term=term_label(values["term"]),
        stated=_money(values, "stated"),
        computed=_money(values, "computed"),
        difference=_money(values, "difference"),
    )


def _money(values: Values, name: str) -> str:
    """Return an amount as it is shown; findings of earlier versions name no currency."""
    currency = values.get("amount_currency")
    return values[name] if currency is None else money_text(values[name], currency)


def _row_mismatch(rule: Rule, values: Values) -> str:
    text = _mismatch(rule, values)
    if "rate" not in values:
        return _("VAT category {category}: {text}").format(category=values["category"], text=text)
    return _("VAT category {category}, {rate} % of {basis}: {text}").format(
        category=values["category"],
        rate=values["rate"],
        basis=_money(values, "basis"),
        text=text,
    )


def _listed(rule: Rule, values: Values) -> str:
    return _("{value} is no code of {term} (list {list}).").format(
        value=values["value"], term=_labels(rule.terms) or _("a currency"), list=values["list"]
    )


def _about_terms(text: Callable[[], str]) -> Callable[[Rule, Values], str]:
    """Return a sentence with `{terms}` and the values of the finding."""

    def make(rule: Rule, values: Values) -> str:
        named = {name: value for name, value in values.items() if name != "term"}
        term = term_label(values["term"]) if "term" in values else ""
        return text().format(terms=_labels(rule.terms), term=term, **named)

    return make


def _category_has_row(rule: Rule, values: Values) -> str:
    return _(
        "VAT category {category} of the lines, allowances and charges and its row of the VAT"
        " breakdown do not go together: one is missing, or there are several."
    ).format(category=values["category"])


def _category_needs_ids(rule: Rule, values: Values) -> str:
    missing = {
        "seller": _("a VAT identifier or tax number of the seller"),
        "seller_vat": _("the seller's VAT identifier"),
        "buyer": _("a VAT identifier or registration of the buyer"),
        "buyer_vat": _("the buyer's VAT identifier"),
    }
    return _("VAT category {category} needs {missing}.").format(
        category=values["category"],
        missing=_(" and ").join(missing[name] for name in values["missing"].split()),
    )


def _category_rate(rule: Rule, values: Values) -> str:
    if values["category"] == "O":
        return _("VAT category O has no rate, but {value} is given.").format(value=values["value"])
    return _("VAT category {category} does not go with the rate {value}.").format(
        category=values["category"], value=values["value"] or _("(none)")
    )


def _means(rule: Rule, values: Values) -> str:
    group = term_label(values["term"])
    if rule.arguments[1] == "with":
        text = _("Payment means {code} needs {group}, which is missing.")
    else:
        text = _("Payment means {code} goes without {group}, which is there.")
    return text.format(code=values["value"], group=group)


def _type_code(rule: Rule, values: Values) -> str:
    return _("Type {value} ({name}) contradicts the kind of the document.").format(
        value=values["value"], name=values["name"]
    )


def _corrected(rule: Rule, values: Values) -> str:
    if values["replaced"]:
        return _(
            "A corrected invoice (384): it replaces {replaced}, which may have been booked."
        ).format(replaced=values["replaced"])
    return _("A corrected invoice (384) that does not name the invoice it replaces.")


def _not_understood(rule: Rule, values: Values) -> str:
    concern = {
        "money": _("money"),
        "payee": _("the payee"),
        "identity": _("an identity"),
    }
    return _("A value about {concern} is not understood: {value} ({path}).").format(
        concern=concern[values["concern"]], value=values["value"], path=values["path"]
    )


def _unreadable_value(rule: Rule, values: Values) -> str:
    text = _("{term} cannot be read: “{value}”.")
    if values.get("path"):
        text = _("{term} cannot be read: “{value}” in {path} (line {line}).")
    return text.format(**{**values, "term": term_label(values["term"])})


def _attachment_problem(rule: Rule, values: Values) -> str:
    text = {
        "not_base64": _("The attachment {name} cannot be decoded."),
        "too_large": _("The attachment {name} is too large."),
        "type_not_allowed": _("The attachment {name} has a type that is not allowed: {type}."),
        "other_type": _("The attachment {name} is not what it says it is: {type}."),
    }[values["problem"]]
    return text.format(name=values["name"], type=values["type"])


_SENTENCES: Mapping[str, Callable[[Rule, Values], str]] = {
    "present": _present,
    "each": _each,
    "listed": _listed,
    "currencies": _listed,
    "tax_point_code": _listed,
    "not_both": _about_terms(lambda: _("{terms}: only one of them may be given.")),
    "differ": _about_terms(lambda: _("{terms} are the same: {value}.")),
    "different": _about_terms(lambda: _("{terms}: {value} stands more than once.")),
    "at_most_one": _about_terms(lambda: _("{terms} stands more than once.")),
    "at_most_one_each": _about_terms(lambda: _("{terms} stands more than once in a line.")),
    "not_negative": _about_terms(lambda: _("{terms} is negative: {value}.")),
    "positive": _about_terms(lambda: _("{terms} is not above zero: {value}.")),
    "decimals": _about_terms(lambda: _("{terms} has more than two decimals: {value}.")),
    "period": _about_terms(lambda: _("The period ends ({end}) before it starts ({start}).")),
    "one_of": _about_terms(lambda: _("{terms} is {value}, which is none of {codes}.")),
    "matches": _about_terms(lambda: _("{terms} has not its form: {value}.")),
    "profile_begins": _about_terms(lambda: _("{terms} is not that of the standard: {value}.")),
    "vat_id_country": _about_terms(
        lambda: _("The VAT identifier {value} does not begin with a country's code.")
    ),
    "no_empty_value": _about_terms(lambda: _("{term} is there but empty.")),
    "sum_of_lines": _mismatch,
    "sum_of": _mismatch,
    "sum_of_loose": _mismatch,
    "total_without_vat": _mismatch,
    "total_from_parts": _mismatch,
    "vat_total": _mismatch,
    "total_with_vat": _mismatch,
    "amount_due": _mismatch,
    "amount_due_with_third_parties": _mismatch,
    "line_amount": _mismatch,
    "net_price": _mismatch,
    "percentage_amount": _mismatch,
    "sub_lines_sum": _mismatch,
    "group_line_sum": _mismatch,
    "percentage_pair": _about_terms(lambda: _("{term} is missing beside {other}.")),
    "group_line_amounts": _about_terms(lambda: _("A GROUP line is without {term}.")),
    "breakdown_tax": _row_mismatch,
    "category_base": _row_mismatch,
    "category_tax": _row_mismatch,
    "category_tax_loose": _row_mismatch,
    "breakdown_has_rate": _about_terms(lambda: _("A row of the VAT breakdown has no rate.")),
    "category_has_row": _category_has_row,
    "category_needs_ids": _category_needs_ids,
    "category_without_vat_ids": _about_terms(
        lambda: _("Outside the scope of VAT (category O) no VAT identifier is shown, but one is.")
    ),
    "category_rate": _category_rate,
    "category_reason": _about_terms(
        lambda: _(
            "VAT category {category}: a reason for the exemption is missing, or there is one"
            " where none belongs ({terms})."
        )
    ),
    "category_needs": _about_terms(
        lambda: _("With VAT category {category} one of these is needed: {terms}.")
    ),
    "only_category_o": _about_terms(
        lambda: _("Beside VAT category O there is category {category} ({terms}).")
    ),
    "split_payment_in_italy": _about_terms(
        lambda: _("VAT category B (split payment) is Italian, but country {value} is named.")
    ),
    "split_payment_alone": _about_terms(
        lambda: _("VAT categories B (split payment) and S stand in one invoice.")
    ),
    "exemption": _about_terms(
        lambda: _("The exemption {value} goes with VAT category {category}, not with {given}.")
    ),
    "accounting_total": _about_terms(
        lambda: _("There is no VAT total in the accounting currency {value}.")
    ),
    "one_accounting_total": _about_terms(
        lambda: _("There are {count} VAT totals in the accounting currency ({terms}).")
    ),
    "same_sign": _about_terms(lambda: _("The VAT totals of both currencies differ in sign.")),
    "german_seller_tax_id": _about_terms(
        lambda: _("VAT category {category} needs a tax identifier of the seller.")
    ),
    "payee_is_another": _about_terms(
        lambda: _("The payee has no name, or is the seller: {terms}.")
    ),
    "account_has_number": _about_terms(lambda: _("An account to pay to has no number.")),
    "transfer_has_account": _about_terms(
        lambda: _("Payment means {value} is a transfer, but no account is named.")
    ),
    "card_number_cut": _about_terms(
        lambda: _("{terms} may be a whole card number: it has more than ten digits.")
    ),
    "seller_identified": _about_terms(lambda: _("The seller has none of these: {terms}.")),
    "means": _means,
    "direct_debit": _about_terms(lambda: _("A direct debit is without one of: {terms}.")),
    "mandate": _about_terms(lambda: _("Payment means {value} needs a mandate reference (BT-89).")),
    "iban": _about_terms(lambda: _("The account {value} is no well-formed IBAN.")),
    "discount_lines": _about_terms(
        lambda: _("A line of the payment terms is no well-formed discount (Skonto): {value}")
    ),
    "corrected_names_original": _about_terms(
        lambda: _("A corrected invoice (384) names no invoice that it corrects.")
    ),
    "sub_line_category": _about_terms(lambda: _("A sub line has not one VAT category.")),
    "invoice_currency": _about_terms(
        lambda: _("{terms} is in {value}, not in the invoice's currency.")
    ),
    "other_currencies": _about_terms(
        lambda: _("An amount is in {value}, not in the invoice's currency.")
    ),
    "no_parent_line": _about_terms(lambda: _("A line names a parent line: {value}.")),
    "each_with_parent": _about_terms(
        lambda: _("A line with a parent line does not say whether it counts (BT-X-8).")
    ),
    "parent_line_exists": _about_terms(lambda: _("The parent line {value} does not exist.")),
    "one_note": _about_terms(lambda: _("There is more than one note (BT-22).")),
    "indicator_word": _about_terms(
        lambda: _("An indicator is written {value} in place of true or false.")
    ),
    "no_price_charge": _about_terms(lambda: _("A price has a charge: {value}.")),
    "base_quantity_unit": _about_terms(
        lambda: _("The price is per {value}, but the quantity is in {unit}.")
    ),
    "line_period_starts_inside": _about_terms(
        lambda: _("A line's period starts {value}, before the invoice's ({limit}).")
    ),
    "line_period_ends_inside": _about_terms(
        lambda: _("A line's period ends {value}, after the invoice's ({limit}).")
    ),
    "two_currency_codes": _about_terms(
        lambda: _("The invoice names more than one currency: {codes}.")
    ),
    "other_currency": _about_terms(
        lambda: _("The invoice is in {currency}, but some of its amounts are in {others}.")
    ),
    "tax_total_without_currency": _about_terms(
        lambda: _("The total VAT has no currency; it was read as {currency}.")
    ),
    "negative_invoice": _about_terms(
        lambda: _(
            "An invoice with a negative total ({total} {currency}): it may be meant as a credit"
            " note."
        )
    ),
    "negative_credit_note": _about_terms(
        lambda: _(
            "A credit note with a negative total ({total} {currency}): it may be meant as an"
            " invoice."
        )
    ),
    "corrected_invoice": _corrected,
    "type_code": _type_code,
    "issue_date": _about_terms(
        lambda: _("The issue date {value} is before 2000 or more than 60 days ahead.")
    ),
    "early_date": _about_terms(lambda: _("{term} is before 2000: {value}.")),
    "due_before_issue": _about_terms(
        lambda: _("The due date {due} is before the issue date {issued}.")
    ),
    "same_line_id": _about_terms(lambda: _("{count} lines have the identifier {number}.")),
    "unreadable_value": _unreadable_value,
    "date_with_time": _about_terms(
        lambda: _("{term} was written with a time, which was left out: {value}")
    ),
    "attachment_problem": _attachment_problem,
    "invisible_signs": _about_terms(
        lambda: _("{term} ({value}) has signs that nobody sees: {signs}.")
    ),
    "long_number": _about_terms(
        lambda: _("The number has {length} characters, more than 100: {value}")
    ),
    "no_order": _about_terms(
        lambda: _("The purchase order that is confirmed is named neither once nor in every line.")
    ),
    "no_delivery_note_number": _about_terms(lambda: _("The delivery note has no number.")),
    "unknown_direction": _about_terms(
        lambda: _(
            "An amount of {amount} says neither that it is an allowance nor that it is a charge:"
            " it is in no sum."
        )
    ),
    "other_payee": _about_terms(lambda: _("The payee {payee} is not the seller {seller}.")),
    "several_accounts": _about_terms(
        lambda: _("Besides the account {first} the invoice names: {others}.")
    ),
    "not_understood": _not_understood,
}
