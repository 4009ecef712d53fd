"""Records the calls that reach no imitated service: logins, refusals, calls to targets.

An imitated service records its own calls, in the transaction of what they do, and says so in the
`Recording` of the call. All others are recorded here when their answer ends, before its last bytes
go out: a client that has an answer finds its call. What was wrong stands in the answer, which is
kept; bodies of requests are not, because a login's holds secrets and an upload is passed on as it
comes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qsl, unquote

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ionport.core.clock import Clock
from ionport.core.errors import InvalidInput
from ionport.core.ids import new_id
from ionport.gateway.caller import REQUEST_ID_KEY
from ionport.identity.model import check_tenant_id
from ionport.identity.repository import TenantRepository
from ionport.sandbox.control.recorder.model import NO_ANSWER, CallFacts, Outcome, digest_of
from ionport.sandbox.control.recorder.redaction import MAX_KEPT_ANSWER_BYTES, CallRedactor
from ionport.sandbox.control.recorder.service import RecorderService
from ionport.store import DATABASE_AWAY, Database, TenantScope

_logger = logging.getLogger(__name__)
_RECORDING_KEY: Final = "ionport.recording"
_WELL_KNOWN: Final = ".well-known"
_MAX_FORM: Final = 64_000
_CLIENT_ID: Final = re.compile(r"[!-~]{1,200}")

# Tells service and operation from the parts of a path below the tenant.
Naming = Callable[[list[str]], tuple[str, str]]


@dataclass(slots=True)
class Recording:
    """What is known of a call under way, shared by the apps that it passes.

    Attributes:
        redactor: knows the secrets that the request carries.
        is_recorded: the call has been written down.
        fault: what a fault rule did to it; empty: nothing.
    """

    redactor: CallRedactor
    is_recorded: bool = False
    fault: str = ""


def recording_of(scope: Scope) -> Recording:
    """Return the recording of a call; a new one where none is kept."""
    found = scope.get(_RECORDING_KEY)
    return found if isinstance(found, Recording) else Recording(CallRedactor())


class RecordedApp:
    """Records each call of an app of the Infor side."""

    def __init__(
        self,
        app: ASGIApp,
        naming: Naming,
        *,
        database: Database,
        recorder: RecorderService,
        clock: Clock,
    ) -> None:
        self._app = app
        self._naming = naming
        self._database = database
        self._recorder = recorder
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tenant, parts = _split(scope["path"])
        if scope["type"] != "http" or tenant is None:
            await self._app(scope, receive, send)
            return
        recording = Recording(CallRedactor(_secrets_of(scope)))
        # In place: the gateway takes the token out of the query string of this very scope.
        scope[_RECORDING_KEY] = recording
        scope.setdefault(REQUEST_ID_KEY, new_id("req"))
        facts = self._facts(scope, recording.redactor, self._naming(parts))
        seen = _Seen(receive, send)

        async def finish() -> None:
            if not recording.is_recorded:
                recording.is_recorded = True
                try:
                    await run_in_threadpool(
                        self._record, tenant, seen.completed(facts), seen, recording
                    )
                except DATABASE_AWAY:
                    # The client gets its answer all the same: what it asked for may be done.
                    _logger.exception("%s was not recorded", scope[REQUEST_ID_KEY])

        seen.finish = finish
        try:
            await self._app(scope, seen.receive, seen.send)
        except Exception as error:
            # The server answers 500 or cuts the connection; the reason is in the server's log.
            seen.crashed(error)
            await finish()
            raise
        await finish()
        await seen.send_start()

    def _facts(self, scope: Scope, redactor: CallRedactor, named: tuple[str, str]) -> CallFacts:
        pairs = [
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
        ]
        service, operation = named
        return CallFacts(
            request_id=scope[REQUEST_ID_KEY],
            client_id=_basic(dict(pairs)),
            service=service,
            operation=operation,
            method=scope["method"][:20],
            path=redactor.path(scope.get("raw_path") or scope["path"].encode()),
            query=redactor.query(scope["query_string"]),
            headers=redactor.headers(pairs),
            request_sha256=digest_of(b""),
            request_size=0,
            request_kept=False,
            received_at=self._clock.now(),
        )

    def _record(
        self, tenant: TenantScope, facts: CallFacts, seen: _Seen, recording: Recording
    ) -> None:
        with self._database.write() as work:
            # A path may name any tenant; only calls of known ones are kept.
            if TenantRepository(work.connection).find(tenant) is not None:
                self._recorder.record(work.within(tenant), facts, seen.outcome(recording))


class _Seen:
    """Collects what is recorded of a call's request and answer while they pass."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.finish: Callable[[], Awaitable[None]] | None = None
        self._started = time.perf_counter()
        self._form = bytearray()
        self._request_size = 0
        self._status = NO_ANSWER
        self._media_type = ""
        self._answer = bytearray()
        self._answer_size = 0
        self._digest = hashlib.sha256()
        self._start: Message | None = None

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            body = message.get("body", b"")
            self._request_size += len(body)
            if self._request_size <= _MAX_FORM:
                self._form += body
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            for name, value in message["headers"]:
                if name == b"content-type":
                    self._media_type = value.decode("latin-1")
            # A client may look at the recorder as soon as it has the head of its answer.
            self._start = message
            return
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            self._answer_size += len(body)
            self._digest.update(body)
            if self._answer_size <= MAX_KEPT_ANSWER_BYTES:
                self._answer += body
            if not message.get("more_body") and self.finish is not None:
                await self.finish()
        await self.send_start()
        await self._send(message)

    async def send_start(self) -> None:
        """Send the head of the answer if it waits: the body may have been cut before its start."""
        if self._start is not None:
            start, self._start = self._start, None
            await self._send(start)

    def crashed(self, error: Exception) -> None:
        """Note that no answer came, or a part of one; the kind of error is kept as its reason."""
        self._status = NO_ANSWER
        self._media_type = "text/plain"
        self._answer = bytearray(f"The server failed: {type(error).__name__}.", "utf-8")
        self._answer_size = len(self._answer)

    def completed(self, facts: CallFacts) -> CallFacts:
        """Return the facts with the size of the request's body, which is not kept."""
        client_id = facts.client_id
        if not client_id and "urlencoded" in facts.headers.get("content-type", ""):
            form = dict(parse_qsl(self._form.decode("latin-1")))
            client_id = _checked(form.get("client_id", ""))
        return replace(facts, client_id=client_id, request_size=self._request_size)

    def outcome(self, recording: Recording) -> Outcome:
        """Return the call's outcome."""
        return Outcome(
            status=self._status,
            response_sha256=self._digest.hexdigest(),
            response_size=self._answer_size,
            duration_ms=round((time.perf_counter() - self._started) * 1000),
            effects=(),
            fault=recording.fault,
            response_type=self._media_type,
            response_body=self._kept_answer(recording.redactor),
        )

    def _kept_answer(self, redactor: CallRedactor) -> bytes | None:
        body = bytes(self._answer)
        if self._answer_size > MAX_KEPT_ANSWER_BYTES or not body:
            return None
        if self._status >= 400:
            # A refusal says what was wrong, and names fields such as client_secret for that.
            return None if redactor.holds_secret(body.decode("latin-1")) else body
        return redactor.answer(body)


