from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from ionport.core.errors import TooLarge
from ionport.core.http.bodies import announces_more, bounded, read_body


def too_large() -> TooLarge:
    return TooLarge("too large")


def sending(*chunks: bytes, then: Message | None = None) -> Receive:
    """Return what a server hands an app: the chunks, the last one without `more_body`."""

    def messages() -> Iterator[Message]:
        for number, chunk in enumerate(chunks, 1):
            more = then is not None or number < len(chunks)
            yield {"type": "http.request", "body": chunk, "more_body": more}
        if then is not None:
            yield then

    waiting = messages()

    async def receive() -> Message:
        return next(waiting)

    return receive


@pytest.mark.parametrize(
    ("content_length", "is_more"),
    [("10", False), ("11", True), (b"11", True), ("9" * 5000, True), ("", False), ("-1", False)],
)
def test_a_length_is_compared_with_the_limit_before_a_byte_is_read(
    content_length: str | bytes, is_more: bool
) -> None:
    assert announces_more(content_length, 10) is is_more


def test_a_body_as_long_as_the_limit_is_read_whole() -> None:
    body = asyncio.run(read_body(sending(b"12345", b"67890"), 10, too_large))
    assert body == b"1234567890"


def test_a_longer_body_is_refused_while_it_comes() -> None:
    rest = sending(b"12345", b"678901", b"never read")
    with pytest.raises(TooLarge):
        asyncio.run(read_body(rest, 10, too_large))
    assert asyncio.run(_next(rest))["body"] == b"never read"


def test_a_client_that_goes_away_is_no_whole_body() -> None:
    receive = sending(b"12345", then={"type": "http.disconnect"})
    with pytest.raises(ClientDisconnect):
        asyncio.run(read_body(receive, 10, too_large))


def test_a_body_passed_on_ends_at_the_limit() -> None:
    receive = bounded(sending(b"1234567890", b"1"), 10, too_large)
    assert asyncio.run(_next(receive))["body"] == b"1234567890"
    with pytest.raises(TooLarge):
        asyncio.run(_next(receive))


async def _next(receive: Receive) -> Message:
    return await receive()
