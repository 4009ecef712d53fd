from __future__ import annotations

import pytest

from ionport.core.errors import NotFound, TooManyRequests, Unauthenticated
from ionport.gateway.caller import Caller
from ionport.gateway.errors import error_response
from ionport.gateway.proxy.request import (
    first_values,
    headers_for_back_end,
    headers_for_target,
    read_target,
    read_token,
)


def test_a_path_is_tenant_context_and_rest() -> None:
    target = read_target("/acme_tst/M3/m3api-rest/execute")
    assert (target.tenant_id, target.context, target.prefix) == ("ACME_TST", "m3", "/acme_tst/M3")


def test_a_tenant_alone_names_no_context() -> None:
    assert read_target("/ACME_TST").context == ""


@pytest.mark.parametrize("path", ["", "/", "x", "/ACME", "/ACME_QQQ/IDM", "/A CME_TST/IDM"])
def test_a_path_without_a_tenant_leads_nowhere(path: str) -> None:
    with pytest.raises(NotFound):
        read_target(path)


def test_the_header_counts_before_the_query_and_both_are_removed() -> None:
    headers = {b"authorization": b"bearer  abc "}
    token, query = read_token(headers, b"a=%20&access_token=x&b&access_token=y")
    assert token.reveal() == "abc"
    assert query == b"a=%20&b"
    token, _query = read_token({}, b"access_token=x%2By&access_token=z")
    assert token.reveal() == "x+y"


def test_without_a_token_the_query_stays_byte_for_byte() -> None:
    token, query = read_token({b"authorization": b"Basic abc"}, b"$query=/A%5B&&=&x=\xff")
    assert not token
    assert query == b"$query=/A%5B&&=&x=\xff"


def test_who_calls_comes_from_the_token_alone() -> None:
    caller = Caller("ACME_TST", "ACME_TST~x", None, "guid", "req_1")
    sent = [(b"X-Infor-TenantId", b"EVIL"), (b"Cookie", b"a"), (b"accept", b"*/*")]
    assert headers_for_back_end(sent, caller) == [
        (b"accept", b"*/*"),
        (b"x-infor-tenantid", b"ACME_TST"),
        (b"x-infor-identity2", b"guid"),
    ]


def test_a_challenge_cannot_be_broken_by_its_text() -> None:
    answer = error_response(Unauthenticated('bad "token"\r\nX: y\\ é'), "req_1")
    assert answer.headers["www-authenticate"] == (
        'Bearer error="invalid_token", error_description="bad tokenX: y "'
    )


def test_too_many_requests_say_when_to_come_back() -> None:
    answer = error_response(TooManyRequests("slow down", retry_after=7), "req_1")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


def test_of_what_frames_a_body_one_spelling_alone_reaches_a_target() -> None:
    sent = [
        (b"content-length", b"3"),
        *((b"content_length", b"30"), (b"content_type", b"a/b"), (b"content_encoding", b"gzip")),
        (b"x_own", b"kept"),
    ]
    passed = headers_for_target(sent, first_values(sent))
    assert passed == [("content-length", "3"), ("x_own", "kept")]
