"""Spans leave in the form that collectors read, never hold anybody up, and cost nothing where nobody looks."""

import asyncio
import json
import re
import time

import pytest

from contracts.traces import continued_trace
from deploy.local.collector import Collector
from tests.running import until
from tests.sources import ROOT
from tracing import Kind, Span, Traces
from tracing import exporter as ways_out
from tracing.exporter import headers_of
from tracing.messages import publishing
from tracing.spans import encode, is_chosen

TRACE, SPAN, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "b7ad6b7169203331"


def span(number: int = 0, **said: object) -> Span:
    made = Span("work", Kind.internal, TRACE, f"{number:016x}", PARENT, 1_000, 2_000)
    return made._replace(**said)


def test_the_body_is_what_otlp_says_in_json() -> None:
    """Names in camel case, ids in hexadecimal, 64-bit numbers as text, the kind as a number."""
    attributes = {"a": "text", "n": 7}
    body = json.loads(encode("loyalty", [span(1, kind=Kind.producer, attributes=attributes, failed=True)]))
    [part] = body["resourceSpans"]
    assert {"key": "service.name", "value": {"stringValue": "loyalty"}} in part["resource"]["attributes"]
    assert part["scopeSpans"][0]["spans"] == [
        {
            "traceId": TRACE,
            "spanId": "0000000000000001",
            "parentSpanId": PARENT,
            "name": "work",
            "kind": 4,
            "startTimeUnixNano": "1000",
            "endTimeUnixNano": "2000",
            "attributes": [{"key": "a", "value": {"stringValue": "text"}}, {"key": "n", "value": {"intValue": "7"}}],
            "status": {"code": 2},
        }
    ]


def test_every_process_chooses_the_same_share() -> None:
    ids = [continued_trace(None, str(number), "e").split("-")[1] for number in range(4_000)]
    chosen = {trace_id for trace_id in ids if is_chosen(trace_id, 0.25)}
    assert 0.22 < len(chosen) / len(ids) < 0.28
    assert chosen <= {trace_id for trace_id in ids if is_chosen(trace_id, 0.5)}
    assert all(is_chosen(trace_id, 1.0) for trace_id in ids)
    assert not any(is_chosen(trace_id, 0.0) for trace_id in ids)


def test_saying_an_event_is_the_span_that_its_header_names() -> None:
    headers = {"ce_id": "e1", "ce_source": "/rapport/loyalty", "ce_type": "loyalty.points-earned.v1",
               "ce_traceparent": f"00-{TRACE}-{SPAN}-01"}  # fmt: skip
    made = publishing("loyalty", headers, lambda _: True, 1, 2)
    assert made is not None
    assert (made.trace_id, made.span_id, made.parent_id) == (TRACE, SPAN, None)
    assert publishing("loyalty", headers, lambda _: False, 1, 2) is None
    unsampled = headers | {"ce_traceparent": f"00-{TRACE}-{SPAN}-00"}
    assert publishing("loyalty", unsampled, lambda _: True, 1, 2) is None


async def test_spans_arrive_once_and_are_counted() -> None:
    counted: dict[str, int] = {}
    with Collector() as collector:
        traces = Traces(collector.endpoint, "toy", count=counted.__setitem__)
        traces.emit(span(number) for number in range(5))
        await traces.close()
        assert [(one.service, one.parent_id) for one in collector.spans()] == [("toy", PARENT)] * 5
    assert counted == {"sent": 5}


async def test_a_collector_that_comes_back_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways_out, "PAUSES_S", (0.01, 0.01))
    with Collector(answers=(503, 429)) as collector:
        traces = Traces(collector.endpoint, "toy")
        traces.emit([span()])

        async def came() -> bool:
            return len(collector.spans()) == 1

        await until(came)
        await traces.close()


async def test_nobody_waits_for_a_collector_that_is_away() -> None:
    counted: dict[str, int] = {}
    traces = Traces("http://127.0.0.1:9", "toy", count=lambda fate, number: counted.update({fate: number}))
    began_s = time.monotonic()
    traces.emit(span(number) for number in range(1_000))
    assert time.monotonic() - began_s < 0.1
    await asyncio.sleep(0)
    await traces.close()
    assert time.monotonic() - began_s < ways_out.TIMEOUT_S + 1
    assert counted == {"dropped": 1_000}


async def test_what_finds_no_room_is_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways_out, "MOST_WAITING", 3)
    counted: dict[str, int] = {}
    with Collector() as collector:
        traces = Traces(collector.endpoint, "toy", count=counted.__setitem__)
        traces.emit([span(number) for number in range(5)])
        await traces.close()
        assert len(collector.spans()) == 3
    assert counted == {"dropped": 2, "sent": 3}


def test_headers_for_the_collector_are_written_as_opentelemetry_does() -> None:
    assert headers_of("authorization=Bearer a=b, x-tenant=shop") == {"authorization": "Bearer a=b", "x-tenant": "shop"}
    assert headers_of("") == {}


def test_no_span_names_a_customer() -> None:
    """What a span may say is written in two places; neither reads a customer's id."""
    for place in ("chassis/steps.py", "tracing/messages.py"):
        text = re.sub(r'""".*?"""', "", (ROOT / "shared" / place).read_text(), flags=re.DOTALL)
        assert "customer" not in text
