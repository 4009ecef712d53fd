"""How every imitated service is served: find the operation, do it, record it, answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from ionport.core.clock import Clock
from ionport.core.errors import IonportError, MethodNotAllowed, NotFound, TooLarge
from ionport.core.http.bodies import announces_more, read_body
from ionport.core.http.endpoints import EndpointTable
from ionport.gateway.caller import CALLER_KEY
from ionport.sandbox.control.controls.effect import NOTHING, FaultEffect, respond
from ionport.sandbox.control.controls.faults import CalledAs
from ionport.sandbox.control.gate import FaultGate
from ionport.sandbox.control.plane import ControlPlane
from ionport.sandbox.control.recorder.model import CallFacts, Outcome, digest_of
from ionport.sandbox.control.recorder.redaction import CallRedactor
from ionport.sandbox.control.recorder.service import RecorderService
from ionport.sandbox.control.recorder.wire import recording_of
from ionport.sandbox.kit.operations import (
    UNKNOWN_OPERATION,
    Answer,
    Call,
    Operation,
    Service,
    Step,
    inferred,
)
from ionport.sandbox.own.metadata import OwnOfTenants
from ionport.store import Database, Work


class ServiceApp:
    """One imitated service as an ASGI app behind the gateway.

    An unknown path is an explicit error in the service's own shape, never a silent 200. With a
    control plane, its fault rules take effect here. What is known of a tenant of one's own (`own`)
    answers first.
    """

    def __init__(
        self,
        service: Service,
        *,
        database: Database,
        recorder: RecorderService,
        clock: Clock,
        control: ControlPlane | None = None,
        own: OwnOfTenants | None = None,
    ) -> None:
        self._own = own
        self._service = service
        self._table = EndpointTable(service.operations, ignores_case=True)
        self._database = database
        self._recorder = recorder
        self._clock = clock
        self._gate = FaultGate(database, control) if control else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        operation, path_params = self._find(request)
        if self._own is not None:
            operation = self._own.of(scope[CALLER_KEY].tenant_id).operation(
                operation,
                self._service.context,
                request.method,
                _path(request),
                request.url.query,
            )
        body, too_large = await _read(request, self._service.max_body_bytes)
        call = Call(
            caller=scope[CALLER_KEY],
            operation=operation.name_of(body),
            method=request.method,
            path=_path(request),
            headers=request.headers,
            query=request.query_params,
            path_params=path_params,
            body=body,
            database=self._database,
        )
        if too_large is not None:
            operation = _refusal(operation, too_large)
        effect = await self._effect(call, request)
        if effect.search_lag:
            call = replace(call, found_until=self._clock.now() - effect.search_lag)
        if effect.wait_seconds:
            await asyncio.sleep(effect.wait_seconds)
        answer = await run_in_threadpool(self._answer, operation, call, request, effect)
        await respond(effect, answer, scope, receive, send)

    async def _effect(self, call: Call, request: Request) -> FaultEffect:
        if self._gate is None:
            return NOTHING
        path = "/" + request.scope["path"].lstrip("/").partition("/")[2]
        called_as = CalledAs(self._service.context, call.operation, call.method, path)
        return await self._gate.effect(call.scope, called_as)

    def _find(self, request: Request) -> tuple[Operation, Mapping[str, str]]:
        found = self._table.find(request.method, _path(request).rstrip("/"))
        if found.row is not None:
            return found.row, found.params
        method = "GET" if request.method == "HEAD" else request.method
        unknown = Operation(
            UNKNOWN_OPERATION, method, "", _absent, inferred("docs/reference/gateway.md#limits")
        )
        if found.allowed:
            unknown = _refusal(unknown, _not_imitated(method[:20], sorted(found.allowed)))
        return unknown, {}

    def _answer(
        self, operation: Operation, call: Call, request: Request, effect: FaultEffect
    ) -> Answer:
        """Do the operation and record it; runs in the thread pool."""
        started = time.perf_counter()
        recording = recording_of(request.scope)
        redactor = recording.redactor
        facts = self._facts(call, request, redactor)

        def record(work: Work, answer: Answer) -> Answer:
            duration_ms = round((time.perf_counter() - started) * 1000)
            answer = effect.changed(call.caller.request_id, _marked(operation, answer))
            outcome = _outcome(answer, duration_ms, effect.fault, redactor)
            self._recorder.record(work.within(call.scope), facts, outcome)
            recording.is_recorded = True
            return answer

        if not effect.is_done:
            with self._database.write() as work:
                return record(work, Answer())
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
        answer = self._service.error_answer(call, error)
        if isinstance(error, MethodNotAllowed):
            return replace(answer, headers={**answer.headers, "Allow": error.allow})
        return answer

    def _facts(self, call: Call, request: Request, redactor: CallRedactor) -> CallFacts:
        known = call.operation != UNKNOWN_OPERATION
        return CallFacts(
            request_id=call.caller.request_id,
            client_id=call.caller.client_id,
            service=self._service.context,
            operation=call.operation,
            method=call.method[:20],
            path=redactor.path(request.scope.get("raw_path") or request.scope["path"].encode()),
            query=redactor.query(request.scope["query_string"]),
            headers=redactor.headers(call.headers.items()),
            request_sha256=digest_of(call.body),
            request_size=len(call.body),
            request_kept=known and self._recorder.keep_body(call.body, redactor),
            received_at=self._clock.now(),
        )


def _marked(operation: Operation, answer: Answer) -> Answer:
    """Tell a client of an address that Infor has withdrawn which one to use."""
    if not operation.fact.successor:
        return answer
    text = f"by Infor; use {operation.fact.successor}"
    return replace(answer, headers={**answer.headers, "X-Ionport-Withdrawn": text})


def _path(request: Request) -> str:
    path: str = request.scope["path"]
    return path.removeprefix(request.scope["root_path"])


async def _read(request: Request, limit: int) -> tuple[bytes, TooLarge | None]:
    """Read the body; one over the limit is not read when it is announced, else dropped there."""

    def too_large() -> TooLarge:
        text = f"The request body is too large: at most {limit} bytes are accepted."
        return TooLarge(text, code="body_too_large")

    if announces_more(request.headers.get("content-length", ""), limit):
        return b"", too_large()
    try:
        return await read_body(request.receive, limit, too_large), None
    except TooLarge as error:
        return b"", error


def _refusal(operation: Operation, error: IonportError) -> Operation:
    def refuse(call: Call) -> Step:
        raise error

    return replace(operation, handler=refuse)


def _not_imitated(method: str, allowed: Sequence[str]) -> MethodNotAllowed:
    """Infor's own address may take the method."""
    return MethodNotAllowed(
        f"The sandbox does not imitate {method} at this address, only {', '.join(allowed)}.",
        allowed=allowed,
        code="operation_not_imitated",
    )


def _absent(call: Call) -> Step:
    raise NotFound("The sandbox does not imitate this operation.", code="operation_not_imitated")


def _outcome(answer: Answer, duration_ms: int, fault: str, redactor: CallRedactor) -> Outcome:
    return Outcome(
        status=answer.status,
        response_sha256=digest_of(answer.body),
        response_size=len(answer.body),
        duration_ms=duration_ms,
        effects=answer.effects,
        fault=fault,
        response_type=answer.media_type or "",
        response_body=redactor.answer(answer.body),
    )
