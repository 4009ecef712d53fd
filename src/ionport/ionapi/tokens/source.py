"""Where tokens are kept and how they are renewed, without I/O."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from ..answers.faults import token_error
from ..calls import Answer, Blocking, Flow, Wait
from ..errors import InvalidClient, TokenError
from ..wording import worded
from .grants import Grants, TokenSet

if TYPE_CHECKING:
    from ..secrets import Secret

# As long as one token request may take by default: another process is not waited for longer.
LONGEST_RENEWAL: Final = 30.0
# A token that expires before it reaches the gateway costs a round trip; clocks differ a little,
# too.
SKEW = 60.0


class TokenStore(Protocol):
    """Port: keeps the tokens of credentials. Called from any thread; may block.

    `key` is `IonApiFile.fingerprint` unless a client was given another one.
    """

    def load(self, key: str) -> TokenSet | None:
        """The tokens saved last under `key`, expired ones included."""
        ...

    def save(self, key: str, tokens: TokenSet) -> None:
        """Keep `tokens` in place of what was there."""
        ...

    def delete(self, key: str) -> None:
        """Forget what was kept; unknown keys are no error."""
        ...


class TokenRenewal(Protocol):
    """Port: the right to ask for new tokens of one key, held by one process at a time."""

    def acquire(self) -> None:
        """Wait for the right, 30 seconds at most; after that the caller goes on without it.

        May block. After `release`, in whatever order the two come, nothing is held.
        """
        ...

    def begin_request(self) -> None:
        """Count the token request that follows. Raises TokenError when there were too many."""
        ...

    def asked_to_wait(self, seconds: float) -> None:
        """Note that Infor has asked to send no token request for so long."""
        ...

    def release(self) -> None:
        """Give the right up; never raises."""
        ...


@runtime_checkable
class SharedTokenStore(TokenStore, Protocol):
    """Port: a store that several processes use, of which one at a time renews a key."""

    def renewal(self, key: str) -> TokenRenewal:
        """Return the right to renew `key`, not acquired yet."""
        ...


class MemoryTokenStore:
    """Keeps tokens until the process ends."""

    def __init__(self) -> None:
        self._tokens: dict[str, TokenSet] = {}

    def load(self, key: str) -> TokenSet | None:
        """See TokenStore."""
        return self._tokens.get(key)

    def save(self, key: str, tokens: TokenSet) -> None:
        """See TokenStore."""
        self._tokens[key] = tokens

    def delete(self, key: str) -> None:
        """See TokenStore."""
        self._tokens.pop(key, None)


class Abandoned(Exception):
    """The renewal that others waited for was stopped before its outcome was known."""


class TokenSource:
    """The one place that decides whether to use, refresh or ask anew.

    All sources of a process that share a key share one token request: however many threads and
    tasks need a token at the same time, one of them asks and the others take its outcome. Infor
    counts sign-ons (20 a minute, 1,000 a day) and tokens (100 a day for each client;
    docs/reference/gateway.md#limits). A request that has not ended after 30 seconds
    (`auth.LONGEST_WAIT`) is given up by those who wait for it: the first of them starts a new one,
    which the others join. Processes share a request likewise where the store is a SharedTokenStore.
    """

    def __init__(
        self,
        grants: Grants,
        store: TokenStore,
        *,
        key: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._grants = grants
        self._store = store
        self._key = key
        self._clock = clock
        self._held: TokenSet | None = None
        self._margin = SKEW

    def get(self, stale: Secret | None = None) -> Flow[TokenSet]:
        """Tokens that can be used now. `stale` is an access token that was just refused."""
        while True:
            if self._held is not None and self._usable(self._held, stale):
                return self._held
            request, begins_it = _REQUESTS.join(self._key)
            if begins_it:
                return (yield from self._ask_for_all(request, stale))
            try:
                tokens: TokenSet = yield Wait(request)
            except Abandoned:
                continue
            except TimeoutError:
                _REQUESTS.end(self._key, request)
                continue
            # A request that began before the token was refused may bring the refused one.
            if tokens.access_token != stale:
                self._held = tokens
                return tokens

    def revoke(self) -> Flow[None]:
        """Revoke what is kept, at Infor and here. Revoking a refresh token ends its grant."""
        kept: TokenSet | None = yield Blocking(lambda: self._store.load(self._key))
        if kept is not None:
            if kept.refresh_token is not None:
                call = self._grants.revoke(kept.refresh_token, "refresh_token")
            else:
                call = self._grants.revoke(kept.access_token, "access_token")
            answer: Answer = yield call
            if not answer.ok:
                raise token_error(answer, self._grants.file)
            yield Blocking(lambda: self._store.delete(self._key))
        self._held = None

    def _ask_for_all(self, request: Future[TokenSet], stale: Secret | None) -> Flow[TokenSet]:
        try:
            tokens = yield from self._kept_or_new(stale)
        except BaseException as error:
            _REQUESTS.end(self._key, request)
            request.set_exception(error if isinstance(error, Exception) else Abandoned())
            raise
        self._held = tokens
        _REQUESTS.end(self._key, request)
        request.set_result(tokens)
        return tokens

    def _kept_or_new(self, stale: Secret | None) -> Flow[TokenSet]:
        if isinstance(self._store, SharedTokenStore):
            kept: TokenSet | None = yield Blocking(lambda: self._store.load(self._key))
            if kept is not None and self._usable(kept, stale):
                return kept
            renewal = self._store.renewal(self._key)
            try:
                yield Blocking(renewal.acquire)
                # The process that had the right before has probably stored a new token.
                return (yield from self._stored(stale, renewal))
            finally:
                renewal.release()
        return (yield from self._stored(stale, None))

    def _stored(self, stale: Secret | None, renewal: TokenRenewal | None) -> Flow[TokenSet]:
        kept: TokenSet | None = yield Blocking(lambda: self._store.load(self._key))
        if kept is not None and self._usable(kept, stale):
            return kept
        try:
            tokens = yield from self._renew(kept, renewal)
        except TokenError as error:
            if renewal is not None and error.retry_after is not None:
                wait = error.retry_after
                yield Blocking(lambda: renewal.asked_to_wait(wait))
            raise
        yield Blocking(lambda: self._store.save(self._key, tokens))
        return tokens

    def refresh(self, tokens: TokenSet) -> Flow[TokenSet]:
        """Use the refresh token of `tokens` and store the new ones. Raises TokenError."""
        refreshed = yield from self._refresh(tokens)
        yield Blocking(lambda: self._store.save(self._key, refreshed))
        self._held = refreshed
        return refreshed

    def _renew(self, kept: TokenSet | None, renewal: TokenRenewal | None) -> Flow[TokenSet]:
        try:
            if kept is not None and kept.refresh_token is not None:
                try:
                    if renewal is not None:
                        yield Blocking(renewal.begin_request)
                    return (yield from self._refresh(kept))
                except TokenError as error:
                    if not _sign_on_helps(error):
                        raise
            if renewal is not None:
                yield Blocking(renewal.begin_request)
            answer: Answer = yield self._grants.login()
            return self._taken(answer)
        except TokenError as error:
            if kept is not None and not error.transient:
                yield Blocking(lambda: self._store.delete(self._key))
            raise

    def _refresh(self, tokens: TokenSet) -> Flow[TokenSet]:
        if tokens.refresh_token is None:
            raise TokenError(worded("There is no refresh token."), code="no_refresh_token")
        answer: Answer = yield self._grants.refresh(tokens.refresh_token)
        return self._taken(answer, previous=tokens)

    def _taken(self, answer: Answer, previous: TokenSet | None = None) -> TokenSet:
        now = self._clock()
        tokens = self._grants.tokens(answer, now=now, previous=previous)
        # A token that is valid for less than the margin would be renewed on every call.
        self._margin = min(SKEW, (tokens.expires_at - now) / 2)
        return tokens

    def _usable(self, tokens: TokenSet, stale: Secret | None) -> bool:
        if stale is not None and tokens.access_token == stale:
            return False
        return tokens.expires_at - self._clock() > self._margin


def _sign_on_helps(error: TokenError) -> bool:
    """True for an ended refresh token, False for a wrong client secret or a stopped server."""
    return not error.transient and not isinstance(error, InvalidClient)


class _SharedRequests:
    """The token requests under way in this process, by key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, Future[TokenSet]] = {}

    def join(self, key: str) -> tuple[Future[TokenSet], bool]:
        """Return the request of `key`, and whether the caller begins it and must end it."""
        with self._lock:
            request = self._running.get(key)
            if request is not None:
                return request, False
            request = self._running[key] = Future()
            # A waiting asyncio task that is cancelled must not cancel it for the others.
            request.set_running_or_notify_cancel()
            return request, True

    def end(self, key: str, request: Future[TokenSet]) -> None:
        """Let the next caller begin a new request, unless another one has taken its place."""
        with self._lock:
            if self._running.get(key) is request:
                del self._running[key]


_REQUESTS = _SharedRequests()
