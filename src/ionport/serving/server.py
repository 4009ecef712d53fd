"""How uvicorn serves ionport: one place for the commands, the tests and the benchmarks."""

from __future__ import annotations

import gc

import uvicorn
from starlette.types import ASGIApp

from ionport.serving.protocol import ServerProtocol

SHUTDOWN_SECONDS = 10
# Longer than proxies keep their idle connections (nginx and most others: 60 s), so that it is the
# proxy that closes them, and no request meets a closing connection.
KEEP_ALIVE_SECONDS = 75
_COLLECT_AFTER = 20_000


def server_config(
    app: ASGIApp, *, loop: str = "auto", shutdown_seconds: int = SHUTDOWN_SECONDS
) -> uvicorn.Config:
    """Return the configuration of the server for `app`; it logs no addresses of requests."""
    return uvicorn.Config(
        app,
        loop=loop,
        http=ServerProtocol,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        timeout_graceful_shutdown=shutdown_seconds,
    )


def settle_memory() -> None:
    """Exclude the objects of the start from garbage collection: they stay until the process ends.

    For a process that only serves: it makes few cycles, and looking at every module and table
    again and again was a tenth of the gateway's work.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 100)
