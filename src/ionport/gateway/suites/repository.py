"""SQL of API suites, target endpoints, policies and documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import func, insert, select, update

from ionport.core.paging import Page
from ionport.gateway.suites.model import (
    MAX_DOCUMENTATION,
    MAX_ENDPOINTS,
    MAX_POLICIES,
    ApiPolicy,
    ApiSuite,
    Documentation,
    SuiteIcon,
    SuiteQuery,
    TargetEndpoint,
    context_key,
)
from ionport.gateway.suites.tables import (
    api_documentation,
    api_policies,
    api_suite_icons,
    api_suites,
    target_endpoints,
)
from ionport.gateway.targets.security import SecuritySettings
from ionport.store import SystemScope, TenantScope
from ionport.store.repository import Repository, columns_of, in_scope, reader

_s = api_suites.c
_i = api_suite_icons.c
_e = target_endpoints.c
_p = api_policies.c
_d = api_documentation.c


class SuiteRepository(Repository):
    """Rows of API suites."""

    def add(self, scope: TenantScope, suite: ApiSuite) -> bool:
        """Insert a suite; False when the tenant has one with this API context."""
        own = {"tenant_id": scope.tenant_id, "context_key": context_key(suite.context)}
        return self._stored(insert(api_suites).values(asdict(suite) | own))

    def get(self, scope: TenantScope, suite_id: str) -> ApiSuite | None:
        return self._get(api_suites, _suite, scope, id=suite_id)

    def by_context(self, scope: TenantScope, context: str) -> ApiSuite | None:
        """Return the suite of an API context, in any case of letters."""
        return self._get(api_suites, _suite, scope, context_key=context_key(context))

    def list(self, scope: TenantScope, query: SuiteQuery) -> Page[ApiSuite]:
        """Return a page of suites, by suite name."""
        found = select(api_suites).where(_s.tenant_id == scope.tenant_id)
        if query.text:
            columns = (_s.suite_name, _s.application_name, _s.description, _s.context)
            condition = columns[0].icontains(query.text, autoescape=True)
            for column in columns[1:]:
                condition |= column.icontains(query.text, autoescape=True)
            found = found.where(condition)
        name = func.lower(_s.suite_name)
        order = (name.desc(), _s.id.desc()) if query.descending else (name, _s.id)
        return self._page(found.order_by(*order), query.page, _suite)

    def change(self, scope: TenantScope, suite_id: str, values: Mapping[str, Any]) -> None:
        """Set columns of a suite."""
        self._run(
            update(api_suites).where(in_scope(api_suites, scope, id=suite_id)).values(dict(values))
        )

    def delete(self, scope: TenantScope, suite_id: str) -> None:
        """Remove a suite with its endpoints, policies and documentation."""
        self._delete(api_suites, scope, id=suite_id)


class IconRepository(Repository):
    """Rows of uploaded icons."""

    def put(self, scope: TenantScope, suite_id: str, icon: SuiteIcon) -> None:
        """Keep a suite's icon in place of the one before."""
        self._delete(api_suite_icons, scope, suite_id=suite_id)
        values = {"suite_id": suite_id, "tenant_id": scope.tenant_id, **asdict(icon)}
        self._run(insert(api_suite_icons).values(values))

    def get(self, scope: TenantScope, suite_id: str) -> SuiteIcon | None:
        row = self._run(
            select(_i.media_type, _i.content).where(
                in_scope(api_suite_icons, scope, suite_id=suite_id)
            )
        ).one_or_none()
        return SuiteIcon(row.media_type, bytes(row.content)) if row else None


class EndpointRepository(Repository):
    """Rows of target endpoints. Sealed secrets leave only through `sealed`."""

    def add(self, scope: TenantScope, endpoint: TargetEndpoint, sealed: str | None) -> bool:
        """Insert an endpoint; False when the suite has one with this proxy context."""
        values = {
            "id": endpoint.id,
            "tenant_id": scope.tenant_id,
            "suite_id": endpoint.suite_id,
            "is_active": endpoint.is_active,
            "created_at": endpoint.created_at,
            **_endpoint_values(endpoint, sealed),
        }
        return self._stored(insert(target_endpoints).values(values))

    def change(self, scope: TenantScope, endpoint: TargetEndpoint, sealed: str | None) -> bool:
        """Replace what a form can change; False when another one has the proxy context."""
        return self._stored(
            update(target_endpoints)
            .where(in_scope(target_endpoints, scope, id=endpoint.id))
            .values(_endpoint_values(endpoint, sealed))
        )

    def set_active(self, scope: TenantScope, endpoint_id: str, *, active: bool) -> None:
        self._run(
            update(target_endpoints)
            .where(in_scope(target_endpoints, scope, id=endpoint_id))
            .values(is_active=active)
        )

    def get(self, scope: TenantScope, endpoint_id: str) -> TargetEndpoint | None:
        return self._get(target_endpoints, _endpoint, scope, id=endpoint_id)

    def by_proxy_context(
        self, scope: TenantScope, suite_id: str, proxy_context: str
    ) -> TargetEndpoint | None:
        """Return the endpoint of a proxy context, in any case of letters."""
        return self._get(
            target_endpoints,
            _endpoint,
            scope,
            suite_id=suite_id,
            proxy_context_key=context_key(proxy_context),
        )

    def list(self, scope: TenantScope, suite_id: str) -> Sequence[TargetEndpoint]:
        """Return a suite's endpoints by proxy context: there are at most `MAX_ENDPOINTS`."""
        return self._all(
            select(target_endpoints)
            .where(in_scope(target_endpoints, scope, suite_id=suite_id))
            .order_by(_e.proxy_context_key)
            .limit(MAX_ENDPOINTS),
            _endpoint,
        )

    def delete(self, scope: TenantScope, endpoint_id: str) -> None:
        """Remove an endpoint with its policies and documentation."""
        self._delete(target_endpoints, scope, id=endpoint_id)

    def sealed(self, scope: TenantScope, endpoint_id: str) -> str | None:
        """Return the endpoint's sealed secrets, if it has any."""
        sealed: str | None = self._run(
            select(_e.sealed_secrets).where(in_scope(target_endpoints, scope, id=endpoint_id))
        ).scalar_one_or_none()
        return sealed

    def all_sealed(self, scope: SystemScope) -> Sequence[tuple[str, str, str]]:
        """Return (tenant, endpoint, sealed secrets) of every endpoint, for key rotation."""
        rows = self._run(
            select(_e.tenant_id, _e.id, _e.sealed_secrets).where(_e.sealed_secrets.is_not(None))
        )
        return [(row.tenant_id, row.id, row.sealed_secrets) for row in rows]

    def set_sealed(self, scope: SystemScope, endpoint_id: str, sealed: str) -> None:
        """Replace sealed secrets by the same ones under another key."""
        self._run(
            update(target_endpoints).where(_e.id == endpoint_id).values(sealed_secrets=sealed)
        )


