"""The Infor side with API suites of a tenant's own, and a real target server behind them."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from starlette.types import ASGIApp

from ionport.core.clock import MovableClock
from ionport.core.sealing import KeyRing
from ionport.gateway.policies.model import NAMESPACE
from ionport.gateway.policies.service import ApiPolicyService
from ionport.gateway.proxy.app import Gateway
from ionport.gateway.proxy.custom import CustomSuites
from ionport.gateway.proxy.directory import SuiteDirectory
from ionport.gateway.suites.documentation import DocumentationService
from ionport.gateway.suites.model import (
    EndpointDraft,
    PolicyDraft,
    PolicyFlow,
    PolicyType,
    SuiteDraft,
    TargetEndpoint,
)
from ionport.gateway.suites.service import ApiSuiteService
from ionport.gateway.targets.addresses import AddressPolicy
from ionport.gateway.targets.upstream import Resolver, Upstream
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Tenant
from ionport.identity.repository import TenantRepository
from ionport.sandbox.app import backends
from ionport.store import Database, SystemScope, sqlite_url
from tests.support.infor_side import OPERATOR, OTHER_TENANT, SCOPE, TENANT, InforSide
from tests.support.schema import create_schema
from tests.support.server import serve_at

CONTEXT = "DocBits-Sandbox"
PROXY_CONTEXT = "Sandbox"
PUBLIC_PATH = f"/CustomerApi/{CONTEXT}/{PROXY_CONTEXT}"


class Suites:
    """The services of API suites, wired as a server wires them."""

    def __init__(
        self,
        database: Database,
        clock: MovableClock,
        url: str,
        *,
        resolve: Resolver | None = None,
        policy: AddressPolicy | None = None,
    ) -> None:
        self.keys = KeyRing.generate()
        self._policy = policy or AddressPolicy()
        self.audit = AuditLog(clock)
        self.service = ApiSuiteService(
            clock,
            self.keys,
            self.audit,
            gateway_url=url,
            policy=self._policy,
            changed=lambda: self.directory.forget(),
        )
        self.policies = ApiPolicyService(clock, self.audit, changed=lambda: self.directory.forget())
        self.documentation = DocumentationService(clock, self.audit)
        self.directory = SuiteDirectory(
            database, self.keys, public_address=self.service.public_address
        )
        self.upstream = Upstream(self._policy, resolve=resolve)
        self.custom = CustomSuites(self.directory, self.upstream, clock)


class CustomSide(InforSide):
    """An Infor side whose gateway knows the tenants' own suites."""

    def __init__(
        self, database: Database, folder: Path, clock: MovableClock, url: str, **options: Any
    ) -> None:
        super().__init__(database, folder, clock, url)
        self.suites = Suites(database, clock, url, **options)

    def app(self, **options: Any) -> ASGIApp:
        gateway = Gateway(
            backends(self.services.imitated, self.database, self.recorder, self.clock),
            self.services.verifier,
            custom=lambda: self.suites.custom,
            **options,
        )
        return self._routed(gateway)

    def add(self, target_url: str, context: str = CONTEXT, **fields: Any) -> TargetEndpoint:
        """Make a suite with one endpoint and return that."""
        suite_draft = SuiteDraft("DocBits", "Sandbox", "Test", context)
        draft = endpoint(target_url, **fields)
        with self.database.write() as work:
            access = Access(work, SCOPE, OPERATOR)
            suite = self.suites.service.create_suite(access, suite_draft, [draft])
            return self.suites.service.list_endpoints(access, suite.id)[0]

    def change(self, of: TargetEndpoint, **fields: Any) -> TargetEndpoint:
        """Change an endpoint to a draft made anew of `fields`."""
        draft = endpoint(**{"target_url": of.target_url, **fields})
        with self.database.write() as work:
            return self.suites.service.change_endpoint(Access(work, SCOPE, OPERATOR), of.id, draft)

    def add_policy(
        self,
        of: TargetEndpoint,
        kind: PolicyType,
        body: str,
        *,
        flow: PolicyFlow = PolicyFlow.REQUEST,
        for_suite: bool = False,
    ) -> None:
        """Add a policy of which `body` is what stands inside its element."""
        draft = PolicyDraft(kind, "Test", flow, policy(kind, body))
        endpoint_id = None if for_suite else of.id
        with self.database.write() as work:
            self.suites.policies.add_policy(
                Access(work, SCOPE, OPERATOR), of.suite_id, draft, endpoint_id
            )


