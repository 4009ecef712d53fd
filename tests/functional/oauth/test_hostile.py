"""The token endpoint under hostile, broken and crowded use: over a socket, on both databases."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from urllib.parse import quote, urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from ionport.core.clock import MovableClock
from ionport.oauth.grants.tables import grants
from ionport.oauth.http.answers import MAX_BODY_BYTES
from ionport.store import Database
from tests.support.examples import example_count
from tests.support.oauth import Answer, OAuthSide, basic, send, serve_side

File = dict[str, str]
FUZZ = settings(
    max_examples=example_count(120),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
# What may stand in a header (RFC 9110 §5.5); anything else never reaches the application.
HEADER_LETTERS = st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f")
NAMES = st.sampled_from(
    [
        *("grant_type", "username", "password", "client_id", "client_secret"),
        *("refresh_token", "token", "token_type_hint", "scope", "x"),
    ]
)


@pytest.fixture
def side(database: Database, clock: MovableClock) -> Iterator[OAuthSide]:
    with serve_side(database, clock) as side:
        yield side


@pytest.fixture
def file(side: OAuthSide) -> File:
    return side.credentials(side.create_app(issue_refresh_tokens=True))


def login_form(file: File, **changes: str) -> str:
    values = {
        "grant_type": "password",
        "username": file["saak"],
        "password": file["sask"],
        "client_id": file["ci"],
        "client_secret": file["cs"],
    }
    return urlencode(values | changes)


def is_an_answer(answer: Answer) -> bool:
    return answer.status < 500 and (answer.status == 200 or "error" in answer.json)


@pytest.mark.on_each_database
@given(data=st.data())
@FUZZ
def test_no_parameters_make_the_server_fail(
    side: OAuthSide, file: File, data: st.DataObject
) -> None:
    good = dict(zip(("username", "password"), (file["saak"], file["sask"]), strict=True))
    good |= {"client_id": file["ci"], "client_secret": file["cs"]}
    values = st.one_of(
        st.text(max_size=40),
        st.sampled_from(
            ["password", "refresh_token", "client_credentials", "\x00", *good.values()]
        ),
    )
    pairs = st.lists(st.tuples(NAMES, values), max_size=8)
    body = [*good.items(), *data.draw(pairs)] if data.draw(st.booleans()) else data.draw(pairs)
    query = urlencode(data.draw(pairs))
    endpoint = file["pu"] + data.draw(st.sampled_from([file["ot"], file["or"]]))
    headers = {"Authorization": basic(file)} if data.draw(st.booleans()) else {}
    assert is_an_answer(send(f"{endpoint}?{query}", urlencode(body), headers))


@pytest.mark.on_each_database
@given(
    body=st.binary(max_size=200),
    query=st.binary(max_size=60),
    header=st.none() | st.text(HEADER_LETTERS, max_size=40),
    tenant=st.binary(min_size=1, max_size=20),
)
@FUZZ
def test_no_bytes_make_the_server_fail(
    side: OAuthSide, file: File, body: bytes, query: bytes, header: str | None, tenant: bytes
) -> None:
    origin = file["pu"].partition(f"/{file['ti']}/")[0]
    headers = {"Authorization": header} if header is not None else {}
    for path in (f"/{file['ti']}/as/", f"/{quote(tenant, safe='')}/as/"):
        for name in (file["ot"], file["or"]):
            answer = send(f"{origin}{path}{name}?{quote(query, safe='=&')}", body, headers)
            assert answer.status == 404 or is_an_answer(answer)


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE", "X"]),
    tail=st.binary(max_size=30),
    origin=st.none() | st.text(HEADER_LETTERS, max_size=400),
)
@FUZZ
def test_no_address_method_or_origin_makes_the_server_fail(
    side: OAuthSide, file: File, method: str, tail: bytes, origin: str | None
) -> None:
    headers = {} if origin is None else {"Origin": origin.encode("latin-1").decode("latin-1")}
    root = file["pu"].partition(f"/{file['ti']}/")[0]
    for path in (
        *(f"/{file['ti']}/as/", f"/{file['ti']}/as/jwks", "/.well-known/"),
        *(f"/{file['ti']}/as/.well-known/openid-configuration", f"/{file['ti']}/as/token.oauth2"),
    ):
        answer = send(f"{root}{path}{quote(tail, safe='/')}", "", headers, method)
        assert answer.status < 500
        assert "access-control-allow-origin" not in answer.headers


def test_a_body_over_the_cap_is_refused_whether_its_length_is_told_or_not(
    side: OAuthSide, file: File
) -> None:
    url = file["pu"] + file["ot"]
    long = login_form(file) + "&x=" + "x" * MAX_BODY_BYTES
    told = send(url, long)
    assert told.status == 413
    assert told.json["error"] == "invalid_request"
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port or 0), timeout=120) as connection:
        head = f"POST {parts.path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        chunk = f"{len(long):x}\r\n{long}\r\n0\r\n\r\n"
        connection.sendall((head + chunk).encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 413")


def test_a_client_that_hangs_up_in_mid_body_leaves_the_server_well(
    side: OAuthSide, file: File, caplog: pytest.LogCaptureFixture
) -> None:
    parts = urlsplit(file["pu"] + file["ot"])
    for _again in range(3):
        with socket.create_connection((parts.hostname, parts.port or 0), timeout=120) as connection:
            head = f"POST {parts.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nabc"
            connection.sendall(head.encode())
    assert send(file["pu"] + file["ot"], login_form(file)).status == 200
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_get_is_no_way_to_ask_for_a_token(side: OAuthSide, file: File) -> None:
    answer = send(f"{file['pu']}{file['ot']}?{login_form(file)}", method="GET")
    assert answer.status == 405


@pytest.mark.on_each_database
def test_a_crowd_logs_in_at_once_and_every_login_is_recorded(side: OAuthSide, file: File) -> None:
    answers: list[Answer] = []

    def log_in() -> None:
        for _again in range(5):
            answers.append(send(file["pu"] + file["ot"], login_form(file)))

    threads = [threading.Thread(target=log_in) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status for answer in answers] == [200] * 40
    assert len({answer.json["access_token"] for answer in answers}) == 40
    with side.database.read() as work:
        count = work.connection.execute(select(func.count()).select_from(grants)).scalar_one()
    assert count == 40


def test_planted_secrets_are_in_no_log_line(
    side: OAuthSide, file: File, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token_url, revoke_url = file["pu"] + file["ot"], file["pu"] + file["or"]
    tokens = send(token_url, login_form(file)).json
    planted = {
        file["cs"],
        file["sask"],
        tokens["access_token"],
        tokens["refresh_token"],
        "planted-wrong-secret",
        basic(file).removeprefix("Basic "),
    }
    wrong = "planted-wrong-secret"

    def use_everything() -> None:
        refresh = urlencode(
            {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        )
        headers = {"Authorization": basic(file)}
        send(token_url, refresh, headers)
        send(f"{token_url}?{refresh}", "null", headers)
        send(token_url, login_form(file))
        send(f"{token_url}?{login_form(file)}")
        for name in ("client_secret", "password", "client_id", "username", "grant_type"):
            send(token_url, login_form(file, **{name: wrong}))
            send(token_url, login_form(file) + f"&{name}={wrong}")
        send(token_url, login_form(file), {"Authorization": f"Basic {wrong}"})
        send(f"{revoke_url}?token={wrong}", method="GET")

    use_everything()
    for token in (tokens["access_token"], tokens["refresh_token"]):
        send(revoke_url, urlencode({"token": token}))
    with side.database.write() as work:
        work.connection.execute(text("DROP TABLE revoked_access_tokens"))
        work.connection.execute(text("ALTER TABLE service_accounts RENAME TO gone"))
        work.connection.execute(text("ALTER TABLE grants RENAME TO gone_too"))
    # The server now fails for want of its tables; the tracebacks are logged by then.
    use_everything()
    assert "Traceback" in caplog.text
    assert "revoked grant" in caplog.text
    assert "wrong client secret" in caplog.text
    for secret in planted:
        assert secret not in caplog.text


@pytest.mark.on_each_database
def test_a_crowd_refreshes_at_once_while_one_grant_is_revoked(side: OAuthSide, file: File) -> None:
    """What shares a transaction with a revoked grant is answered; the revoked one never is."""
    url = file["pu"] + file["ot"]
    tokens = [send(url, login_form(file)).json["refresh_token"] for _each in range(8)]
    answers: dict[int, list[Answer]] = {number: [] for number in range(8)}
    revoked = threading.Event()

    def refresh(number: int) -> None:
        body = urlencode({"grant_type": "refresh_token", "refresh_token": tokens[number]})
        for _again in range(6):
            was_revoked = revoked.is_set()
            answer = send(url, body, {"Authorization": basic(file)})
            assert not (number == 0 and was_revoked and answer.status == 200)
            answers[number].append(answer)

    threads = [threading.Thread(target=refresh, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    side.revoke(token=tokens[0])
    revoked.set()
    for thread in threads:
        thread.join()
    for number in range(1, 8):
        assert [answer.status for answer in answers[number]] == [200] * 6
        assert {answer.json["refresh_token"] for answer in answers[number]} == {tokens[number]}
    gone = send(
        url,
        urlencode({"grant_type": "refresh_token", "refresh_token": tokens[0]}),
        {"Authorization": basic(file)},
    )
    assert gone.json["error"] == "invalid_grant"
