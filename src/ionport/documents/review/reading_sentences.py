"""Findings of the reading of an e-invoice in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ionport.core.i18n import _

Parameters = Mapping[str, str]


def _missing_term(values: Parameters) -> str:
    if "group" in values:
        return _("{term} {name} is missing in {group} {index} (line {line}).").format(**values)
    return _("{term} {name} is missing.").format(**values)


def _unreadable_value(values: Parameters) -> str:
    return _("{term} {name} cannot be read: “{value}” in {path} (line {line}).").format(**values)


def _unknown_type_code(values: Parameters) -> str:
    return _("The invoice type code {code} is in no list (BT-3).").format(**values)


def _corrected_invoice(values: Parameters) -> str:
    if values["replaced"]:
        return _("A corrected invoice (type 384): it replaces {replaced}.").format(**values)
    return _("A corrected invoice (type 384) that does not say which invoice it replaces.")


def _negative_credit_note(values: Parameters) -> str:
    return _(
        "A credit note with a negative total ({total} {currency}): it may be meant as an invoice."
    ).format(**values)


def _issue_date_out_of_range(values: Parameters) -> str:
    return _(
        "The invoice is dated {date}: before the year 2000, or more than 60 days ahead (BT-2)."
    ).format(**values)


def _early_date(values: Parameters) -> str:
    return _("{term} {name} is {date}, before the year 2000.").format(**values)


def _date_with_time(values: Parameters) -> str:
    return _("A date was written with a time, which was left out: {terms}.").format(**values)


def _line_number_twice(values: Parameters) -> str:
    return _("{count} lines have the number {number} (BT-126).").format(**values)


def _unknown_direction(values: Parameters) -> str:
    return _(
        "{amount} is neither an allowance nor a charge: its indicator is “{indicator}”. It is not"
        " part of the sums."
    ).format(**values)


def _price_charge(values: Parameters) -> str:
    return _(
        "A charge of {amount} stands at an item's price, where only a discount may; it is not"
        " part of the price."
    ).format(**values)


def _more_accounts(values: Parameters) -> str:
    return _("The invoice names further accounts beside {account}: {others}.").format(**values)


def _attachment_problem(values: Parameters) -> str:
    text = {
        "not_base64": _("The attachment {name} cannot be decoded."),
        "too_large": _("The attachment {name} is too large."),
        "type_not_allowed": _("The attachment {name} has a type that is not allowed: {type}."),
        "other_type": _("The attachment {name} is not what it says it is: {type}."),
    }[values["problem"]]
    return text.format(**values)


def _not_understood_money(values: Parameters) -> str:
    return _(
        "{path} (line {line}) may change what is paid, and no term stands for it: “{value}”."
    ).format(**values)


def _not_understood_payee(values: Parameters) -> str:
    return _(
        "{path} (line {line}) may change who is paid, and no term stands for it: “{value}”."
    ).format(**values)


def _not_understood_identity(values: Parameters) -> str:
    return _("{path} (line {line}) names somebody, and no term stands for it: “{value}”.").format(
        **values
    )


READING_SENTENCES: Mapping[str, Callable[[Parameters], str]] = {
    "missing_term": _missing_term,
    "unreadable_value": _unreadable_value,
    "unknown_type_code": _unknown_type_code,
    "corrected_invoice": _corrected_invoice,
    "negative_credit_note": _negative_credit_note,
    "issue_date_out_of_range": _issue_date_out_of_range,
    "early_date": _early_date,
    "date_with_time": _date_with_time,
    "line_number_twice": _line_number_twice,
    "unknown_direction": _unknown_direction,
    "price_charge": _price_charge,
    "more_accounts": _more_accounts,
    "attachment_problem": _attachment_problem,
    "not_understood_money": _not_understood_money,
    "not_understood_payee": _not_understood_payee,
    "not_understood_identity": _not_understood_identity,
}
"""How each finding of the reading is said, by its code."""
