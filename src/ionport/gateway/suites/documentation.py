"""Documentation of endpoints: kept when uploaded or fetched, to be shown offline
(docs/reference/gateway.md#api-suites).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ionport.core.clock import Clock
from ionport.core.errors import InvalidInput, IonportError, NotFound, existing
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.values.alike import taken_from
from ionport.gateway.suites.model import (
    MAX_DOCUMENTATION,
    MAX_DOCUMENTATION_BYTES,
    Documentation,
    DocumentationAction,
)
from ionport.gateway.suites.openapi import describe, read_documentation
from ionport.gateway.suites.repository import DocumentationRepository, EndpointRepository
from ionport.gateway.targets.addresses import AddressPolicy, wrong_url
from ionport.gateway.targets.port import Targets
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.store import TenantScope

FETCH_SECONDS: Final = 30.0


class DocumentationSource:
    """Fetches documents by their address, which the address policy checks.

    That is https, or http on this computer; no redirects; 2 MB and 30 seconds at most.
    Source: docs/decisions/0012-foreign-addresses-are-checked-and-pinned.md.
    """

    def __init__(self, targets: Targets, policy: AddressPolicy) -> None:
        self._targets = targets
        self._policy = policy

    async def fetch(self, url: str) -> bytes:
        """Return what stands at `url`.

        Raises:
            InvalidInput: the address may not be used or gives no document; the text is under
                `url`.
        """
        if wrong := wrong_url(self._policy, url.partition("?")[0]):
            raise _wrong_url(wrong)
        if "#" in url or not url.isascii() or not url.isprintable() or " " in url:
            raise _wrong_url(_("Enter an address such as https://host/openapi.json."))
        try:
            status, content = await self._targets.get(
                url, seconds=FETCH_SECONDS, max_bytes=MAX_DOCUMENTATION_BYTES
            )
        except IonportError as error:
            raise _wrong_url(error.text, error.detail) from error
        if 300 <= status < 400:
            raise _wrong_url(
                _("The address leads to another one (status {status}). Enter that.").format(
                    status=status
                )
            )
        if status != 200:
            raise _wrong_url(
                _(
                    "The address answers with status {status}. Download the document and upload it."
                ).format(status=status)
            )
        if content.lstrip()[:1] == b"<":
            raise _wrong_url(
                _("At this address is a web page or XML. Enter the address of the JSON or YAML.")
            )
        return content


@dataclass(frozen=True, slots=True)
class DocumentationDraft:
    """A document that was read and checked: slow, so done before the transaction that stores it."""

    name: str
    title: str
    version: str
    size: int
    text: str

    @classmethod
    def read(cls, name: str, content: bytes) -> DocumentationDraft:
        """Read a document in JSON or YAML.

        Raises:
            TooLarge: over 2 MB.
            InvalidInput: the name cannot be, or it is neither Swagger 2 nor OpenAPI 3.
        """
        name = " ".join(name.split())
        if not (1 <= len(name) <= 128 and name.isprintable()):
            text = _("Enter a name of 1 to 128 characters.")
            raise InvalidInput(text, fields={"name": text})
        document = read_documentation(content)
        text = json.dumps(document)
        version = str(document.get("openapi") or document.get("swagger"))[:20]
        return cls(name, describe(text).title, version, len(content), text)


class DocumentationService:
    """OpenAPI and Swagger documents of endpoints, kept as JSON to be shown offline."""

    def __init__(self, clock: Clock, audit: AuditLog) -> None:
        self._clock = clock
        self._audit = audit

    def add_documentation(
        self, access: Access[TenantScope], endpoint_id: str, draft: DocumentationDraft
    ) -> Documentation:
        """Keep a document; raises InvalidInput when the endpoint has ten."""
        existing = self.list_documentation(access, endpoint_id)
        if len(existing) >= MAX_DOCUMENTATION:
            raise InvalidInput(
                _("An endpoint takes at most {limit} documents.").format(limit=MAX_DOCUMENTATION)
            )
        documentation = taken_from(
            Documentation,
            draft,
            id=new_id("doc"),
            tenant_id=access.scope.tenant_id,
            endpoint_id=endpoint_id,
            created_at=self._clock.now(),
        )
        DocumentationRepository(access.connection).add(access.scope, documentation, draft.text)
        details = {"documentation": draft.name, "id": documentation.id}
        self._audit.record(access, DocumentationAction.CREATED, endpoint_id, details)
        return documentation

    def list_documentation(
        self, access: Access[TenantScope], endpoint_id: str
    ) -> Sequence[Documentation]:
        """Return an endpoint's documents by name; there are at most ten."""
        access.require_tenant_administrator()
        if EndpointRepository(access.connection).get(access.scope, endpoint_id) is None:
            raise NotFound(_("There is no such endpoint."))
        return DocumentationRepository(access.connection).list(access.scope, endpoint_id)

    def list_texts(self, access: Access[TenantScope]) -> Sequence[tuple[str, str]]:
        """Return the newest documents of active endpoints: where their paths begin behind the
        tenant, and the JSON text. There are at most ten.
        """
        access.require_tenant_administrator()
        documents = DocumentationRepository(access.connection)
        return documents.texts(access.scope, MAX_DOCUMENTATION)

    def get_documentation(
        self, access: Access[TenantScope], documentation_id: str
    ) -> tuple[Documentation, str]:
        """Return a document with its JSON text; raises NotFound for another tenant's."""
        access.require_tenant_administrator()
        found = DocumentationRepository(access.connection).get(access.scope, documentation_id)
        return existing(found, _("There is no such documentation."))

    def delete_documentation(self, access: Access[TenantScope], documentation_id: str) -> None:
        """Remove a document."""
        found, _content = self.get_documentation(access, documentation_id)
        DocumentationRepository(access.connection).delete(access.scope, documentation_id)
        details = {"documentation": found.name, "id": found.id}
        self._audit.record(access, DocumentationAction.DELETED, found.endpoint_id, details)


def _wrong_url(text: str, detail: str | None = None) -> InvalidInput:
    return InvalidInput(text, code="wrong_url", detail=detail, fields={"url": text})
