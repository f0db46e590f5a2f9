"""Traces of requests, and where traces are sent: to ``TRIAGE_OTLP_ENDPOINT``, or nowhere."""

from opentelemetry import trace
from opentelemetry.trace import SpanKind
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from journal.tracing import continued
from serving.metrics import METHODS


def configure(endpoint: str | None) -> None:
    """Send this process's spans to an OTLP/HTTP collector; nothing without an endpoint.

    Errors: ``ImportError`` without the extra ``tracing``.
    """
    if endpoint is None:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": "returns-triage"}))
    address = f"{endpoint.rstrip('/')}/v1/traces"
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=address)))
    trace.set_tracer_provider(provider)


class Traced:
    """A span for every request, in the trace that its ``traceparent`` names, or a new one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = dict(scope["headers"]).get(b"traceparent", b"").decode("latin-1")
        method = scope["method"] if scope["method"] in METHODS else "other"
        with continued(told, method, SpanKind.SERVER) as span:

            async def sending(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                await send(message)

            try:
                await self._app(scope, receive, sending)
            finally:
                route = getattr(scope.get("route"), "path", "unknown")
                span.update_name(f"{method} {route}")
                return_id = scope.get("path_params", {}).get("return_id")
                if isinstance(return_id, str):
                    span.set_attribute("return_id", return_id)
