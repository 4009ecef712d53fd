"""A credential of the JSON API, and what it may be used for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ionport.core.errors import Forbidden
from ionport.core.i18n import N_, _
from ionport.identity.model import Actor, AuditAction


class ApiScope(StrEnum):
    """What a key may be used for; a key without any is refused everywhere."""

    DOCUMENTS_READ = "documents.read"
    DOCUMENTS_WRITE = "documents.write"
    DECISIONS_WRITE = "decisions.write"
    EXPORTS_WRITE = "exports.write"
    EXPORTS_FETCH = "exports.fetch"
    CONNECTIONS_READ = "connections.read"
    CONNECTIONS_PROVE = "connections.prove"
    CONNECTIONS_PAUSE = "connections.pause"
    CONFIGURATIONS_MANAGE = "configurations.manage"
    MAPPINGS_READ = "mappings.read"
    MAPPINGS_WRITE = "mappings.write"
    WEBHOOKS_MANAGE = "webhooks.manage"

    @property
    def label(self) -> str:
        """What it allows, in the reader's language."""
        return {
            ApiScope.DOCUMENTS_READ: _("Read documents, findings, decisions and deliveries"),
            ApiScope.DOCUMENTS_WRITE: _("Send in documents"),
            ApiScope.DECISIONS_WRITE: _("Correct values and decide about documents"),
            ApiScope.EXPORTS_WRITE: _("Export documents, and retry or cancel deliveries"),
            ApiScope.EXPORTS_FETCH: _("Fetch documents, and confirm or refuse them"),
            ApiScope.CONNECTIONS_READ: _("Read connections and their proofs"),
            ApiScope.CONNECTIONS_PROVE: _("Start proofs of connections"),
            ApiScope.CONNECTIONS_PAUSE: _("Pause and resume connections"),
            ApiScope.CONFIGURATIONS_MANAGE: _("Read and import export configurations"),
            ApiScope.MAPPINGS_READ: _("Read and check mapping files"),
            ApiScope.MAPPINGS_WRITE: _("Save, roll back and delete mapping files, accept findings"),
            ApiScope.WEBHOOKS_MANAGE: _("Manage webhooks, and read what they have told"),
        }[self]


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A credential of the JSON API; of the key itself only a digest is stored.

    It acts as the user `user_id` in one organization: never with more rights than that user has
    there at the moment, and with none once the user is disabled or has left the organization.
    `hint` is how it begins, so that a person can tell keys apart.
    """

    id: str
    organization_id: str
    user_id: str
    name: str
    hint: str
    scopes: frozenset[ApiScope]
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    last_used_at: datetime | None = None

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True)
class ApiCaller:
    """A program that was recognised by its key; `actor` is the user whose key it is."""

    key: ApiKey
    actor: Actor

    def require(self, scope: ApiScope) -> None:
        """Raise Forbidden unless the key was made for `scope`."""
        if scope not in self.key.scopes:
            raise Forbidden(
                _("This API key was made without {scope}. Make one with it.").format(
                    scope=scope.value
                ),
                code="scope_missing",
            )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered with: status and JSON."""

    status: int
    body: str


class ApiKeyAction(AuditAction):
    """What the audit log tells of an API key."""

    CREATED = "api_key.created", N_("API key made")
    DELETED = "api_key.deleted", N_("API key deleted")
