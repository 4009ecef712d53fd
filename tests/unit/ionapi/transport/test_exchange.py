"""What is kept of an exchange is complete, bounded and free of secrets."""

from __future__ import annotations

import asyncio
import base64
import html
import json
import logging
import socket
import threading
import time
import traceback
from urllib.parse import quote

import pytest

from ionport.ionapi import (
    AsyncIonApiClient,
    BodMessage,
    ConnectionFailed,
    Exchange,
    IonApiClient,
    IonApiError,
    IonApiFile,
    Secret,
    Transport,
)
from ionport.ionapi.secrets import DOTS
from ionport.ionapi.transport.exchange import RECORD_LIMIT, shown_body
from ionport.ionapi.transport.pool import build_client
from ionport.ionapi.transport.redaction import Redactor
from tests.unit.ionapi.loopback import (
    TENANT,
    Loopback,
    Received,
    Reply,
    SmallInfor,
    closed_port,
    credentials,
)

CS, SAAK, SASK = "S" * 86, f"{TENANT}#{'K' * 86}", "P" * 86
BASIC = base64.b64encode(f"{TENANT}~{'c' * 43}:{CS}".encode()).decode()


def leaks(text: str) -> list[str]:
    """Which secrets of the test file, or tokens of SmallInfor, `text` contains in any form."""
    secrets = {"S" * 12, "K" * 12, "P" * 12, BASIC[40:], "access-0", "refresh-0", "eyJhbGci"}
    for secret in (CS, SAAK, SASK):
        secrets.add(base64.b64encode(secret.encode()).decode()[:60])
    return [secret for secret in secrets if secret in text]


def test_every_call_is_reported_token_requests_included(server: Loopback, file: IonApiFile) -> None:
    seen: list[Exchange] = []
    before = time.time()
    with IonApiClient(file, on_exchange=seen.append) as client:
        client.messaging.ping()
    login, ping = seen
    assert (login.login, ping.login) == (True, False)
    assert (login.method, login.url, login.status) == ("POST", file.token_url, 200)
    assert ping.url.endswith("/ping")
    assert (ping.status, ping.error, ping.request_size) == (200, None, 0)
    assert before <= login.started <= time.time()
    assert 0 < login.duration < 5
    assert dict(login.request_headers)["Authorization"] == "••••••••"
    assert login.request_body == ("grant_type=password&username=••••••••&password=••••••••")
    assert '"access_token": "••••••••"' in login.response_body
    assert '"expires_in": 7200' in login.response_body
    assert leaks(repr(seen)) == []


def test_asyncio_reports_the_same(server: Loopback, file: IonApiFile) -> None:
    seen: list[Exchange] = []

    async def scenario() -> None:
        async with AsyncIonApiClient(file, on_exchange=seen.append) as client:
            await client.messaging.ping()

    asyncio.run(scenario())
    assert [record.login for record in seen] == [True, False]
    assert leaks(repr(seen)) == []


def test_a_client_can_report_to_another_observer(server: Loopback, file: IonApiFile) -> None:
    first: list[Exchange] = []
    second: list[Exchange] = []
    with IonApiClient(file, on_exchange=first.append) as client:
        client.messaging.ping()
        with client.observed_by(second.append) as observed:
            observed.messaging.ping()
        client.messaging.ping()
    assert (len(first), len(second)) == (3, 1)

    async def scenario() -> None:
        async with AsyncIonApiClient(file, on_exchange=first.append) as aclient:
            observed = aclient.observed_by(second.append)
            await observed.messaging.ping()
            await observed.close()
            await aclient.messaging.ping()

    asyncio.run(scenario())
    assert (len(first), len(second)) == (4, 3)


def test_clients_may_share_a_transport(server: Loopback, file: IonApiFile) -> None:
    with Transport() as transport:
        for _ in range(2):
            with IonApiClient(file, transport=transport) as client:
                client.messaging.ping()
        with IonApiClient(file, transport=transport) as client:
            client.messaging.ping()
    pings = [each for each in server.received if each.method == "GET"]
    assert len(pings) == 3, "a client that is closed closes no transport of others"


