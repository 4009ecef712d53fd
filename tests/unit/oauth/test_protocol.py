from __future__ import annotations

import pytest

from ionport.oauth.protocol import InvalidRequest, Parameters, look_up_text, parse_parameters


def test_query_and_body_are_one_set_of_parameters() -> None:
    found = parse_parameters(b"grant_type=password&scope=", b"username=A%23b&password=x+y&")
    assert found.get("grant_type") == "password"
    assert found.get("username") == "A#b"
    assert found.get("password") == "x y"
    assert found.get("scope") == ""


def test_a_raw_number_sign_in_a_body_is_taken() -> None:
    assert parse_parameters(b"", b"username=ACME_TST#abc").get("username") == "ACME_TST#abc"


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b"\xff\xfe", b"&&&=", b"%", b"=x"])
def test_a_body_without_parameters_is_no_error(body: bytes) -> None:
    assert parse_parameters(b"grant_type=password", body).get("grant_type") == "password"


def test_a_parameter_sent_twice_must_have_one_value() -> None:
    assert parse_parameters(b"a=1", b"a=1").get("a") == "1"
    with pytest.raises(InvalidRequest, match="a must not be sent twice"):
        parse_parameters(b"a=1", b"a=2").get("a")


def test_an_unknown_parameter_may_come_as_often_as_it_likes() -> None:
    assert parse_parameters(b"x=1&x=2&a=3", b"").get("a") == "3"


def test_too_many_parameters_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="too many"):
        parse_parameters(b"", b"&".join(b"p%d=1" % number for number in range(101)))


def test_parameters_never_print_their_values() -> None:
    parameters = Parameters([("password", "hunter2")])
    assert "hunter2" not in repr(parameters)
    assert "hunter2" not in f"{parameters} {parameters.secret('password')}"


@pytest.mark.parametrize("text", ["a\x00", "\n", "é", "\ud800", "x" * 201])
def test_what_cannot_be_an_id_is_looked_up_as_nothing(text: str) -> None:
    assert look_up_text(text) == ""


def test_an_id_of_infors_shape_is_looked_up_as_it_is() -> None:
    access_key = f"ACME_TST#{'A' * 86}"
    assert look_up_text(access_key) == access_key
