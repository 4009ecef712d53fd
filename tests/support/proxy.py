"""A proxy on loopback that breaks the wire on command: before or after the remote commit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.intermediary import Call, Intermediary


@dataclass(slots=True)
class Fault:
    """What happens to the next calls that match: `kind` is one of

    refuse (answer `status` at once), cut (pass on, then cut the connection without an answer),
    break (pass on, then answer `status`), drop (cut without passing on), html (pass on, then
    answer a page for people). A cut comes after `seconds`.
    """

    method: str
    path: str
    kind: str
    status: int = 500
    times: int = 1
    seconds: float = 0.0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b'{"error":{"code":"1","message":"broken on purpose","detail":""}}'


class FaultyProxy(Intermediary):
    """Passes HTTP on to one server; `faults` are used up in their order."""

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self.faults: list[Fault] = []
        # Called after a call was passed on and before its answer goes back.
        self.after_commit: Callable[[str, str], None] = lambda _method, _path: None
        self._lock = threading.Lock()

    def fault(self, method: str, path: str, kind: str, **details: Any) -> None:
        """Add a fault for calls whose path contains `path`."""
        self.faults.append(Fault(method, path, kind, **details))

    def count(self, method: str, path: str) -> int:
        """How many calls came whose path contains `path`."""
        return sum(m == method and path in p for m, p in self.calls)

    def handle(self, call: Call) -> None:
        """Pass the call on, and break it if there is a fault for it."""
        body = call.read()
        fault = self._take(call.method, call.path)
        if fault is not None and fault.kind in ("refuse", "drop"):
            _break(call, fault)
            return
        answer = call.forward(body)
        self.after_commit(call.method, call.path)
        if fault is None:
            call.answer(*answer)
        else:
            _break(call, fault)

    def _take(self, method: str, path: str) -> Fault | None:
        with self._lock:
            self.calls.append((method, path))
            for fault in self.faults:
                if fault.method == method and fault.path in path:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.faults.remove(fault)
                    return fault
        return None


def _break(call: Call, fault: Fault) -> None:
    if fault.kind == "html":
        page = b"<!DOCTYPE html><html><body>Sign in</body></html>"
        call.answer(200, (("Content-Type", "text/html"),), page)
    elif fault.kind in ("refuse", "break"):
        call.answer(fault.status, fault.headers, fault.body)
    else:
        threading.Event().wait(fault.seconds)
        call.cut()
