"""SQL of API suites, target endpoints, policies and documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from ionport.core.paging import Page
from ionport.gateway.suites.model import (
    MAX_DOCUMENTATION,
    MAX_ENDPOINTS,
    MAX_POLICIES,
    ApiPolicy,
    ApiSuite,
    Documentation,
    PolicyFlow,
    PolicyType,
    ProxySecurity,
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

_s = api_suites.c
_i = api_suite_icons.c
_e = target_endpoints.c
_p = api_policies.c
_d = api_documentation.c


class SuiteRepository:
    """Rows of API suites."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, scope: TenantScope, suite: ApiSuite) -> bool:
        """Insert a suite; False when the tenant has one with this API context."""
        values = asdict(suite) | {
            "tenant_id": scope.tenant_id,
            "context_key": context_key(suite.context),
        }
        try:
            with self._connection.begin_nested():
                self._connection.execute(insert(api_suites).values(values))
        except IntegrityError:
            return False
        return True

    def get(self, scope: TenantScope, suite_id: str) -> ApiSuite | None:
        row = (
            self._connection.execute(
                select(api_suites).where(_s.tenant_id == scope.tenant_id, _s.id == suite_id)
            )
            .mappings()
            .one_or_none()
        )
        return _suite(row) if row else None

    def by_context(self, scope: TenantScope, context: str) -> ApiSuite | None:
        """Return the suite of an API context, in any case of letters."""
        row = (
            self._connection.execute(
                select(api_suites).where(
                    _s.tenant_id == scope.tenant_id, _s.context_key == context_key(context)
                )
            )
            .mappings()
            .one_or_none()
        )
        return _suite(row) if row else None

    def list(self, scope: TenantScope, query: SuiteQuery) -> Page[ApiSuite]:
        """Return a page of suites, by suite name."""
        found = select(api_suites).where(_s.tenant_id == scope.tenant_id)
        if query.text:
            columns = (_s.suite_name, _s.application_name, _s.description, _s.context)
            condition = columns[0].icontains(query.text, autoescape=True)
            for column in columns[1:]:
                condition |= column.icontains(query.text, autoescape=True)
            found = found.where(condition)
        total = self._connection.execute(
            select(func.count()).select_from(found.subquery())
        ).scalar_one()
        name = func.lower(_s.suite_name)
        order = (name.desc(), _s.id.desc()) if query.descending else (name, _s.id)
        rows = self._connection.execute(
            found.order_by(*order).limit(query.page.limit).offset(query.page.offset)
        )
        return Page([_suite(row) for row in rows.mappings()], total, query.page)

    def change(self, scope: TenantScope, suite_id: str, values: Mapping[str, Any]) -> None:
        """Set columns of a suite."""
        self._connection.execute(
            update(api_suites)
            .where(_s.tenant_id == scope.tenant_id, _s.id == suite_id)
            .values(dict(values))
        )

    def delete(self, scope: TenantScope, suite_id: str) -> None:
        """Remove a suite with its endpoints, policies and documentation."""
        self._connection.execute(
            delete(api_suites).where(_s.tenant_id == scope.tenant_id, _s.id == suite_id)
        )


class IconRepository:
    """Rows of uploaded icons."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, scope: TenantScope, suite_id: str, icon: SuiteIcon) -> None:
        """Keep a suite's icon in place of the one before."""
        self._connection.execute(
            delete(api_suite_icons).where(_i.tenant_id == scope.tenant_id, _i.suite_id == suite_id)
        )
        values = {"suite_id": suite_id, "tenant_id": scope.tenant_id, **asdict(icon)}
        self._connection.execute(insert(api_suite_icons).values(values))

    def get(self, scope: TenantScope, suite_id: str) -> SuiteIcon | None:
        row = self._connection.execute(
            select(_i.media_type, _i.content).where(
                _i.tenant_id == scope.tenant_id, _i.suite_id == suite_id
            )
        ).one_or_none()
        return SuiteIcon(row.media_type, bytes(row.content)) if row else None


