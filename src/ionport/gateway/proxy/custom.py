"""Calls to API suites of a tenant's own: find the target, obey the policies, pass both ways.

Answers pass with their status, redirects too: only a `Location` below the target's own URL is
turned into the public address, so that clients go on calling the gateway.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Hashable
from typing import Final

from starlette.concurrency import run_in_threadpool

from ionport.core.clock import Clock
from ionport.core.errors import Forbidden
from ionport.core.ids import random_token
from ionport.gateway.caller import CUSTOM_CONTEXT
from ionport.gateway.errors import BadAddress, TargetFailed, TargetTimedOut
from ionport.gateway.policies.limits import Breakers, Limits
from ionport.gateway.policies.model import QUERY_PREFIX
from ionport.gateway.proxy.answers import send_whole
from ionport.gateway.proxy.cache import (
    MAX_BODY_BYTES,
    CachedResponse,
    ResponseCache,
    header_key,
    may_be_kept,
    query_key,
)
from ionport.gateway.proxy.directory import Route, SuiteDirectory
from ionport.gateway.proxy.exchange import ClientWatch, Exchange
from ionport.gateway.proxy.request import headers_for_client
from ionport.gateway.proxy.target_auth import TargetAuth
from ionport.gateway.targets.addresses import has_dot_segments
from ionport.gateway.targets.idle_timeout import IdleTimeout
from ionport.gateway.targets.port import Outbound, RequestBody, TargetAnswer, Targets
from ionport.gateway.targets.security import SecurityType

# No context is longer, however much of it is percent-encoded; longer ones are not remembered.
_MAX_SEGMENT: Final = 192
_CUSTOM_SEGMENT: Final = CUSTOM_CONTEXT.lower().encode()
# A refusal by the gateway itself does not count as a failure of the target.
_OUR_REFUSALS: Final = frozenset(("target_address_refused", "loop_detected"))


class CustomSuites:
    """The proxy behind `/{TENANT}/CustomerApi/{API context}/{proxy context}/…`."""

    # What `serve` takes: the gateway makes one for each call.
    exchange = Exchange

    def __init__(self, directory: SuiteDirectory, targets: Targets, clock: Clock) -> None:
        self._directory = directory
        self._targets = targets
        self._auth = TargetAuth(targets)
        self._limits = Limits(clock)
        self._breakers = Breakers()
        self._cache = ResponseCache()
        # Marks calls of this process: a target that leads back here would be called without end.
        self._via = f"1.1 ionport-{random_token(6).reveal()}"

    async def find(self, tenant_id: str, raw_path: bytes) -> tuple[Route | None, bytes]:
        """Return where a raw path leads, and what of it is the target's: empty, or from a slash.

        Raises:
            BadAddress: the path steps upwards.
        """
        parts = raw_path.split(b"/", 5)
        if len(parts) < 5 or parts[2].lower() != _CUSTOM_SEGMENT:
            return None, b""
        if len(parts[3]) > _MAX_SEGMENT or len(parts[4]) > _MAX_SEGMENT:
            return None, b""
        key = (tenant_id, parts[3].lower(), parts[4].lower())
        known, route = self._directory.recall(key)
        if not known:
            route = await run_in_threadpool(self._directory.find, key)
        rest = b"/" + parts[5] if len(parts) > 5 else b""
        if (b"." in rest or b"%" in rest) and has_dot_segments(rest.decode("latin-1")):
            raise BadAddress("The steps . and .. in a path are not passed on.")
        return route, rest

    async def serve(self, call: Exchange) -> None:
        """Answer a call: from the cache, or by the target.

        Raises:
            Forbidden: suite or endpoint are not active.
            TooManyRequests: a policy says so.
            TargetPaused, TargetFailed, TargetTimedOut: no answer of the target.
            ClientDisconnect: the client went away.
        """
        route = call.route
        if not route.is_active:
            raise Forbidden(
                "This API is deactivated. Ask an administrator of the tenant to activate it.",
                code="api_deactivated",
            )
        if route.policies.has_limits:
            await self._obey_limits(call)
        key = _cache_key(call)
        if key is not None and (found := self._cache.get(key, time.time())) is not None:
            age = (b"age", str(int(time.time() - found.stored_at)).encode())
            headers = call.finished([*found.headers, age])
            await send_whole(call.send, found.status, headers, found.body)
            return
        self._breakers.check(route.endpoint.id)
        try:
            with IdleTimeout(route.policies.timeout_seconds) as idle_timeout:
                await self._pass(call, idle_timeout, key)
        except (TargetFailed, TargetTimedOut) as error:
            if error.code not in _OUR_REFUSALS:
                self._breakers.failed(route.endpoint.id)
            raise

    async def _obey_limits(self, call: Exchange) -> None:
        policies, caller = call.route.policies, call.caller
        for policy_id, quota in policies.quotas:
            user = caller.identity2 or caller.service_account or caller.client_id
            self._limits.spend(policy_id, quota, user)
        for policy_id, throttling in policies.throttlings:
            if delay := self._limits.delay(policy_id, throttling):
                await asyncio.sleep(delay)

    async def _pass(self, call: Exchange, idle_timeout: IdleTimeout, key: Hashable | None) -> None:
        request = call.outbound(self._via)
        body = await call.body(idle_timeout)
        if call.route.security.type is not SecurityType.ANONYMOUS:
            form = body if call.is_signed_form and isinstance(body, bytes) else b""
            await self._auth.sign(request, call.route, form)
        watch = ClientWatch(call.receive, body, idle_timeout)
        try:
            await self._answer(call, idle_timeout, key, request, body)
        finally:
            watch.stop()

    async def _answer(
        self,
        call: Exchange,
        idle_timeout: IdleTimeout,
        key: Hashable | None,
        request: Outbound,
        body: RequestBody | bytes | None,
    ) -> None:
        answer = await self._targets.send(request, body)
        try:
            self._breakers.succeeded(call.route.endpoint.id)
            if answer.status == 401:
                self._auth.refused(call.route)
            kept = _Kept.of(call, answer) if key is not None else None
            await call.pass_on(answer, idle_timeout, body, kept)
            if kept is not None and (response := kept.response()) is not None:
                self._cache.put(key, response)
        finally:
            answer.close()


class _Kept:
    """Collects a response for the cache while it is sent, and drops it when it gets too long."""

    def __init__(self, answer: TargetAnswer, seconds: int) -> None:
        self._status = answer.status
        self._headers = tuple(headers_for_client(answer.headers))
        self._seconds = seconds
        self._content = bytearray()
        self._is_too_long = False

    @classmethod
    def of(cls, call: Exchange, answer: TargetAnswer) -> _Kept | None:
        """Return a collector, or None for what may not be kept."""
        cache = call.route.policies.cache
        if cache is None:
            return None
        rule = cache[1]
        headers = [(name.lower(), value) for name, value in answer.headers]
        # Anonymous callers share one cache, and what is one user's is not theirs.
        is_one_users = rule.user_level and bool(call.caller.client_id)
        if not may_be_kept(answer.status, headers, user_level=is_one_users):
            return None
        return cls(answer, rule.seconds)

    def feed(self, chunk: bytes) -> None:
        self._is_too_long |= len(self._content) + len(chunk) > MAX_BODY_BYTES
        if self._is_too_long:
            self._content.clear()
        else:
            self._content += chunk

    def response(self) -> CachedResponse | None:
        """Return what may be kept; None when it was too long."""
        if self._is_too_long:
            return None
        now = time.time()
        content = bytes(self._content)
        return CachedResponse(self._status, self._headers, content, now, now + self._seconds)


def _cache_key(call: Exchange) -> Hashable | None:
    """Return what a response is kept under; None when it is not kept."""
    cache = call.route.policies.cache
    if cache is None or call.scope["method"] != "GET" or call.header(b"range"):
        return None
    if call.header(b"content-length").strip(b"0") or call.header(b"transfer-encoding"):
        return None  # the body is not part of the key
    policy_id, rule = cache
    refs = [part.ref.removeprefix(QUERY_PREFIX) for part in rule.fragments if part.ref]
    caller = call.caller
    user = (caller.client_id, caller.service_account, caller.identity2)
    return (
        policy_id,
        call.route.endpoint.id,
        call.route.endpoint.changed_at,
        call.rest,
        rule.prefix,
        tuple(call.variable(part.ref) if part.ref else part.value for part in rule.fragments),
        user if rule.user_level else None,
        query_key(call.scope["query_string"], refs),
        header_key(call.scope["headers"]),
    )
