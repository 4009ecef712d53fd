"""A document side, an Infor side on another database, and one active configuration."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from ionport.core.clock import MovableClock
from ionport.core.paging import PageRequest
from ionport.exports.configurations.model import ExportConfiguration
from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.model import DeliveryDetail, ExportMethod, Outcome, OutcomeKind
from ionport.identity.access import Access
from ionport.ionapi import IonApiClient, IonApiFile
from ionport.sandbox.idm.model import Item
from ionport.sandbox.messaging.model import Message
from ionport.store import Database, TenantScope
from tests.support.exporting import QUICK, DocumentSide, document_side
from tests.support.infor_side import OPERATOR, TENANT, InforSide, infor_side_on
from tests.support.oauth import add_user
from tests.support.proxy import FaultyProxy

SCOPE = TenantScope(TENANT)


@pytest.fixture(scope="session")
def infor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InforSide]:
    """One Infor side for all tests: each looks only at its own correlation ids."""
    yield from infor_side_on("sqlite", tmp_path_factory.mktemp("infor"))


@pytest.fixture(scope="session")
def credentials(infor: InforSide) -> dict[str, str]:
    return infor.credentials(name="DocBits exports")


@dataclass(slots=True)
class Walk:
    """Both sides, a proxy that can break the wire between them, and shorthands."""

    side: DocumentSide
    infor: InforSide
    clock: MovableClock
    proxy: FaultyProxy
    configuration: ExportConfiguration

    def exported(self, number: str = "471102") -> str:
        """Receive an invoice and export it; returns the delivery's id."""
        return self.side.export(self.side.receive(number)).id

    def run(self, runner: DeliveryRunner, delivery_id: str, waits: int = 50) -> Outcome:
        """Run a delivery to its end, moving the clock through its waits."""
        for _ in range(waits):
            outcome = runner.run(delivery_id)
            if outcome.kind is not OutcomeKind.WAIT:
                return outcome
            self.clock.advance(timedelta(seconds=outcome.seconds))
        raise AssertionError("the delivery never ends")

    def items(self, detail: DeliveryDetail) -> list[Item]:
        """What IDM holds of a delivery."""
        with self.infor.database.read() as work:
            page = self.infor.inspection.list_items(
                Access(work, SCOPE, OPERATOR), PageRequest(per_page=200)
            )
        wanted = detail.delivery.correlation_id
        return [item for item in page.items if wanted in {a.value for a in item.attributes}]

    def messages(self, detail: DeliveryDetail) -> list[Message]:
        """What ION has of a delivery."""
        with self.infor.database.read() as work:
            page = self.infor.inspection.list_messages(
                Access(work, SCOPE, OPERATOR), PageRequest(per_page=200)
            )
        return [m for m in page.items if m.message_id == detail.delivery.message_id]


@pytest.fixture
def side(database: Database, tmp_path: Path, clock: MovableClock) -> DocumentSide:
    return document_side(database, tmp_path / "blobs", clock)


@pytest.fixture
def proxy(infor: InforSide) -> Iterator[FaultyProxy]:
    with FaultyProxy(infor.url) as proxy:
        yield proxy


@pytest.fixture
def walk(
    side: DocumentSide,
    infor: InforSide,
    clock: MovableClock,
    proxy: FaultyProxy,
    credentials: dict[str, str],
) -> Walk:
    # Only the gateway's address leads through the proxy: tokens keep their issuer.
    connection_id = side.connect({**credentials, "iu": proxy.url})
    return Walk(side, infor, clock, proxy, side.configure(connection_id))


@pytest.fixture
def runner(walk: Walk) -> Iterator[DeliveryRunner]:
    runner = walk.side.runner(QUICK)
    yield runner
    runner.close()


Opened = Callable[..., Walk]


@pytest.fixture(scope="session")
def user_credentials(infor: InforSide) -> dict[str, str]:
    """M3 acts for the user of the service account."""
    user = add_user(infor.database, infor.clock, "erp", tenant_id=TENANT)
    return infor.credentials(name="DocBits ERP", user_id=user.user_id)


@pytest.fixture(scope="session")
def client(user_credentials: dict[str, str]) -> Iterator[IonApiClient]:
    with IonApiClient(IonApiFile.parse(json.dumps(user_credentials))) as client:
        yield client


@pytest.fixture
def opened(
    side: DocumentSide,
    infor: InforSide,
    clock: MovableClock,
    proxy: FaultyProxy,
    user_credentials: dict[str, str],
) -> Opened:
    def open_walk(
        method: ExportMethod,
        erp: bytes,
        supplier: str = "20001",
        accepts_at_least_once: bool = False,
        **options: str,
    ) -> Walk:
        side.supplier = supplier
        connection_id = side.connect({**user_credentials, "iu": proxy.url})
        made = side.configure(
            connection_id,
            method,
            erp=erp,
            options=options,
            accepts_at_least_once=accepts_at_least_once,
        )
        return Walk(side, infor, clock, proxy, made)

    return open_walk
