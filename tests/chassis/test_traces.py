"""A service's spans stand below what led to them, whichever process makes them; without a collector there are none."""

from contracts.traces import span_of, step_of
from deploy.local.broker import Broker
from deploy.local.collector import Collector
from tests.brokers import PARTITIONS
from tests.chassis.shop import placed, toy
from tests.conftest import RuntimeOf
from tests.running import publish, running, until


async def test_folding_an_event_and_saying_what_follows_are_spans_of_its_trace(
    runtime_of: RuntimeOf, kafka: Broker
) -> None:
    with Collector() as collector:
        runtime = await toy(runtime_of, kafka, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)
        event = placed("ada", "o1")
        async with running(runtime):
            await publish(kafka.bootstrap, event, partitions=PARTITIONS)

            async def came() -> bool:
                return any(span.name.startswith("publish ") for span in collector.spans())

            await until(came)
    source = runtime.service.source
    [folding] = [span for span in collector.spans() if span.name == f"process {event.type}"]
    assert (folding.span_id, folding.parent_id) == (step_of(source, event.id), ""), "it came without a trace"
    said = [span for span in collector.spans() if span.name.startswith("publish ")]
    steps = {span.span_id for span in collector.spans()} - {span.span_id for span in said}
    assert folding.span_id in {span.parent_id for span in said} <= steps, "of the event, or of the toy's deadline"
    assert {span.span_id for span in said} == {span_of(str(span.attributes["messaging.message.id"])) for span in said}
    assert {span.trace_id for span in said} == {folding.trace_id}


async def test_nobody_looks_unless_an_address_is_set(runtime_of: RuntimeOf, kafka: Broker) -> None:
    assert (await toy(runtime_of, kafka)).traces is None
