"""What an administrator does with policies (docs/reference/gateway.md#policies)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ionport.core.clock import Clock
from ionport.core.errors import InvalidInput, NotFound, existing
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.values.alike import taken_from
from ionport.gateway.policies.model import PolicyAction, parse_policy
from ionport.gateway.suites.model import MAX_POLICIES, ApiPolicy, PolicyDraft
from ionport.gateway.suites.repository import EndpointRepository, PolicyRepository, SuiteRepository
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.store import ScopedWork, TenantScope


class ApiPolicyService:
    """Policies of suites and endpoints: all needs the role IONAPI-Administrator in the tenant.

    `changed` is called after the commit of every change, so that the gateway reads the policies
    anew.
    """

    def __init__(self, clock: Clock, audit: AuditLog, *, changed: Callable[[], None]) -> None:
        self._clock = clock
        self._audit = audit
        self._changed = changed

    def list_policies(
        self, access: Access[TenantScope], suite_id: str, endpoint_id: str | None = None
    ) -> Sequence[ApiPolicy]:
        """Return a suite's own policies, or those of one endpoint, in the order they act."""
        access.require_tenant_administrator()
        _require_level(access, suite_id, endpoint_id)
        return PolicyRepository(access.connection).list(access.scope, suite_id, endpoint_id)

    def get_policy(self, access: Access[TenantScope], policy_id: str) -> ApiPolicy:
        """Return a policy; raises NotFound for another tenant's."""
        access.require_tenant_administrator()
        found = PolicyRepository(access.connection).get(access.scope, policy_id)
        return existing(found, _("There is no such policy."))

    def add_policy(
        self,
        access: Access[TenantScope],
        suite_id: str,
        draft: PolicyDraft,
        endpoint_id: str | None = None,
    ) -> ApiPolicy:
        """Add a policy behind the others of its level.

        Raises:
            InvalidInput: a field is wrong; for the definition with line and column.
        """
        existing = self.list_policies(access, suite_id, endpoint_id)
        draft.check()
        parsed = parse_policy(draft.type, draft.definition)
        if len(existing) >= MAX_POLICIES:
            raise InvalidInput(_("At most {limit} policies fit here.").format(limit=MAX_POLICIES))
        policy = taken_from(
            ApiPolicy,
            draft,
            id=new_id("pol"),
            tenant_id=access.scope.tenant_id,
            suite_id=suite_id,
            endpoint_id=endpoint_id,
            name=draft.name.strip(),
            is_enabled=parsed.is_enabled,
            position=max((item.position for item in existing), default=0) + 1,
            created_at=self._clock.now(),
        )
        PolicyRepository(access.connection).add(access.scope, policy)
        self._record(access, PolicyAction.CREATED, policy)
        return policy

    def change_policy(
        self, access: Access[TenantScope], policy_id: str, draft: PolicyDraft
    ) -> ApiPolicy:
        """Change name, flow and definition; raises InvalidInput as `add_policy`, also for another
        type.
        """
        policy = self.get_policy(access, policy_id)
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
        PolicyRepository(access.connection).change(access.scope, policy_id, values)
        self._record(access, PolicyAction.CHANGED, policy)
        return self.get_policy(access, policy_id)

    def delete_policy(self, access: Access[TenantScope], policy_id: str) -> None:
        """Remove a policy."""
        policy = self.get_policy(access, policy_id)
        PolicyRepository(access.connection).delete(access.scope, policy_id)
        self._record(access, PolicyAction.DELETED, policy)

    def _record(self, access: Access[TenantScope], action: PolicyAction, policy: ApiPolicy) -> None:
        details = {"policy": policy.name, "type": policy.type.value, "id": policy.id}
        # Recorded under the suite or endpoint: that is still there when the policy is deleted.
        subject = policy.endpoint_id or policy.suite_id
        self._audit.record(access, action, subject, details)
        access.after_commit(self._changed)


def _require_level(access: ScopedWork[TenantScope], suite_id: str, endpoint_id: str | None) -> None:
    if SuiteRepository(access.connection).get(access.scope, suite_id) is None:
        raise NotFound(_("There is no such API suite."))
    if endpoint_id is not None:
        endpoint = EndpointRepository(access.connection).get(access.scope, endpoint_id)
        if endpoint is None or endpoint.suite_id != suite_id:
            raise NotFound(_("There is no such endpoint."))
