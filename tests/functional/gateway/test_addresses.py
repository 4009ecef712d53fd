"""Which targets the gateway calls: where their names lead, and whose certificate they show."""

from __future__ import annotations

import asyncio
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ionport.gateway.errors import TargetFailed
from ionport.gateway.targets.addresses import AddressPolicy
from ionport.gateway.targets.port import Outbound
from ionport.gateway.targets.upstream import Upstream
from tests.support.custom_suites import (
    PUBLIC_PATH,
    TargetServer,
    sqlite_side,
)


def test_a_name_that_resolves_to_a_private_address_is_refused(tmp_path: Path) -> None:
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["10.0.0.1", "::ffff:10.0.0.2"]

    with sqlite_side(tmp_path, resolve=resolve) as side:
        side.add("https://api.example.com/x")
        with side.client(side.log_in(side.credentials())) as client:
            answer = client.get(PUBLIC_PATH)
    assert asked == ["api.example.com"]
    assert (answer.status_code, answer.json()["code"]) == (502, "target_address_refused")
    assert "10.0.0.1" not in answer.text


def test_another_name_for_this_computer_needs_the_setting(tmp_path: Path) -> None:
    def resolve(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    with sqlite_side(tmp_path, resolve=resolve) as side:
        side.add("https://inside.example.com")
        with side.client(side.log_in(side.credentials())) as client:
            answer = client.get(PUBLIC_PATH)
    assert (answer.status_code, answer.json()["code"]) == (502, "target_address_refused")


def test_an_address_stored_under_a_looser_setting_is_refused(tmp_path: Path) -> None:
    async def call() -> None:
        upstream = Upstream(AddressPolicy())
        base = "https://10.0.0.1"
        with pytest.raises(TargetFailed) as caught:
            await upstream.send(Outbound("GET", base, base, []))
        assert caught.value.code == "target_address_refused"
        await upstream.close()

    asyncio.run(call())


def test_an_unknown_name_is_502(tmp_path: Path) -> None:
    def resolve(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(-2, "not known")

    with sqlite_side(tmp_path, resolve=resolve) as side:
        side.add("https://no-such.example")
        with side.client(side.log_in(side.credentials())) as client:
            answer = client.get(PUBLIC_PATH)
    assert (answer.status_code, answer.json()["code"]) == (502, "target_unknown_host")


def _certificate(folder: Path) -> ssl.SSLContext:
    """Return a server context with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + certificate.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def test_a_certificate_is_checked_unless_the_endpoint_ignores_errors(tmp_path: Path) -> None:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(text="over TLS")

    context = _certificate(tmp_path)
    with TargetServer(answer, context) as target, sqlite_side(tmp_path) as side:
        endpoint = side.add(target.url)
        with side.client(side.log_in(side.credentials())) as client:
            refused = client.get(PUBLIC_PATH)
            assert (refused.status_code, refused.json()["code"]) == (502, "target_certificate")
            side.change(endpoint, ignore_certificate_errors=True)
            assert client.get(PUBLIC_PATH).text == "over TLS"
            side.change(endpoint)
            assert client.get(PUBLIC_PATH).status_code == 502
