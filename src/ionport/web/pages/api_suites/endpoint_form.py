"""Infor side: the fields of a target endpoint in a form (docs/reference/gateway.md#api-suites).

They stand in two forms: of a new API suite, and of an endpoint. The box Target Endpoint Security
shows the fields of one authentication type; another one's are asked for by a button, so that
nothing needs a script. Secrets go in and never come out: an empty field keeps the stored one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.datastructures import FormData

from ionport.core.i18n import _
from ionport.core.secrets import DOTS
from ionport.gateway.suites.model import EndpointDraft, ProxySecurity, TargetEndpoint
from ionport.gateway.suites.service import certificate_warning
from ionport.gateway.targets.security import (
    MAX_KEY_PARAMETERS,
    SECURITY_FIELDS,
    KeyMode,
    KeyParameter,
    SecurityDraft,
    SecurityField,
    SecurityType,
)
from ionport.web.forms.declared import FieldKind, Form, FormField, Group, Slot
from ionport.web.forms.fields import lines_of, text_of

# The form of a suite has a description of its own.
_NAMES: Final = {"description": "endpoint_description"}
_LONG: Final = frozenset(("key", "payload"))
_EMPTY_ROWS: Final = 2


def asks_for_security_fields(form: FormData) -> bool:
    """Tell whether the form was sent to get the fields of an authentication type, not to be saved.

    Saving with another type chosen than the one whose fields were shown asks for them as well.
    """
    shown = text_of(form, "shown_security")
    return text_of(form, "action") == "security" or shown != text_of(form, "security.type")


def endpoint_parts(
    values: Mapping[str, str], public_base: str = "", endpoint: TargetEndpoint | None = None
) -> list[FormField | Group | Slot]:
    """Return the fields of an endpoint, those of the authentication type in `values` among them.

    `public_base` is where the public address begins, as far as it is known; `endpoint` is the one
    that is changed.
    """
    kind = SecurityType(values["security.type"])
    context_help = _("The last part of the public address; unique in the suite.")
    if public_base:
        label = _("Public Facing Proxy Endpoint:")
        context_help += f" {label} {public_base}…"
    return [
        FormField(
            "target_url", _("Target Endpoint URL"), required=True, limit=2000,
            placeholder="https://api.example.com/v1",
            help=_(
                "Where calls are passed on to, without a query. https; plain http for this computer"
                " only."
            ),
        ),
        FormField(
            "ignore_certificate_errors", _("Ignore Certificate Errors"), FieldKind.SWITCH,
            help=certificate_warning(),
        ),
        FormField(
            "endpoint_description", _("Target Endpoint Description"), FieldKind.LINES,
            required=True, rows=2, exact=True,
        ),
        FormField(
            "proxy_context", _("Proxy Context"), required=True, limit=64, placeholder="Sandbox",
            help=context_help,
        ),
        FormField(
            "proxy_security", _("Proxy Security"), FieldKind.RADIO, required=True,
            choices=[
                (
                    ProxySecurity.OAUTH2.value,
                    _("Clients show an access token of this tenant."),
                ),
                (ProxySecurity.ANONYMOUS.value, _("Anybody who knows the address may call.")),
            ],
        ),
        _security(kind, _keeps_secrets(kind, endpoint)),
    ]  # fmt: skip


def _security(kind: SecurityType, keeps_secrets: bool) -> Group:
    keys = [FormField("security.parameters", "")] if kind is SecurityType.API_KEY else []
    return Group(
        _("Target Endpoint Security"),
        [
            FormField(
                "security.type", _("Authentication Type"), FieldKind.CHOICE,
                choices=[(one.value, one.value) for one in SecurityType],
                button=("security", _("Show its fields")), follows=True,
            ),
            *(_security_field(one, keeps_secrets) for one in SECURITY_FIELDS[kind]),
            Slot("keys", keys),
        ],
        _(
            "How the gateway proves itself to the target. Secrets are sealed, and never shown"
            " again."
        ),
    )  # fmt: skip


def _security_field(field: SecurityField, keeps_secrets: bool) -> FormField:
    kept = field.is_secret and keeps_secrets
    kind = FieldKind.PASSWORD if field.is_secret else FieldKind.TEXT
    help_text = _(
        "Stored: {dots}. Leave it empty to keep it; it must be typed again when the target changes."
    ).format(dots=DOTS)
    return FormField(
        f"security.{field.name}",
        _(field.label),
        FieldKind.CHOICE if field.choices else FieldKind.LINES if field.name in _LONG else kind,
        required=field.is_required and not kept,
        choices=[(text, text) for text in field.choices],
        help=help_text if kept else "",
        rows=4,
        exact=field.name in _LONG,
    )


def _keeps_secrets(kind: SecurityType, endpoint: TargetEndpoint | None) -> bool:
    return endpoint is not None and endpoint.security.type is kind


def endpoint_draft(form: FormData) -> EndpointDraft:
    """Return what was sent; raises InvalidInput for a choice that is none."""
    kind, values = _security_type(form), sent_values(form)
    Form(endpoint_parts(values)).check(values)
    return EndpointDraft(
        target_url=values["target_url"],
        description=values["endpoint_description"],
        proxy_context=values["proxy_context"],
        proxy_security=ProxySecurity(values["proxy_security"]),
        ignore_certificate_errors=bool(values["ignore_certificate_errors"]),
        security=SecurityDraft(
            kind,
            {one.name: _sent(form, one) for one in SECURITY_FIELDS[kind]},
            tuple(_rows(form)) if kind is SecurityType.API_KEY else (),
        ),
    )


def sent_values(form: FormData) -> dict[str, str]:
    """Return what was typed, to be shown again: all but secrets."""
    kind = _security_type(form)
    chosen = {"security.type": kind.value}
    values = {**Form(endpoint_parts(chosen)).sent(form), **chosen}
    for one in SECURITY_FIELDS[kind]:
        name = f"security.{one.name}"
        if one.is_secret:
            values.pop(name, None)
        elif name not in form:
            values[name] = one.default
    for number, row in enumerate(_rows(form)):
        values |= _row_values(number, row)
    return values


def new_values() -> dict[str, str]:
    """Return what the form of a new endpoint begins with."""
    return {
        "proxy_security": ProxySecurity.OAUTH2.value,
        "security.type": SecurityType.ANONYMOUS.value,
    }


def stored_values(endpoint: TargetEndpoint) -> dict[str, str]:
    """Return what is stored of an endpoint, without its secrets."""
    security = endpoint.security
    values = {
        "target_url": endpoint.target_url,
        "endpoint_description": endpoint.description,
        "proxy_context": endpoint.proxy_context,
        "proxy_security": endpoint.proxy_security.value,
        "ignore_certificate_errors": "on" if endpoint.ignore_certificate_errors else "",
        "security.type": security.type.value,
    }
    values |= {f"security.{one.name}": one.default for one in SECURITY_FIELDS[security.type]}
    values |= {f"security.{name}": value for name, value in security.values.items()}
    for number, row in enumerate(security.parameters):
        values |= _row_values(number, row)
    return values


def slot_context(
    values: Mapping[str, str], endpoint: TargetEndpoint | None = None
) -> dict[str, object]:
    """Return what the template of the table of keys needs."""
    kind = SecurityType(values["security.type"])
    rows = sum(1 for name in values if name.startswith("key_name_"))
    return {
        "key_modes": [mode.value for mode in KeyMode],
        "key_rows": range(min(rows + _EMPTY_ROWS, MAX_KEY_PARAMETERS)),
        "takes_keys": kind is SecurityType.API_KEY,
        "keeps_secrets": _keeps_secrets(kind, endpoint),
    }


def named_errors(fields: Mapping[str, str], prefix: str = "") -> dict[str, str]:
    """Return the service's errors under the names that the fields have in the form; with
    `prefix` only those that begin with it are an endpoint's.
    """
    named = {}
    for name, text in fields.items():
        short = name.removeprefix(prefix)
        is_ours = name.startswith(prefix)
        named[_NAMES.get(short, short) if is_ours else name] = text
    return named


def _security_type(form: FormData) -> SecurityType:
    value = text_of(form, "security.type")
    return SecurityType(value) if value in list(SecurityType) else SecurityType.ANONYMOUS


def _sent(form: FormData, field: SecurityField) -> str:
    name = f"security.{field.name}"
    if field.is_secret or field.name in _LONG:
        # A password may begin with a blank.
        return lines_of(form, name)
    return text_of(form, name)


def _rows(form: FormData) -> list[KeyParameter]:
    """Return the rows of Custom parameters that have anything in them."""
    rows = []
    for number in range(MAX_KEY_PARAMETERS):
        mode = text_of(form, f"key_mode_{number}")
        name, value = text_of(form, f"key_name_{number}"), lines_of(form, f"key_value_{number}")
        if name or value:
            is_known = mode in list(KeyMode)
            rows.append(KeyParameter(KeyMode(mode) if is_known else KeyMode.HEADER, name, value))
    return rows


def _row_values(number: int, row: KeyParameter) -> dict[str, str]:
    return {f"key_mode_{number}": row.mode.value, f"key_name_{number}": row.name}
