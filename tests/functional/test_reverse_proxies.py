"""The manual's examples of reverse proxies, run where the programs are installed."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from ionport.asgi import ClientAddresses
from ionport.core.http.proxies import TrustedProxies
from ionport.manual import read_page
from tests.support.ports import free_port
from tests.support.server import serve

NAME = "ionport.example"
CLIENT = "127.0.0.1"


async def _tell(request: Request) -> Response:
    taken = 0
    async for chunk in request.stream():
        taken += len(chunk)
    return JSONResponse(
        {
            "client": request.client.host if request.client else "",
            "host": request.headers["host"],
            "forwarded": request.headers.get("forwarded", ""),
            "x-forwarded-for": request.headers.get("x-forwarded-for", ""),
            "taken": taken,
        }
    )


def _example(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", read_page("behind-a-proxy").text, re.DOTALL)
    assert found is not None
    return found[1]


@contextmanager
def _running(command: list[str], port: int, folder: Path) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        until = time.monotonic() + 120
        while True:
            assert process.poll() is None, (folder / "log").read_text()
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert time.monotonic() < until, (folder / "log").read_text()
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(120)


def _certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "ionport.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "ionport.key").write_bytes(private)


@contextmanager
def _nginx(folder: Path, upstream: str) -> Iterator[str]:
    program = shutil.which("nginx") or pytest.skip("nginx is not installed")
    port = free_port()
    _certificate(folder)
    server = (
        _example("nginx")
        .replace("127.0.0.1:8400", upstream)
        .replace("listen 443", f"listen 127.0.0.1:{port}")
        .replace("/etc/ssl", str(folder))
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log stderr;\n"
        "events {}\nhttp {\naccess_log off;\n"
        f"client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;\n"
        f"fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;\n"
        f"{server}}}\n"
    )
    command = [program, "-c", f"{folder}/nginx.conf", "-p", str(folder), "-e", "stderr"]
    with _running(command, port, folder):
        yield f"https://127.0.0.1:{port}"


@contextmanager
def _caddy(folder: Path, upstream: str) -> Iterator[str]:
    program = shutil.which("caddy") or pytest.skip("caddy is not installed")
    port = free_port()
    site = _example("caddy").replace("127.0.0.1:8400", upstream)
    # Nobody is asked for a certificate here.
    options = f"{{\nadmin off\nauto_https off\nstorage file_system {folder}\n}}\n"
    site = site.replace(f"{NAME} {{", f"http://{NAME}:{port} {{\nbind 127.0.0.1", 1)
    (folder / "Caddyfile").write_text(options + site)
    command = [program, "run", "--config", f"{folder}/Caddyfile", "--adapter", "caddyfile"]
    with _running(command, port, folder):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("proxy", [_nginx, _caddy], ids=["nginx", "caddy"])
def test_an_example_of_the_manual_tells_who_the_client_is_and_streams(
    tmp_path: Path, proxy: type
) -> None:
    app = ClientAddresses(
        Router([Route("/{path:path}", _tell, methods=["GET", "POST"])]),
        # As if the proxy stood elsewhere: the client is at 127.0.0.1 here too.
        TrustedProxies.parse("127.0.0.1"),
    )
    with (
        serve(app) as base_url,
        proxy(tmp_path, base_url.removeprefix("http://")) as url,
        httpx2.Client(base_url=url, verify=False, headers={"host": NAME}) as client,
    ):
        claims = {"x-forwarded-for": "1.2.3.4", "forwarded": "for=1.2.3.4", "x-long": "a" * 20_000}
        told = client.get("/x", headers=claims).json()
        assert told == {
            "client": CLIENT,
            "host": NAME,
            "forwarded": "",
            "x-forwarded-for": CLIENT,
            "taken": 0,
        }
        size = 5_000_000
        assert client.post("/x", content=b"a" * size).json()["taken"] == size
