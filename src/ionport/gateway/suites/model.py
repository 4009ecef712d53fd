"""Values of the gateway: API suites, target endpoints, policies, documentation."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from ionport.core.errors import InvalidInput, refuse_wrong
from ionport.core.i18n import N_, _
from ionport.core.paging import PageRequest
from ionport.gateway.targets.security import SecurityDraft, SecuritySettings
from ionport.identity.model import AuditAction

MAX_ENDPOINTS: Final = 100
MAX_POLICIES: Final = 50
MAX_DOCUMENTATION: Final = 10
MAX_DOCUMENTATION_BYTES: Final = 2_000_000

_MAX_NAME: Final = 128
_MAX_TEXT: Final = 1000
_CONTEXT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?")

# Names of pictures that the pages have, and of the one that stands for an uploaded one.
SUITE_ICONS: Final = (
    *("apps", "building", "file-invoice", "files", "users", "mail", "send", "key", "book"),
    *("activity", "radar", "plug-connected", "settings"),
)
UPLOADED_ICON: Final = "uploaded"
MAX_ICON_BYTES: Final = 100_000


class ProxySecurity(StrEnum):
    """Field Proxy Security: what a client must show (docs/reference/gateway.md#api-suites)."""

    OAUTH2 = "OAuth 2.0"
    ANONYMOUS = "Anonymous"


class PolicyFlow(StrEnum):
    """Which way a policy acts on."""

    REQUEST = "REQUEST"
    RESPONSE = "RESPONSE"


class PolicyType(StrEnum):
    """Types of policies; the value is the root element of its XML.

    Source: docs/reference/gateway.md#policies.
    """

    THROTTLING = "throttling"
    QUOTA = "quota"
    HEADER = "header"
    TARGET_TIMEOUT = "targetTimeout"
    CACHE_RESPONSE = "cacheResponse"
    ANONYMOUS_INBOUND_SECURITY = "anonymousInboundSecurity"


@dataclass(frozen=True, slots=True)
class ApiSuite:
    """An API suite of the tenant's own, below `CustomerApi`. `icon` is one of `SUITE_ICONS` or
    `UPLOADED_ICON`.

    `context` is the API Context: unique in the tenant without regard to case, never changed.
    """

    id: str
    tenant_id: str
    application_name: str
    suite_name: str
    description: str
    context: str
    icon: str
    is_active: bool
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class TargetEndpoint:
    """One target behind an API suite.

    `security` is without its secrets: those are sealed and never leave the server.
    """

    id: str
    tenant_id: str
    suite_id: str
    target_url: str
    description: str
    proxy_context: str
    proxy_security: ProxySecurity
    ignore_certificate_errors: bool
    security: SecuritySettings
    is_active: bool
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class ApiPolicy:
    """A policy of a suite (`endpoint_id` None) or of one endpoint; `definition` is its XML.

    `is_enabled` is the definition's own attribute `enabled`.
    """

    id: str
    tenant_id: str
    suite_id: str
    endpoint_id: str | None
    type: PolicyType
    name: str
    flow: PolicyFlow
    definition: str
    is_enabled: bool
    position: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Documentation:
    """An OpenAPI or Swagger document of an endpoint, without its content. Size in bytes."""

    id: str
    tenant_id: str
    endpoint_id: str
    name: str
    title: str
    version: str
    size: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SuiteDraft:
    """What the form Add New API Suite holds, before it is checked.

    Source: docs/reference/gateway.md#api-suites.
    """

    application_name: str
    suite_name: str
    description: str
    context: str
    icon: str = "apps"

    def wrong_fields(self) -> dict[str, str | None]:
        """Return a text for each field, None where it is right."""
        is_known = self.icon in (*SUITE_ICONS, UPLOADED_ICON)
        return {
            "application_name": _wrong_name(self.application_name),
            "suite_name": _wrong_name(self.suite_name),
            "description": _wrong_text(self.description),
            "context": wrong_context(self.context),
            "icon": None if is_known else _("Choose one of the icons."),
        }


@dataclass(frozen=True, slots=True)
class EndpointDraft:
    """What the form Add Endpoint holds, before it is checked.

    Source: docs/reference/gateway.md#api-suites.

    The target's address is checked by the service, which knows which networks may be reached.
    """

    target_url: str
    description: str
    proxy_context: str
    proxy_security: ProxySecurity = ProxySecurity.OAUTH2
    ignore_certificate_errors: bool = False
    security: SecurityDraft = field(default_factory=SecurityDraft)

    def wrong_fields(self) -> dict[str, str | None]:
        """Return a text for each field, None where it is right."""
        return {
            "description": _wrong_text(self.description),
            "proxy_context": wrong_context(self.proxy_context),
        }


@dataclass(frozen=True, slots=True)
class PolicyDraft:
    """What the form Add Policy holds, before its definition is parsed."""

    type: PolicyType
    name: str
    flow: PolicyFlow
    definition: str

    def check(self) -> None:
        """Raise InvalidInput unless name and flow fit; the definition is checked elsewhere."""
        wrong_flow = (
            _("Only header policies act on responses.")
            if self.flow is PolicyFlow.RESPONSE and self.type is not PolicyType.HEADER
            else None
        )
        fields = {"name": _wrong_name(self.name), "flow": wrong_flow}
        refuse_wrong(fields, _("The policy cannot be saved. Correct the marked fields."))


@dataclass(frozen=True, slots=True)
class SuiteIcon:
    """An uploaded icon: a picture without scripts, of at most `MAX_ICON_BYTES`."""

    media_type: str
    content: bytes


# What a picture begins with. SVG is not among them: it may hold scripts.
_PICTURES: Final = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
)


