"""Spans for OpenTelemetry (extra `otel`), sent by OTLP over HTTP.

The receiver is set by OpenTelemetry's own variables, such as `OTEL_EXPORTER_OTLP_ENDPOINT`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ionport import __version__
from ionport.core.telemetry import bound_ids, install_tracer


class OpenTelemetryTracer:
    """Makes spans that carry ids, and never the text of an error, which may hold a secret."""

    def __init__(self, processor: SpanProcessor | None = None) -> None:
        resource = Resource.create({SERVICE_NAME: "ionport", SERVICE_VERSION: __version__})
        # Spans that are left over are sent when the process ends.
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(processor or BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("ionport", __version__)
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def span(
        self, name: str, attributes: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Iterator[None]:
        """Open a span, in the caller's trace when the headers of a request name one."""
        context = self._propagator.extract(headers) if headers else None
        with self._tracer.start_as_current_span(
            name,
            context=context,
            attributes=dict(attributes),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except BaseException as error:
                span.set_status(StatusCode.ERROR, type(error).__name__)
                raise
            finally:
                span.set_attributes({f"ionport.{key}": value for key, value in bound_ids().items()})


def start_tracing() -> None:
    """Send the spans of this process from now on."""
    install_tracer(OpenTelemetryTracer())
