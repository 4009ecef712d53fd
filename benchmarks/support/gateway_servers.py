"""The servers of `benchmarks/gateway.py`: `gateway_servers.py PID_FILE target|peer|gateway …`.

Each prints the port it listens on; all run on uvloop.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path
from typing import Any

import uvloop

from ionport.identity.access import Access

SMALL, LARGE = 1_000, 200_000
_BACKLOG = 1024
_BODIES = {b"/small": b'{"value": "' + b"x" * (SMALL - 13) + b'"}', b"/large": b"x" * LARGE}


def pin(core: int) -> None:
    """Keep this process on one of the machine's cores."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[core % len(cores)]})


def _started(port: int) -> None:
    print(f"port {port}", flush=True)


class Target(asyncio.Protocol):
    """Answers with the body that the path names, by as little work as can be; drops uploads."""

    def __init__(self) -> None:
        self._buffer = b""
        self._left = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        if self._left > 0:
            self._left -= len(data)
            if self._left <= 0:
                self._answer(b"{}")
            return
        self._buffer += data
        head, blank, rest = self._buffer.partition(b"\r\n\r\n")
        if not blank:
            return
        self._buffer = b""
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        self._left = int(length or 0) - len(rest)
        if self._left <= 0:
            self._answer(_BODIES.get(head.split(b" ", 2)[1], b"{}"))

    def _answer(self, body: bytes) -> None:
        self._left = 0
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (len(body), body)
        )


async def serve_target() -> None:
    """Serve a `Target`."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Target, "127.0.0.1", 0, backlog=_BACKLOG)
    _started(server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def serve_peer(target: str) -> None:
    """Serve a bare reverse proxy as one writes it with aiohttp: no token, no checks, no policy."""
    import aiohttp
    from aiohttp import web

    hop_by_hop = {"connection", "host", "keep-alive", "te", "transfer-encoding", "upgrade"}
    connector = aiohttp.TCPConnector(limit=0)
    session = aiohttp.ClientSession(auto_decompress=False, connector=connector)

    async def proxy(request: web.Request) -> web.StreamResponse:
        headers = {n: v for n, v in request.headers.items() if n.lower() not in hop_by_hop}
        body = request.content.iter_any() if request.body_exists else None
        async with session.request(
            request.method,
            target + request.raw_path,
            headers=headers,
            data=body,
            allow_redirects=False,
        ) as answer:
            response = web.StreamResponse(status=answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in hop_by_hop:
                    response.headers[name] = value
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
            return response

    app = web.Application(client_max_size=1 << 40)
    app.router.add_route("*", "/{path:.*}", proxy)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=_BACKLOG).start()
    _started(runner.addresses[0][1])
    await asyncio.Event().wait()


def serve_gateway(target: str, folder: Path) -> None:
    """Serve the gateway as `ionport up` does; leaves its suite's path and credentials behind."""
    import uvicorn

    from ionport.serving.server import server_config, settle_memory

    listener = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
    # asyncio does this for sockets of its own making only.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    port = listener.getsockname()[1]
    app = build_gateway(f"http://127.0.0.1:{port}", target, folder)
    settle_memory()
    _started(port)
    uvicorn.Server(server_config(app)).run(sockets=[listener])


def build_gateway(url: str, target: str, folder: Path) -> Any:
    """Return the server's app on a new data folder, with one suite in front of `target`."""
    from ionport.application import open_application
    from ionport.asgi import build_asgi
    from ionport.gateway.suites.model import EndpointDraft, SuiteDraft
    from ionport.identity.model import Actor, PasswordProof
    from ionport.oauth.apps.drafts import AppDraft
    from ionport.settings import Settings, Side
    from ionport.store import TenantScope, metadata

    application = open_application(Settings(data=folder, public_url=url, side=Side.INFOR))
    infor = application.infor
    assert infor is not None
    suites = infor.custom_apis.suites
    scope, operator = TenantScope(application.tenant.id), Actor.operator()
    proof = PasswordProof.operator(application.clock.now())
    with application.database.write() as work:
        access = Access(work, scope, operator)
        metadata.create_all(work.connection)
        draft, endpoint = SuiteDraft("B", "B", "B", "bench"), EndpointDraft(target, "B", "target")
        suite = suites.create_suite(access, draft, [endpoint])
        app = infor.apps.create_app(access, AppDraft("B_TST", description="B"))
        file = infor.service_accounts.download_credentials(
            access, app.id, proof, create_service_account=True
        )
    (folder / "credentials.json").write_bytes(file.content)
    (folder / "path").write_text(suites.public_address(suite, "target").removeprefix(url))
    return build_asgi(application)


def main(pid_file: str, name: str, *arguments: str) -> None:
    """Serve until the process is ended; its id is left in `pid_file`."""
    Path(pid_file).write_text(str(os.getpid()))
    if name == "target":
        pin(1)
        uvloop.run(serve_target())
    elif name == "peer":
        pin(0)
        uvloop.run(serve_peer(arguments[0]))
    else:
        pin(0)
        serve_gateway(arguments[0], Path(arguments[1]))


if __name__ == "__main__":
    main(*sys.argv[1:])
