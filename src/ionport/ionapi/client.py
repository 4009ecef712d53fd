"""The client of one tenant: everything reachable with one `.ionapi` file."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Self

from .addresses import AddressPolicy
from .calls import Answer, Call, Flow
from .datafabric.operations import AsyncDataFabric, DataFabric
from .driver import AsyncDriver, Driver
from .idm import AsyncIdm, Idm
from .ln import AsyncLn, Ln
from .m3 import M3, AsyncM3
from .messaging import AsyncMessaging, Messaging
from .tokens.auth import IonApiAuth
from .tokens.grants import ClientAuth, TokenSet
from .transport.pool import AsyncTransport, Timeouts, Transport, build_async_client, build_client

if TYPE_CHECKING:
    from .file.model import IonApiFile
    from .sending import SendPermit
    from .tokens.source import TokenStore
    from .transport.exchange import Exchange, Observer


class IonApiClient:
    """Calls Infor in the calling thread; may be shared by threads.

    `store` keeps tokens beyond the client's life, under `key` (default: the file's fingerprint).
    `timeout` is `Timeouts`, or the seconds each call may take in all. `on_exchange` receives the
    redacted record of every HTTP call, token requests included; it is called in the thread of
    the call and must not raise. A `counter` gets them as well, also those of clients that
    `observed_by` has made. A `transport` that is given brings its own policy and trusted
    authorities, may be shared, and is not closed with the client.

    Raises CredentialFileError when the file has errors; its operations raise IonApiError.
    """

    def __init__(
        self,
        file: IonApiFile,
        *,
        store: TokenStore | None = None,
        key: str | None = None,
        policy: AddressPolicy | None = None,
        timeout: Timeouts | float | None = None,
        client_auth: ClientAuth = ClientAuth.BASIC,
        scope: str | None = None,
        on_exchange: Observer | None = None,
        transport: Transport | None = None,
        counter: Observer | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.file = file
        self._counter = counter
        self._auth = IonApiAuth(
            file, store=store, key=key, client_auth=client_auth, scope=scope, clock=clock
        )
        self._owned = None if transport else Transport(policy)
        timeouts = Timeouts.of(timeout)
        self._http = build_client(timeout=timeouts, transport=transport or self._owned)
        self._timeouts = timeouts
        self._attach(on_exchange, None)

    def _attach(self, on_exchange: Observer | None, permit: SendPermit | None) -> None:
        self._on_exchange = on_exchange
        self._permit = permit
        observer = _both(self._counter, on_exchange)
        self._driver = Driver(self._http, self._auth, self._timeouts, observer, permit)
        self.idm = Idm(self.file, self._driver)
        self.messaging = Messaging(self.file, self._driver)
        self.m3 = M3(self.file, self._driver)
        self.ln = Ln(self.file, self._driver)
        self.datafabric = DataFabric(self.file, self._driver)

    def observed_by(self, on_exchange: Observer) -> IonApiClient:
        """The same client, connections and tokens, reporting to another observer."""
        return self._copied(on_exchange, self._permit)

    def guarded_by(self, permit: SendPermit) -> IonApiClient:
        """The same client, connections and tokens, asking `permit` before each authorised send.

        Its operations raise SendWindowClosed when the window of a send has passed, and whatever
        `permit` raises. `Timeouts.total` bounds each call as before. May be combined with
        `observed_by`, in either order. Token requests need no permit.
        """
        return self._copied(self._on_exchange, permit)

    def _copied(self, on_exchange: Observer | None, permit: SendPermit | None) -> IonApiClient:
        copied = object.__new__(IonApiClient)
        copied.__dict__.update(self.__dict__)
        copied._owned = None
        copied._attach(on_exchange, permit)
        return copied

    def token(self) -> TokenSet:
        """Tokens that can be used now, from the store or from Infor."""
        return self._driver.run(self._auth.tokens.get())

    def refresh(self, tokens: TokenSet) -> TokenSet:
        """New tokens for the refresh token of `tokens`, without signing on when it is refused."""
        return self._driver.run(self._auth.tokens.refresh(tokens))

    def revoke(self) -> None:
        """Revoke the tokens at Infor and forget them (RFC 7009)."""
        self._driver.run(self._auth.tokens.revoke())

    def request(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """Call any API of the tenant: `path` is what stands below `{iu}/{ti}`, from its suite on.

        `query` is sent as it is. Whatever the status, the answer is returned; raises the errors
        of connection, token and address.
        """
        url = f"{self.file.api_url}/{path.lstrip('/')}"
        call = Call(method, f"{url}?{query}" if query else url, dict(headers or {}), body)
        return self._driver.run(_sent(call))

    def close(self) -> None:
        """Close the connections, unless they are shared."""
        if self._owned is not None:
            self._owned.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _sent(call: Call) -> Flow[Answer]:
    answer: Answer = yield call
    return answer


def _both(first: Observer | None, second: Observer | None) -> Observer | None:
    """Return one observer that reports an exchange to both."""
    if first is None or second is None:
        return first or second

    def tell(exchange: Exchange) -> None:
        first(exchange)
        second(exchange)

    return tell


class AsyncIonApiClient:
    """`IonApiClient` for asyncio: the same parameters, operations are awaited.

    It has no `guarded_by`: what must not be sent late is sent from a thread.
    """

    def __init__(
        self,
        file: IonApiFile,
        *,
        store: TokenStore | None = None,
        key: str | None = None,
        policy: AddressPolicy | None = None,
        timeout: Timeouts | float | None = None,
        client_auth: ClientAuth = ClientAuth.BASIC,
        scope: str | None = None,
        on_exchange: Observer | None = None,
        transport: AsyncTransport | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.file = file
        self._auth = IonApiAuth(
            file, store=store, key=key, client_auth=client_auth, scope=scope, clock=clock
        )
        self._owned = None if transport else AsyncTransport(policy)
        timeouts = Timeouts.of(timeout)
        self._http = build_async_client(timeout=timeouts, transport=transport or self._owned)
        self._timeouts = timeouts
        self._attach(on_exchange)

    def _attach(self, on_exchange: Observer | None) -> None:
        self._driver = AsyncDriver(self._http, self._auth, self._timeouts, on_exchange)
        self.idm = AsyncIdm(self.file, self._driver)
        self.messaging = AsyncMessaging(self.file, self._driver)
        self.m3 = AsyncM3(self.file, self._driver)
        self.ln = AsyncLn(self.file, self._driver)
        self.datafabric = AsyncDataFabric(self.file, self._driver)

    def observed_by(self, on_exchange: Observer) -> AsyncIonApiClient:
        """The same client, connections and tokens, reporting to another observer."""
        copied = object.__new__(AsyncIonApiClient)
        copied.__dict__.update(self.__dict__)
        copied._owned = None
        copied._attach(on_exchange)
        return copied

    async def token(self) -> TokenSet:
        """Tokens that can be used now, from the store or from Infor."""
        return await self._driver.run(self._auth.tokens.get())

    async def refresh(self, tokens: TokenSet) -> TokenSet:
        """New tokens for the refresh token of `tokens`, without signing on when it is refused."""
        return await self._driver.run(self._auth.tokens.refresh(tokens))

    async def revoke(self) -> None:
        """Revoke the tokens at Infor and forget them (RFC 7009)."""
        await self._driver.run(self._auth.tokens.revoke())

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """See IonApiClient."""
        url = f"{self.file.api_url}/{path.lstrip('/')}"
        call = Call(method, f"{url}?{query}" if query else url, dict(headers or {}), body)
        return await self._driver.run(_sent(call))

    async def close(self) -> None:
        """Close the connections, unless they are shared."""
        if self._owned is not None:
            await self._owned.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
