"""How every imitated service is served: find the operation, do it, record it, answer.

An operation works in two phases, so that write transactions stay short. Its handler reads the
request, checks it and puts files into the blobs; what it returns, a `Step`, then runs inside
the transaction, and the recorder's row commits with it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import Receive, Scope, Send

from ionport.core.clock import Clock
from ionport.core.errors import IonportError, NotFound, TooLarge
from ionport.core.i18n import _
from ionport.gateway.model import CALLER_KEY, Caller
from ionport.sandbox.control.model import (
    CallFacts,
    Outcome,
    digest_of,
    plain_path,
    redacted_headers,
    redacted_query,
)
from ionport.sandbox.control.recorder import RecorderService
from ionport.store import Database, TenantScope, Work

UNKNOWN_OPERATION = "unknown"


@dataclass(frozen=True, slots=True)
class Call:
    """A request to an imitated service, its body read whole."""

    caller: Caller
    operation: str
    method: str
    headers: Headers
    query: QueryParams
    path_params: Mapping[str, str]
    body: bytes

    @property
    def scope(self) -> TenantScope:
        """The tenant whose rows the call sees."""
        return TenantScope(self.caller.tenant_id)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service says; `effects` are the ids of what the call made, changed or removed."""

    status: int = 200
    body: bytes = b""
    media_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    effects: tuple[str, ...] = ()


Step = Callable[[Work], Answer]
Handler = Callable[[Call], Step]
ErrorShape = Callable[[Call, IonportError], Answer]


@dataclass(frozen=True, slots=True)
class Operation:
    """One imitated operation: method and path (matched ignoring case) to a handler.

    `writes` marks a GET that may change something, as M3's do.
    """

    name: str
    method: str
    path: str
    handler: Handler
    writes: bool = False

    @property
    def only_reads(self) -> bool:
        return self.method == "GET" and not self.writes


class MethodNotAllowed(IonportError):
    """The path is known, but not with this method."""

    status = 405
    default_code = "method_not_allowed"

    def __init__(self, allowed: Sequence[str]) -> None:
        self.allow = ", ".join(sorted(allowed))
        super().__init__(_("This address takes {methods} only.").format(methods=self.allow))


class ServiceApp:
    """One imitated service as an ASGI app behind the gateway.

    An unknown path is an explicit error in the service's own shape, never a silent 200.

    Args:
        name: the API context, such as `IDM`.
        operations: tried in order.
        error_shape: turns an error into the service's own answer.
        max_body_bytes: longer request bodies are refused with 413.
    """

    def __init__(
        self,
        name: str,
        operations: Sequence[Operation],
        error_shape: ErrorShape,
        *,
        database: Database,
        recorder: RecorderService,
        clock: Clock,
        max_body_bytes: int,
    ) -> None:
        self._name = name
        self._operations = [(_pattern(operation.path), operation) for operation in operations]
        self._error_shape = error_shape
        self._database = database
        self._recorder = recorder
        self._clock = clock
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        operation, path_params = self._find(request)
        body, too_large = await _read(request, self._max_body_bytes)
        call = Call(
            caller=scope[CALLER_KEY],
            operation=operation.name,
            method=request.method,
            headers=request.headers,
            query=request.query_params,
            path_params=path_params,
            body=body,
        )
        if too_large is not None:
            operation = _refusal(operation, too_large)
        answer = await run_in_threadpool(self._answer, operation, call, request)
        # As a header: given as media type, Starlette would add a charset to a text file.
        content_type = {"Content-Type": answer.media_type} if answer.media_type else {}
        response = Response(answer.body, answer.status, {**answer.headers, **content_type})
        await response(scope, receive, send)

    def _find(self, request: Request) -> tuple[Operation, Mapping[str, str]]:
        path = request.scope["path"].removeprefix(request.scope["root_path"])
        method = "GET" if request.method == "HEAD" else request.method
        allowed = []
        for pattern, operation in self._operations:
            match = pattern.match(path.rstrip("/"))
            if match is None:
                continue
            if operation.method == method:
                return operation, match.groupdict()
            allowed.append(operation.method)
        unknown = Operation(UNKNOWN_OPERATION, method, "", _absent)
        return (_refusal(unknown, MethodNotAllowed(allowed)) if allowed else unknown), {}

    def _answer(self, operation: Operation, call: Call, request: Request) -> Answer:
        """Do the operation and record it; runs in the thread pool."""
        started = time.perf_counter()
        facts = self._facts(call, request)

        def record(work: Work, answer: Answer) -> Answer:
            duration_ms = round((time.perf_counter() - started) * 1000)
            self._recorder.record(work, call.scope, facts, _outcome(answer, duration_ms))
            return answer

        try:
            step = operation.handler(call)
            if not operation.only_reads:
                with self._database.write() as work:
                    return record(work, step(work))
            with self._database.read() as work:
                answer = step(work)
        except IonportError as error:
            answer = self._refused(call, error)
        with self._database.write() as work:
            return record(work, answer)

    def _refused(self, call: Call, error: IonportError) -> Answer:
        answer = self._error_shape(call, error)
        if isinstance(error, MethodNotAllowed):
            return replace(answer, headers={**answer.headers, "Allow": error.allow})
        return answer

    def _facts(self, call: Call, request: Request) -> CallFacts:
        known = call.operation != UNKNOWN_OPERATION
        return CallFacts(
            request_id=call.caller.request_id,
            client_id=call.caller.client_id,
            service=self._name,
            operation=call.operation,
            method=call.method[:20],
            path=plain_path(request.scope.get("raw_path") or request.scope["path"].encode()),
            query=redacted_query(request.scope["query_string"]),
            headers=redacted_headers(call.headers.items()),
            request_sha256=digest_of(call.body),
            request_size=len(call.body),
            request_kept=known and self._recorder.keep_body(call.body),
            received_at=self._clock.now(),
        )


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(compile_path(path)[0].pattern, re.IGNORECASE)


async def _read(request: Request, limit: int) -> tuple[bytes, TooLarge | None]:
    """Read the body; over the limit, what came until then is dropped."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            text = _("The request body is too large: at most {limit} bytes are accepted.")
            return b"", TooLarge(text.format(limit=limit), code="body_too_large")
    return bytes(body), None


def _refusal(operation: Operation, error: IonportError) -> Operation:
    def refuse(call: Call) -> Step:
        raise error

    return Operation(operation.name, operation.method, operation.path, refuse)


def _absent(call: Call) -> Step:
    raise NotFound(_("The sandbox does not imitate this operation."), code="operation_not_imitated")


def _outcome(answer: Answer, duration_ms: int) -> Outcome:
    return Outcome(
        status=answer.status,
        response_sha256=digest_of(answer.body),
        response_size=len(answer.body),
        duration_ms=duration_ms,
        effects=answer.effects,
    )