class EndpointRepository:
    """Rows of target endpoints. Sealed secrets leave only through `sealed`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

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
        try:
            with self._connection.begin_nested():
                self._connection.execute(insert(target_endpoints).values(values))
        except IntegrityError:
            return False
        return True

    def change(self, scope: TenantScope, endpoint: TargetEndpoint, sealed: str | None) -> bool:
        """Replace what a form can change; False when another one has the proxy context."""
        try:
            with self._connection.begin_nested():
                self._connection.execute(
                    update(target_endpoints)
                    .where(_e.tenant_id == scope.tenant_id, _e.id == endpoint.id)
                    .values(_endpoint_values(endpoint, sealed))
                )
        except IntegrityError:
            return False
        return True

    def set_active(self, scope: TenantScope, endpoint_id: str, *, active: bool) -> None:
        self._connection.execute(
            update(target_endpoints)
            .where(_e.tenant_id == scope.tenant_id, _e.id == endpoint_id)
            .values(is_active=active)
        )

    def get(self, scope: TenantScope, endpoint_id: str) -> TargetEndpoint | None:
        row = (
            self._connection.execute(
                select(target_endpoints).where(
                    _e.tenant_id == scope.tenant_id, _e.id == endpoint_id
                )
            )
            .mappings()
            .one_or_none()
        )
        return _endpoint(row) if row else None

    def by_proxy_context(
        self, scope: TenantScope, suite_id: str, proxy_context: str
    ) -> TargetEndpoint | None:
        """Return the endpoint of a proxy context, in any case of letters."""
        row = (
            self._connection.execute(
                select(target_endpoints).where(
                    _e.tenant_id == scope.tenant_id,
                    _e.suite_id == suite_id,
                    _e.proxy_context_key == context_key(proxy_context),
                )
            )
            .mappings()
            .one_or_none()
        )
        return _endpoint(row) if row else None

    def list(self, scope: TenantScope, suite_id: str) -> Sequence[TargetEndpoint]:
        """Return a suite's endpoints by proxy context: there are at most `MAX_ENDPOINTS`."""
        rows = self._connection.execute(
            select(target_endpoints)
            .where(_e.tenant_id == scope.tenant_id, _e.suite_id == suite_id)
            .order_by(_e.proxy_context_key)
            .limit(MAX_ENDPOINTS)
        )
        return [_endpoint(row) for row in rows.mappings()]

    def delete(self, scope: TenantScope, endpoint_id: str) -> None:
        """Remove an endpoint with its policies and documentation."""
        self._connection.execute(
            delete(target_endpoints).where(_e.tenant_id == scope.tenant_id, _e.id == endpoint_id)
        )

    def sealed(self, scope: TenantScope, endpoint_id: str) -> str | None:
        """Return the endpoint's sealed secrets, if it has any."""
        sealed: str | None = self._connection.execute(
            select(_e.sealed_secrets).where(_e.tenant_id == scope.tenant_id, _e.id == endpoint_id)
        ).scalar_one_or_none()
        return sealed

    def all_sealed(self, scope: SystemScope) -> Sequence[tuple[str, str, str]]:
        """Return (tenant, endpoint, sealed secrets) of every endpoint, for key rotation."""
        rows = self._connection.execute(
            select(_e.tenant_id, _e.id, _e.sealed_secrets).where(_e.sealed_secrets.is_not(None))
        )
        return [(row.tenant_id, row.id, row.sealed_secrets) for row in rows]

    def set_sealed(self, scope: SystemScope, endpoint_id: str, sealed: str) -> None:
        """Replace sealed secrets by the same ones under another key."""
        self._connection.execute(
            update(target_endpoints).where(_e.id == endpoint_id).values(sealed_secrets=sealed)
        )


