"""Target Endpoint Security: what each authentication type asks for, and what of it is secret.

Types and fields: docs/reference/gateway.md#api-suites. Secrets are sealed together, bound to their
endpoint, and are never shown again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from ionport.core.i18n import _

MAX_KEY_PARAMETERS: Final = 10
_MAX_VALUE: Final = 4000
# A private key in PEM is the longest: RSA with 8192 bits has about 6,500 letters.
_MAX_SECRET: Final = 8000
_MANY_LINES: Final = frozenset({"key", "payload"})
_TOKEN_LETTERS: Final = frozenset(
    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)
# Set by the gateway itself or by HTTP: no key or policy may take these names.
RESERVED_HEADERS: Final = frozenset(
    {
        "connection",
        "content-length",
        "cookie",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-infor-identity2",
        "x-infor-tenantid",
    }
)


class SecurityType(StrEnum):
    """Field Authentication Type; the value is Infor's label.

    Source: docs/reference/gateway.md#api-suites.
    """

    ANONYMOUS = "Anonymous"
    API_KEY = "API Key"
    BASIC = "Basic"
    JWT = "JWT Target Authentication"
    OAUTH1 = "OAuth 1.0a"
    OAUTH2 = "OAuth 2.0"


class KeyMode(StrEnum):
    """Where an API key is sent."""

    HEADER = "Header"
    QUERY = "Query"


@dataclass(frozen=True, slots=True)
class SecurityField:
    """One input of an authentication type. `choices` are all values that it takes, if any."""

    name: str
    label: str
    is_secret: bool = False
    is_required: bool = True
    choices: tuple[str, ...] = ()
    default: str = ""


SECURITY_FIELDS: Final[Mapping[SecurityType, tuple[SecurityField, ...]]] = {
    SecurityType.ANONYMOUS: (),
    SecurityType.API_KEY: (),
    SecurityType.BASIC: (
        SecurityField("user_id", "User ID"),
        SecurityField("password", "Password", is_secret=True),
    ),
    SecurityType.OAUTH1: (
        SecurityField(
            "algorithm", "Algorithm", choices=("HMAC-SHA1", "HMAC-SHA256"), default="HMAC-SHA256"
        ),
        SecurityField("access_key", "Target Endpoint Access Key"),
        SecurityField("secret_key", "Target Endpoint Secret Key", is_secret=True),
    ),
    SecurityType.OAUTH2: (
        SecurityField("token_endpoint", "Token Endpoint"),
        SecurityField("client_id", "Client ID"),
        SecurityField("client_secret", "Client Secret", is_secret=True),
        SecurityField("scope", "Scope", is_required=False),
        SecurityField(
            "client_authentication",
            "Client Authentication",
            choices=("Header", "Body"),
            default="Header",
        ),
    ),
    SecurityType.JWT: (
        SecurityField(
            "algorithm",
            "Algorithm",
            choices=("RS256", "RS384", "RS512", "HS256"),
            default="RS256",
        ),
        SecurityField("key", "Key", is_secret=True),
        SecurityField("key_id", "Key ID", is_required=False),
        SecurityField("payload", "JWT Payload", default="{}"),
        SecurityField("expiration_seconds", "Token Expiration (seconds)", default="300"),
    ),
}


@dataclass(frozen=True, slots=True)
class KeyParameter:
    """One row of the grid Custom parameters. An empty value keeps the one that is stored."""

    mode: KeyMode
    name: str
    value: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SecurityDraft:
    """What the form holds: a secret field left empty keeps the stored secret."""

    type: SecurityType = SecurityType.ANONYMOUS
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    parameters: tuple[KeyParameter, ...] = ()

    def value(self, of: SecurityField) -> str:
        return self.values.get(of.name, "") or of.default


@dataclass(frozen=True, slots=True)
class SecuritySettings:
    """What may be shown: everything but the secrets. A key parameter here has no value."""

    type: SecurityType
    values: Mapping[str, str] = field(default_factory=dict)
    parameters: tuple[KeyParameter, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "type": self.type.value,
            "values": dict(self.values),
            "parameters": [[row.mode.value, row.name] for row in self.parameters],
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> SecuritySettings:
        return cls(
            SecurityType(content["type"]),
            dict(content["values"]),
            tuple(KeyParameter(KeyMode(mode), name) for mode, name in content["parameters"]),
        )


@dataclass(frozen=True, slots=True)
class OpenedSecurity:
    """Settings with their secrets, to call the target with; does not print."""

    type: SecurityType
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    parameters: tuple[KeyParameter, ...] = field(default=(), repr=False)

    def shown(self) -> SecuritySettings:
        """Return what may be shown."""
        secret = {item.name for item in SECURITY_FIELDS[self.type] if item.is_secret}
        return SecuritySettings(
            self.type,
            {name: value for name, value in self.values.items() if name not in secret},
            tuple(KeyParameter(row.mode, row.name) for row in self.parameters),
        )

    def secrets(self) -> bytes:
        """Return what is to be sealed; empty when there is nothing."""
        names = [item.name for item in SECURITY_FIELDS[self.type] if item.is_secret]
        content = {
            "values": {name: self.values[name] for name in names},
            "parameters": [row.value for row in self.parameters],
        }
        return json.dumps(content).encode() if names or self.parameters else b""

    @classmethod
    def of(cls, settings: SecuritySettings, secrets: bytes) -> OpenedSecurity:
        """Put shown settings and opened secrets together again."""
        if not secrets:
            return cls(settings.type, settings.values)
        content = json.loads(secrets)
        rows = zip(settings.parameters, content["parameters"], strict=True)
        return cls(
            settings.type,
            {**settings.values, **content["values"]},
            tuple(KeyParameter(row.mode, row.name, value) for row, value in rows),
        )


def complete(
    draft: SecurityDraft, stored: OpenedSecurity | None
) -> tuple[OpenedSecurity, dict[str, str | None]]:
    """Fill what the draft leaves empty from what is stored, and say what is wrong.

    `stored` are the secrets that may be kept; None when all must be typed anew. Returns the
    whole settings, and a text for each field (None where it is right), named `security.<field>`
    and `security.parameters`.
    """
    kept = stored if stored is not None and stored.type is draft.type else None
    values: dict[str, str] = {}
    wrong: dict[str, str | None] = {}
    for item in SECURITY_FIELDS[draft.type]:
        value = draft.value(item)
        if item.is_secret and not value and kept is not None:
            value = kept.values[item.name]
        values[item.name] = value
        wrong[f"security.{item.name}"] = _wrong_value(item, value)
    parameters: tuple[KeyParameter, ...] = ()
    if draft.type is SecurityType.API_KEY:
        parameters = tuple(_filled(draft.parameters, kept.parameters if kept else ()))
        wrong["security.parameters"] = _wrong_parameters(parameters)
    return OpenedSecurity(draft.type, values, parameters), wrong


def is_header_name(name: str) -> bool:
    """Tell whether `name` is a token of RFC 9110 §5.6.2."""
    return 0 < len(name) <= 100 and _TOKEN_LETTERS.issuperset(name)


def is_reserved(name: str) -> bool:
    """Tell whether a header is the gateway's own; to some servers `_` is `-` in a name."""
    return name.lower().replace("_", "-") in RESERVED_HEADERS


