"""Puts bearer tokens on calls: one re-login when the gateway refuses a token."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import AsyncGenerator, Callable, Generator
from typing import TYPE_CHECKING, Any

import httpx2

from ..addresses import split_base_url
from ..calls import Answer, Blocking, Call, Flow, Running, Wait
from ..errors import AddressRefused
from ..transport.intake import EXTENSION, Options
from ..transport.redaction import Redactor
from .grants import ClientAuth, Grants
from .source import MemoryTokenStore, TokenSource, TokenStore

if TYPE_CHECKING:
    from types import ModuleType

    from ..file.model import IonApiFile

# As long as one token request may take by default. A caller that waited so long asks by itself: the
# other thread may be blocked by code that is not ours.
LONGEST_WAIT = 30.0


class IonApiAuth(httpx2.Auth):
    """Authentication for httpx2 clients: `httpx2.Client(auth=IonApiAuth(file))`.

    Asks for tokens, keeps them in `store`, renews them before they expire, and repeats a request
    once with a fresh token when the gateway answers 401. Token requests go through the client
    that uses this object. Tokens go to the gateway of the file (`iu`) and nowhere else:
    AddressRefused is raised for other hosts. For httpx, which wants its own base class, make the
    object with `IonApiAuth.for_module(httpx)(file)`.

    Raises CredentialFileError when the file has errors. Source: docs/reference/oauth.md#requests,
    docs/reference/gateway.md#addresses.
    """

    def __init__(
        self,
        file: IonApiFile,
        *,
        store: TokenStore | None = None,
        key: str | None = None,
        client_auth: ClientAuth = ClientAuth.BASIC,
        scope: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        file.require_valid()
        self.grants = Grants(file, client_auth, scope)
        self.tokens = TokenSource(
            self.grants,
            MemoryTokenStore() if store is None else store,
            key=key or file.fingerprint,
            clock=clock,
        )
        self._gateway = _origin(file.iu)
        self.redactor = Redactor.for_file(file)

    @staticmethod
    def for_module(module: ModuleType) -> type[IonApiAuth]:
        """The class on the `Auth` base of another httpx, such as the module `httpx`."""
        return type("IonApiAuth", (IonApiAuth, module.Auth), {})

    def authorized(self, call: Call) -> Flow[Answer]:
        """Send `call` with a token; after a 401 once more with a fresh one."""
        if _origin(call.url.partition("?")[0]) != self._gateway:
            raise AddressRefused(
                "The access token is for the gateway of the ION API file and goes nowhere else.",
                code="not_the_gateway",
            )
        tokens = yield from self.tokens.get()
        answer: Answer = yield call.bearing(tokens.access_token)
        if answer.status == 401:
            tokens = yield from self.tokens.get(stale=tokens.access_token)
            answer = yield call.bearing(tokens.access_token)
        return answer

    def sync_auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        """The hook of clients in threads."""
        request.read()  # a body that is a stream could not be sent again after a 401
        running = Running(self.authorized(_call(request)))
        try:
            while (effect := running.effect) is not None:
                if isinstance(effect, Call):
                    response = yield _request(effect, request)
                    if effect.login:
                        response.read()
                    running.send(self._answer(effect, response))
                else:
                    perform(running, effect)
        finally:
            running.close()

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """The hook of asyncio clients."""
        await request.aread()
        running = Running(self.authorized(_call(request)))
        try:
            while (effect := running.effect) is not None:
                if isinstance(effect, Call):
                    response = yield _request(effect, request)
                    if effect.login:
                        await response.aread()
                    running.send(self._answer(effect, response))
                else:
                    await perform_async(running, effect)
        finally:
            running.close()

    def _answer(self, call: Call, response: httpx2.Response) -> Answer:
        """Of an API call the status is enough: its body belongs to the caller."""
        credential = call.headers.get("Authorization")
        form = call.body if isinstance(call.body, bytes) else b""
        return Answer(
            response.status_code,
            {name.lower(): value for name, value in response.headers.items()},
            response.content if call.login else b"",
            redact=self.redactor.knowing(credential, form).text,
            login=call.login,
        )


def perform(running: Running[Any], effect: Blocking | Wait) -> None:
    """Perform a flow's effect in a thread, and send it the outcome."""
    try:
        if isinstance(effect, Blocking):
            result = effect.run()
        else:
            result = effect.future.result(LONGEST_WAIT)
    except Exception as error:  # noqa: BLE001 the flow decides what it means
        running.throw(error)
    else:
        running.send(result)


async def perform_async(running: Running[Any], effect: Blocking | Wait) -> None:
    """`perform` for an asyncio task: does not block the event loop."""
    try:
        if isinstance(effect, Blocking):
            result = await asyncio.to_thread(effect.run)
        else:
            result = await asyncio.wait_for(asyncio.wrap_future(effect.future), LONGEST_WAIT)
    except Exception as error:  # noqa: BLE001 the flow decides what it means
        running.throw(error)
    else:
        running.send(result)


def _call(request: httpx2.Request) -> Call:
    return Call(request.method, str(request.url))


def _request(call: Call, original: httpx2.Request) -> httpx2.Request:
    """The call as a request of the same library and with the same time-outs as `original`."""
    if not call.login:
        original.headers["Authorization"] = call.headers["Authorization"]
        return original
    return type(original)(
        call.method,
        call.url,
        headers=dict(call.headers),
        content=call.body,
        extensions={**original.extensions, EXTENSION: Options(limit=call.limit, login=True)},
    )


@functools.lru_cache(1024)
def _origin(url: str) -> tuple[str, str | None, int] | None:
    """Scheme, host and port of a URL without query; None where they could be read in two ways."""
    try:
        parts = split_base_url(url)
    except ValueError:
        return None
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
