"""What an administrator does with policies and documentation (facts/ion-api.md §4.2, §4.3)."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ionport.core.clock import Clock
from ionport.core.errors import InvalidInput, NotFound, TooLarge
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.paging import MAX_PER_PAGE
from ionport.gateway.model import (
    MAX_DOCUMENTATION,
    MAX_DOCUMENTATION_BYTES,
    MAX_POLICIES,
    ApiPolicy,
    Documentation,
    PolicyDraft,
)
from ionport.gateway.policies import parse_policy
from ionport.gateway.repository import (
    DocumentationRepository,
    EndpointRepository,
    PolicyRepository,
    SuiteRepository,
)
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor
from ionport.store import TenantScope, Work

_METHODS: Final = ("get", "post", "put", "patch", "delete", "head", "options", "trace")
MAX_OPERATIONS: Final = MAX_PER_PAGE


@dataclass(frozen=True, slots=True)
class DocumentedOperation:
    """One operation that a documentation names."""

    method: str
    path: str
    summary: str


class ApiPolicyService:
    """Policies of suites and endpoints: all needs the role IONAPI-Administrator in the tenant.

    `changed` is called after the commit of every change, so that the gateway looks again.
    """

    def __init__(self, clock: Clock, audit: AuditLog, *, changed: Callable[[], None]) -> None:
        self._clock = clock
        self._audit = audit
        self._changed = changed

    def list_policies(
        self,
        work: Work,
        scope: TenantScope,
        actor: Actor,
        suite_id: str,
        endpoint_id: str | None = None,
    ) -> Sequence[ApiPolicy]:
        """Return a suite's own policies, or those of one endpoint, in the order they act."""
        actor.require_tenant_administrator(scope.tenant_id)
        _require_level(work, scope, suite_id, endpoint_id)
        return PolicyRepository(work.connection).list(scope, suite_id, endpoint_id)

    def get_policy(self, work: Work, scope: TenantScope, actor: Actor, policy_id: str) -> ApiPolicy:
        """Return a policy; raises NotFound for another tenant's."""
        actor.require_tenant_administrator(scope.tenant_id)
        found = PolicyRepository(work.connection).get(scope, policy_id)
        if found is None:
            raise NotFound(_("There is no such policy."))
        return found

    def add_policy(
        self,
        work: Work,
        scope: TenantScope,
        actor: Actor,
        suite_id: str,
        draft: PolicyDraft,
        endpoint_id: str | None = None,
    ) -> ApiPolicy:
        """Add a policy behind the others of its level.

        Raises:
            InvalidInput: a field is wrong; for the definition with line and column.
        """
        existing = self.list_policies(work, scope, actor, suite_id, endpoint_id)
        draft.check()
        parsed = parse_policy(draft.type, draft.definition)
        if len(existing) >= MAX_POLICIES:
            raise InvalidInput(_("At most {limit} policies fit here.").format(limit=MAX_POLICIES))
        policy = ApiPolicy(
            id=new_id("pol"),
            tenant_id=scope.tenant_id,
            suite_id=suite_id,
            endpoint_id=endpoint_id,
            type=draft.type,
            name=draft.name.strip(),
            flow=draft.flow,
            definition=draft.definition,
            is_enabled=parsed.is_enabled,
            position=max((item.position for item in existing), default=0) + 1,
            created_at=self._clock.now(),
        )
        PolicyRepository(work.connection).add(scope, policy)
        self._record(work, scope, actor, "policy.created", policy)
        return policy

    def change_policy(
        self, work: Work, scope: TenantScope, actor: Actor, policy_id: str, draft: PolicyDraft
    ) -> ApiPolicy:
        """Change name, flow and definition; raises InvalidInput as `add_policy`, also for another
        type.
        """
        policy = self.get_policy(work, scope, actor, policy_id)
        draft.check()
        if draft.type is not policy.type:
            text = _("The type of a policy stays. Add another policy instead.")
            raise InvalidInput(text, fields={"type": text})
        values = {
            "name": draft.name.strip(),
            "flow": draft.flow,
            "definition": draft.definition,
            "is_enabled": parse_policy(draft.type, draft.definition).is_enabled,
        }
        PolicyRepository(work.connection).change(scope, policy_id, values)
        self._record(work, scope, actor, "policy.changed", policy)
        return self.get_policy(work, scope, actor, policy_id)

    def delete_policy(self, work: Work, scope: TenantScope, actor: Actor, policy_id: str) -> None:
        """Remove a policy."""
        policy = self.get_policy(work, scope, actor, policy_id)
        PolicyRepository(work.connection).delete(scope, policy_id)
        self._record(work, scope, actor, "policy.deleted", policy)

    def _record(
        self, work: Work, scope: TenantScope, actor: Actor, action: str, policy: ApiPolicy
    ) -> None:
        details = {"name": policy.name, "type": policy.type.value, "suite": policy.suite_id}
        if policy.endpoint_id:
            details["endpoint"] = policy.endpoint_id
        self._audit.record(work, scope, actor, action, policy.id, details)
        work.after_commit(self._changed)


