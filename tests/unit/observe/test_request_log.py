"""One line, one count and one span for each request."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from ionport.core import telemetry
from ionport.core.secrets import DOTS
from ionport.core.telemetry import COUNTERS, bind
from ionport.observe.logs import configure_logging
from ionport.observe.request_log import RequestLog
from ionport.serving.infor_http import InforApps, InforRouter


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logging(log_format="json", stream=stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


def _show(request: Request) -> Response:
    # A thread of the pool.
    bind(tenant="ACME_TST")
    return PlainTextResponse("x")


async def _fail(_request: Request) -> Response:
    raise RuntimeError("password=planted")


def client() -> TestClient:
    routes = [Route("/things/{thing}", _show), Route("/fail", _fail), Route("/healthz", _show)]
    machines = PlainTextResponse("x", 404)
    app = RequestLog(InforRouter(InforApps(machines, machines), Starlette(routes=routes)))
    return TestClient(app, raise_server_exceptions=False)


def _lines(log: io.StringIO) -> list[dict[str, object]]:
    found = (json.loads(line) for line in log.getvalue().splitlines())
    return [line for line in found if line["logger"] == "ionport.request"]


def test_a_request_leaves_one_line_without_its_query(log: io.StringIO) -> None:
    series = 'requests_total{method="GET",route="/things/{thing}",status="200"}'
    before = COUNTERS.read().get(series, 0)
    client().get("/things/7?access_token=planted")
    (line,) = _lines(log)
    assert (line["method"], line["path"], line["status"]) == ("GET", "/things/7", 200)
    assert str(line["request"]).startswith("req_")
    assert (line["tenant"], line["event"], line["level"]) == ("ACME_TST", "request", "info")
    assert float(str(line["ms"])) >= 0
    assert "planted" not in log.getvalue()
    assert COUNTERS.read()[series] == before + 1


@pytest.mark.parametrize(
    "path",
    [
        "/set-password/{}",
        "/SET-PASSWORD/{}",
        "//set-password//{}",
        "/Set-Up/{}",
        "/%53et-pass%77ord/{}",
        "/%2573et%252Dup%252F{}",
        "/x%5Cset-up%5C{}",
        "/set-password/%20{}",
        "/set-password/%01{}%22",
        "/set-password/a/{}",
        "/Sign-In//OpenID/return%3Fstate={}",
        "/sign-in/openid/return/{}",
    ],
)
def test_the_secret_of_a_one_time_link_is_not_logged_however_it_is_spelled(
    log: io.StringIO, path: str
) -> None:
    client().get(f"http://testserver{path.format('Pl4nted')}")
    (line,) = _lines(log)
    assert "Pl4nted" not in log.getvalue()
    assert DOTS in str(line["path"])
    assert not [series for series in COUNTERS.read() if "Pl4nted" in series]


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/things/7", "/things/{thing}"),
        ("/nothing/7", "no route"),
        ("/ACME_TST/as/token.oauth2", "/{tenant}/as/token.oauth2"),
        ("/ACME_TST/as/x%2Fy%2Fz", "/{tenant}/as/…"),
        ("/ACME_TST/as/authorization.oauth2", "/{tenant}/as/authorization.oauth2"),
        ("/acme_tst/IDM/api/items/1", "/{tenant}/idm"),
        ("/.well-known/openid-configuration/ACME_TST/as", "/.well-known/…"),
    ],
)
def test_a_route_names_nothing_that_differs(path: str, route: str) -> None:
    before = dict(COUNTERS.read())
    client().get(path)
    grown = [series for series, count in COUNTERS.read().items() if count != before.get(series)]
    assert len(grown) == 1
    assert f'route="{route}"' in grown[0]


def test_what_fails_is_told_and_what_load_balancers_ask_is_not(log: io.StringIO) -> None:
    browser = client()
    browser.get("/fail")
    browser.get("/healthz")
    (line,) = _lines(log)
    assert (line["path"], line["status"]) == ("/fail", 500)


def test_a_path_does_not_break_the_line(log: io.StringIO) -> None:
    client().get("/things/a%0Ab" + "%20x" * 500)
    (line,) = _lines(log)
    assert str(line["path"]).startswith("/things/a?b x")
    assert len(str(line["path"])) == 300


def test_a_span_joins_the_callers_trace_and_tells_no_error_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from ionport.observe.tracing import OpenTelemetryTracer

    exporter = InMemorySpanExporter()
    tracer = OpenTelemetryTracer(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "_tracer", tracer)
    trace = "0af7651916cd43dd8448eb211c80319c"
    browser = client()
    browser.get("/things/7", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    browser.get("/fail")
    shown, failed = exporter.get_finished_spans()
    assert format(shown.context.trace_id, "032x") == trace
    assert shown.attributes["ionport.tenant"] == "ACME_TST"
    assert shown.attributes["ionport.request"].startswith("req_")
    assert (failed.status.is_ok, failed.status.description) == (False, "RuntimeError")
    assert failed.events == ()
    assert "planted" not in failed.to_json()
