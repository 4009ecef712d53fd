"""API suites as files: to keep under version control, or to bring to another tenant.

A file has no secret. An endpoint whose target asks for one is brought in without its security and
inactive, until somebody types the secret again. Documentation is not part of it.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final, TypeVar

from ionport.core.errors import InvalidInput, TooLarge
from ionport.core.i18n import _
from ionport.gateway.policies.service import ApiPolicyService
from ionport.gateway.suites.model import (
    MAX_ENDPOINTS,
    MAX_POLICIES,
    SUITE_ICONS,
    UPLOADED_ICON,
    ApiPolicy,
    ApiSuite,
    EndpointDraft,
    PolicyDraft,
    PolicyFlow,
    PolicyType,
    ProxySecurity,
    SuiteDraft,
    SuiteIcon,
    TargetEndpoint,
    read_icon,
)
from ionport.gateway.suites.service import ApiSuiteService
from ionport.gateway.targets.security import SECURITY_FIELDS, SecurityDraft, SecurityType
from ionport.identity.access import Access
from ionport.store import TenantScope

FORMAT: Final = "ionport.api-suite"
VERSION: Final = 1
MAX_FILE_BYTES: Final = 20_000_000

Choice = TypeVar("Choice", bound=Enum)


@dataclass(frozen=True, slots=True)
class EndpointEntry:
    """An endpoint of a file. `lacks_secrets`: its security is left out, for it needs a secret."""

    draft: EndpointDraft
    is_active: bool
    lacks_secrets: bool
    policies: tuple[PolicyDraft, ...]


@dataclass(frozen=True, slots=True)
class SuiteFile:
    """The content of a file, before the services check it."""

    draft: SuiteDraft
    is_active: bool
    icon: SuiteIcon | None
    endpoints: tuple[EndpointEntry, ...]
    policies: tuple[PolicyDraft, ...]


@dataclass(frozen=True, slots=True)
class ImportedSuite:
    """A suite that was imported, and the proxy contexts whose secrets are still missing."""

    suite: ApiSuite
    lacking_secrets: tuple[str, ...]


class SuiteFileService:
    """Writes suites to files and reads them back: needs the role IONAPI-Administrator."""

    def __init__(self, suites: ApiSuiteService, policies: ApiPolicyService) -> None:
        self._suites = suites
        self._policies = policies

    def export_suite(self, access: Access[TenantScope], suite_id: str) -> bytes:
        """Return a suite with its endpoints and policies as JSON, without any secret."""
        suite = self._suites.get_suite(access, suite_id)
        has_icon = suite.icon == UPLOADED_ICON
        icon = self._suites.get_icon(access, suite_id) if has_icon else None
        content = {
            "format": FORMAT,
            "version": VERSION,
            "application_name": suite.application_name,
            "suite_name": suite.suite_name,
            "description": suite.description,
            "context": suite.context,
            "icon": SUITE_ICONS[0] if icon else suite.icon,
            "icon_file": base64.b64encode(icon.content).decode() if icon else "",
            "is_active": suite.is_active,
            "policies": _written(self._policies.list_policies(access, suite_id)),
            "endpoints": [
                _endpoint(endpoint)
                | {
                    "policies": _written(
                        self._policies.list_policies(access, suite_id, endpoint.id)
                    )
                }
                for endpoint in self._suites.list_endpoints(access, suite_id)
            ],
        }
        return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()

    def import_suite(
        self, access: Access[TenantScope], file: SuiteFile, context: str = ""
    ) -> ImportedSuite:
        """Add what a file says as a new suite, under another API context if one is given.

        Raises:
            InvalidInput: something in the file cannot be; the text is under `file` or `context`.
            Conflict: the tenant has a suite with this API context.
        """
        draft = replace(file.draft, context=context) if context else file.draft
        drafts = [entry.draft for entry in file.endpoints]
        try:
            suite = self._suites.create_suite(access, draft, drafts)
            by_context = {
                endpoint.proxy_context: endpoint.id
                for endpoint in self._suites.list_endpoints(access, suite.id)
            }
            for policy in file.policies:
                self._policies.add_policy(access, suite.id, policy)
            for entry in file.endpoints:
                endpoint_id = by_context[entry.draft.proxy_context]
                for policy in entry.policies:
                    self._policies.add_policy(access, suite.id, policy, endpoint_id)
                if entry.lacks_secrets or not entry.is_active:
                    self._suites.set_endpoint_active(access, endpoint_id, active=False)
        except InvalidInput as error:
            raise _told(error) from error
        if file.icon is not None:
            self._suites.set_icon(access, suite.id, file.icon)
        if not file.is_active:
            suite = self._suites.set_suite_active(access, suite.id, active=False)
        lacking = (x.draft.proxy_context for x in file.endpoints if x.lacks_secrets)
        return ImportedSuite(suite, tuple(lacking))


def read_suite_file(content: bytes) -> SuiteFile:
    """Return what a file says.

    Raises:
        TooLarge: over 20 MB.
        InvalidInput: it is no such file, or something is missing in it; the text is under `file`.
    """
    if len(content) > MAX_FILE_BYTES:
        raise TooLarge(_("The file is too large for an API suite."))
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _wrong(_("This is no JSON ({reason}).").format(reason=str(error)[:200])) from error
    root = _Part(parsed, _("the file"))
    if root.value.get("format") != FORMAT or root.value.get("version") != VERSION:
        raise _wrong(_("This is no exported API suite, or one of a newer ionport."))
    return SuiteFile(
        draft=SuiteDraft(
            application_name=root.text("application_name"),
            suite_name=root.text("suite_name"),
            description=root.text("description"),
            context=root.text("context"),
            icon=root.text("icon"),
        ),
        is_active=root.flag("is_active"),
        icon=_icon(root.text("icon_file")),
        endpoints=tuple(_entry(part) for part in root.parts("endpoints", MAX_ENDPOINTS)),
        policies=tuple(_policy(part) for part in root.parts("policies", MAX_POLICIES)),
    )


class _Part:
    """An object of the file that knows where it stands."""

    def __init__(self, value: Any, place: str) -> None:
        self.value: Mapping[str, Any] = value if isinstance(value, dict) else {}
        self._place = place

    def text(self, name: str) -> str:
        value = self.value.get(name, "")
        if not isinstance(value, str) or "\x00" in value:
            raise self._fail(name)
        return value

    def flag(self, name: str) -> bool:
        value = self.value.get(name, True)
        if not isinstance(value, bool):
            raise self._fail(name)
        return value

    def choice(self, kind: type[Choice], name: str) -> Choice:
        try:
            return kind(self.value.get(name))
        except ValueError as error:
            raise self._fail(name) from error

    def part(self, name: str) -> _Part:
        return _Part(self.value.get(name), f"{self._place}, {name}")

    def parts(self, name: str, limit: int) -> Sequence[_Part]:
        value = self.value.get(name, [])
        if not isinstance(value, list) or len(value) > limit:
            raise self._fail(name)
        return [_Part(one, f"{name} {number}") for number, one in enumerate(value, start=1)]

    def _fail(self, name: str) -> InvalidInput:
        return _wrong(
            _("In {place}, {name} is missing or cannot be used.").format(
                place=self._place, name=name
            )
        )


def _entry(part: _Part) -> EndpointEntry:
    security = part.part("security")
    kind = security.choice(SecurityType, "type")
    lacks_secrets = kind is SecurityType.API_KEY or any(x.is_secret for x in SECURITY_FIELDS[kind])
    return EndpointEntry(
        draft=EndpointDraft(
            target_url=part.text("target_url"),
            description=part.text("description"),
            proxy_context=part.text("proxy_context"),
            proxy_security=part.choice(ProxySecurity, "proxy_security"),
            ignore_certificate_errors=part.flag("ignore_certificate_errors"),
            security=SecurityDraft(),
        ),
        is_active=part.flag("is_active"),
        lacks_secrets=lacks_secrets,
        policies=tuple(_policy(one) for one in part.parts("policies", MAX_POLICIES)),
    )


def _policy(part: _Part) -> PolicyDraft:
    return PolicyDraft(
        type=part.choice(PolicyType, "type"),
        name=part.text("name"),
        flow=part.choice(PolicyFlow, "flow"),
        definition=part.text("definition"),
    )


def _endpoint(endpoint: TargetEndpoint) -> dict[str, Any]:
    return {
        "target_url": endpoint.target_url,
        "description": endpoint.description,
        "proxy_context": endpoint.proxy_context,
        "proxy_security": endpoint.proxy_security.value,
        "ignore_certificate_errors": endpoint.ignore_certificate_errors,
        "is_active": endpoint.is_active,
        "security": endpoint.security.to_json(),
    }


def _written(policies: Sequence[ApiPolicy]) -> list[dict[str, str]]:
    return [
        {
            "type": policy.type.value,
            "name": policy.name,
            "flow": policy.flow.value,
            "definition": policy.definition,
        }
        for policy in policies
    ]


def _icon(text: str) -> SuiteIcon | None:
    try:
        return read_icon(base64.b64decode(text, validate=True)) if text else None
    except (InvalidInput, binascii.Error, ValueError) as error:
        raise _wrong(_("The icon in the file is no picture.")) from error


def _told(error: InvalidInput) -> InvalidInput:
    """Return the service's error as one about the file, or about the API context beside it."""
    fields = dict(error.fields)
    told = {"context": fields.pop("context")} if "context" in fields else {}
    if fields or not told:
        told["file"] = "; ".join(f"{name}: {text}" for name, text in fields.items()) or error.text
    return InvalidInput(error.text, code=error.code, fields=told)


def _wrong(text: str) -> InvalidInput:
    return InvalidInput(text, code="wrong_suite_file", fields={"file": text})
