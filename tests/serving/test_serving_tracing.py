"""One trace follows a return over request, queue and ERP call; without configuration none does."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from integrations.erp.tryton.rpc import Rpc
from integrations.webhooks.address import networks
from journal import traces, tracing
from serving.chores import forget_messages
from serving.feed import PREFIX
from serving.tracing import configure
from serving.wanting import TYPE as WANTED
from tests.integrations.receivers import receiver
from tests.serving.house import STORY, House, cloud_event, request_body

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture(scope="module")
def exporter() -> Iterator[InMemorySpanExporter]:
    """The provider of a process is set once; it stops recording with this module."""
    kept, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    trace.set_tracer_provider(provider)
    yield kept
    provider.shutdown()


def by_name(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


def ids(span: ReadableSpan) -> tuple[str, int]:
    assert span.context is not None
    return f"{span.context.trace_id:032x}", span.context.span_id


def test_without_an_endpoint_nothing_is_set() -> None:
    """No exporter, no provider: the default."""
    before = trace.get_tracer_provider()
    configure(None)
    assert trace.get_tracer_provider() is before


def test_one_trace_over_request_queue_and_erp(house: House, exporter: InMemorySpanExporter) -> None:
    """The caller's trace is that of the request, of the effect in the real worker and of the call
    of the ERP, each the child of the one before; ids only, no words of the customer."""
    exporter.clear()
    body = request_body()
    house.post("/v1/returns", body, traceparent=PARENT)
    house.work()
    found = by_name(exporter)
    request, effect = found["POST /v1/returns"], found["effect erp.rma"]
    call = found["call erp"]
    assert {ids(span)[0] for span in (request, effect, call)} == {TRACE}
    assert effect.parent is not None and effect.parent.span_id == ids(request)[1]
    assert call.parent is not None and call.parent.span_id == ids(effect)[1]
    assert (effect.attributes or {})["return_id"] == "R-1001"
    told = [span.to_json() for span in exporter.get_finished_spans()]
    assert len(told) == 3
    assert not any(line["reason_text"] in text for line in body["lines"] for text in told)


def test_another_request_is_another_trace(house: House, exporter: InMemorySpanExporter) -> None:
    """What is no traceparent starts a trace of its own; the route names the return."""
    exporter.clear()
    for told in ("nonsense", ""):
        house.client.get(
            "/v1/returns/R-9", headers={"traceparent": told} | house.headers("service")
        )
    first, second = exporter.get_finished_spans()
    assert ids(first)[0] != ids(second)[0] and first.parent is None
    assert first.name == "GET /v1/returns/{return_id}"
    assert (first.attributes or {})["return_id"] == "R-9"


def test_the_erp_is_told_of_the_trace(exporter: InMemorySpanExporter) -> None:
    """The header of the call names the span that makes it; outside of any there is none."""
    heard: list[str | None] = []

    def handle(request: httpx.Request) -> httpx.Response:
        heard.append(request.headers.get("traceparent"))
        login = json.loads(request.content)["method"] == "common.db.login"
        return httpx.Response(200, json={"result": [2, "token", None] if login else 1})

    rpc = Rpc("http://erp", "lab", "triage", "secret", transport=httpx.MockTransport(handle))
    rpc.read("model.party.party.search")
    with tracing.continued(PARENT, "effect erp.rma") as span:
        rpc.read("model.party.party.search")
        own = f"{span.get_span_context().span_id:016x}"
    assert heard == [None, None, f"00-{TRACE}-{own}-01"]


def test_an_error_is_told_by_its_class_only(exporter: InMemorySpanExporter) -> None:
    """Its words may be a customer's."""
    exporter.clear()
    with pytest.raises(ValueError, match="secret"), tracing.span("step"):
        raise ValueError("secret words")
    (span,) = exporter.get_finished_spans()
    assert (span.attributes or {})["error.type"] == "ValueError"
    assert "secret" not in span.to_json()