def test_failures_are_reported_with_their_code(infor: SmallInfor) -> None:
    seen: list[Exchange] = []
    file = credentials(f"http://127.0.0.1:{closed_port()}")
    with IonApiClient(file, on_exchange=seen.append) as client, pytest.raises(ConnectionFailed):
        client.messaging.ping()
    assert [(record.status, record.error, record.login) for record in seen] == [
        (None, "connection_refused", True)
    ]
    assert leaks(repr(seen)) == []


def test_a_refused_answer_is_reported_with_its_status(infor: SmallInfor, file: IonApiFile) -> None:
    seen: list[Exchange] = []
    target = (("Location", "https://x/?access_token=abcdefgh"),)
    infor.ion_reply = Reply(302, b"", target)
    with IonApiClient(file, on_exchange=seen.append) as client, pytest.raises(IonApiError):
        client.messaging.ping()
    assert (seen[-1].status, seen[-1].error) == (302, "redirect")
    assert dict(seen[-1].response_headers)["Location"] == "https://x/?access_token=••••••••"


def test_an_error_shows_no_secret_that_a_broken_answer_has_echoed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def echo() -> None:
            connection, _address = listener.accept()
            with connection:
                connection.sendall(connection.recv(65_536).split(b"uthorization: ")[1])

        thread = threading.Thread(target=echo)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        with build_client() as client, pytest.raises(IonApiError) as failed:
            client.get(url, headers={"Authorization": "Bearer opaque-token-of-somebody"})
        thread.join()
    assert DOTS in failed.value.detail
    assert "opaque-token" not in f"{failed.value} {failed.value.detail!r}"


def every_form(secret: str) -> str:
    """A text with the secret in each encoding a server might echo it in."""
    encoded = base64.b64encode(secret.encode()).decode()
    quoted = (secret, quote(secret, safe=""), json.dumps(secret), html.escape(secret), encoded)
    return " | ".join(quoted)


def test_secrets_planted_in_answers_headers_and_addresses_are_found(
    infor: SmallInfor, server: Loopback
) -> None:
    tricky = 'Pa&"ss<word>+/ü#ÄÖ\\'
    file = credentials(server.url, sask=Secret(tricky.encode("ascii", "ignore").decode() * 4))
    sask = file.sask.reveal() if file.sask else ""

    def echo(request: Received) -> Reply:
        if request.path.endswith("token.oauth2"):
            return infor._tokens(None)
        text = "\n".join(every_form(secret) for secret in (CS, SAAK, sask))
        bearer = request.headers["authorization"]
        body = json.dumps({"error": {"message": text, "detail": bearer, "code": BASIC}})
        headers = (("Content-Type", "application/json"), ("X-Echo", f"{bearer} {CS}"))
        return Reply(400, body.encode(), headers)

    server.answering = echo
    seen: list[Exchange] = []
    with (
        IonApiClient(file, on_exchange=seen.append) as client,
        pytest.raises(IonApiError) as caught,
    ):
        client.idm.search(f'/E[@A = "{CS}"]')
    error = caught.value
    shown = "".join(traceback.format_exception(error))
    for text in (repr(seen), shown, repr(vars(error)), str(error), repr(error)):
        assert leaks(text) == []
        assert sask not in text
        assert sask[:12] not in text


def test_logs_of_the_http_library_show_no_secret(
    file: IonApiFile, caplog: pytest.LogCaptureFixture
) -> None:
    # Named, since a server that ran in this process before may have made the library quieter.
    caplog.set_level(logging.INFO, logger="httpx2")
    with IonApiClient(file) as client:
        client.messaging.ping()
    assert "HTTP Request" in caplog.text
    assert leaks(caplog.text) == []


