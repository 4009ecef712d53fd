"""Findings in words: stored are a code and parameters, the sentence is made when it is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ionport.core.i18n import _
from ionport.documents.invoice.rules.sentences import rule_text
from ionport.documents.step_names import step_name
from ionport.documents.type_settings.rule_words import rule_words
from ionport.documents.types import DOCUMENT_TYPES

Parameters = Mapping[str, str]
_DUPLICATE_NUMBER: Final = "duplicate_number"
_NEAR: Final = frozenset({"similar_number", "transposed_number"})


def finding_text(code: str, parameters: Parameters) -> str:
    """Return the sentence of a finding; an unknown code is shown as it is stored."""
    if "text" in parameters:
        # Stored by a version that kept sentences.
        return parameters["text"]
    if (text := rule_text(code, parameters)) is not None:
        return text
    make = SENTENCES.get(code)
    try:
        if make is not None:
            return make(parameters)
    except KeyError:
        pass
    values = ", ".join(f"{name} {value}" for name, value in sorted(parameters.items()))
    return f"{code}: {values}" if values else code


def bare_text(code: str, parameters: Parameters) -> str:
    """Return the sentence of a finding as anybody may read it: it names no other document."""
    if code in _NEAR:
        return rule_words(code)
    if code != _DUPLICATE_NUMBER:
        return finding_text(code, parameters)
    supplier, number = parameters.get("supplier", ""), parameters.get("number", "")
    if not number:
        return _("The invoice was sent before.")
    return _("{supplier} has sent number {number} before.").format(supplier=supplier, number=number)


def _more_findings(values: Parameters) -> str:
    return _("There is more to find; only the first {shown} findings are named.").format(
        shown=values["shown"]
    )


def _duplicate_number(values: Parameters) -> str:
    if "filename" not in values and "number" not in values:
        return _("The invoice was sent before, in a document of a type that you may not see.")
    if "filename" not in values:
        return _(
            "{supplier} has sent number {number} before, in a document of a type that you may not"
            " see. Ask somebody who may whether this is the same invoice before you export it."
        ).format(supplier=values["supplier"], number=values["number"])
    return _(
        "{supplier} has sent number {number} before, as {filename}. Check whether this is the"
        " same invoice before you export it."
    ).format(supplier=values["supplier"], number=values["number"], filename=values["filename"])


def _similar_number(values: Parameters) -> str:
    if "filename" not in values:
        return _(
            "{supplier} has sent an invoice with the same total within a week whose number differs"
            " from {number} only in punctuation or zeros, in a document of a type that you may not"
            " see. Ask somebody who may whether this is the same invoice before you export it."
        ).format(supplier=values["supplier"], number=values["number"])
    return _(
        "{supplier} has sent an invoice with the same total within a week whose number differs"
        " from {number} only in punctuation or zeros, as {filename}. Check whether this is the same"
        " invoice before you export it."
    ).format(supplier=values["supplier"], number=values["number"], filename=values["filename"])


def _transposed_number(values: Parameters) -> str:
    if "filename" not in values:
        return _(
            "{supplier} has sent an invoice with the same total within a week whose number is"
            " {number} with two digits transposed, in a document of a type that you may not see."
        ).format(supplier=values["supplier"], number=values["number"])
    return _(
        "{supplier} has sent an invoice with the same total within a week whose number is {number}"
        " with two digits transposed, as {filename}. It may be the same invoice."
    ).format(supplier=values["supplier"], number=values["number"], filename=values["filename"])


def _late_answer(values: Parameters) -> str:
    return _(
        "Possible double at Infor: an answer of the step {step} came after another attempt had been"
        " settled. It names {second_id} beside {first_id}. Look in Infor whether both exist, and"
        " delete one of them there."
    ).format(**_of_double(values))


def _two_items(values: Parameters) -> str:
    return _(
        "Possible double at Infor: the step {step} found two items of one delivery, {first_id} and"
        " {second_id}. Look at both in Infor, and delete one of them there."
    ).format(**_of_double(values))


def _item_at_target(values: Parameters) -> str:
    return _(
        "An item with this number and supplier is in {target} already: {item_id}. Look at it in"
        " {target} before this document is exported."
    ).format(item_id=values["item_id"], target=_target(values.get("step", "")))


def _posted_before(values: Parameters) -> str:
    if not values["number"]:
        return _(
            "The ERP has taken an earlier export of this document after all. Look there before it"
            " is exported again."
        )
    return _(
        "The ERP has taken an earlier export of this document after all, as {number}. Look there"
        " before it is exported again."
    ).format(number=values["number"])


def _target(step: str) -> str:
    """Return the name of a step's target; findings of early versions have no step."""
    return {"m3": "M3", "ln": "LN"}.get(step.partition("_")[0], "IDM")