def _split(path: str) -> tuple[TenantScope | None, list[str]]:
    """Return the tenant that a path names, if it can be one, and the parts below it.

    RFC 8414 §3.1 puts `.well-known` and the document's name before the tenant.
    """
    parts = path.split("/")[1:]
    if parts[:1] == [_WELL_KNOWN]:
        parts = [*parts[2:], *parts[:2]]
    try:
        return TenantScope(check_tenant_id(parts[0].upper() if parts else "")), parts[1:]
    except InvalidInput:
        return None, []


def _secrets_of(scope: Scope) -> Iterator[str]:
    """The secrets that a request proves itself with: in its headers, or in its query."""
    for name, value in scope["headers"]:
        if name in (b"authorization", b"proxy-authorization"):
            _scheme, _space, text = value.decode("latin-1").strip().partition(" ")
            yield text.strip()
            yield _decoded(text)[1]
    for name_, text in parse_qsl(scope["query_string"].decode("latin-1")):
        if name_ in ("access_token", "client_secret", "refresh_token", "token", "assertion"):
            yield text


def _basic(headers: Mapping[str, str]) -> str:
    scheme, _space, text = headers.get("authorization", "").strip().partition(" ")
    return _checked(_decoded(text)[0]) if scheme.lower() == "basic" else ""


def _decoded(text: str) -> tuple[str, str]:
    """Return client id and secret of Basic authentication (RFC 6749 §2.3.1); empty if none."""
    try:
        name, _colon, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return unquote(name), unquote(secret)


def _checked(client_id: str) -> str:
    is_plain = _CLIENT_ID.fullmatch(client_id) and not CallRedactor().holds_secret(client_id)
    return client_id if is_plain else ""
