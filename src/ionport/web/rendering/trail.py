"""The audit log in the user's words: who did what, and when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.requests import Request

from ionport.core.i18n import _
from ionport.core.paging import PageRequest
from ionport.identity.model import (
    AuditAction,
    AuditEntry,
    MembershipAction,
    OrganizationAction,
    TenantAction,
    UserAction,
)
from ionport.oauth.accounts.model import ServiceAccountAction
from ionport.oauth.apps.model import AppAction
from ionport.oauth.grants.model import SamlIssuerAction
from ionport.oauth.tenant.scopes import ScopeAction
from ionport.store import Work
from ionport.web.state import tenant_scope, visit_of

_LATEST: Final = PageRequest(per_page=20)

_ACTIONS: Final[Sequence[type[AuditAction]]] = (
    AppAction,
    MembershipAction,
    OrganizationAction,
    SamlIssuerAction,
    ScopeAction,
    ServiceAccountAction,
    TenantAction,
    UserAction,
)

# Details that name what an action was about, where its subject does not.
_NAMED: Final = (
    "role",
    "scope",
    "issuer",
    "attribute",
    "acl",
    "policy",
    "documentation",
    "proxy_context",
)


@dataclass(frozen=True, slots=True)
class TrailLine:
    """One change as a page tells it."""

    text: str
    actor: str
    address: str
    at: datetime


def trail_of(request: Request, work: Work, subjects: Sequence[str]) -> list[TrailLine]:
    """Return the latest changes in the tenant of what the ids name, the newest first."""
    visit, scope = visit_of(request), tenant_scope(request)
    return trail_lines(visit.services.audit.list(work, scope, _LATEST, subjects).items)


def trail_lines(entries: Iterable[AuditEntry]) -> list[TrailLine]:
    """Return the lines of a history; an action without words shows its machine name."""
    words = _words()
    return [
        TrailLine(
            text=_sentence(words.get(entry.action, entry.action), entry),
            actor=entry.actor_name,
            address=entry.address or "",
            at=entry.at,
        )
        for entry in entries
    ]


def _sentence(words: str, entry: AuditEntry) -> str:
    named = next((entry.details[key] for key in _NAMED if entry.details.get(key)), None)
    return f"{words}: {named}" if named else words


def _words() -> dict[str, str]:
    labels = {action.value: action.label for actions in _ACTIONS for action in actions}
    return {**labels, **_gateway_words(), **_sandbox_words()}


def _gateway_words() -> dict[str, str]:
    return {
        "suite.created": _("API suite added"),
        "suite.changed": _("API suite changed"),
        "suite.icon_uploaded": _("Icon uploaded"),
        "suite.activated": _("API suite activated"),
        "suite.deactivated": _("API suite deactivated"),
        "suite.deleted": _("API suite deleted"),
        "endpoint.created": _("Endpoint added"),
        "endpoint.changed": _("Endpoint changed"),
        "endpoint.activated": _("Endpoint activated"),
        "endpoint.deactivated": _("Endpoint deactivated"),
        "endpoint.deleted": _("Endpoint deleted"),
        "policy.created": _("Policy added"),
        "policy.changed": _("Policy changed"),
        "policy.deleted": _("Policy deleted"),
        "documentation.created": _("Documentation added"),
        "documentation.deleted": _("Documentation deleted"),
    }


def _sandbox_words() -> dict[str, str]:
    return {
        "idm.document_type_added": _("Document type added"),
        "idm.document_type_removed": _("Document type deleted"),
        "idm.attribute_added": _("Attribute added"),
        "idm.attribute_removed": _("Attribute deleted"),
        "idm.acl_added": _("ACL added"),
        "idm.acl_removed": _("ACL deleted"),
        "connection_point.created": _("Connection point added"),
        "connection_point.changed": _("Connection point changed"),
        "connection_point.activated": _("Connection point activated"),
        "connection_point.deactivated": _("Connection point deactivated"),
        "connection_point.deleted": _("Connection point deleted"),
        "document_flow.created": _("Document flow added"),
        "document_flow.changed": _("Document flow changed"),
        "document_flow.activated": _("Document flow activated"),
        "document_flow.deactivated": _("Document flow deactivated"),
        "document_flow.deleted": _("Document flow deleted"),
        "sandbox.reset": _("Sandbox reset"),
        "sandbox.seeded": _("Sandbox seeded"),
        "sandbox.snapshot_taken": _("Snapshot taken"),
        "sandbox.snapshot_restored": _("Snapshot restored"),
        "sandbox.snapshot_deleted": _("Snapshot deleted"),
        "sandbox.clock_moved": _("Clock moved forward"),
        "sandbox.clock_set_back": _("Clock set back to the real time"),
        "sandbox.tokens_expired": _("All access tokens expired"),
        "sandbox.fault_added": _("Fault rule added"),
        "sandbox.fault_changed": _("Fault rule changed"),
        "sandbox.fault_enabled": _("Fault rule switched on"),
        "sandbox.fault_disabled": _("Fault rule switched off"),
        "sandbox.fault_deleted": _("Fault rule deleted"),
        "control_key.created": _("Control key made"),
        "control_key.deleted": _("Control key deleted"),
    }