class PolicyRepository(Repository):
    """Rows of policies."""

    def add(self, scope: TenantScope, policy: ApiPolicy) -> None:
        values = asdict(policy) | {"tenant_id": scope.tenant_id}
        self._run(insert(api_policies).values(values))

    def get(self, scope: TenantScope, policy_id: str) -> ApiPolicy | None:
        return self._get(api_policies, _policy, scope, id=policy_id)

    def list(
        self, scope: TenantScope, suite_id: str, endpoint_id: str | None
    ) -> Sequence[ApiPolicy]:
        """Return the policies of a suite, or those of one endpoint alone, in their order."""
        level = _p.endpoint_id.is_(None) if endpoint_id is None else _p.endpoint_id == endpoint_id
        return self._all(
            select(api_policies)
            .where(in_scope(api_policies, scope, suite_id=suite_id), level)
            .order_by(_p.position, _p.id)
            .limit(MAX_POLICIES),
            _policy,
        )

    def change(self, scope: TenantScope, policy_id: str, values: Mapping[str, Any]) -> None:
        """Set columns of a policy."""
        self._run(
            update(api_policies)
            .where(in_scope(api_policies, scope, id=policy_id))
            .values(dict(values))
        )

    def delete(self, scope: TenantScope, policy_id: str) -> None:
        self._delete(api_policies, scope, id=policy_id)


class DocumentationRepository(Repository):
    """Rows of documentation."""

    def add(self, scope: TenantScope, documentation: Documentation, content: str) -> None:
        values = asdict(documentation) | {"tenant_id": scope.tenant_id, "content": content}
        self._run(insert(api_documentation).values(values))

    def get(self, scope: TenantScope, documentation_id: str) -> tuple[Documentation, str] | None:
        """Return one documentation with its content."""
        query = select(api_documentation).where(
            in_scope(api_documentation, scope, id=documentation_id)
        )
        return self._one(query, lambda row: (_documentation(row), row.content))

    def list(self, scope: TenantScope, endpoint_id: str) -> Sequence[Documentation]:
        """Return an endpoint's documentation by name: there are at most `MAX_DOCUMENTATION`."""
        return self._all(
            select(*(column for column in _d if column.name != "content"))
            .where(in_scope(api_documentation, scope, endpoint_id=endpoint_id))
            .order_by(func.lower(_d.name), _d.id)
            .limit(MAX_DOCUMENTATION),
            _documentation,
        )

    def texts(self, scope: TenantScope, limit: int) -> Sequence[tuple[str, str]]:
        """Return the newest documents of active endpoints: context and proxy context, and text."""
        query = (
            select(_s.context, _e.proxy_context, _d.content)
            .join(target_endpoints, _e.id == _d.endpoint_id)
            .join(api_suites, _s.id == _e.suite_id)
            .where(_d.tenant_id == scope.tenant_id, _s.is_active, _e.is_active)
            .order_by(_d.created_at.desc(), _d.id)
            .limit(limit)
        )
        return self._all(query, lambda row: (f"{row.context}/{row.proxy_context}", row.content))

    def delete(self, scope: TenantScope, documentation_id: str) -> None:
        self._delete(api_documentation, scope, id=documentation_id)


def _endpoint_values(endpoint: TargetEndpoint, sealed: str | None) -> dict[str, Any]:
    kept = {"id", "tenant_id", "suite_id", "is_active", "created_at"}
    values = columns_of(
        target_endpoints,
        endpoint,
        proxy_context_key=context_key(endpoint.proxy_context),
        security=endpoint.security.to_json(),
        sealed_secrets=sealed,
    )
    return {name: value for name, value in values.items() if name not in kept}


_suite = reader(ApiSuite)


_endpoint = reader(TargetEndpoint, security=lambda row: SecuritySettings.from_json(row.security))


_policy = reader(ApiPolicy)


_documentation = reader(Documentation)
