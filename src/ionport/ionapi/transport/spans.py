"""Spans of OpenTelemetry for the calls of a client, without a dependency on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from .exchange import Exchange, Observer

_NANOSECONDS = 1_000_000_000


class Span(Protocol):
    """What is used of `opentelemetry.trace.Span`."""

    def end(self, end_time: int | None = None) -> None: ...


class Tracer(Protocol):
    """What is used of `opentelemetry.trace.Tracer`."""

    def start_span(self, name: str, *, attributes: Mapping[str, Any], start_time: int) -> Span: ...


def traced_by(tracer: Tracer) -> Observer:
    """An observer that makes a span of each HTTP call, token requests included.

        tracer = opentelemetry.trace.get_tracer("my-exporter")
        client = IonApiClient(file, on_exchange=traced_by(tracer))

    Names and attributes are those of OpenTelemetry's conventions for HTTP clients; `error.type` is
    the code of the error, or the status of an answer without success. The path is told
    without its query, and nothing of bodies and headers. The parent is the span that is current
    where the client is called.
    """

    def observe(exchange: Exchange) -> None:
        address = urlsplit(exchange.url)
        attributes: dict[str, Any] = {
            "http.request.method": exchange.method,
            "server.address": address.hostname or "",
            "url.path": address.path,
            "http.request.body.size": exchange.request_size,
            "http.response.body.size": exchange.response_size,
        }
        if exchange.status is not None:
            attributes["http.response.status_code"] = exchange.status
        failed = exchange.status is not None and exchange.status >= 400
        error = exchange.error or (str(exchange.status) if failed else None)
        if error:
            attributes["error.type"] = error
        started = int(exchange.started * _NANOSECONDS)
        name = f"{exchange.method} {'sign on' if exchange.login else _suite(address.path)}"
        span = tracer.start_span(name, attributes=attributes, start_time=started)
        span.end(end_time=started + int(exchange.duration * _NANOSECONDS))

    return observe


def _suite(path: str) -> str:
    """Return the suite of a path such as /ACME_TST/IDM/api/items: few names of spans."""
    parts = path.split("/")
    return parts[2] if len(parts) > 2 else path
