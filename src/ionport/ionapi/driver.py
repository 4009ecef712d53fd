"""Runs the flows of the typed clients: one driver for threads, one for asyncio."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from .calls import Answer, Call, Flow, Running
from .tokens.auth import IonApiAuth, perform, perform_async
from .transport.intake import EXTENSION, Options
from .transport.pool import Timeouts
from .transport.redaction import Redactor

if TYPE_CHECKING:
    import httpx2

    from .file.model import IonApiFile
    from .sending import SendPermit, SendWindow
    from .transport.exchange import Observer

P = ParamSpec("P")
T = TypeVar("T")


class _Sending:
    """What both drivers share: the credential, the bounds, and the observers."""

    def __init__(self, auth: IonApiAuth, timeouts: Timeouts, observer: Observer | None) -> None:
        self.auth = auth
        self.timeouts = timeouts
        self._observer = observer

    def request(self, client: httpx2.Client | httpx2.AsyncClient, call: Call) -> httpx2.Request:
        """The call as a request, with its bounds."""
        headers, content = dict(call.headers), call.body
        if not isinstance(content, bytes):
            # The transport takes the body from the options, piece by piece.
            headers["Content-Length"], content = str(content.size), b""
        return client.build_request(
            call.method,
            call.url,
            headers=headers,
            content=content,
            extensions={EXTENSION: self.options(call)},
        )

    def options(self, call: Call, window: SendWindow | None = None) -> Options:
        """How the call is to be sent."""
        return Options(
            limit=call.limit,
            total=self.timeouts.login if call.login else self.timeouts.total,
            login=call.login,
            shown=call.shown,
            redactor=self.auth.redactor,
            observer=self._observer,
            window=window,
            body=None if isinstance(call.body, bytes) else call.body,
            sink=call.sink,
        )


class _Withheld(Exception):
    """Carries an exception of a permit past the flows, which could handle it as an answer's."""

    def __init__(self, refusal: Exception) -> None:
        super().__init__()
        self.refusal = refusal


class Driver:
    """Performs effects in the calling thread. Any number of threads may share one.

    `permit` is asked immediately before every request that bears an access token.
    """

    def __init__(
        self,
        client: httpx2.Client,
        auth: IonApiAuth,
        timeouts: Timeouts,
        observer: Observer | None = None,
        permit: SendPermit | None = None,
    ) -> None:
        self._client = client
        self._sending = _Sending(auth, timeouts, observer)
        self._permit = permit

    def run(self, flow: Flow[T]) -> T:
        """Run a flow to its end. What the permit raises comes out unchanged."""
        try:
            return self._run(flow)
        except _Withheld as withheld:
            refusal = withheld.refusal
        raise refusal

    def _run(self, flow: Flow[T]) -> T:
        running = Running(flow)
        try:
            while (effect := running.effect) is not None:
                if isinstance(effect, Call):
                    self._call(running, effect)
                else:
                    perform(running, effect)
        finally:
            running.close()
        return running.result

    def _call(self, running: Running[Any], call: Call) -> None:
        try:
            if call.authorized:
                answer = self._run(self._sending.auth.authorized(call))
            else:
                request = self._sending.request(self._client, call)
                if call.bears_token and self._permit is not None:
                    window = self._window(self._permit)
                    request.extensions[EXTENSION] = self._sending.options(call, window)
                answer = _answer(call, self._client.send(request, auth=None))
        except _Withheld:
            raise
        except Exception as error:  # noqa: BLE001 the flow decides what it means
            running.throw(error)
        else:
            running.send(answer)

    @staticmethod
    def _window(permit: SendPermit) -> SendWindow:
        try:
            return permit()
        except Exception as error:
            raise _Withheld(error) from error


class AsyncDriver:
    """Performs effects in the running asyncio task."""

    def __init__(
        self,
        client: httpx2.AsyncClient,
        auth: IonApiAuth,
        timeouts: Timeouts,
        observer: Observer | None = None,
    ) -> None:
        self._client = client
        self._sending = _Sending(auth, timeouts, observer)

    async def run(self, flow: Flow[T]) -> T:
        """Run a flow to its end."""
        running = Running(flow)
        try:
            while (effect := running.effect) is not None:
                if isinstance(effect, Call):
                    await self._call(running, effect)
                else:
                    await perform_async(running, effect)
        finally:
            running.close()
        return running.result

    async def _call(self, running: Running[Any], call: Call) -> None:
        try:
            if call.authorized:
                answer = await self.run(self._sending.auth.authorized(call))
            else:
                request = self._sending.request(self._client, call)
                answer = _answer(call, await self._client.send(request, auth=None))
        except Exception as error:  # noqa: BLE001 the flow decides what it means
            running.throw(error)
        else:
            running.send(answer)


def _answer(call: Call, response: httpx2.Response) -> Answer:
    redactor: Redactor = response.extensions[EXTENSION]
    return Answer(
        response.status_code,
        {name.lower(): value for name, value in response.headers.items()},
        response.content,
        redact=redactor.text,
        login=call.login,
    )


class Service:
    """Base of the typed clients: knows the file, whose gateway and tenant make the addresses."""

    def __init__(self, file: IonApiFile) -> None:
        self._file = file


class SyncService(Service):
    """Operations return their result."""

    def __init__(self, file: IonApiFile, driver: Driver) -> None:
        super().__init__(file)
        self._driver = driver


class AsyncService(Service):
    """Operations return an awaitable of their result."""

    def __init__(self, file: IonApiFile, driver: AsyncDriver) -> None:
        super().__init__(file)
        self._driver = driver


class operation(Generic[P, T]):  # noqa: N801 used as a decorator
    """Makes a flow of a service callable: at once on a SyncService, awaitable on an AsyncService.

    This is what lets each operation be written once and keep its types for both.
    """

    def __init__(self, flow: Callable[Concatenate[Any, P], Flow[T]]) -> None:
        self._flow = flow
        functools.update_wrapper(self, flow)  # type: ignore[arg-type]

    @overload
    def __get__(self, service: None, owner: type) -> operation[P, T]: ...
    @overload
    def __get__(self, service: SyncService, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(
        self, service: AsyncService, owner: type
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...

    def __get__(self, service: SyncService | AsyncService | None, owner: type) -> Any:
        if service is None:
            return self

        @functools.wraps(self._flow)
        def call(*args: P.args, **kwargs: P.kwargs) -> Any:
            return service._driver.run(self._flow(service, *args, **kwargs))  # noqa: SLF001

        return call
