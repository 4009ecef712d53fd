"""Files go out and come in piece by piece; what goes wrong with one is told in time."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from pathlib import Path

import pytest

from ionport.ionapi import (
    AnswerRefused,
    AsyncIonApiClient,
    IonApiClient,
    IonApiFile,
    ItemDraft,
    RequestRefused,
    ServiceError,
)
from ionport.ionapi.transport.bodies import FileInBase64, Joined
from tests.unit.ionapi.loopback import Loopback, Reply, SmallInfor

CONTENT = bytes(range(256)) * 1000 + b"x"


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large.pdf"
    path.write_bytes(CONTENT)
    return path


def _draft(path: Path) -> ItemDraft:
    return ItemDraft("Invoice", (("Note", "ä"),), (("a.pdf", path), ("b.txt", b"second")))


def _created(server: Loopback) -> list[bytes]:
    return [each.body for each in server.received if each.path.endswith("/items")]


@pytest.mark.parametrize("length", [0, 1, 2, 3, 48 * 1024 - 1, 48 * 1024, 48 * 1024 + 1, 200_000])
def test_a_file_is_the_same_base64_as_in_one_piece_each_time(tmp_path: Path, length: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(CONTENT[:1] * length)
    body = Joined([b"<", FileInBase64(path), b">"])
    whole = b"<" + base64.b64encode(CONTENT[:1] * length) + b">"
    for _ in range(2):
        pieces = list(body)
        assert b"".join(pieces) == whole
        assert max(map(len, pieces)) <= 64 * 1024
    assert body.size == len(whole)


def test_a_path_sends_the_bytes_that_its_content_would(
    server: Loopback, file: IonApiFile, large: Path
) -> None:
    """Also when the gateway refuses the first token, and the body goes out a second time."""
    with IonApiClient(file) as client:
        client.messaging.ping()
        server.answering.live.clear()  # type: ignore[attr-defined]
        client.idm.create_item(_draft(large))
        whole = ItemDraft("Invoice", (("Note", "ä"),), (("a.pdf", CONTENT), ("b.txt", b"second")))
        client.idm.create_item(whole)
    refused, streamed, in_one = _created(server)
    assert refused == streamed == in_one
    sent = json.loads(streamed)["item"]["resrs"]["res"]
    assert base64.b64decode(sent[0]["base64"]) == CONTENT


def test_asyncio_sends_and_takes_pieces_too(
    server: Loopback, infor: SmallInfor, file: IonApiFile, large: Path
) -> None:
    pieces: list[bytes] = []

    async def both() -> None:
        async with AsyncIonApiClient(file) as client:
            await client.idm.create_item(_draft(large))
            infor.idm_reply = Reply(200, CONTENT, (("Content-Type", "application/pdf"),))
            await client.idm.download_to("Invoice-1-0-LATEST", pieces.append)

    asyncio.run(both())
    assert json.loads(_created(server)[0])["item"]["resrs"]["res"][1]["name"] == "File2"
    assert b"".join(pieces) == CONTENT


def test_the_record_names_a_file_by_size_and_digest(file: IonApiFile, large: Path) -> None:
    seen: list[str] = []
    with IonApiClient(file, on_exchange=lambda each: seen.append(each.request_body)) as client:
        client.idm.create_item(_draft(large))
    assert f"[{len(CONTENT)} bytes, SHA-256 {hashlib.sha256(CONTENT).hexdigest()}]" in seen[-1]


@pytest.mark.parametrize("change", [b"", CONTENT + b"more", CONTENT[:-5]])
def test_a_file_that_changes_while_it_is_sent_makes_no_item(
    server: Loopback, infor: SmallInfor, file: IonApiFile, large: Path, change: bytes
) -> None:
    infor.before_token = lambda: large.write_bytes(change)
    with IonApiClient(file) as client, pytest.raises(RequestRefused, match="changed") as caught:
        client.idm.create_item(_draft(large))
    assert caught.value.sent is False
    assert infor.items == {}


def test_a_file_that_is_not_there_is_told_before_anything_is_sent(
    server: Loopback, file: IonApiFile, tmp_path: Path
) -> None:
    with IonApiClient(file) as client, pytest.raises(RequestRefused, match="cannot be read"):
        client.idm.create_item(_draft(tmp_path / "none"))
    assert server.received == []


@pytest.mark.parametrize(
    ("reply", "error", "taken"),
    [
        (Reply(404, b'{"error":"gone"}'), ServiceError, 0),
        (Reply.html(), AnswerRefused, 1),
        (Reply(200, b"x" * 101), AnswerRefused, 0),
    ],
    ids=["refusal", "page", "too large"],
)
def test_only_an_answer_of_success_reaches_the_sink(
    infor: SmallInfor, file: IonApiFile, reply: Reply, error: type[Exception], taken: int
) -> None:
    infor.idm_reply, pieces = reply, []
    with IonApiClient(file) as client, pytest.raises(error):
        client.idm.download_to("A-1-0-LATEST", pieces.append, limit=100)
    assert len(pieces) == taken
