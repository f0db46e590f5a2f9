"""One trace through request, queue and other system: W3C trace context, by OpenTelemetry's API.

Nothing is recorded unless a program sets a provider (``serving.tracing``); a caller's trace is
passed on all the same. Spans carry ids and kinds, nothing of a person.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_w3c = TraceContextTextMapPropagator()
_NAME = "returns-triage"


def headers() -> dict[str, str]:
    """What tells another system of the trace under way; empty where there is none."""
    carrier: dict[str, str] = {}
    _w3c.inject(carrier)
    return carrier


def traceparent() -> str | None:
    """The trace under way as one line, to be kept with what continues it."""
    return headers().get("traceparent")


@contextmanager
def span(
    name: str, kind: SpanKind = SpanKind.INTERNAL, attributes: Mapping[str, str] | None = None
) -> Iterator[Span]:
    """A step of the trace under way, or the first of a new one. An error marks it by its class:
    its words may tell of customers."""
    with _started(name, None, kind, attributes) as made:
        yield made


@contextmanager
def continued(
    parent: str | None,
    name: str,
    kind: SpanKind = SpanKind.CONSUMER,
    attributes: Mapping[str, str] | None = None,
) -> Iterator[Span]:
    """A step of the trace that ``traceparent`` kept or a caller told; of a new one where that is
    missing or is no traceparent."""
    with _started(name, {"traceparent": parent or ""}, kind, attributes) as made:
        yield made


@contextmanager
def _started(
    name: str,
    carrier: Mapping[str, str] | None,
    kind: SpanKind,
    attributes: Mapping[str, str] | None,
) -> Iterator[Span]:
    context = None if carrier is None else _w3c.extract(carrier, trace.set_span_in_context(_NONE))
    with trace.get_tracer(_NAME).start_as_current_span(
        name,
        context,
        kind,
        dict(attributes or {}),
        record_exception=False,
        set_status_on_exception=False,
    ) as made:
        try:
            yield made
        except Exception as error:
            made.set_attribute("error.type", type(error).__name__)
            made.set_status(trace.StatusCode.ERROR)
            raise


_NONE = trace.INVALID_SPAN