class PolicyRepository:
    """Rows of policies."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, scope: TenantScope, policy: ApiPolicy) -> None:
        values = asdict(policy) | {"tenant_id": scope.tenant_id}
        self._connection.execute(insert(api_policies).values(values))

    def get(self, scope: TenantScope, policy_id: str) -> ApiPolicy | None:
        row = (
            self._connection.execute(
                select(api_policies).where(_p.tenant_id == scope.tenant_id, _p.id == policy_id)
            )
            .mappings()
            .one_or_none()
        )
        return _policy(row) if row else None

    def list(
        self, scope: TenantScope, suite_id: str, endpoint_id: str | None
    ) -> Sequence[ApiPolicy]:
        """Return the policies of a suite, or those of one endpoint alone, in their order."""
        level = _p.endpoint_id.is_(None) if endpoint_id is None else _p.endpoint_id == endpoint_id
        rows = self._connection.execute(
            select(api_policies)
            .where(_p.tenant_id == scope.tenant_id, _p.suite_id == suite_id, level)
            .order_by(_p.position, _p.id)
            .limit(MAX_POLICIES)
        )
        return [_policy(row) for row in rows.mappings()]

    def change(self, scope: TenantScope, policy_id: str, values: Mapping[str, Any]) -> None:
        """Set columns of a policy."""
        self._connection.execute(
            update(api_policies)
            .where(_p.tenant_id == scope.tenant_id, _p.id == policy_id)
            .values(dict(values))
        )

    def delete(self, scope: TenantScope, policy_id: str) -> None:
        self._connection.execute(
            delete(api_policies).where(_p.tenant_id == scope.tenant_id, _p.id == policy_id)
        )


class DocumentationRepository:
    """Rows of documentation."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, scope: TenantScope, documentation: Documentation, content: str) -> None:
        values = asdict(documentation) | {"tenant_id": scope.tenant_id, "content": content}
        self._connection.execute(insert(api_documentation).values(values))

    def get(self, scope: TenantScope, documentation_id: str) -> tuple[Documentation, str] | None:
        """Return one documentation with its content."""
        row = (
            self._connection.execute(
                select(api_documentation).where(
                    _d.tenant_id == scope.tenant_id, _d.id == documentation_id
                )
            )
            .mappings()
            .one_or_none()
        )
        return (_documentation(row), row["content"]) if row else None

    def list(self, scope: TenantScope, endpoint_id: str) -> Sequence[Documentation]:
        """Return an endpoint's documentation by name: there are at most `MAX_DOCUMENTATION`."""
        rows = self._connection.execute(
            select(*(column for column in _d if column.name != "content"))
            .where(_d.tenant_id == scope.tenant_id, _d.endpoint_id == endpoint_id)
            .order_by(func.lower(_d.name), _d.id)
            .limit(MAX_DOCUMENTATION)
        )
        return [_documentation(row) for row in rows.mappings()]

    def delete(self, scope: TenantScope, documentation_id: str) -> None:
        self._connection.execute(
            delete(api_documentation).where(
                _d.tenant_id == scope.tenant_id, _d.id == documentation_id
            )
        )


def _endpoint_values(endpoint: TargetEndpoint, sealed: str | None) -> dict[str, Any]:
    return {
        "target_url": endpoint.target_url,
        "description": endpoint.description,
        "proxy_context": endpoint.proxy_context,
        "proxy_context_key": context_key(endpoint.proxy_context),
        "proxy_security": endpoint.proxy_security,
        "ignore_certificate_errors": endpoint.ignore_certificate_errors,
        "security": endpoint.security.to_json(),
        "sealed_secrets": sealed,
        "changed_at": endpoint.changed_at,
    }


def _suite(row: RowMapping) -> ApiSuite:
    values = dict(row)
    del values["context_key"]
    return ApiSuite(**values)


def _endpoint(row: RowMapping) -> TargetEndpoint:
    values = dict(row)
    for name in ("proxy_context_key", "sealed_secrets"):
        del values[name]
    values["proxy_security"] = ProxySecurity(values["proxy_security"])
    values["security"] = SecuritySettings.from_json(values["security"])
    return TargetEndpoint(**values)


def _policy(row: RowMapping) -> ApiPolicy:
    values = dict(row)
    values["type"] = PolicyType(values["type"])
    values["flow"] = PolicyFlow(values["flow"])
    return ApiPolicy(**values)


def _documentation(row: RowMapping) -> Documentation:
    values = dict(row)
    values.pop("content", None)
    return Documentation(**values)