def test_bodies_are_cut_and_a_secret_at_the_cut_is_not_halved() -> None:
    redactor = Redactor([Secret(CS)])
    body = b"x" * (RECORD_LIMIT - 40) + CS.encode() + b"y" * RECORD_LIMIT
    shown = shown_body(body, "text/plain", redactor)
    assert "SSS" not in shown
    assert shown.endswith(f"… [{len(body)} bytes in all]")
    assert len(shown) < RECORD_LIMIT + 100


def test_a_body_that_is_no_text_is_named_by_size_and_digest() -> None:
    assert shown_body(b"%PDF", "application/pdf", Redactor()).startswith(
        "[4 bytes of application/pdf, SHA-256 "
    )
    assert shown_body(b"", "application/pdf", Redactor()) == ""
    assert shown_body(b"\xff", "", Redactor()).startswith("[1 bytes of unknown type")
    assert shown_body(b'{"a":1}', "application/problem+json", Redactor()) == '{"a":1}'


def test_the_bod_of_a_message_is_in_the_record(file: IonApiFile) -> None:
    seen: list[Exchange] = []
    message = BodMessage("Sync.Invoice", "id-1", "lid://infor.ims.x", b"<SyncInvoice/>")
    with IonApiClient(file, on_exchange=seen.append) as client:
        client.messaging.publish(message)
    assert "<SyncInvoice/>" in seen[-1].request_body
    assert '"messageId":"id-1"' in seen[-1].request_body
    assert '"status": "OK"' in seen[-1].response_body


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('{"access_token":"abc","x":1}', '{"access_token":"••••••••","x":1}'),
        ('{"Refresh_Token" : "a\\"b", "y": 2}', '{"Refresh_Token" : "••••••••", "y": 2}'),
        ('{"client_secret": "never ends', '{"client_secret": "••••••••"'),
        ("a=1&client_secret=abc&b=2", "a=1&client_secret=••••••••&b=2"),
        ("https://h/x?access_token=abc#f", "https://h/x?access_token=••••••••"),
        ("<ns:password>abc</ns:password>", "<ns:password>••••••••</ns:password>"),
        ("said Bearer abcdefgh.ijk!", "said Bearer ••••••••!"),
        ("got eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ.c2ln end", "got •••••••• end"),
        ("a=1&pa\u017f\u017fword=abc&b=2", "a=1&pa\u017f\u017fword=••••••••&b=2"),
        ("the basic idea is a token of thanks", "the basic idea is a token of thanks"),
    ],
)
def test_unknown_secrets_are_found_by_their_place(text: str, kept: str) -> None:
    assert Redactor().text(text) == kept


def test_a_secret_in_one_header_leaves_the_others_as_they_are() -> None:
    plain = [("Accept", "*/*"), ("X-Asked", "a=1&b=2")]
    headers = [*plain, ("Location", "code=abc"), ("Cookie", "a=1")]
    shown = (*plain, ("Location", f"code={DOTS}"), ("Cookie", DOTS))
    assert Redactor().headers(headers) == shown
    assert Redactor().headers(plain) == tuple(plain)


@pytest.mark.parametrize(
    "piece",
    ["-eyJaaaaaa", "eyJaaaaa.", '"token":"', "<a.", "&token=", "Bearer ", "\\", " ", "token=", "="],
)
def test_hostile_bodies_do_not_hold_up_the_record(piece: str) -> None:
    text = f'"token"{piece * (40_000 // len(piece))}'
    began = time.process_time()
    Redactor([Secret(CS)]).text(text)
    assert time.process_time() - began < 0.5


def test_short_values_do_not_make_texts_unreadable() -> None:
    assert Redactor([Secret("a"), Secret("")]).text("a banana") == "a banana"


def test_a_credential_of_a_request_is_known_in_its_answer() -> None:
    header = "Basic " + base64.b64encode(b"id:the-secret").decode()
    redactor = Redactor().knowing(header, b"grant_type=password&password=p%23w0rd1&x=y")
    assert redactor.text("the-secret p#w0rd1 y") == "•••••••• •••••••• y"
    assert Redactor().knowing("Basic !!!").text("x") == "x"
    assert Redactor().knowing(None).text("x") == "x"
