"""A stub of Infor for `benchmarks/m3_load.py`: `m3_stub.py SECONDS`.

It signs everybody on, waits for so many seconds and says of each transaction that it is done.
Prints the port that it listens on.
"""

from __future__ import annotations

import asyncio
import json
import sys

from aiohttp import web

_LONGEST = 1 << 26


def _app(seconds: float) -> web.Application:
    async def token(_request: web.Request) -> web.Response:
        fields = {"access_token": "a", "refresh_token": "r", "token_type": "Bearer"}
        return web.json_response({**fields, "expires_in": 7200})

    async def execute(request: web.Request) -> web.Response:
        data = json.loads(await request.read())
        await asyncio.sleep(seconds)
        results = [
            {"transaction": each["transaction"], "records": [{"SUNO": each["record"]["SUNO"]}]}
            for each in data["transactions"]
        ]
        done = {"nrOfSuccessfullTransactions": len(results), "nrOfFailedTransactions": 0}
        return web.json_response({"results": results, "wasTerminated": False, **done})

    app = web.Application(client_max_size=_LONGEST)
    app.router.add_post("/{tenant}/as/{operation}", token)
    app.router.add_post("/{tenant}/M3/m3api-rest/v2/execute", execute)
    return app


async def _serve(seconds: float) -> None:
    runner = web.AppRunner(_app(seconds), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"port {runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1])))
