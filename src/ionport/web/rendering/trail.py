"""The audit log in the user's words: who did what, and when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.requests import Request

from ionport.connections.model import ConnectionAction
from ionport.core.i18n import labelled
from ionport.core.paging import PageRequest
from ionport.documents.alerts.model import AlertAction
from ionport.documents.bulk.model import BulkAuditAction
from ionport.documents.companies.service import CompanyAction
from ionport.documents.intake.sources.model import SourceAction
from ionport.documents.list_files.model import ListFileAction
from ionport.documents.receipts import ReceiptAction
from ionport.documents.retention.model import RetentionAction
from ionport.documents.review.decisions.moving import MoveAction
from ionport.documents.review.decisions.recording import DecisionAction
from ionport.documents.suppliers.service import SupplierAction
from ionport.documents.type_settings.service import DocumentTypeAction
from ionport.documents.webhooks.model import WebhookAction
from ionport.exports.acknowledgements.model import AcknowledgementEndpointAction
from ionport.exports.configurations.model import ConfigurationAction
from ionport.exports.model import DeliveryAction
from ionport.gateway.policies.model import PolicyAction
from ionport.gateway.suites.model import DocumentationAction, EndpointAction, SuiteAction
from ionport.identity.api_keys.model import ApiKeyAction
from ionport.identity.groups.model import GroupAction
from ionport.identity.model import (
    AuditAction,
    AuditEntry,
    MembershipAction,
    OrganizationAction,
    TenantAction,
    ToolAction,
    UserAction,
)
from ionport.mappings.model import MappingAction
from ionport.oauth.accounts.model import ServiceAccountAction
from ionport.oauth.apps.model import AppAction
from ionport.oauth.grants.model import SamlIssuerAction
from ionport.oauth.tenant.scopes import ScopeAction
from ionport.sandbox.control.controls.controls import ClockAction
from ionport.sandbox.control.controls.faults import FaultAction
from ionport.sandbox.control.keys.model import ControlKeyAction
from ionport.sandbox.control.state.model import StateAction
from ionport.sandbox.idm.datamodel.model import DataModelAction
from ionport.sandbox.messaging.flows.model import AcknowledgementAction, DocumentFlowAction
from ionport.sandbox.messaging.points.model import ConnectionPointAction
from ionport.store import Work
from ionport.web.rendering.audit.words import detail_text, detail_words
from ionport.web.state import organization_scope, tenant_scope, visit_of

_LATEST: Final = PageRequest(per_page=20)

SHOWN_ACTIONS: Final[Sequence[type[AuditAction]]] = (
    AcknowledgementAction,
    AcknowledgementEndpointAction,
    ApiKeyAction,
    AppAction,
    AlertAction,
    BulkAuditAction,
    ClockAction,
    CompanyAction,
    ConfigurationAction,
    ConnectionAction,
    ConnectionPointAction,
    ControlKeyAction,
    DataModelAction,
    DecisionAction,
    DeliveryAction,
    DocumentFlowAction,
    DocumentTypeAction,
    RetentionAction,
    DocumentationAction,
    EndpointAction,
    FaultAction,
    GroupAction,
    ListFileAction,
    MappingAction,
    MembershipAction,
    MoveAction,
    OrganizationAction,
    PolicyAction,
    ReceiptAction,
    SamlIssuerAction,
    ScopeAction,
    ServiceAccountAction,
    StateAction,
    SourceAction,
    SuiteAction,
    SupplierAction,
    TenantAction,
    ToolAction,
    UserAction,
    WebhookAction,
)

# Details that name an action's subject where its id does not.
_NAMED: Final = (
    "role",
    "group",
    "account",
    "scope",
    "issuer",
    "attribute",
    "acl",
    "policy",
    "documentation",
    "proxy_context",
)


# Actions whose details are the changed values, by name.
_TOLD_IN_FULL: Final = (
    AlertAction.CHANGED,
    CompanyAction.CHANGED,
    DocumentTypeAction.CHANGED,
    RetentionAction.CHANGED,
    SupplierAction.IMPORTED,
    SupplierAction.FETCHED,
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
    return trail_lines(visit.services.audit.list(work.within(scope), _LATEST, subjects).items)


def organization_trail(request: Request, work: Work, subjects: Sequence[str]) -> list[TrailLine]:
    """Return the latest changes in the organization of what the ids name, the newest first."""
    visit, scope = visit_of(request), organization_scope(request)
    return trail_lines(visit.services.audit.list(work.within(scope), _LATEST, subjects).items)


def trail_lines(entries: Iterable[AuditEntry]) -> list[TrailLine]:
    """Return the lines of a history; an action without words shows its machine name."""
    words = action_labels()
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
    if entry.action in _TOLD_IN_FULL:
        changes = detail_text(entry)
        return labelled(words, changes) if changes else words
    named = next((detail_words(entry, key) for key in _NAMED if entry.details.get(key)), None)
    return labelled(words, named) if named else words


def action_labels() -> dict[str, str]:
    """Return the words of every action by its machine name, in the reader's language."""
    return {action.value: action.label for actions in SHOWN_ACTIONS for action in actions}
