"""Infor side: the fields of a target endpoint in a form (docs/reference/gateway.md#api-suites).

They stand in two forms: of a new API suite, and of an endpoint. The box Target Endpoint Security
shows the fields of one authentication type; another one's are asked for by a button, so that
nothing needs a script. Secrets go in and never come out: an empty field keeps the stored one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.datastructures import FormData

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
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
from ionport.web.forms.fields import is_on, lines_of, text_of

# The form of a suite has a description of its own.
_NAMES: Final = {"description": "endpoint_description"}
_TEXTS: Final = ("target_url", "proxy_context", "proxy_security")
_LONG: Final = frozenset(("key", "payload"))
_EMPTY_ROWS: Final = 2
FIELDS: Final = (
    *("target_url", "endpoint_description", "proxy_context", "proxy_security", "security.type"),
    "security.parameters",
    *(f"security.{one.name}" for fields in SECURITY_FIELDS.values() for one in fields),
)


def asks_for_security_fields(form: FormData) -> bool:
    """Tell whether the form was sent to get the fields of an authentication type, not to be saved.

    Saving with another type chosen than the one whose fields were shown asks for them as well.
    """
    shown = text_of(form, "shown_security")
    return text_of(form, "action") == "security" or shown != text_of(form, "security.type")


def endpoint_draft(form: FormData) -> EndpointDraft:
    """Return what was sent; raises InvalidInput for a choice that is none."""
    kind = _security_type(form)
    if text_of(form, "proxy_security") not in list(ProxySecurity):
        text = _("Choose one of these.")
        raise InvalidInput(text, fields={"proxy_security": text})
    return EndpointDraft(
        target_url=text_of(form, "target_url"),
        description=lines_of(form, "endpoint_description"),
        proxy_context=text_of(form, "proxy_context"),
        proxy_security=ProxySecurity(text_of(form, "proxy_security")),
        ignore_certificate_errors=is_on(form, "ignore_certificate_errors"),
        security=SecurityDraft(
            kind,
            {one.name: _sent(form, one) for one in SECURITY_FIELDS[kind]},
            tuple(_rows(form)) if kind is SecurityType.API_KEY else (),
        ),
    )


def sent_values(form: FormData) -> dict[str, str]:
    """Return what was typed, to be shown again: all but secrets."""
    kind = _security_type(form)
    values = {name: text_of(form, name) for name in _TEXTS}
    values["endpoint_description"] = lines_of(form, "endpoint_description")
    values["ignore_certificate_errors"] = text_of(form, "ignore_certificate_errors")
    values["security.type"] = kind.value
    for one in SECURITY_FIELDS[kind]:
        if not one.is_secret:
            name = f"security.{one.name}"
            values[name] = _sent(form, one) if name in form else one.default
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
    values |= {f"security.{name}": value for name, value in security.values.items()}
    for number, row in enumerate(security.parameters):
        values |= _row_values(number, row)
    return values


def form_context(
    values: Mapping[str, str], errors: Mapping[str, str], endpoint: TargetEndpoint | None = None
) -> dict[str, object]:
    """Return what the template of the fields needs."""
    kind = SecurityType(values["security.type"])
    fields = SECURITY_FIELDS[kind]
    rows = sum(1 for name in values if name.startswith("key_name_"))
    return {
        "values": values,
        "errors": errors,
        "fields": fields,
        "long_fields": _LONG,
        "choices": {one.name: [(text, text) for text in one.choices] for one in fields},
        "public_base": "",
        "security_types": [(one.value, one.value) for one in SecurityType],
        "proxy_securities": [
            (ProxySecurity.OAUTH2.value, _("Clients show an access token of this tenant.")),
            (ProxySecurity.ANONYMOUS.value, _("Anybody who knows the address may call.")),
        ],
        "key_modes": [(mode.value, mode.value) for mode in KeyMode],
        "key_rows": range(min(rows + _EMPTY_ROWS, MAX_KEY_PARAMETERS)),
        "takes_keys": kind is SecurityType.API_KEY,
        "keeps_secrets": endpoint is not None and endpoint.security.type is kind,
        "certificate_warning": certificate_warning(),
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
