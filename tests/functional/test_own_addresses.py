"""Whether calls may lead to the computer that ionport runs on (a tenant's administrator or an
uploaded file names the address): only where its public address is there too, or by the setting."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ionport.application import Application, open_application
from ionport.connections.intake import prepare_connection
from ionport.core.errors import InvalidInput
from ionport.gateway.errors import TargetFailed
from ionport.gateway.suites.model import SuiteDraft
from ionport.gateway.targets.port import Outbound
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.settings_reading import load_settings
from ionport.store import OrganizationScope, TenantScope
from tests.support.custom_suites import endpoint
from tests.support.proofs import failed_stage
from tests.unit.connections.conftest import credential

OPERATOR = Actor.operator()


class Listener:
    """A local service that nobody should reach; counts who came."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.port: int = self.socket.getsockname()[1]

    @property
    def is_reached(self) -> bool:
        try:
            self.socket.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.socket.close()


def _add_target(application: Application, url: str) -> None:
    assert application.infor is not None
    draft = SuiteDraft("DocBits", "Sandbox", "Test", "Own")
    with application.database.write() as work:
        application.infor.custom_apis.suites.create_suite(
            Access(work, TenantScope(application.tenant.id), OPERATOR), draft, [endpoint(url)]
        )


def _call(application: Application, url: str) -> str:
    """Call what was stored under another setting; the code of the refusal."""
    assert application.infor is not None
    targets = application.infor.custom_apis.documentation_source._targets

    async def call() -> str:
        with pytest.raises(TargetFailed) as caught:
            await targets.send(Outbound("GET", url, url, []))
        return caught.value.code

    return asyncio.run(call())


def _prove(application: Application, url: str) -> tuple[str, str]:
    """The stage at which the proof of a credential fails, and what it says is to be done."""
    assert application.documents is not None
    connections, scope = (
        application.documents.connections,
        OrganizationScope(application.organization.id),
    )
    content = credential(iu=url, pu=f"{url}/ACME_TST/as/")
    with application.database.write() as work:
        access = Access(work, scope, OPERATOR)
        uploaded = connections.upload(access, "x.ionapi", prepare_connection(content))
        started = connections.start_check(access, uploaded.id)
    failed = failed_stage(connections.run_check(application.database, scope, started.id))
    assert failed is not None
    return failed.key, failed.remedy


def test_a_server_with_a_public_address_calls_nothing_on_its_own_computer(
    tmp_path: Path, listener: Listener
) -> None:
    application = open_application(
        load_settings({}, data=tmp_path, public_url="https://ionport.example.com")
    )
    forms = ("http://127.0.0.1:{}", "http://localhost:{}", "https://[::ffff:127.0.0.1]:{}")
    for url in (form.format(listener.port) for form in forms):
        with pytest.raises(InvalidInput) as caught:
            _add_target(application, url)
        assert "IONPORT_ALLOW_LOOPBACK_ADDRESSES" in caught.value.fields["endpoints.0.target_url"]
        assert _call(application, url) == "target_address_refused"
        key, remedy = _prove(application, url)
        assert key == "network"
        assert "IONPORT_ALLOW_LOOPBACK_ADDRESSES" in remedy
    assert not listener.is_reached
    application.close()


@pytest.mark.parametrize(
    "values",
    [{"public_url": "https://ionport.example.com", "allow_loopback_addresses": "true"}, {}],
    ids=["by setting", "served on loopback"],
)
def test_a_server_on_loopback_or_with_the_setting_may_call_its_own_computer(
    tmp_path: Path, listener: Listener, values: dict[str, str]
) -> None:
    application = open_application(load_settings({}, data=tmp_path, **values))
    _add_target(application, f"http://127.0.0.1:{listener.port}")
    assert application.documents is not None
    application.documents.connections.policy.check_url(f"http://127.0.0.1:{listener.port}")
    application.close()
