"""Values of the settings of a document type, and their form as JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from ionport.core.errors import InvalidInput
from ionport.core.http.texts import holds_storable
from ionport.core.i18n import _, labelled
from ionport.documents.invoice.rules.model import Effect
from ionport.documents.invoice.rules.table import rules
from ionport.documents.review.approvals import NO_APPROVALS, ApprovalPolicy
from ionport.documents.review.organization_rules import FIELD_RULES, ORGANIZATION_RULES
from ionport.documents.type_settings.patterns import checked_pattern
from ionport.documents.types import document_type

MAX_LENGTH = 10_000
MAX_VALUES = 200
_MAX_VALUE = 200
_ERP_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,59}")
_FLAGS = ("required", "read_only")
_APPROVAL_FLAGS = {
    "second_is_another_person": True,
    "who_changed_may_not_approve": True,
    "exports_by_itself": True,
}
"""By flag: its default."""
# Settings stored before this flag existed exported nothing without a person.
_NOT_STORED = {"exports_by_itself": False}
# Number, currency, seller, buyer, payee and account: findings about these always hold.
_TERMS = """
BT-1 BT-5 BT-6 BT-27 BT-29 BT-30 BT-31 BT-32 BT-44 BT-46 BT-47 BT-48 BT-59 BT-60 BT-61 BT-84 BT-86
"""
_IDENTITY = frozenset(_TERMS.split())
_ALWAYS = frozenset({"other_currency", "not_understood_payee", "unreadable_value", "long_number"})


@dataclass(frozen=True, slots=True)
class FieldSetting:
    """The demands on a header field; empty and None demand nothing.

    `erp_field_name` is another name by which mappings may call the field.
    """

    required: bool = False
    read_only: bool = False
    pattern: str = ""
    max_length: int | None = None
    values: tuple[str, ...] = ()
    erp_field_name: str = ""


@dataclass(frozen=True, slots=True)
class TypeSettings:
    """The settings of a document type; what is not named is as shipped."""

    document_type: str
    fields: Mapping[str, FieldSetting] = field(default_factory=dict)
    effects: Mapping[str, Effect] = field(default_factory=dict)
    approvals: ApprovalPolicy = NO_APPROVALS


def effect_is_fixed(code: str) -> bool:
    """Tell whether a finding always holds, whatever is set: those about identity and currency."""
    if code in FIELD_RULES:
        return False
    known = rules().get(code) or ORGANIZATION_RULES.get(code)
    if known is None or code in _ALWAYS:
        return True
    return known.effect is Effect.HOLDS and not _IDENTITY.isdisjoint(known.terms)


def settings_as_json(settings: TypeSettings) -> dict[str, Any]:
    """Return the settings as they are exported; `settings_of` reads them back."""
    fields = {
        name: {
            "required": one.required,
            "read_only": one.read_only,
            "pattern": one.pattern,
            "max_length": one.max_length,
            "values": list(one.values),
            "erp_field_name": one.erp_field_name,
        }
        for name, one in sorted(settings.fields.items())
        if one != FieldSetting()
    }
    policy = settings.approvals
    return {
        "document_type": settings.document_type,
        "fields": fields,
        "effects": {code: effect.value for code, effect in sorted(settings.effects.items())},
        "approvals": {
            "first_from": _text(policy.first_from),
            "second_from": _text(policy.second_from),
            "second_is_another_person": policy.second_is_another_person,
            "who_changed_may_not_approve": policy.who_changed_may_not_approve,
            "exports_by_itself": policy.exports_by_itself,
        },
    }


def settings_of(data: object) -> TypeSettings:
    """Return the settings of a JSON document.

    Raises:
        InvalidInput: naming each wrong place, such as `fields.due_date.pattern`.
        NotFound: no such document type.
    """
    if not holds_storable(data):
        raise _wrong("file", _("The file has a character that cannot be stored."))
    top = _object(data, "", ("document_type", "fields", "effects", "approvals"))
    kind = document_type(str(top.get("document_type", "")))
    wrong: dict[str, str] = {}
    known = {one.id for one in kind.fields}
    fields: dict[str, FieldSetting] = {}
    for name, value in _object(top.get("fields", {}), "fields", known).items():
        try:
            fields[name] = _field(name, value)
        except InvalidInput as error:
            wrong.update(error.fields)
    effects: dict[str, Effect] = {}
    for code, value in _object(top.get("effects", {}), "effects").items():
        try:
            effects[code] = _effect(code, value)
        except InvalidInput as error:
            wrong.update(error.fields)
    policy = NO_APPROVALS
    try:
        policy = _policy(top.get("approvals", {}))
    except InvalidInput as error:
        wrong.update(error.fields)
    names = [one.erp_field_name.lower() for one in fields.values() if one.erp_field_name]
    if len(set(names)) < len(names):
        wrong["fields"] = _("Two fields have the same ERP field name.")
    if wrong:
        text = " ".join(labelled(place, what) for place, what in list(wrong.items())[:20])
        raise InvalidInput(text, code="invalid_settings", fields=wrong)
    return TypeSettings(kind.id, fields, effects, policy)


def stored_settings(data: Mapping[str, Any]) -> TypeSettings:
    """Return settings as they were stored, without what this version has no field or rule for."""
    known = {one.id for one in document_type(data["document_type"]).fields}
    effects = {
        code: value
        for code, value in data["effects"].items()
        if (code in rules() or code in ORGANIZATION_RULES)
        and not (value == Effect.NOTES and effect_is_fixed(code))
    }
    fields = {name: value for name, value in data["fields"].items() if name in known}
    approvals = _NOT_STORED | data["approvals"]
    return settings_of({**data, "fields": fields, "effects": effects, "approvals": approvals})


def _field(name: str, data: object) -> FieldSetting:
    place = f"fields.{name}"
    names = (*_FLAGS, "pattern", "max_length", "values", "erp_field_name")
    given = _object(data, place, names)
    length = given.get("max_length")
    if length is not None and not (type(length) is int and 1 <= length <= MAX_LENGTH):
        raise _wrong(f"{place}.max_length", _("Write a number from 1 to {n}.").format(n=MAX_LENGTH))
    values = given.get("values", [])
    if not isinstance(values, list) or len(values) > MAX_VALUES or not all(map(_is_value, values)):
        text = _("Write a list of at most {n} texts.").format(n=MAX_VALUES)
        raise _wrong(f"{place}.values", text)
    pattern, erp_name = given.get("pattern", ""), given.get("erp_field_name", "")
    try:
        checked_pattern(str(pattern))
    except InvalidInput as error:
        raise _wrong(f"{place}.pattern", error.text) from error
    if erp_name and not (isinstance(erp_name, str) and _ERP_NAME.fullmatch(erp_name)):
        text = _("Use letters, digits, dots and underscores.")
        raise _wrong(f"{place}.erp_field_name", text)
    required, read_only = (_flag(given, flag, place, default=False) for flag in _FLAGS)
    return FieldSetting(required, read_only, str(pattern), length, tuple(values), str(erp_name))


def _effect(code: str, value: object) -> Effect:
    place = f"effects.{code[:100]}"
    if value not in list(Effect):
        raise _wrong(place, _("Write “holds” or “notes”."))
    if code not in rules() and code not in ORGANIZATION_RULES:
        raise _wrong(place, _("There is no such rule."))
    effect = Effect(str(value))
    if effect is Effect.NOTES and effect_is_fixed(code):
        raise _wrong(place, _("What is wrong with identity, account or currency always holds."))
    return effect


def _policy(data: object) -> ApprovalPolicy:
    given = _object(data, "approvals", ("first_from", "second_from", *_APPROVAL_FLAGS))
    first, second = (_amount(given, name) for name in ("first_from", "second_from"))
    if second is not None and first is not None and second < first:
        raise _wrong("approvals.second_from", _("The second approval begins below the first."))
    flags = {
        name: _flag(given, name, "approvals", default=default)
        for name, default in _APPROVAL_FLAGS.items()
    }
    return ApprovalPolicy(first, second, **flags)


def _amount(given: Mapping[str, Any], name: str) -> Decimal | None:
    value = given.get(name)
    if value is None or value == "":
        return None
    try:
        amount = Decimal(str(value)[:30])
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0 or amount > Decimal(10) ** 15:
        raise _wrong(f"approvals.{name}", _("Write an amount such as 1000.00, or nothing."))
    return amount


def _object(data: object, place: str, known: Any = None) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise _wrong(place or "file", _("Write an object with names and values."))
    unknown = [name for name in data if known is not None and name not in known]
    if unknown:
        raise _wrong(f"{place}.{unknown[0]}"[:100].lstrip("."), _("There is nothing of this name."))
    return data


def _flag(given: Mapping[str, Any], name: str, place: str, *, default: bool) -> bool:
    value = given.get(name, default)
    if not isinstance(value, bool):
        raise _wrong(f"{place}.{name}", _("Write true or false."))
    return value


def _is_value(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MAX_VALUE and value.isprintable()


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else format(amount, "f")


def _wrong(place: str, text: str) -> InvalidInput:
    return InvalidInput(labelled(place, text), code="invalid_settings", fields={place: text})