class DocumentationService:
    """OpenAPI and Swagger documents of endpoints, as JSON, kept to be shown offline."""

    def __init__(self, clock: Clock, audit: AuditLog) -> None:
        self._clock = clock
        self._audit = audit

    def add_documentation(
        self,
        work: Work,
        scope: TenantScope,
        actor: Actor,
        endpoint_id: str,
        name: str,
        content: bytes,
    ) -> Documentation:
        """Keep an uploaded document.

        Raises:
            TooLarge: over 2 MB.
            InvalidInput: no JSON, neither Swagger 2 nor OpenAPI 3, or the endpoint has ten.
        """
        existing = self.list_documentation(work, scope, actor, endpoint_id)
        name = " ".join(name.split())
        if not (1 <= len(name) <= 128 and name.isprintable()):
            text = _("Enter a name of 1 to 128 characters.")
            raise InvalidInput(text, fields={"name": text})
        document = read_documentation(content)
        if len(existing) >= MAX_DOCUMENTATION:
            raise InvalidInput(
                _("An endpoint takes at most {limit} documents.").format(limit=MAX_DOCUMENTATION)
            )
        info = document.get("info")
        title = info.get("title") if isinstance(info, dict) else None
        documentation = Documentation(
            id=new_id("doc"),
            tenant_id=scope.tenant_id,
            endpoint_id=endpoint_id,
            name=name,
            title=_printable(title)[:200],
            version=_printable(document.get("openapi") or document.get("swagger"))[:20],
            size=len(content),
            created_at=self._clock.now(),
        )
        DocumentationRepository(work.connection).add(scope, documentation, json.dumps(document))
        details = {"name": name, "endpoint": endpoint_id}
        self._audit.record(work, scope, actor, "documentation.created", documentation.id, details)
        return documentation

    def list_documentation(
        self, work: Work, scope: TenantScope, actor: Actor, endpoint_id: str
    ) -> Sequence[Documentation]:
        """Return an endpoint's documents by name; there are at most ten."""
        actor.require_tenant_administrator(scope.tenant_id)
        if EndpointRepository(work.connection).get(scope, endpoint_id) is None:
            raise NotFound(_("There is no such endpoint."))
        return DocumentationRepository(work.connection).list(scope, endpoint_id)

    def get_documentation(
        self, work: Work, scope: TenantScope, actor: Actor, documentation_id: str
    ) -> tuple[Documentation, str]:
        """Return a document with its JSON text; raises NotFound for another tenant's."""
        actor.require_tenant_administrator(scope.tenant_id)
        found = DocumentationRepository(work.connection).get(scope, documentation_id)
        if found is None:
            raise NotFound(_("There is no such documentation."))
        return found

    def delete_documentation(
        self, work: Work, scope: TenantScope, actor: Actor, documentation_id: str
    ) -> None:
        """Remove a document."""
        found, _content = self.get_documentation(work, scope, actor, documentation_id)
        DocumentationRepository(work.connection).delete(scope, documentation_id)
        details = {"name": found.name, "endpoint": found.endpoint_id}
        self._audit.record(work, scope, actor, "documentation.deleted", documentation_id, details)


def read_documentation(content: bytes) -> dict[str, Any]:
    """Return the JSON object of a Swagger 2 or OpenAPI 3 document.

    Raises:
        TooLarge: over 2 MB.
        InvalidInput: it is something else.
    """
    if len(content) > MAX_DOCUMENTATION_BYTES:
        raise TooLarge(
            _("The document has {size} bytes; at most {limit} are accepted.").format(
                size=len(content), limit=MAX_DOCUMENTATION_BYTES
            )
        )
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        text = _("This is no JSON ({reason}). A YAML document must be turned into JSON.").format(
            reason=str(error)[:200]
        )
        raise InvalidInput(text, code="not_json", fields={"file": text}) from error
    version = None
    if isinstance(document, dict):
        version = document.get("openapi") or document.get("swagger")
    if not isinstance(version, str) or not version.startswith(("3.", "2.")):
        text = _("This is no OpenAPI 3 or Swagger 2 document: it names neither version.")
        raise InvalidInput(text, code="not_openapi", fields={"file": text})
    return dict(document)


def documented_operations(content: str) -> Sequence[DocumentedOperation]:
    """Return the operations of a kept document, at most 200, in its order."""
    return list(itertools.islice(_operations(json.loads(content)), MAX_OPERATIONS))


def _operations(document: dict[str, Any]) -> Iterator[DocumentedOperation]:
    paths = document.get("paths")
    for path, item in paths.items() if isinstance(paths, dict) else ():
        for method in _METHODS if isinstance(item, dict) else ():
            operation = item.get(method)
            if isinstance(operation, dict):
                summary = operation.get("summary") or operation.get("operationId") or ""
                yield DocumentedOperation(
                    method.upper(), _printable(path)[:500], _printable(summary)[:500]
                )


def _printable(value: object) -> str:
    return "".join(letter for letter in str(value or "") if letter.isprintable())


def _require_level(work: Work, scope: TenantScope, suite_id: str, endpoint_id: str | None) -> None:
    if SuiteRepository(work.connection).get(scope, suite_id) is None:
        raise NotFound(_("There is no such API suite."))
    if endpoint_id is not None:
        endpoint = EndpointRepository(work.connection).get(scope, endpoint_id)
        if endpoint is None or endpoint.suite_id != suite_id:
            raise NotFound(_("There is no such endpoint."))
