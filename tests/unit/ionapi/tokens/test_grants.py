"""Token requests have the documented form; each answer and refusal has a meaning."""

from __future__ import annotations

import pytest

from ionport.ionapi import (
    AnswerRefused,
    ClientAuth,
    CredentialFileError,
    InvalidClient,
    InvalidGrant,
    IonApiClient,
    IonApiFile,
    Secret,
    TokenError,
    UnauthorizedClient,
)
from tests.unit.ionapi.loopback import (
    TENANT,
    Loopback,
    Reply,
    SmallInfor,
    credentials,
)

BASIC = "Basic QUNNRV9UU1R+Y2NjY2"  # base64 of ACME_TST~cccc…


def refusal(file: IonApiFile) -> TokenError:
    with IonApiClient(file) as client, pytest.raises(TokenError) as caught:
        client.token()
    return caught.value


def test_a_service_account_signs_on_as_infors_sdk_does(server: Loopback, file: IonApiFile) -> None:
    with IonApiClient(file) as client:
        tokens = client.token()
    assert tokens.access_token == Secret("access-0001")
    assert tokens.refresh_token == Secret("refresh-0001")
    request = server.received[0]
    assert (request.method, request.path) == ("POST", f"/{TENANT}/as/token.oauth2")
    assert request.headers["authorization"].startswith(BASIC)
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.body == (
        b"grant_type=password&username=ACME_TST%23" + b"K" * 86 + b"&password=" + b"P" * 86
    )


def test_the_client_can_stand_in_the_body(server: Loopback, file: IonApiFile) -> None:
    with IonApiClient(file, client_auth=ClientAuth.BODY) as client:
        client.token()
    request = server.received[0]
    assert "authorization" not in request.headers
    assert request.form["client_id"] == file.ci
    assert request.form["client_secret"] == "S" * 86


def test_scopes_of_the_file_are_sent_and_can_be_replaced(server: Loopback) -> None:
    file = credentials(server.url, sc=("Infor-IDM", "Infor-ION"), v="1.1")
    with IonApiClient(file) as client:
        client.token()
    with IonApiClient(file, scope="offline_access") as client:
        client.token()
    with IonApiClient(file, scope="") as client:
        client.token()
    assert [request.form.get("scope") for request in server.received] == [
        "Infor-IDM Infor-ION",
        "offline_access",
        None,
    ]


def test_without_service_account_client_credentials_are_used(server: Loopback) -> None:
    with IonApiClient(credentials(server.url, saak=None, sask=None)) as client:
        client.token()
    assert server.received[0].form == {"grant_type": "client_credentials"}


def test_a_web_apps_file_is_refused_before_any_call(server: Loopback) -> None:
    file = credentials(server.url, saak=None, sask=None, ru="https://www.infor.com")
    with pytest.raises(CredentialFileError, match="Web or Mobile app"):
        IonApiClient(file)
    assert server.received == []


def test_an_evil_token_address_gets_no_secret(server: Loopback) -> None:
    with pytest.raises(CredentialFileError, match="another server"):
        IonApiClient(credentials(server.url, ot="@evil.test/x"))
    assert server.received == []


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (
            Reply.json({"error": "invalid_client", "error_description": "Bad client"}, 401),
            InvalidClient,
            ("Bad client", "client secret", "Download Credentials"),
        ),
        (
            Reply.json({"error": "invalid_grant"}, 400),
            InvalidGrant,
            ("service account", "User Management", "enabled"),
        ),
        (
            Reply.json({"error": "unauthorized_client"}, 400),
            UnauthorizedClient,
            ("Grant Type", "Password Credentials"),
        ),
        (Reply.json({"error": "invalid_scope"}, 400), TokenError, ("Scopes", "scope")),
        (Reply.json({}, 404), TokenError, ("no token endpoint", "Download")),
        (Reply.html(404), TokenError, ("no token endpoint",)),
        (Reply(401), InvalidClient, ("client secret",)),
        (Reply.json({"error": 7}, 400), TokenError, ("HTTP status 400",)),
    ],
)
def test_each_refusal_says_what_to_do(
    infor: SmallInfor, file: IonApiFile, reply: Reply, kind: type, words: tuple[str, ...]
) -> None:
    infor.token_reply = reply
    error = refusal(file)
    assert type(error) is kind
    assert not error.transient
    assert not error.sent
    assert error.status == reply.status
    for word in words:
        assert word in f"{error.message} {error.remedy}"


def test_without_service_account_both_ways_out_are_named(
    server: Loopback, infor: SmallInfor
) -> None:
    infor.token_reply = Reply.json({"error": "unauthorized_client"}, 400)
    error = refusal(credentials(server.url, saak=None, sask=None))
    assert isinstance(error, UnauthorizedClient)
    assert "Create Service Account" in error.remedy
    assert "Grant Type to Client Credentials" in error.remedy


@pytest.mark.parametrize(
    ("reply", "wait"),
    [
        (Reply.json({}, 429, Retry_After="17"), 17),
        (Reply.json({}, 429), 60),
        (Reply.html(503), None),
        (Reply.json({"error": "temporarily_unavailable"}, 400), None),
        (Reply.json({}, 502, Retry_After="999999999999"), 86400),
        (Reply.json({}, 502, Retry_After="Thu, 01 Jan 1970 00:00:00 GMT"), 0),
        (Reply.json({}, 502, Retry_After="in a while"), None),
    ],
)
def test_busy_servers_are_transient_and_may_say_how_long(
    infor: SmallInfor, file: IonApiFile, reply: Reply, wait: float | None
) -> None:
    infor.token_reply = reply
    error = refusal(file)
    assert error.transient
    assert error.retry_after == wait


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply.html(), "html"),
        (Reply(200, b"{broken"), "not_json"),
        (Reply(200, b"\xff\xfe"), "not_json"),
        (Reply(200, b"[" * 100_000), "not_json"),
        (Reply.json([]), "bad_shape"),
        (Reply.json({}), "bad_shape"),
        (Reply.json({"access_token": "two words"}), "bad_shape"),
        (Reply.json({"access_token": "a\r\nb"}), "bad_shape"),
        (Reply.json({"access_token": "abc", "token_type": "mac"}), "bad_shape"),
        (Reply.json({"access_token": "x" * 300_000}), "too_large"),
        (Reply(302, b"", (("Location", "https://evil.example/"),)), "redirect"),
    ],
)
def test_an_answer_that_is_no_token_answer_is_named(
    infor: SmallInfor, file: IonApiFile, reply: Reply, code: str
) -> None:
    infor.token_reply = reply
    with IonApiClient(file) as client, pytest.raises(AnswerRefused) as caught:
        client.messaging.ping()
    assert caught.value.code == code
    assert not caught.value.sent