def endpoint(target_url: str, **fields: Any) -> EndpointDraft:
    """Return a right draft of an endpoint."""
    values = {"description": "Test", "proxy_context": PROXY_CONTEXT, **fields}
    return EndpointDraft(target_url, **values)


def policy(kind: PolicyType, body: str, attributes: str = "") -> str:
    """Return the XML of a policy."""
    return (
        f'<{kind.value} xmlns="{NAMESPACE}" name="test" version="1.0" {attributes}>'
        f"{body}</{kind.value}>"
    )


@contextmanager
def custom_side(
    database: Database,
    folder: Path,
    clock: MovableClock,
    *,
    resolve: Resolver | None = None,
    policy: AddressPolicy | None = None,
    **options: Any,
) -> Iterator[CustomSide]:
    """Serve a `CustomSide` with two tenants; `options` go to the `Gateway`."""
    with database.write() as work:
        for tenant_id in (TENANT, OTHER_TENANT):
            tenant = Tenant(tenant_id, clock.now())
            TenantRepository(work.connection).add(SystemScope("test"), tenant)
    made: list[CustomSide] = []

    def make(url: str) -> ASGIApp:
        made.append(CustomSide(database, folder, clock, url, resolve=resolve, policy=policy))
        return made[0].app(**options)

    with serve_at(make):
        yield made[0]


@contextmanager
def sqlite_side(folder: Path, **options: Any) -> Iterator[CustomSide]:
    """Serve a `CustomSide` on a database of its own in `folder`."""
    database = Database(sqlite_url(folder / "ionport.db"))
    create_schema(database)
    clock = MovableClock(datetime(2026, 3, 5, 10, 0, tzinfo=UTC))
    with custom_side(database, folder / "blobs", clock, **options) as side:
        yield side
    database.close()


Handler = Callable[[web.Request], Any]


class TargetServer:
    """A target on a socket of its own; every request goes to `handler`, a coroutine function."""

    def __init__(self, handler: Handler, context: ssl.SSLContext | None = None) -> None:
        self._handler = handler
        self._context = context
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="target", daemon=True)
        self.url = ""
        self.requests: list[web.Request] = []

    def __enter__(self) -> TargetServer:
        self._thread.start()
        assert self._ready.wait(120)
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(120)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        app = web.Application(client_max_size=1 << 40)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=2048, ssl_context=self._context)
        await site.start()
        scheme = "https" if self._context else "http"
        self.url = f"{scheme}://localhost:{runner.addresses[0][1]}"
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()
        # Connections that are still being closed: nobody would wait for them after the loop.
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        answer: web.StreamResponse = await self._handler(request)
        return answer


def headers_of(request: web.Request) -> Sequence[tuple[str, str]]:
    """Return the headers that a target saw, names in lower case."""
    return [(name.lower(), value) for name, value in request.headers.items()]


def send_raw(side: CustomSide, *lines: str, body: bytes = b"") -> tuple[bytes, socket.socket]:
    """Send a request byte by byte as written; return the answer as far as it is announced."""
    parts = urlsplit(side.url)
    connection = socket.create_connection((parts.hostname, parts.port or 80), timeout=120)
    connection.sendall("\r\n".join((*lines, "", "")).encode("latin-1") + body)
    answer = connection.recv(65_536)
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(65_536)
    head, _blank, rest = answer.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
    while len(rest) < length:
        rest += connection.recv(65_536)
    return head + b"\r\n\r\n" + rest, connection
