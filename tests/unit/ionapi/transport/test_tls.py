"""TLS keeps the name, although the connection goes to the judged address."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Iterator

import pytest

from ionport.ionapi import (
    AddressPolicy,
    AddressRefused,
    AsyncTransport,
    ConnectionFailed,
    Transport,
    build_async_client,
    build_client,
)
from tests.support.patience import PATIENCE
from tests.unit.ionapi.loopback import Loopback, Reply
from tests.unit.ionapi.tls import NAME, Authority, TlsLoopback


@pytest.fixture
def secure(authority: Authority) -> Iterator[TlsLoopback]:
    with TlsLoopback(authority.server()) as server:
        yield server


def transport(context: ssl.SSLContext) -> Transport:
    return Transport(ssl_context=context, resolver=lambda *_: ["127.0.0.1"])


def test_the_name_is_asked_for_and_verified_at_the_pinned_address(
    authority: Authority, secure: TlsLoopback
) -> None:
    with build_client(transport=transport(authority.client())) as client:
        answer = client.get(f"https://{NAME}:{secure.port}/x")
    assert answer.text == "secure"
    assert secure.names == [NAME]
    assert secure.received[0].headers["host"] == f"{NAME}:{secure.port}"


def test_asyncio_verifies_the_name_as_well(authority: Authority, secure: TlsLoopback) -> None:
    async def scenario(host: str) -> str:
        pinned = AsyncTransport(ssl_context=authority.client(), resolver=lambda *_: ["127.0.0.1"])
        async with build_async_client(transport=pinned) as client:
            return (await client.get(f"https://{host}:{secure.port}/x")).text

    assert asyncio.run(scenario(NAME)) == "secure"
    with pytest.raises(ConnectionFailed) as caught:
        asyncio.run(scenario("other.localhost"))
    assert caught.value.kind == "certificate"


@pytest.mark.parametrize("host", ["other.localhost", "127.0.0.1"])
def test_a_certificate_of_another_name_is_refused(
    authority: Authority, secure: TlsLoopback, host: str
) -> None:
    with (
        build_client(transport=transport(authority.client())) as client,
        pytest.raises(ConnectionFailed) as caught,
    ):
        client.get(f"https://{host}:{secure.port}/")
    error = caught.value
    assert (error.kind, error.sent, error.transient) == ("certificate", False, False)
    assert host in error.message
    assert secure.received == []


def test_a_certificate_of_an_unknown_authority_is_refused(secure: TlsLoopback) -> None:
    with (
        build_client(transport=Transport(resolver=lambda *_: ["127.0.0.1"])) as client,
        pytest.raises(ConnectionFailed, match="not trusted") as caught,
    ):
        client.get(f"https://{NAME}:{secure.port}/")
    assert "trusted authorities" in caught.value.remedy


def test_an_expired_certificate_is_refused(authority: Authority) -> None:
    with (
        TlsLoopback(authority.server(days=-1)) as server,
        build_client(transport=transport(authority.client())) as client,
        pytest.raises(ConnectionFailed) as caught,
    ):
        client.get(f"https://{NAME}:{server.port}/")
    assert caught.value.kind == "certificate"
    assert "expired" in caught.value.detail


def test_https_to_a_port_that_speaks_http_is_named() -> None:
    with (
        Loopback(lambda _: Reply()) as server,
        build_client() as client,
        pytest.raises(ConnectionFailed) as caught,
    ):
        client.get(server.url.replace("http:", "https:"))
    assert (caught.value.kind, caught.value.sent) == ("tls", False)


def test_a_look_at_a_server_shows_its_certificate(
    authority: Authority, secure: TlsLoopback
) -> None:
    with transport(authority.client()) as pinned:
        peer = pinned.inspect(f"https://{NAME}:{secure.port}/", timeout=60)
    assert (peer.host, peer.address) == (NAME, "127.0.0.1")
    assert peer.tls_version in {"TLSv1.2", "TLSv1.3"}
    assert peer.certificate is not None
    assert (("commonName", NAME),) in peer.certificate["subject"]


def test_a_look_at_a_server_without_tls_or_without_permission(authority: Authority) -> None:
    with Loopback(lambda _: Reply()) as server, Transport() as plain:
        assert plain.inspect(server.url, timeout=60).certificate is None
        with pytest.raises(ConnectionFailed):
            plain.inspect(server.url.replace("http:", "https:"), timeout=5)
    with (
        Transport(AddressPolicy(allow_loopback=False)) as strict,
        pytest.raises(AddressRefused, match="may not be reached"),
    ):
        strict.inspect(server.url, timeout=5)


def test_a_handshake_that_never_ends_is_bounded() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held: list[socket.socket] = []
        threading.Thread(target=lambda: held.append(listener.accept()[0]), daemon=True).start()
        began = time.monotonic()
        with Transport() as plain, pytest.raises(ConnectionFailed) as caught:
            plain.inspect(f"https://127.0.0.1:{listener.getsockname()[1]}/", timeout=0.4)
        for sock in held:
            sock.close()
    assert caught.value.kind == "timeout"
    assert time.monotonic() - began < PATIENCE
