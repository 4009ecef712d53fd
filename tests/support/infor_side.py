"""The whole Infor side on a loopback socket: real tokens, gateway, sandbox."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from starlette.types import ASGIApp

from ionport import infor_side as sandbox
from ionport.core.blobs import FolderBlobs
from ionport.core.clock import MovableClock
from ionport.core.sealing import KeyRing
from ionport.gateway.proxy.app import Gateway
from ionport.gateway.targets.addresses import AddressPolicy
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, PasswordProof, Tenant
from ionport.identity.repository import TenantRepository
from ionport.oauth.apps.drafts import AppDraft
from ionport.sandbox.app import ServiceMakers, backends
from ionport.sandbox.ln.service import LnSettings
from ionport.sandbox.m3.service import M3Settings
from ionport.serving.infor_http import InforApps, InforRouter, infor_apps, recorded
from ionport.store import Database, SystemScope, TenantScope, sqlite_url
from tests.support.databases import drop_postgresql, fresh_postgresql
from tests.support.schema import create_schema
from tests.support.server import serve_at

TENANT = "ACME_TST"
OTHER_TENANT = "OTHER_TST"
OPERATOR = Actor.operator()
SCOPE = TenantScope(TENANT)


class InforSide:
    """The services of the Infor side, put together as a server does."""

    def __init__(self, database: Database, folder: Path, clock: MovableClock, url: str) -> None:
        self.database = database
        self.clock = clock
        self.url = url
        self.blobs = FolderBlobs(folder)
        self.services = sandbox.InforSide(
            sandbox.InforOptions(origin=url, gateway_origin=url, addresses=AddressPolicy()),
            database,
            clock,
            KeyRing.generate(),
            self.blobs,
            AuditLog(clock),
            Tenant(TENANT, clock.now()),
        )
        self.recorder = self.services.recorder
        self.inspection = self.services.inspection

    def app(
        self,
        *,
        max_body_bytes: int = 150_000_000,
        extra_back_ends: Mapping[str, ASGIApp] | None = None,
        m3_settings: M3Settings | None = None,
        ln_settings: LnSettings | None = None,
    ) -> ASGIApp:
        control = self.services.control
        makers = ServiceMakers(
            self.blobs,
            control.infor_clock,
            gateway_url=self.url,
            m3_settings=m3_settings,
            ln_settings=ln_settings,
            ion=lambda: self.services.ion,
        )
        built_in = backends(makers, self.database, self.recorder, control.infor_clock, control)
        gateway = Gateway(
            {**built_in, **(extra_back_ends or {})},
            self.services.verifier,
            refusals=self.services.refusal_forms,
            origins=self.services.origins,
            max_body_bytes=max_body_bytes,
        )
        return self._routed(gateway)

    def _routed(self, gateway: Gateway) -> ASGIApp:
        apps = infor_apps(self.services, self.database)
        own = recorded(self.services, self.database, InforApps(apps.authorization, gateway))
        return InforRouter(InforApps(apps.authorization, own.gateway))

    def credentials(
        self, tenant_id: str = TENANT, name: str = "DocBits_TST", user_id: str | None = None
    ) -> dict[str, str]:
        """Return the content of a downloaded `.ionapi` with a service account."""
        scope = TenantScope(tenant_id)
        proof = PasswordProof.operator(self.clock.now())
        with self.database.write() as work:
            access = Access(work, scope, OPERATOR)
            draft = AppDraft(name, description="Test")
            app = self.services.apps.create_app(access, draft)
            file = self.services.service_accounts.download_credentials(
                access,
                app.id,
                proof,
                create_service_account=True,
                user_id=user_id,
            )
        content: dict[str, str] = json.loads(file.content)
        return content

    def log_in(self, file: Mapping[str, str]) -> str:
        """Return an access token for a credential file."""
        answer = httpx2.post(
            file["pu"] + file["ot"],
            data={
                "grant_type": "password",
                "username": file["saak"],
                "password": file["sask"],
                "client_id": file["ci"],
                "client_secret": file["cs"],
            },
        )
        token: str = answer.raise_for_status().json()["access_token"]
        return token

    def revoke(self, file: Mapping[str, str], token: str) -> None:
        httpx2.post(
            file["pu"] + file["or"], data={"token": token}, auth=(file["ci"], file["cs"])
        ).raise_for_status()

    def client(self, token: str, tenant_id: str = TENANT) -> httpx2.Client:
        """Return a client whose addresses begin behind the tenant."""
        return httpx2.Client(
            base_url=f"{self.url}/{tenant_id}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=120,
        )


@contextmanager
def infor_side(
    database: Database, folder: Path, clock: MovableClock, **options: Any
) -> Iterator[InforSide]:
    """Serve an Infor side with two tenants; `options` go to `InforSide.app`."""
    with database.write() as work:
        for tenant_id in (TENANT, OTHER_TENANT):
            tenant = Tenant(tenant_id, clock.now())
            TenantRepository(work.connection).add(SystemScope("test"), tenant)
    made: list[InforSide] = []

    def make(url: str) -> ASGIApp:
        made.append(InforSide(database, folder, clock, url))
        return made[0].app(**options)

    with serve_at(make):
        yield made[0]


def infor_side_on(kind: str, folder: Path, **options: Any) -> Iterator[InforSide]:
    """Serve an Infor side on a fresh database of that kind: the body of a module's fixture."""
    url = sqlite_url(folder / "ionport.db") if kind == "sqlite" else fresh_postgresql()
    database = Database(url)
    create_schema(database)
    clock = MovableClock(datetime(2026, 3, 5, 10, 0, tzinfo=UTC))
    with infor_side(database, folder / "blobs", clock, **options) as side:
        yield side
    database.close()
    if kind != "sqlite":
        drop_postgresql(url)


def new_item(
    content: bytes = b"<Invoice/>",
    attributes: Mapping[str, str] | None = None,
    entity: str = "M3_SupplierInvoice",
    filename: str = "471102_2020-03-05.xml",
) -> dict[str, Any]:
    """Return the body of a create request as the known clients send it."""
    values = attributes or {"BOD_SupplierInvoiceID": "471102", "M3_InvoiceDate": "2020-03-05"}
    return {
        "item": {
            "entityName": entity,
            "attrs": {"attr": [{"name": n, "value": v} for n, v in values.items()]},
            "resrs": {
                "res": [{"filename": filename, "base64": base64.b64encode(content).decode()}]
            },
            "acl": {"name": "Public"},
        }
    }


def in_threads(count: int, action: Any) -> list[Any]:
    """Call `action(number)` from `count` threads at once; return the results in order."""
    results: list[Any] = [None] * count
    start = threading.Barrier(count)

    def run(number: int) -> None:
        start.wait()
        results[number] = action(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
