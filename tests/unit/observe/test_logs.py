from __future__ import annotations

import contextvars
import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from ionport.core.secrets import DOTS
from ionport.core.telemetry import bind, bound
from ionport.observe.logs import configure_logging

PLANTED = "Pl4nted-" + "s3cret" * 3
LONG = "L0ng_" + "a-B" * 28


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logging(log_format="json", stream=stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


@pytest.mark.parametrize(
    "line",
    [
        f"POST /T_TST/as/token.oauth2?grant_type=password&password={PLANTED}&x=1",
        f"Authorization: Bearer {PLANTED}",
        f"authorization: Basic {PLANTED}=",
        f'{{"client_secret": "{PLANTED}", "a": 1}}',
        f"{{'sask': '{PLANTED}'}}",
        f"https://h/api?access_token={PLANTED}",
        f"token eyJhbGciOiJSUzI1NiJ9.{PLANTED}.{PLANTED}",
        f"X-API-KEY: {PLANTED}",
        f"open http://127.0.0.1:8400/set-up/{PLANTED}",
        f"open http://127.0.0.1:8400/SET-UP/{PLANTED}",
        f"no /%53ET-password%2F{PLANTED}",
    ],
)
def test_planted_secrets_do_not_reach_the_log(log: io.StringIO, line: str) -> None:
    logging.getLogger("ionport.test").warning("%s", line)
    assert PLANTED not in log.getvalue()
    assert json.loads(log.getvalue())["level"] == "warning"


def test_a_secret_in_a_traceback_does_not_reach_the_log(log: io.StringIO) -> None:
    try:
        raise ValueError(f"refused password={PLANTED} for {LONG}")
    except ValueError:
        logging.getLogger("ionport.test").exception("failed")
    assert "ValueError" in log.getvalue()
    assert PLANTED not in log.getvalue()
    assert LONG not in log.getvalue()


def test_each_line_carries_the_bound_ids(log: io.StringIO) -> None:
    with bound(request="r1"):
        thread = threading.Thread(
            target=contextvars.copy_context().run, args=(lambda: bind(delivery="dlv_1"),)
        )
        thread.start()
        thread.join()
        logging.getLogger("ionport.test").info("step done", extra={"step": "render"})
    logging.getLogger("ionport.test").info("outside")
    line, outside = (json.loads(text) for text in log.getvalue().splitlines())
    assert (line["request"], line["delivery"], line["event"]) == ("r1", "dlv_1", "step done")
    assert line["step"] == "render"
    assert not {"request", "delivery"} & set(outside)


def test_a_line_of_text_has_the_time_the_level_and_quoted_values(log: io.StringIO) -> None:
    configure_logging(stream=log)
    extra = {"path": "/a", "why": f"no password={PLANTED}", "ms": 1.5, "color_message": "x"}
    logging.getLogger("ionport.test").info("step %s", "done", extra=extra)
    moment, _blank, rest = log.getvalue().partition(" ")
    assert datetime.fromisoformat(moment).tzinfo is UTC
    expected = "[info    ] step done                      [ionport.test] path=/a why='no password="
    assert rest == f"{expected}{DOTS}' ms=1.5\n"


def test_uvicorns_access_log_is_off(log: io.StringIO) -> None:
    logging.getLogger("uvicorn.access").info("GET /?access_token=x")
    assert log.getvalue() == ""
    assert sys.stderr is not log
