"""Applies fault rules to calls, also to those of the authorization server."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ionport.core.ids import new_id
from ionport.gateway.caller import REQUEST_ID_KEY
from ionport.sandbox.control.controls.effect import NOTHING, FaultEffect, effect_of, respond
from ionport.sandbox.control.controls.faults import AUTHORIZATION_SERVER, CalledAs
from ionport.sandbox.control.plane import ControlPlane
from ionport.sandbox.control.recorder.wire import recording_of
from ionport.sandbox.kit.operations import Answer
from ionport.store import Database, TenantScope


@dataclass(frozen=True, slots=True)
class FaultGate:
    """Finds the effect of fault rules on a call, and counts the call in those rules."""

    database: Database
    control: ControlPlane

    async def effect(self, scope: TenantScope, called_as: CalledAs) -> FaultEffect:
        """Return the effect on a call; without rules the database is not read."""
        rules = self.control.controls.faults(scope.tenant_id)
        matching = [rule for rule in rules if rule.draft.target.matches(called_as)]

        def count() -> FaultEffect:
            with self.database.write() as work:
                return effect_of(self.control.faults.apply(work.within(scope), matching))

        return await run_in_threadpool(count) if matching else NOTHING


class FaultyServer:
    """The authorization server as a service that rules can name.

    An operation is the last part of an address: `token.oauth2`.
    """

    def __init__(self, app: ASGIApp, gate: FaultGate) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        _root, tenant_id, *rest = scope["path"].split("/")
        path = "/" + "/".join(rest)
        operation = rest[-1].lower() if rest else ""
        called_as = CalledAs(AUTHORIZATION_SERVER, operation, scope["method"], path)
        effect = await self._gate.effect(TenantScope(tenant_id.upper()), called_as)
        if effect is NOTHING:
            await self._app(scope, receive, send)
            return
        recording_of(scope).fault = effect.fault
        await asyncio.sleep(effect.wait_seconds)
        answer = await _answer_of(self._app, scope, receive) if effect.is_done else Answer()
        request_id = scope.get(REQUEST_ID_KEY) or new_id("req")
        await respond(effect, effect.changed(request_id, answer), scope, receive, send)


async def _answer_of(app: ASGIApp, scope: Scope, receive: Receive) -> Answer:
    """Let an app answer, and return its answer as a value."""
    answer = Answer()

    async def keep(message: Message) -> None:
        nonlocal answer
        if message["type"] == "http.response.start":
            headers = Headers(raw=message["headers"])
            kept = {name: headers[name] for name in headers if name != "content-length"}
            answer = replace(answer, status=message["status"], headers=kept)
        elif message["type"] == "http.response.body":
            answer = replace(answer, body=answer.body + message.get("body", b""))

    await app(scope, receive, keep)
    return answer