def is_header_value(value: str) -> bool:
    """Tell whether `value` may stand in a header: printable ASCII (RFC 9110 §5.5)."""
    return len(value) <= _MAX_VALUE and all(" " <= letter <= "~" for letter in value)


def _filled(
    rows: Iterable[KeyParameter], stored: tuple[KeyParameter, ...]
) -> Iterable[KeyParameter]:
    values = {(row.mode, row.name): row.value for row in stored}
    for row in rows:
        yield KeyParameter(row.mode, row.name, row.value or values.get((row.mode, row.name), ""))


def _wrong_value(item: SecurityField, value: str) -> str | None:
    if not value:
        return _("Fill this in.") if item.is_required else None
    if len(value) > (_MAX_SECRET if item.is_secret else _MAX_VALUE):
        return _("This is too long.")
    if not _is_text(value) or not (item.name in _MANY_LINES or value.isprintable()):
        return _("Leave out line breaks and control characters.")
    if item.choices and value not in item.choices:
        return _("Choose one of: {choices}.").format(choices=", ".join(item.choices))
    if item.name == "user_id" and ":" in value:
        return _("A user id has no colon.")
    if item.name == "expiration_seconds" and not (
        value.isdecimal() and len(value) < 6 and 60 <= int(value) <= 86_400
    ):
        return _("Enter a number from 60 to 86400.")
    if item.name == "payload":
        return _wrong_payload(value)
    return None


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _wrong_payload(text: str) -> str | None:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        return _('Enter a JSON object, for example {"iss": "ionport", "aud": "target"}.')
    return None


def _wrong_parameters(rows: tuple[KeyParameter, ...]) -> str | None:
    if not 1 <= len(rows) <= MAX_KEY_PARAMETERS:
        return _("Add 1 to {limit} keys.").format(limit=MAX_KEY_PARAMETERS)
    if len({(row.mode, row.name.lower()) for row in rows}) < len(rows):
        return _("Each key name may stand there once.")
    for row in rows:
        if not is_header_name(row.name) or is_reserved(row.name):
            return _("{name} cannot be the name of a key.").format(name=row.name or "''")
        if not row.value or not is_header_value(row.value):
            return _("Enter the value of {name}: visible ASCII letters.").format(name=row.name)
    return None
