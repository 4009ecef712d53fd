"""Requests of client methods as values: the methods themselves perform no I/O.

A client method is a generator (a *flow*) that yields effects and is sent their results:
a `Call` gives an `Answer`, `Blocking` the result of its function, `Wait` that of its future.
Drivers perform the effects, one for threads and one for asyncio (`driver.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast

from .errors import AnswerRefused
from .wording import worded

if TYPE_CHECKING:
    from concurrent.futures import Future

    from .secrets import Secret

T = TypeVar("T")

MIB = 1024 * 1024
DEFAULT_LIMIT = 8 * MIB
EXCERPT = 500


class Body(Protocol):
    """A request's body: `size` bytes, the same ones each time it is gone through."""

    @property
    def size(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request. `limit` caps the answer's body in bytes after decompression.

    `authorized` calls get a bearer token on their way and `bears_token` once they have it.
    `login` marks a request for a token: its failure says that the call which waits for the token
    was not sent. `shown` replaces the body in records, where the body itself is too large or not
    readable. A body made while it is sent is a `Body` (`transport.bodies`). `sink` takes the
    answer's body piece by piece where its status is 2xx: the `Answer` has its beginning alone then.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | Body = field(default=b"", repr=False)
    authorized: bool = True
    bears_token: bool = False
    login: bool = False
    limit: int = DEFAULT_LIMIT
    shown: bytes | None = field(default=None, repr=False)
    sink: Callable[[bytes], object] | None = field(default=None, repr=False)

    def bearing(self, token: Secret) -> Call:
        """The call with its token, ready to be sent."""
        headers = {**self.headers, "Authorization": f"Bearer {token.reveal()}"}
        return replace(self, headers=headers, authorized=False, bears_token=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, read to its end. Header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes = field(default=b"", repr=False)
    redact: Callable[[str], str] = field(default=str, repr=False)
    login: bool = False

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_html(self) -> bool:
        """Whether a page for people came where data was expected."""
        if self.media_type in {"text/html", "application/xhtml+xml"}:
            return True
        head = self.content[:200].lstrip().lower()
        return head.startswith((b"<!doctype html", b"<html"))

    def json(self) -> Any:
        """The body as JSON. Raises AnswerRefused (html, not_json)."""
        if self.is_html:
            text = worded("The server answered with an HTML page instead of data.")
            raise self.refused("html", text)
        try:
            return json.loads(self.content.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            text = worded("The server's answer is not valid JSON.")
            raise self.refused("not_json", text) from None

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object. Raises AnswerRefused (html, not_json, bad_shape)."""
        data = self.json()
        if not isinstance(data, dict):
            text = worded("The server's answer does not have the expected form.")
            raise self.refused("bad_shape", text)
        return data

    def refused(self, code: str, text: str, *, remedy: str = "") -> AnswerRefused:
        """The error for an answer that is not taken."""
        return AnswerRefused(
            worded("{text} (HTTP status {status})", text=text, status=self.status),
            code=code,
            status=self.status,
            remedy=remedy or _REMEDIES.get(code, ""),
            detail=self.excerpt(),
            sent=not self.login,
        )

    def excerpt(self) -> str:
        """The beginning of the body without secrets, for the private part of an error."""
        # Redacted before it is cut: half a secret would not be recognised.
        head = self.content[: EXCERPT * 20].decode("utf-8", "replace")
        return self.redact(head)[:EXCERPT]


_REMEDIES = {
    "html": worded(
        "The address belongs to a page for people, a sign-in page or a proxy. Check that the "
        "ION API file is the unchanged download of Infor and that no proxy stands in between."
    ),
    "not_json": worded("Try again; if it stays, the address does not belong to Infor's gateway."),
}


@dataclass(frozen=True, slots=True)
class Blocking:
    """A function that may block, such as a look into a database."""

    run: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Wait:
    """The result of something another thread or task is doing already."""

    future: Future[Any]


Effect = Call | Blocking | Wait
Flow = Generator[Effect, Any, T]


class Running(Generic[T]):
    """A flow under way. `effect` is what it waits for, None once it has ended with `result`."""

    def __init__(self, flow: Flow[T]) -> None:
        self.effect: Effect | None = None
        self._flow = flow
        self._result: T | None = None
        self._step(next, flow)

    @property
    def result(self) -> T:
        """What the flow returned."""
        return cast("T", self._result)

    def send(self, value: Any) -> None:
        """Give the flow the result of its effect."""
        self._step(self._flow.send, value)

    def throw(self, error: Exception) -> None:
        """Raise inside the flow what performing its effect raised."""
        self._step(self._flow.throw, error)

    def close(self) -> None:
        """Stop the flow where it stands."""
        self._flow.close()

    def _step(self, resume: Callable[..., Any], argument: Any) -> None:
        try:
            self.effect = resume(argument)
        except StopIteration as end:
            self.effect = None
            self._result = end.value