def read_icon(content: bytes) -> SuiteIcon:
    """Return an uploaded picture with its type, told by its first bytes.

    Raises:
        InvalidInput: it is something else, or too large; the text is under `icon_file`.
    """
    found = next((kind for start, kind in _PICTURES if start.match(content)), None)
    if found is None or len(content) > MAX_ICON_BYTES:
        text = _("Choose a PNG, JPEG, GIF or WebP picture of at most {limit} kB.").format(
            limit=MAX_ICON_BYTES // 1000
        )
        raise InvalidInput(text, fields={"icon_file": text})
    return SuiteIcon(found, content)


@dataclass(frozen=True, slots=True)
class SuiteQuery:
    """Which suites to list: `text` is looked for in names, description and API context."""

    text: str = ""
    descending: bool = False
    page: PageRequest = field(default_factory=PageRequest)


def context_key(context: str) -> str:
    """Return what must be unique of an API context or proxy context: it in lower case."""
    return context.lower()


def wrong_context(context: str) -> str | None:
    """Return why `context` cannot be one segment of an address; None when it can."""
    if not context:
        return _("Enter a name, for example DocBits-Sandbox.")
    if not _CONTEXT.fullmatch(context):
        return _("Use at most 64 letters, digits, dots, dashes and underscores, no slash.")
    return None


def _wrong_name(name: str) -> str | None:
    if not name.strip():
        return _("Enter a name.")
    if len(name) > _MAX_NAME or not name.isprintable():
        return _("Use at most {limit} characters on one line.").format(limit=_MAX_NAME)
    return None


def _wrong_text(text: str) -> str | None:
    if not text.strip():
        return _("Enter a description.")
    if len(text) > _MAX_TEXT or not all(x.isprintable() for x in re.split(r"[\r\n\t]", text)):
        return _("Use at most {limit} characters.").format(limit=_MAX_TEXT)
    return None


class SuiteAction(AuditAction):
    """What the audit log tells of an API suite."""

    CREATED = "suite.created", N_("API suite added")
    CHANGED = "suite.changed", N_("API suite changed")
    ICON_UPLOADED = "suite.icon_uploaded", N_("Icon uploaded")
    ACTIVATED = "suite.activated", N_("API suite activated")
    DEACTIVATED = "suite.deactivated", N_("API suite deactivated")
    DELETED = "suite.deleted", N_("API suite deleted")


class EndpointAction(AuditAction):
    """What the audit log tells of a target endpoint."""

    CREATED = "endpoint.created", N_("Endpoint added")
    CHANGED = "endpoint.changed", N_("Endpoint changed")
    ACTIVATED = "endpoint.activated", N_("Endpoint activated")
    DEACTIVATED = "endpoint.deactivated", N_("Endpoint deactivated")
    DELETED = "endpoint.deleted", N_("Endpoint deleted")


class DocumentationAction(AuditAction):
    """What the audit log tells of an endpoint's documentation."""

    CREATED = "documentation.created", N_("Documentation added")
    DELETED = "documentation.deleted", N_("Documentation deleted")
