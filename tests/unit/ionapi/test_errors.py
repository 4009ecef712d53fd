"""The exception tree: what programs ask it, and that it survives a process border."""

from __future__ import annotations

import copy
import pickle
import re

import pytest

from ionport import ionapi
from ionport.ionapi import (
    AnswerRefused,
    ConnectionFailed,
    CredentialFileError,
    Finding,
    InvalidGrant,
    IonApiError,
    RequestRefused,
    ServiceError,
    errors,
)


def test_the_tree_at_the_head_of_the_module_is_the_tree() -> None:
    drawn = set(re.findall(r"[├└]── (\w+)", errors.__doc__ or ""))
    found = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, IonApiError) and value is not IonApiError
    }
    assert drawn == found
    assert found <= set(ionapi.__all__)


@pytest.mark.parametrize(
    "error",
    [
        RequestRefused("x", remedy="r", detail="d"),
        ConnectionFailed("x", kind="dns", sent=False),
        AnswerRefused("x", code="html", status=200),
        InvalidGrant("x", oauth_error="invalid_grant", status=400, retry_after=5),
        ServiceError("x", service="IDM", status=503, remote_code="c"),
        CredentialFileError("x", findings=[Finding("error", "c", "k", "t")]),
    ],
)
def test_errors_cross_process_borders(error: IonApiError) -> None:
    for copied in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(copied) is type(error)
        assert vars(copied) == vars(error)
        assert str(copied) == str(error) == "x"


@pytest.mark.parametrize(
    ("error", "transient", "sent"),
    [
        (IonApiError("x"), False, False),
        (IonApiError("x", transient=True, sent=True), True, True),
        (RequestRefused("x"), False, False),
        (ConnectionFailed("x", kind="dns"), True, False),
        (ConnectionFailed("x", kind="timeout", sent=True), True, True),
        (ConnectionFailed("x", kind="certificate"), False, False),
        (AnswerRefused("x", code="html", status=200), False, True),
        (AnswerRefused("x", code="not_json", status=503), True, True),
        (AnswerRefused("x", code="truncated", status=200), True, True),
    ],
)
def test_every_error_says_whether_to_repeat_and_whether_to_look_first(
    error: IonApiError, transient: bool, sent: bool
) -> None:
    assert (error.transient, error.sent) == (transient, sent)


def test_codes_are_words() -> None:
    assert IonApiError("x").code == "error"
    assert ConnectionFailed("x", kind="tls").code == "connection_tls"
    assert InvalidGrant("x", oauth_error="invalid_grant", status=400).code == "invalid_grant"
    assert ServiceError("x", service="ION", status=412).code == "ion_http_412"
