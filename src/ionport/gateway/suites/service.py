"""What an administrator does with API suites and target endpoints.

Source: docs/reference/gateway.md#api-suites.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, existing, refuse_wrong
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.paging import Page
from ionport.core.sealing import KeyRing
from ionport.core.values.alike import changed_to, taken_from
from ionport.gateway.caller import CUSTOM_CONTEXT
from ionport.gateway.suites.model import (
    MAX_ENDPOINTS,
    UPLOADED_ICON,
    ApiSuite,
    EndpointAction,
    EndpointDraft,
    SuiteAction,
    SuiteDraft,
    SuiteIcon,
    SuiteQuery,
    TargetEndpoint,
)
from ionport.gateway.suites.repository import EndpointRepository, IconRepository, SuiteRepository
from ionport.gateway.suites.target_secrets import keeps_receiver, open_security, sealed_for
from ionport.gateway.targets.addresses import AddressPolicy, wrong_url
from ionport.gateway.targets.security import OpenedSecurity, SecurityType, complete
from ionport.gateway.targets.signing import wrong_jwt_key
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.store import ScopedWork, SystemScope, TenantScope


@dataclass(frozen=True, slots=True)
class _Checked:
    """A draft that passed, with its secrets."""

    draft: EndpointDraft
    security: OpenedSecurity


class ApiSuiteService:
    """API suites of a tenant: every method needs the role IONAPI-Administrator there.

    Args:
        gateway_url: IONPORT_GATEWAY_URL without a last slash; makes the public addresses.
        policy: which targets may be reached.
        changed: called after the commit of every change, so that the gateway reads its routes anew.
    """

    def __init__(
        self,
        clock: Clock,
        keys: KeyRing,
        audit: AuditLog,
        *,
        gateway_url: str,
        policy: AddressPolicy,
        changed: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._keys = keys
        self._audit = audit
        self._gateway_url = gateway_url
        self._policy = policy
        self._changed = changed

    def list_suites(
        self, access: Access[TenantScope], query: SuiteQuery | None = None
    ) -> Page[ApiSuite]:
        """Return one page of the tenant's suites, by name unless `query` says otherwise."""
        access.require_tenant_administrator()
        return SuiteRepository(access.connection).list(access.scope, query or SuiteQuery())

    def get_suite(self, access: Access[TenantScope], suite_id: str) -> ApiSuite:
        """Return a suite; raises NotFound for another tenant's."""
        access.require_tenant_administrator()
        return self._suite(access, suite_id)

    def create_suite(
        self, access: Access[TenantScope], draft: SuiteDraft, endpoints: Sequence[EndpointDraft]
    ) -> ApiSuite:
        """Store a new suite, active, with its endpoints.

        Raises:
            InvalidInput: a field is wrong, or there is no endpoint. The fields of an endpoint are
                named `endpoints.<number from 0>.<field>`.
            Conflict: the tenant has a suite with this API Context; `existing_id` is its id.
        """
        access.require_tenant_administrator()
        wrong = draft.wrong_fields()
        if not endpoints:
            wrong["endpoints"] = _("Add at least one endpoint to save the suite.")
        for number, endpoint in enumerate(endpoints):
            _security, wrong_here = self._judged(endpoint, None)
            wrong |= {f"endpoints.{number}.{name}": text for name, text in wrong_here.items()}
        refuse_wrong(wrong, _wrong_suite())
        suite = taken_from(
            ApiSuite,
            draft,
            id=new_id("api"),
            tenant_id=access.scope.tenant_id,
            application_name=draft.application_name.strip(),
            suite_name=draft.suite_name.strip(),
            is_active=True,
            created_at=self._clock.now(),
            created_by=access.actor.name,
        )
        suites = SuiteRepository(access.connection)
        if not suites.add(access.scope, suite):
            existing = suites.by_context(access.scope, draft.context)
            raise _taken(_("API Context"), "context", existing.id if existing else None)
        self._record(access, SuiteAction.CREATED, suite)
        for endpoint in endpoints:
            self._add_endpoint(access, suite, endpoint)
        return suite

    def change_suite(
        self, access: Access[TenantScope], suite_id: str, draft: SuiteDraft
    ) -> ApiSuite:
        """Change names, description and icon; raises InvalidInput when the context differs."""
        suite = self.get_suite(access, suite_id)
        refuse_wrong(draft.wrong_fields(), _wrong_suite())
        if draft.context != suite.context:
            text = _("The API Context cannot be changed once it is saved: apps rely on it.")
            raise InvalidInput(text, code="context_is_read_only", fields={"context": text})
        values = {
            "application_name": draft.application_name.strip(),
            "suite_name": draft.suite_name.strip(),
            "description": draft.description,
            "icon": draft.icon,
        }
        SuiteRepository(access.connection).change(access.scope, suite_id, values)
        self._record(access, SuiteAction.CHANGED, suite)
        return self._suite(access, suite_id)

    def set_icon(self, access: Access[TenantScope], suite_id: str, icon: SuiteIcon) -> None:
        """Give a suite an icon of its own."""
        suite = self.get_suite(access, suite_id)
        IconRepository(access.connection).put(access.scope, suite_id, icon)
        SuiteRepository(access.connection).change(access.scope, suite_id, {"icon": UPLOADED_ICON})
        self._record(access, SuiteAction.ICON_UPLOADED, suite)

    def get_icon(self, access: Access[TenantScope], suite_id: str) -> SuiteIcon:
        """Return a suite's uploaded icon; raises NotFound when it has none."""
        self.get_suite(access, suite_id)
        icon = IconRepository(access.connection).get(access.scope, suite_id)
        return existing(icon, _("This API suite has no icon of its own."))

    def set_suite_active(
        self, access: Access[TenantScope], suite_id: str, *, active: bool
    ) -> ApiSuite:
        """Activate or deactivate a suite: while it is inactive the gateway refuses its calls."""
        suite = self.get_suite(access, suite_id)
        SuiteRepository(access.connection).change(access.scope, suite_id, {"is_active": active})
        action = SuiteAction.ACTIVATED if active else SuiteAction.DEACTIVATED
        self._record(access, action, suite)
        return replace(suite, is_active=active)

    def delete_suite(self, access: Access[TenantScope], suite_id: str) -> None:
        """Remove a suite with its endpoints, their secrets, policies and documentation."""
        suite = self.get_suite(access, suite_id)
        SuiteRepository(access.connection).delete(access.scope, suite_id)
        self._record(access, SuiteAction.DELETED, suite)

    def list_endpoints(
        self, access: Access[TenantScope], suite_id: str
    ) -> Sequence[TargetEndpoint]:
        """Return a suite's endpoints, by proxy context; there are at most 100."""
        self.get_suite(access, suite_id)
        return EndpointRepository(access.connection).list(access.scope, suite_id)

    def get_endpoint(self, access: Access[TenantScope], endpoint_id: str) -> TargetEndpoint:
        """Return an endpoint without its secrets; raises NotFound for another tenant's."""
        access.require_tenant_administrator()
        return self._endpoint(access, endpoint_id)

    def add_endpoint(
        self, access: Access[TenantScope], suite_id: str, draft: EndpointDraft
    ) -> TargetEndpoint:
        """Add an endpoint, active.

        Raises:
            InvalidInput: a field is wrong, or the suite has as many endpoints as it may.
            Conflict: the suite has one with this Proxy Context; `existing_id` is its id.
        """
        suite = self.get_suite(access, suite_id)
        return self._add_endpoint(access, suite, draft)

    def change_endpoint(
        self, access: Access[TenantScope], endpoint_id: str, draft: EndpointDraft
    ) -> TargetEndpoint:
        """Change an endpoint. A secret field left empty keeps the stored secret.

        When the target, the token endpoint or the check of certificates changes, secrets must be
        typed again: otherwise who may edit could have them sent to a server of their own.

        Raises:
            InvalidInput, Conflict: as `add_endpoint`.
        """
        old = self.get_endpoint(access, endpoint_id)
        stored = self._opened(access, old) if keeps_receiver(old, draft) else None
        checked = self._check(draft, stored)
        endpoint = self._with_draft(old, checked)
        sealed = self._sealed(access.scope, endpoint.id, checked.security)
        endpoints = EndpointRepository(access.connection)
        if not endpoints.change(access.scope, endpoint, sealed):
            existing = endpoints.by_proxy_context(access.scope, old.suite_id, draft.proxy_context)
            raise _taken(_("Proxy Context"), "proxy_context", existing.id if existing else None)
        self._record(access, EndpointAction.CHANGED, endpoint)
        return endpoint

    def set_endpoint_active(
        self, access: Access[TenantScope], endpoint_id: str, *, active: bool
    ) -> TargetEndpoint:
        """Activate or deactivate an endpoint."""
        endpoint = self.get_endpoint(access, endpoint_id)
        EndpointRepository(access.connection).set_active(access.scope, endpoint_id, active=active)
        action = EndpointAction.ACTIVATED if active else EndpointAction.DEACTIVATED
        self._record(access, action, endpoint)
        return replace(endpoint, is_active=active)

    def delete_endpoint(self, access: Access[TenantScope], endpoint_id: str) -> None:
        """Remove an endpoint; raises Conflict for the suite's last one."""
        endpoint = self.get_endpoint(access, endpoint_id)
        endpoints = EndpointRepository(access.connection)
        if len(endpoints.list(access.scope, endpoint.suite_id)) == 1:
            raise Conflict(
                _("A suite needs an endpoint. Add another one first, or delete the suite."),
                code="last_endpoint",
            )
        endpoints.delete(access.scope, endpoint_id)
        self._record(access, EndpointAction.DELETED, endpoint, told_by=endpoint.suite_id)

    def public_address(self, suite: ApiSuite, proxy_context: str) -> str:
        """Return the Public Facing Proxy Endpoint (docs/reference/gateway.md#addresses)."""
        return "/".join(
            (self._gateway_url, suite.tenant_id, CUSTOM_CONTEXT, suite.context, proxy_context)
        )

    def built_in_address(self, tenant_id: str, context: str) -> str:
        """Return where a built-in suite answers: without the segment of the tenants' own."""
        return f"{self._gateway_url}/{tenant_id}/{context}"

    def reseal(self, access: ScopedWork[SystemScope]) -> int:
        """Seal every endpoint's secrets with the current key; returns how many were sealed."""
        endpoints = EndpointRepository(access.connection)
        count = 0
        for tenant_id, endpoint_id, sealed in endpoints.all_sealed(access.scope):
            if self._keys.is_current(sealed):
                continue
            owner = sealed_for(tenant_id, endpoint_id)
            again = self._keys.seal(self._keys.open(sealed, owner), owner)
            endpoints.set_sealed(access.scope, endpoint_id, again)
            count += 1
        return count

    def _add_endpoint(
        self, access: Access[TenantScope], suite: ApiSuite, draft: EndpointDraft
    ) -> TargetEndpoint:
        checked = self._check(draft, None)
        endpoints = EndpointRepository(access.connection)
        if len(endpoints.list(access.scope, suite.id)) >= MAX_ENDPOINTS:
            raise InvalidInput(
                _("A suite takes at most {limit} endpoints.").format(limit=MAX_ENDPOINTS)
            )
        now = self._clock.now()
        endpoint = taken_from(
            TargetEndpoint,
            draft,
            id=new_id("ept"),
            tenant_id=access.scope.tenant_id,
            suite_id=suite.id,
            security=checked.security.shown(),
            is_active=True,
            created_at=now,
            changed_at=now,
        )
        sealed = self._sealed(access.scope, endpoint.id, checked.security)
        if not endpoints.add(access.scope, endpoint, sealed):
            existing = endpoints.by_proxy_context(access.scope, suite.id, draft.proxy_context)
            raise _taken(_("Proxy Context"), "proxy_context", existing.id if existing else None)
        self._record(access, EndpointAction.CREATED, endpoint)
        return endpoint

    def _check(self, draft: EndpointDraft, stored: OpenedSecurity | None) -> _Checked:
        security, wrong = self._judged(draft, stored)
        refuse_wrong(wrong, _("The endpoint cannot be saved. Correct the marked fields."))
        return _Checked(draft, security)

    def _judged(
        self, draft: EndpointDraft, stored: OpenedSecurity | None
    ) -> tuple[OpenedSecurity, dict[str, str | None]]:
        """Return the whole settings, and a text for each field, None where it is right."""
        security, wrong = complete(draft.security, stored)
        if security.type is SecurityType.OAUTH2:
            field = "security.token_endpoint"
            wrong[field] = wrong[field] or wrong_url(
                self._policy, security.values["token_endpoint"]
            )
        if security.type is SecurityType.JWT and not any(wrong.values()):
            wrong["security.key"] = wrong_jwt_key(security)
        wrong |= draft.wrong_fields()
        wrong["target_url"] = wrong_url(self._policy, draft.target_url)
        return security, wrong

    def _with_draft(self, old: TargetEndpoint, checked: _Checked) -> TargetEndpoint:
        draft = checked.draft
        return changed_to(
            old, draft, security=checked.security.shown(), changed_at=self._clock.now()
        )

    def _sealed(self, scope: TenantScope, endpoint_id: str, security: OpenedSecurity) -> str | None:
        secrets = security.secrets()
        if not secrets:
            return None
        return self._keys.seal(secrets, sealed_for(scope.tenant_id, endpoint_id))

    def _opened(self, access: ScopedWork[TenantScope], endpoint: TargetEndpoint) -> OpenedSecurity:
        sealed = EndpointRepository(access.connection).sealed(access.scope, endpoint.id)
        return open_security(self._keys, endpoint, sealed)

    def _suite(self, access: ScopedWork[TenantScope], suite_id: str) -> ApiSuite:
        found = SuiteRepository(access.connection).get(access.scope, suite_id)
        return existing(found, _("There is no such API suite."))

    def _endpoint(self, access: ScopedWork[TenantScope], endpoint_id: str) -> TargetEndpoint:
        found = EndpointRepository(access.connection).get(access.scope, endpoint_id)
        return existing(found, _("There is no such endpoint."))

    def _record(
        self,
        access: Access[TenantScope],
        action: SuiteAction | EndpointAction,
        subject: ApiSuite | TargetEndpoint,
        told_by: str | None = None,
    ) -> None:
        if isinstance(subject, ApiSuite):
            details = {"name": subject.suite_name, "context": subject.context}
        else:
            details = {
                "target": subject.target_url,
                "proxy_context": subject.proxy_context,
                "proxy_security": subject.proxy_security.value,
                "security": subject.security.type.value,
            }
        self._audit.record(access, action, told_by or subject.id, details)
        access.after_commit(self._changed)


def certificate_warning() -> str:
    """Return the warning beside Ignore Certificate Errors."""
    return _(
        "Without a check of the certificate anybody on the way can read and change what is sent,"
        " secrets included. Use this for tests only."
    )


def _wrong_suite() -> str:
    return _("The API suite cannot be saved. Correct the marked fields.")


def _taken(label: str, field: str, existing_id: str | None) -> Conflict:
    return Conflict(
        _("This {label} is taken. Choose another one.").format(label=label),
        code=f"{field}_taken",
        existing_id=existing_id,
    )