def test_what_is_exported_is_one_trace_from_message_to_webhook(
    house: House, tmp_path: Path
) -> None:
    """A program of its own takes a message of a broker, does its effect, tells a subscriber and
    ends; a receiver of OTLP decodes what arrived: message, effect, call and both webhooks in the
    trace that the message named, each the child of what it tells of, and no words of the customer.
    The subscriber is told of that trace."""
    line = request_body()["lines"][0]
    event = cloud_event(STORY.facts()[0], "w-1") | {
        "type": PREFIX + WANTED,
        "data": {"id": "R-7", "customer": "C-1001", "lines": [line]},
    }
    house.services.courier.networks = networks("127.0.0.0/8")
    types = ["return_requested", "effect_done"]
    with receiver(200, b"", Content_Type="application/x-protobuf") as (url, heard):
        hook = house.post("/v1/webhooks", {"url": url, "types": types}, "admin").json()
        command = [sys.executable, "-m", "tests.serving.traced_child", url.partition("/in")[0]]
        command += [house.services.database_url, str(tmp_path), PARENT, json.dumps(event)]
        subprocess.run([*command, hook["webhook_id"]], check=True, timeout=60)
    spans = exported([one.body for one in heard if one.path == "/v1/traces"])
    message, effect, call = (spans[n][0] for n in ("message", "effect erp.rma", "call erp"))
    requested, done = spans["webhook"]
    assert {one.trace_id.hex() for one in (message, effect, call, requested, done)} == {TRACE}
    assert message.parent_span_id.hex() == "00f067aa0ba902b7"
    assert (effect.parent_span_id, call.parent_span_id) == (message.span_id, effect.span_id)
    assert (requested.parent_span_id, done.parent_span_id) == (message.span_id, effect.span_id)
    told = [one.headers["traceparent"] for one in heard if one.path.startswith("/in")]
    assert told == [f"00-{TRACE}-{one.span_id.hex()}-01" for one in (requested, done)]
    known = {one.key: one.value for one in done.attributes}
    assert known["event"].string_value == "effect_done"
    assert known["return_id"].string_value == "R-7"
    assert known["http.response.status_code"].int_value == 200


def exported(bodies: list[bytes]) -> dict[str, list[Span]]:
    """Spans by name in the order they began; nothing that was sent holds the customer's words."""
    said = request_body()["lines"][0]["reason_text"].encode()
    found: list[Span] = []
    for body in bodies:
        assert said not in body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            (name,) = [a.value.string_value for a in resource.resource.attributes
                       if a.key == "service.name"]  # fmt: skip
            assert name == "returns-triage"
            found += [span for scope in resource.scope_spans for span in scope.spans]
    by_name: dict[str, list[Span]] = {}
    for span in sorted(found, key=lambda one: one.start_time_unix_nano):
        by_name.setdefault(span.name, []).append(span)
    return by_name


def test_what_came_too_early_stays_in_its_trace(
    empty_house: House, exporter: InMemorySpanExporter
) -> None:
    """A return asked for before its customer is known is requested, when the customer is told, in
    the trace of its own message; what is told of it later is, too."""
    exporter.clear()
    house, line = empty_house, request_body()["lines"][0]
    event = cloud_event(STORY.facts()[0], "w-1") | {
        "type": PREFIX + WANTED,
        "data": {"id": "R-7", "customer": "C-1001", "lines": [line]},
    }
    house.post("/v1/events", [event], "feed", traceparent=PARENT)
    house.tell(*STORY.facts())
    again = [one for one in exporter.get_finished_spans() if one.name == "message again"]
    assert {ids(one)[0] for one in again} == {TRACE}
    with house.services.engine.connect() as conn:
        begun = traces.of_first(conn, "case/R-7")
    assert begun == f"00-{TRACE}-{ids(again[-1])[1]:016x}-01"


def test_traces_are_forgotten_with_what_may_be_replayed(house: House) -> None:
    """Thirty days after they were recorded, events know no trace any more."""
    house.post("/v1/returns", request_body(), traceparent=PARENT)
    kept = house.rows("SELECT count(*) FROM event_trace")[0][0]
    house.clock.forward(days=29)
    forget_messages(house.services)
    assert kept > 0 and house.rows("SELECT count(*) FROM event_trace") == [(kept,)]
    house.clock.forward(days=2)
    forget_messages(house.services)
    assert house.rows("SELECT * FROM event_trace") == []