def _of_double(values: Parameters) -> dict[str, str]:
    given = {name: values[name] for name in ("step", "first_id", "second_id")}
    return {**given, "step": step_name(given["step"])}


def _no_invoice_in_pdf(values: Parameters) -> str:
    return _(
        "The PDF has no invoice attached as XML, and ionport guesses nothing from pictures: ask the"
        " supplier for the XML, or for a Factur-X or ZUGFeRD file."
    )


def _invoices_in_pdf(values: Parameters) -> str:
    return _(
        "The PDF has {count} invoices attached ({names}), and which one counts is for a person to"
        " say: choose it on the document's page, or with ionport document choose."
    ).format(count=values["count"], names=values["names"])


def _field_required(values: Parameters) -> str:
    return _("{field} is needed for documents of this type.").format(field=_field_label(values))


def _field_length(values: Parameters) -> str:
    return _("{field} “{value}” has more than {limit} characters.").format(
        field=_field_label(values), value=values["value"], limit=values["limit"]
    )


def _field_pattern(values: Parameters) -> str:
    return _("{field} “{value}” does not fit the pattern {limit}.").format(
        field=_field_label(values), value=values["value"], limit=values["limit"]
    )


def _field_value(values: Parameters) -> str:
    return _("{field} “{value}” is none of the values {limit}.").format(
        field=_field_label(values), value=values["value"], limit=values["limit"]
    )


def _field_label(values: Parameters) -> str:
    fields = [one for kind in DOCUMENT_TYPES.values() for one in kind.fields]
    return next((one.label for one in fields if one.id == values["field"]), values["field"])


def _unknown_account(values: Parameters) -> str:
    return _(
        "The invoice is to be paid to {account}, which is no account known of {supplier}. Ask the"
        " supplier by a way that you knew before, not by the invoice's; accepting this makes the"
        " account known."
    ).format(account=values["account"], supplier=values["supplier"])


def _first_account(values: Parameters) -> str:
    return _(
        "No account of {supplier} was known until now. {account} becomes known when this invoice is"
        " delivered or accepted."
    ).format(account=values["account"], supplier=values["supplier"])


def _no_company(values: Parameters) -> str:
    return _(
        "The invoice is addressed to {buyer}, which is none of your companies. Check whether it is"
        " for you. If it is, let an administrator add what identifies the company: its VAT id, tax"
        " number or GLN, or the postal code beside its name."
    ).format(buyer=values["buyer"] or _("nobody"))


def _several_companies(values: Parameters) -> str:
    return _(
        "The invoice is addressed to {buyer}, and more than one of your companies fits. Give each"
        " of them an identifier or an address of its own."
    ).format(buyer=values["buyer"])


def _other_company(values: Parameters) -> str:
    return _(
        "The invoice is addressed to {buyer}, your company {company}, but it belongs to another"
        " sub-organization here."
    ).format(buyer=values["buyer"], company=values["company"])


def _company_by_address(values: Parameters) -> str:
    return _(
        "Your company {company} was recognised by name and postal code; VAT id, tax number and GLN"
        " of the buyer ({buyer}) are not yours."
    ).format(buyer=values["buyer"], company=values["company"])


def _no_lines(values: Parameters) -> str:
    return _(
        "The invoice has no lines, and {title} books lines in the ERP. Add them, or accept that it"
        " is sent without; an export to IDM alone needs none."
    ).format(title=values["title"])


SENTENCES: Mapping[str, Callable[[Parameters], str]] = {
    "no_invoice_in_pdf": _no_invoice_in_pdf,
    "invoices_in_pdf": _invoices_in_pdf,
    "more_findings": _more_findings,
    "duplicate_number": _duplicate_number,
    "similar_number": _similar_number,
    "transposed_number": _transposed_number,
    "field_required": _field_required,
    "field_length": _field_length,
    "field_pattern": _field_pattern,
    "field_value": _field_value,
    "unknown_account": _unknown_account,
    "first_account": _first_account,
    "no_company": _no_company,
    "several_companies": _several_companies,
    "other_company": _other_company,
    "company_by_address": _company_by_address,
    "no_lines": _no_lines,
    "late_answer": _late_answer,
    "two_items": _two_items,
    "item_at_target": _item_at_target,
    "posted_before": _posted_before,
}
