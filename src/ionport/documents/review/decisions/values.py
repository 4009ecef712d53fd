"""Typed checks of the values that a person enters: what is stored is canonical text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.documents.invoice.codes import DOCUMENT_TYPE_CODES, code_list
from ionport.documents.invoice.corrections import Target, is_laid_over
from ionport.documents.invoice.rules.parties import is_iban
from ionport.documents.types import DocumentType, Field, FieldType, Origin

_MAX_TEXT, _MAX_NUMBER = 500, 100
_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,10})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_VAT_ID = re.compile(r"[A-Z0-9]{2}[A-Z0-9+*]{2,13}")
_EARLIEST = date(2000, 1, 1)
_VAT_PREFIXES = frozenset({"EL", "XI", "1A"})
_LISTS = {
    "BT-3": DOCUMENT_TYPE_CODES,
    "BT-40": "iso-3166-1",
    "BT-55": "iso-3166-1",
    "BT-81": "untdid-4461",
    "BT-118": "untdid-5305",
    "BT-151": "untdid-5305",
    "BT-130": "rec20",
    "BT-121": "vatex",
}
_VAT_IDS = frozenset({"BT-31", "BT-48"})


def field_of(kind: DocumentType, target: Target) -> Field:
    """Return the field or column that a person may correct.

    Raises:
        InvalidInput: there is none, or its value follows from others.
    """
    fields = kind.fields
    if target.table:
        fields = next((one.columns for one in kind.tables if one.id == target.table), ())
    field = next((one for one in fields if one.id == target.field), None)
    if field is None:
        wrong = _("There is no field {name}.").format(name=str(target)[:_MAX_NUMBER])
        raise InvalidInput(wrong, code="no_field", fields={str(target): wrong})
    if not is_correctable(target, field):
        wrong = _("{field} follows from other values: correct those.").format(field=field.label)
        raise InvalidInput(wrong, code="not_correctable", fields={str(target): wrong})
    return field


def is_correctable(target: Target, field: Field) -> bool:
    """Tell whether a person may give the field a value."""
    if target.term or is_laid_over(target):
        return True
    return field.origin in (Origin.HAND, Origin.COMPANY) and not target.table


def codes_of(target: Target, field: Field) -> str:
    """Return the name of the code list that the value is of, ``""`` for none."""
    return _LISTS.get(target.term, "iso-4217" if field.type is FieldType.CURRENCY else "")


def checked_value(target: Target, field: Field, text: str) -> str:
    """Return a value as it is stored, ``""`` for none.

    Raises:
        InvalidInput: it is not of the field's type; names what is.
    """
    value = " ".join(text.split())
    try:
        return _checked(target, field, value) if value else ""
    except ValueError as error:
        wrong = str(error)
        text = _("{field}: {wrong}").format(field=field.label, wrong=wrong)
        raise InvalidInput(text, code="wrong_value", fields={str(target): wrong}) from None


def _checked(target: Target, field: Field, value: str) -> str:
    if target.term in _VAT_IDS:
        return _vat_id(value)
    if target.term == "BT-84":
        return _account(value)
    if (name := _LISTS.get(target.term)) is not None:
        return _code(name, value)
    return _BY_TYPE[field.type](target, value)


def _text(target: Target, value: str) -> str:
    longest = _MAX_NUMBER if target.term == "BT-1" else _MAX_TEXT
    if len(value) > longest:
        raise ValueError(_("At most {n} characters.").format(n=longest))
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Cs") for sign in value):
        raise ValueError(_("There are invisible signs in it."))
    return value


def _number(target: Target, value: str) -> str:
    if not _DECIMAL.fullmatch(value):
        raise ValueError(
            _("Write the number with digits and a decimal point, without separators: 1234.50.")
        )
    return value


def _day(target: Target, value: str) -> str:
    wrong = _("Write the date as year, month and day, from 2000-01-01 on: 2026-01-31.")
    if not _DATE.fullmatch(value):
        raise ValueError(wrong)
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise ValueError(wrong) from None
    if day < _EARLIEST:
        raise ValueError(wrong)
    return value


def _currency(target: Target, value: str) -> str:
    return _code("iso-4217", value)


def _code(name: str, value: str) -> str:
    code = value if value in code_list(name) else value.upper()
    if code not in code_list(name):
        seen = "".join(sign if sign.isprintable() else "\ufffd" for sign in value[:_MAX_NUMBER])
        raise ValueError(_("{value} is no code of the list {list}.").format(value=seen, list=name))
    return code


def _vat_id(value: str) -> str:
    number = re.sub(r"[\s.\-]", "", value).upper()
    country = number[:2]
    if not _VAT_ID.fullmatch(number) or (
        country not in code_list("iso-3166-1") and country not in _VAT_PREFIXES
    ):
        raise ValueError(
            _("A VAT id is a country's two letters and 2 to 13 letters or digits: DE123456789.")
        )
    return number


def _account(value: str) -> str:
    number = "".join(value.split()).upper()
    if number[:2].isalpha() and not is_iban(number):
        raise ValueError(_("The check digits of this IBAN do not agree: a digit is mistyped."))
    return _text(Target(""), number)


_BY_TYPE: Mapping[FieldType, Callable[[Target, str], str]] = {
    FieldType.STRING: _text,
    FieldType.AMOUNT: _number,
    FieldType.NUMBER: _number,
    FieldType.DATE: _day,
    FieldType.CURRENCY: _currency,
}
