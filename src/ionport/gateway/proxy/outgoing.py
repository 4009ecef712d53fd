"""Calls that a service behind the gateway makes to a registered API, as ION's flows do.

They go where a client's would: to the target endpoint of an API suite, signed by its Target
Endpoint Security, to addresses that the policy admits. Limits of policies are for clients.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from ionport.core.errors import Forbidden, existing
from ionport.core.secrets import DOTS
from ionport.gateway.errors import TargetFailed
from ionport.gateway.proxy.directory import Route, SuiteDirectory
from ionport.gateway.proxy.target_auth import TargetAuth
from ionport.gateway.targets.idle_timeout import IdleTimeout
from ionport.gateway.targets.port import Outbound, Targets

MAX_ANSWER_BYTES: Final = 100_000


@dataclass(frozen=True, slots=True)
class ApiAddress:
    """A registered API of a tenant, and what follows its proxy endpoint: empty or `/…`."""

    tenant_id: str
    api_context: str
    proxy_context: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class OutgoingAnswer:
    """What a target answered; the body has no secret of ours in it, and at most 100 kB."""

    status: int
    body: bytes = field(repr=False)


class OutgoingCalls:
    """Posts to registered APIs; belongs to one event loop at a time, and is closed with it."""

    def __init__(self, directory: SuiteDirectory, targets: Targets) -> None:
        self._directory = directory
        self._targets = targets
        self._auth = TargetAuth(targets)

    async def post(self, address: ApiAddress, content_type: str, body: bytes) -> OutgoingAnswer:
        """Post `body` once and return the answer, whatever its status.

        Raises:
            NotFound: no API is registered under the address.
            Forbidden: the API is deactivated.
            TargetFailed, TargetTimedOut: no whole answer; the address may have been refused.
            Unavailable: the endpoint's secrets do not open.
        """
        route = await self._route(address)
        request = Outbound(
            "POST",
            route.base,
            route.base + address.path if address.path else route.endpoint.target_url,
            [("content-type", content_type), ("x-infor-tenantid", address.tenant_id)],
            route.endpoint.ignore_certificate_errors,
        )
        plain = set(request.headers)
        with IdleTimeout(route.policies.timeout_seconds) as idle_timeout:
            await self._auth.sign(request, route, b"")
            answer = await self._targets.send(request, body)
            content = bytearray()
            try:
                while chunk := await answer.wait():
                    idle_timeout.restart()
                    content += chunk
                    if len(content) > MAX_ANSWER_BYTES:
                        raise TargetFailed("The answer is too long.", code="answer_too_long")
            finally:
                answer.close()
        if answer.status == 401:
            self._auth.refused(route)
        secrets = [value for name, value in request.headers if (name, value) not in plain]
        secrets += [row.value for row in route.security.parameters]
        return OutgoingAnswer(answer.status, _without(bytes(content), secrets))

    async def _route(self, address: ApiAddress) -> Route:
        contexts = (address.api_context, address.proxy_context)
        context, proxy_context = (one.lower().encode() for one in contexts)
        key = (address.tenant_id, context, proxy_context)
        route = await asyncio.to_thread(self._directory.find, key)
        route = existing(
            route,
            f"No API is registered as CustomerApi/{address.api_context}/{address.proxy_context}.",
            code="unknown_api",
        )
        if not route.is_active:
            raise Forbidden("The registered API is deactivated.", code="api_deactivated")
        return route


def _without(content: bytes, secrets: Iterable[str]) -> bytes:
    """Return an answer without our secrets: some targets repeat them."""
    for secret in secrets:
        for text in (secret, secret.rpartition(" ")[2]):
            if text:
                content = content.replace(text.encode(), DOTS.encode())
    return content
