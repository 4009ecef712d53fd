"""Findings in words: stored are a code and parameters, the sentence is made when it is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ionport.core.i18n import _
from ionport.documents.review.reading_sentences import READING_SENTENCES

Parameters = Mapping[str, str]


def finding_text(code: str, parameters: Parameters) -> str:
    """Return the sentence of a finding; an unknown code is shown as it is stored."""
    if "text" in parameters:
        # Found by a version that stored sentences.
        return parameters["text"]
    make = _SENTENCES.get(code)
    try:
        if make is not None:
            return make(parameters)
    except KeyError:
        pass
    values = ", ".join(f"{name} {value}" for name, value in sorted(parameters.items()))
    return f"{code}: {values}" if values else code


def _amounts_mismatch(values: Parameters) -> str:
    return _(
        "Amounts Mismatch: {label} is {stated} in the document but {computed} by its other"
        " figures (difference {difference})."
    ).format(label=_figure(values), **_without_label(values))


def _without_label(values: Parameters) -> dict[str, str]:
    return {name: values[name] for name in ("stated", "computed", "difference")}


def _figure(values: Parameters) -> str:
    figure = values["figure"]
    if figure == "tax":
        return _("VAT at {rate} % of {basis}").format(rate=values["rate"], basis=values["basis"])
    if figure == "line":
        return _("Net amount of line {index} ({number})").format(
            index=values["index"], number=values["number"]
        )
    labels = {
        "lines": _("Sum of the lines"),
        "allowances": _("Sum of the allowances"),
        "charges": _("Sum of the charges"),
        "net": _("Total without VAT"),
        "gross": _("Total with VAT"),
        "due": _("Amount due"),
        "tax_total": _("Total VAT"),
        "bases": _("Sum of the taxable amounts"),
    }
    return labels[figure]


def _two_currency_codes(values: Parameters) -> str:
    return _("The invoice names more than one currency: {codes}.").format(codes=values["codes"])


def _other_currency(values: Parameters) -> str:
    return _("The invoice is in {currency}, but some of its amounts are in {others}.").format(
        currency=values["currency"], others=values["others"]
    )


def _tax_total_without_currency(values: Parameters) -> str:
    return _("The total VAT has no currency; it was read as {currency}.").format(
        currency=values["currency"]
    )


def _negative_invoice(values: Parameters) -> str:
    return _(
        "An invoice with a negative total ({total} {currency}): it may be meant as a credit note."
    ).format(total=values["total"], currency=values["currency"])


def _more_mismatches(values: Parameters) -> str:
    return _("Amounts of more lines differ as well; only the first {shown} are named.").format(
        shown=values["shown"]
    )


def _duplicate_number(values: Parameters) -> str:
    return _(
        "{supplier} has sent number {number} before, as {filename}. Check whether this is the"
        " same invoice before you export it."
    ).format(supplier=values["supplier"], number=values["number"], filename=values["filename"])


def _late_answer(values: Parameters) -> str:
    return _(
        "Possible double at Infor: an answer of step {step} came after another attempt had been"
        " settled. It names {second_id} beside {first_id}. Look in Infor whether both exist, and"
        " delete one of them there."
    ).format(**_of_double(values))


def _two_items(values: Parameters) -> str:
    return _(
        "Possible double at Infor: step {step} found two items of one delivery, {first_id} and"
        " {second_id}. Look at both in Infor, and delete one of them there."
    ).format(**_of_double(values))


def _item_at_target(values: Parameters) -> str:
    return _(
        "An item with this number and supplier is in IDM already: {item_id}. Look at it in IDM"
        " before this document is exported."
    ).format(item_id=values["item_id"])


def _of_double(values: Parameters) -> dict[str, str]:
    return {name: values[name] for name in ("step", "first_id", "second_id")}


_SENTENCES: Mapping[str, Callable[[Parameters], str]] = {
    **READING_SENTENCES,
    "amounts_mismatch": _amounts_mismatch,
    "two_currency_codes": _two_currency_codes,
    "other_currency": _other_currency,
    "tax_total_without_currency": _tax_total_without_currency,
    "negative_invoice": _negative_invoice,
    "more_mismatches": _more_mismatches,
    "duplicate_number": _duplicate_number,
    "late_answer": _late_answer,
    "two_items": _two_items,
    "item_at_target": _item_at_target,
}
