"""A stub of the Infor side that waits, answers and counts: `infor_stub.py LATENCY_MS`.

It knows the calls of an export (token, IDM search and create, ION publish) and answers each after
the latency. What was created is found by a later search, and everything that arrives is counted by
its own id, so that a benchmark can tell what came twice. `GET /counts` is answered at once.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import Counter
from typing import Any
from urllib.parse import unquote

import uvloop

CORRELATION_ATTRIBUTE = "BOD_AlternateDocumentID_1"
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_MESSAGE_ID = re.compile(rb'"messageId":"([^"]+)"')


class Counts:
    """What came: calls by their kind, and how often each item and each message."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.items: Counter[str] = Counter()
        self.messages: Counter[str] = Counter()

    def as_json(self) -> bytes:
        return json.dumps(
            {
                "calls": self.calls,
                "items": len(self.items),
                "messages": len(self.messages),
                "twice": sum(n > 1 for n in (*self.items.values(), *self.messages.values())),
            }
        ).encode()


def answer_to(counts: Counts, method: str, target: str, body: bytes) -> tuple[int, Any]:
    """Count a call and return status and answer."""
    path, _, query = target.partition("?")
    if method == "POST" and path.endswith("/token.oauth2"):
        counts.calls["token"] += 1
        return 200, {"access_token": "t" * 40, "token_type": "Bearer", "expires_in": 7200}
    if method == "GET" and path.endswith("/IDM/api/items/search"):
        counts.calls["look_up"] += 1
        asked = _QUOTED.findall(unquote(query))
        found = [_item(value) for value in asked if value in counts.items]
        return 200, {"items": {"item": found}}
    if method == "POST" and path.endswith("/IDM/api/items"):
        counts.calls["create"] += 1
        attributes = json.loads(body)["item"]["attrs"]["attr"]
        named = {attribute["name"]: attribute["value"] for attribute in attributes}
        counts.items[named[CORRELATION_ATTRIBUTE]] += 1
        return 200, {"item": _item(named[CORRELATION_ATTRIBUTE])}
    if method == "POST" and path.endswith("/messaging/service/v2/multipartMessage"):
        counts.calls["publish"] += 1
        named_id = _MESSAGE_ID.search(body)
        counts.messages[named_id[1].decode() if named_id else ""] += 1
        return 200, {"status": "OK", "message": ""}
    counts.calls["other"] += 1
    return 404, {"error": {"code": "NotFound", "message": path, "detail": ""}}


def _item(correlation_id: str) -> dict[str, Any]:
    return {
        "pid": f"M3_SupplierInvoice-{correlation_id}-1-LATEST",
        "entityName": "M3_SupplierInvoice",
        "attrs": {"attr": [{"name": CORRELATION_ATTRIBUTE, "value": correlation_id}]},
    }


class Stub(asyncio.Protocol):
    """One kept-alive connection with one request at a time, each with a Content-Length or none."""

    def __init__(self, counts: Counts, latency_seconds: float) -> None:
        self._counts = counts
        self._latency = latency_seconds
        self._buffer = bytearray()
        self._length = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._length < 0:
            head, blank, _rest = bytes(self._buffer).partition(b"\r\n\r\n")
            if not blank:
                return
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            self._length = len(head) + 4 + int(length or 0)
        if len(self._buffer) < self._length:
            return
        head, _blank, body = bytes(self._buffer).partition(b"\r\n\r\n")
        self._buffer.clear()
        self._length = -1
        method, target, _version = head.partition(b"\r\n")[0].decode().split(" ")
        if target == "/counts":
            self._send(200, self._counts.as_json())
            return
        status, answer = answer_to(self._counts, method, target, body)
        loop = asyncio.get_running_loop()
        loop.call_later(self._latency, self._send, status, json.dumps(answer).encode())

    def _send(self, status: int, body: bytes) -> None:
        if not self._transport.is_closing():
            head = f"HTTP/1.1 {status} Stub\r\nContent-Type: application/json\r\n"
            length = f"Content-Length: {len(body)}\r\n\r\n"
            self._transport.write(f"{head}{length}".encode() + body)


async def serve(latency_seconds: float) -> None:
    """Serve until the process is ended."""
    counts = Counts()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Stub(counts, latency_seconds), "127.0.0.1", 0)
    print(f"port {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(float(sys.argv[1]) / 1000))
