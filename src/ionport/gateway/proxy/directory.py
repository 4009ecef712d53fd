"""Which target a path of a custom API suite leads to, remembered for two seconds.

A change in this process is seen at the next request, one of another process within that time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

from ionport.core.caching.memory import ShortMemory
from ionport.core.errors import InvalidInput, Unavailable
from ionport.core.sealing import KeyRing
from ionport.gateway.policies.model import (
    AnonymousInbound,
    CacheResponse,
    HeaderPolicy,
    Quota,
    TargetTimeout,
    Throttling,
    parse_policy,
)
from ionport.gateway.suites.model import (
    ApiPolicy,
    ApiSuite,
    PolicyFlow,
    ProxySecurity,
    TargetEndpoint,
    wrong_context,
)
from ionport.gateway.suites.repository import EndpointRepository, PolicyRepository, SuiteRepository
from ionport.gateway.suites.target_secrets import open_security
from ionport.gateway.targets.security import OpenedSecurity
from ionport.store import Database, TenantScope

LIFETIME_SECONDS: Final = 2.0
MAX_REMEMBERED: Final = 10_000
# A target may send nothing for a minute (docs/reference/gateway.md#limits).
DEFAULT_TIMEOUT_SECONDS: Final = 60.0

# Tenant, then API context and proxy context as raw segments of a path in lower case.
Key = tuple[str, bytes, bytes]


@dataclass(slots=True)
class PolicyChain:
    """The enforced policies of a suite and one of its endpoints, in the order they act."""

    throttlings: list[tuple[str, Throttling]] = field(default_factory=list)
    quotas: list[tuple[str, Quota]] = field(default_factory=list)
    request_headers: list[HeaderPolicy] = field(default_factory=list)
    response_headers: list[HeaderPolicy] = field(default_factory=list)
    cache: tuple[str, CacheResponse] | None = None
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    is_anonymous: bool = False

    @property
    def has_limits(self) -> bool:
        return bool(self.throttlings or self.quotas)

    def add(self, policy: ApiPolicy) -> None:
        """Add the rule of a policy; of two time-outs or caches the later one counts."""
        parsed = parse_policy(policy.type, policy.definition)
        if not parsed.is_enabled:
            return
        rule = parsed.rule
        if isinstance(rule, Throttling):
            self.throttlings.append((policy.id, rule))
        elif isinstance(rule, Quota):
            self.quotas.append((policy.id, rule))
        elif isinstance(rule, HeaderPolicy):
            is_request = policy.flow is PolicyFlow.REQUEST
            (self.request_headers if is_request else self.response_headers).append(rule)
        elif isinstance(rule, TargetTimeout):
            self.timeout_seconds = rule.seconds
        elif isinstance(rule, CacheResponse):
            self.cache = (policy.id, rule)
        elif isinstance(rule, AnonymousInbound):
            self.is_anonymous = True


@dataclass(frozen=True, slots=True)
class Route:
    """All that the gateway needs to call a target. `base` is its URL without a last slash."""

    suite: ApiSuite
    endpoint: TargetEndpoint
    base: str
    public_base: str
    security: OpenedSecurity
    policies: PolicyChain
    needs_token: bool
    is_active: bool


class SuiteDirectory:
    """Finds routes. Thread safe."""

    def __init__(
        self,
        database: Database,
        keys: KeyRing,
        *,
        public_address: Callable[[ApiSuite, str], str],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._keys = keys
        self._public_address = public_address
        # Keys without a route are remembered too.
        self._routes: ShortMemory[tuple[Route | None]] = ShortMemory(
            monotonic, seconds=LIFETIME_SECONDS, most=MAX_REMEMBERED
        )

    def recall(self, key: Key) -> tuple[bool, Route | None]:
        """Return whether the route of `key` is remembered, and the route."""
        found = self._routes.recall(key)
        return (False, None) if found is None else (True, found[0])

    def find(self, key: Key) -> Route | None:
        """Return the route of `key`; reads the database.

        Raises:
            Unavailable: its secrets do not open, or a policy is no longer understood.
        """
        asked = self._routes.now()
        route = self._load(*key)
        self._routes.keep(key, (route,), asked)
        return route

    def forget(self) -> None:
        """Read every route anew: something has been changed."""
        self._routes.forget()

    def _load(self, tenant_id: str, *segments: bytes) -> Route | None:
        scope = TenantScope(tenant_id)
        context, proxy_context = (unquote_to_bytes(raw).decode("latin-1") for raw in segments)
        if wrong_context(context) or wrong_context(proxy_context):
            return None
        with self._database.read() as work:
            suite = SuiteRepository(work.connection).by_context(scope, context)
            if suite is None:
                return None
            endpoints = EndpointRepository(work.connection)
            endpoint = endpoints.by_proxy_context(scope, suite.id, proxy_context)
            if endpoint is None:
                return None
            policies = PolicyRepository(work.connection)
            of_suite = policies.list(scope, suite.id, None)
            of_endpoint = policies.list(scope, suite.id, endpoint.id)
            sealed = endpoints.sealed(scope, endpoint.id)
        chain = _chain([*of_suite, *of_endpoint], [*of_endpoint, *of_suite])
        is_open = endpoint.proxy_security is ProxySecurity.ANONYMOUS or chain.is_anonymous
        return Route(
            suite=suite,
            endpoint=endpoint,
            base=endpoint.target_url.rstrip("/"),
            public_base=self._public_address(suite, endpoint.proxy_context),
            security=open_security(self._keys, endpoint, sealed),
            policies=chain,
            needs_token=not is_open,
            is_active=suite.is_active and endpoint.is_active,
        )


def _chain(on_request: list[ApiPolicy], on_response: list[ApiPolicy]) -> PolicyChain:
    """Put policies in order: the suite's act first on requests and last on responses."""
    chain = PolicyChain()
    try:
        for policy in on_request:
            if policy.flow is PolicyFlow.REQUEST:
                chain.add(policy)
        for policy in on_response:
            if policy.flow is PolicyFlow.RESPONSE:
                chain.add(policy)
    except InvalidInput as error:
        raise Unavailable(
            f"A policy of this API is not understood by this version: {error.text}",
            code="policy_invalid",
        ) from error
    return chain
