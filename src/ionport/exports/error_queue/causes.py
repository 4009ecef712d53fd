"""The rules from Infor's messages to causes, remedies and lines of the mapping.

A row is a pattern of Infor's message. A message without a row is a cause by its code and its text,
in which figures and quoted values do not count.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from ionport.core.i18n import N_, _
from ionport.core.sentences import english
from ionport.documents.model import ErpStatus


@dataclass(frozen=True, slots=True)
class Rule:
    """A known message; `mapping` names the lines of a mapping file that decide it.

    Source: docs/reference/document-system.md#export-errors, docs/reference/m3.md#supplier-invoices,
    docs/reference/ln.md#soap.
    """

    key: str
    pattern: re.Pattern[str]
    title: str
    remedy: str
    mapping: str = ""
    if_rejected: str = ""
    """What to do where it is the reason of a rejection, if that is something else."""


@dataclass(frozen=True, slots=True)
class KnownCause:
    """Why deliveries have failed, in the user's words; `title` is empty where no rule knows it."""

    key: str
    title: str = ""
    remedy: str = ""
    mapping: str = ""


def _rule(
    key: str, pattern: str, title: str, remedy: str, mapping: str = "", if_rejected: str = ""
) -> Rule:
    return Rule(key, re.compile(pattern, re.IGNORECASE), title, remedy, mapping, if_rejected)


RULES: Final = (
    _rule(
        "gone_from_erp",
        r"no longer in the ERP",
        N_("It was deleted in the ERP"),
        N_(
            "Ask who deleted it there, and why. A document that is not to be booked is rejected"
            " here."
        ),
    ),
    _rule(
        "ln_receipt_not_found",
        r"not found in direct debit",
        N_("LN finds no receipt for the delivery note"),
        N_(
            "Look in LN at ACP Parameters → Matching, and whether the logistic company is the one"
            " that received the goods. Then let the mapping send the delivery note."
        ),
        "IRF_PackingSlip=TF_packing_slip; InvoiceReceiptFields: PackingSlip",
    ),
    _rule(
        "ln_receipt_line",
        r"attr\. 'ReceiptLine'.*must be numeric",
        N_("The line of the receipt is missing or no number"),
        N_(
            "Compare the delivery number with that of the purchase order in LN, and let the mapping"
            " send the line of the delivery."
        ),
        "IRF_ReceiptLine=TF_delivery_line",
    ),
    _rule(
        "ln_not_numeric",
        r"attr\. '\w+'.*must be numeric",
        N_("LN expects a number in a field"),
        N_("Correct the field in the document, or map another one in the line of this attribute."),
    ),
    _rule(
        "ln_costing",
        r"costing elements are not properly configured",
        N_("Costing elements are not set up in LN"),
        N_("Set them up in LN, or leave the cost lines out of the mapping."),
    ),
    _rule(
        "invoice_exists",
        r"invoice (number )?\S+.* already exists",
        N_("The ERP has this invoice number of the supplier already"),
        N_(
            "Open the invoice in the ERP. If it is this one, cancel the delivery; if the number was"
            " read wrong, correct it in the document."
        ),
        "SINO",
        N_(
            "Open the invoice in the ERP. If it is this one, it must not be exported again; if the"
            " number was read wrong, correct it in the document."
        ),
    ),
    _rule(
        "supplier_unknown",
        r"(supplier|SUNO|SPYN|business partner)\b.*does not exist",
        N_("The ERP does not know the supplier"),
        N_(
            "Add the supplier in the ERP (CRS620 in M3), or correct the supplier number in the"
            " document or under Settings → Suppliers."
        ),
        "SUNO; SPYN",
    ),
    _rule(
        "order_unknown",
        r"(purchase order|PUNO)\b.*does not exist",
        N_("The ERP does not know the purchase order or its line"),
        N_("Correct the order number or the line in the document, or add the order in the ERP."),
        "PUNO; PNLI",
    ),
    _rule(
        "division_unknown",
        r"(division|DIVI)\b.*(does not exist|must be entered|not valid)",
        N_("The division is missing or unknown in M3"),
        N_(
            "Names of M3 fields are upper case. Give the division in the mapping, or what M3 calls"
            " your company under Settings → Organization."
        ),
        "DIVI",
    ),
    _rule(
        "date_invalid",
        r"(date\b|\b[A-Z]{2}DT\b).*(not valid|invalid|must be)",
        N_("A date is not one that the ERP takes"),
        N_("Correct the date in the document; M3 expects YYYYMMDD in the mapping's line."),
        "IVDT; ACDT; DUDT",
    ),
    _rule(
        "too_long",
        r"(too long|exceeds? the (maximum )?length|longer than)",
        N_("A value is longer than the ERP's field"),
        N_("Shorten the value in the document, or cut it in the mapping's line."),
    ),
    _rule(
        "field_missing",
        r"(\b[A-Z]{4}\b|attr\. '\w+').*must be (entered|filled)",
        N_("A field that the ERP needs is empty"),
        N_("Fill the field in the document, or give it a value in the mapping's line."),
    ),
)
_NO_WORD: Final = N_("No word from the ERP")
_NO_WORD_REMEDY: Final = N_(
    "Look in ION Desk whether the document flow runs and what it has refused, and in the ERP"
    " whether the invoice is there. What is there must not be exported again. Word that comes later"
    " counts all the same."
)
_QUOTES: Final = "\"'\u201e\u201c\u201d\u00bb\u00ab\u2018\u2019"
_VALUES: Final = re.compile(rf"[{_QUOTES}][^{_QUOTES}]*[{_QUOTES}]|\d+")
_KEY: Final = re.compile(r"[a-z0-9_]{1,60}(-[0-9a-f]{12})?")


def cause_of(code: str, text: str) -> KnownCause:
    """Return the cause of a failure by its code and text.

    A rejection by the ERP is a cause of its own, because its remedy differs. So is a missing ERP
    status.
    """
    if code == ErpStatus.NO_WORD:
        return KnownCause(code, _(_NO_WORD), _(_NO_WORD_REMEDY))
    is_rejected = code == ErpStatus.REJECTED
    text = english(text)
    for rule in RULES:
        if rule.pattern.search(text):
            remedy = (is_rejected and rule.if_rejected) or rule.remedy
            key = f"{code}_{rule.key}" if is_rejected else rule.key
            return KnownCause(key, _(rule.title), _(remedy), rule.mapping)
    without_values = _VALUES.sub("…", text)
    digest = hashlib.blake2b(without_values.encode(), digest_size=6).hexdigest()
    return KnownCause(f"{code or 'error'}-{digest}")


def erp_status_of(key: str) -> ErpStatus | None:
    """Return the ERP status of a cause's deliveries; None where they have failed."""
    if key == ErpStatus.NO_WORD:
        return ErpStatus.NO_WORD
    is_rejected = key.startswith(tuple(f"{ErpStatus.REJECTED.value}{sign}" for sign in "_-"))
    return ErpStatus.REJECTED if is_rejected else None


def title_of(key: str) -> str:
    """Return the title of a cause by its key; empty where no rule knows it."""
    if key == ErpStatus.NO_WORD:
        return _(_NO_WORD)
    key = key.removeprefix(f"{ErpStatus.REJECTED.value}_")
    return next((_(rule.title) for rule in RULES if rule.key == key), "")


def is_key(key: str) -> bool:
    """Tell whether a text may be the key of a cause."""
    return _KEY.fullmatch(key) is not None
