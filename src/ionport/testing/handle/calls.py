"""Looking at the calls that came: `infor.recorder.calls(service="IDM", status=503)`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ionport.core.paging import PageRequest
from ionport.core.values.alike import taken_from
from ionport.identity.access import Access
from ionport.sandbox.control.recorder.model import CallFilter, RecordedCall
from ionport.sandbox.control.state.repository import StateRepository
from ionport.sandbox.control.tables import sandbox_calls
from ionport.store import Work
from ionport.testing.handle.reading import agreeing, all_pages, only
from ionport.testing.parts import ACTOR, Parts

_MAX_TOLD: Final = 50


@dataclass(frozen=True, slots=True, repr=False)
class InforCall:
    """A call that came to the gateway or to the authorization server, refused ones included.

    Attributes:
        service: the API context, such as `IDM`; `AS` for the authorization server, `Gateway`
            for an address of no suite.
        operation: the recorder's name, such as `create item`; `unknown` for what is not imitated
            or was refused before it was read.
        status: of the answer; 0 when a fault cut the connection instead.
        fault: what a fault rule did to it; empty when nothing.
        effects: ids of what it made, changed or removed.
        headers: values that are not known to be harmless are dots.
    """

    service: str
    operation: str
    method: str
    path: str
    query: str
    status: int
    fault: str
    effects: tuple[str, ...]
    client_id: str
    request_id: str
    duration_ms: int
    headers: Mapping[str, str]
    _read: Callable[[], bytes | None] = field(compare=False)

    @property
    def body(self) -> bytes | None:
        """What the call sent; None when it was not kept (empty, over 1 MB, unknown operation)."""
        return self._read()

    def __repr__(self) -> str:
        fault = f" (fault {self.fault})" if self.fault else ""
        query = f"?{self.query}" if self.query else ""
        return f"<{self.status} {self.method} {self.path}{query}: {self.operation}{fault}>"


class InforRecorder:
    """The calls of the tenant, the oldest first. A reset forgets them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._service = parts.side.recorder

    def calls(
        self,
        service: str | None = None,
        operation: str | None = None,
        *,
        status: int | None = None,
        failed_only: bool = False,
        text: str | None = None,
        body: str | None = None,
        **wanted: object,
    ) -> list[InforCall]:
        """Return the calls that agree.

        `text` is looked for in path and query, `body` in request bodies that were kept.
        `wanted` names further attributes of a call, such as `method="POST"`.
        """
        filters = CallFilter(
            service=service,
            operation=operation,
            status=status,
            failed_only=failed_only,
            text=text,
            body=body,
            ascending=True,
        )

        def page(work: Work, request: PageRequest) -> Any:
            return self._service.list(Access(work, self._parts.scope, ACTOR), request, filters)

        found = [self._shown(call) for call in all_pages(self._parts.database, page)]
        return agreeing(found, wanted)

    def call(
        self, service: str | None = None, operation: str | None = None, **wanted: Any
    ) -> InforCall:
        """Return the one call that agrees; raises AssertionError when it is not exactly one."""
        asked = {"service": service, "operation": operation, **wanted}
        found = self.calls(service, operation, **wanted)
        return only(found, asked, "recorded call", self.calls)

    def count(self, service: str | None = None, operation: str | None = None, **wanted: Any) -> int:
        """Return how many calls agree; arguments as for `calls`."""
        return len(self.calls(service, operation, **wanted))

    def har(self) -> bytes:
        """Return the newest 1,000 calls as an HTTP archive (HAR 1.2), for a browser's tools."""
        with self._parts.database.read() as work:
            return self._service.har(Access(work, self._parts.scope, ACTOR))

    def told(self) -> str:
        """Return the calls as lines for a test's report, the newest when there are many."""
        calls = self.calls()
        lines = [repr(call) for call in calls[-_MAX_TOLD:]]
        if len(calls) > _MAX_TOLD:
            lines.insert(0, f"… {len(calls) - _MAX_TOLD} earlier calls")
        return "\n".join(lines) or "none"

    def clear(self) -> None:
        """Forget the calls that came until now."""
        with self._parts.database.write() as work:
            state, now = StateRepository(work.connection), self._parts.clock.now()
            state.empty(self._parts.scope, sandbox_calls, now)

    def _shown(self, call: RecordedCall) -> InforCall:
        facts, outcome = call.facts, call.outcome
        return taken_from(
            InforCall,
            facts,
            status=outcome.status,
            fault=outcome.fault,
            effects=outcome.effects,
            duration_ms=outcome.duration_ms,
            _read=lambda: self._body(call.id),
        )

    def _body(self, call_id: str) -> bytes | None:
        with self._parts.database.read() as work:
            return self._service.request_body(Access(work, self._parts.scope, ACTOR), call_id)
