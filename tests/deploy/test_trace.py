"""One trace from the shop's word to the mail, through Kafka and four services, taken by a collector on this machine."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from deploy.local.collector import Seen
from deploy.local.ports import Ports
from deploy.local.trace import PICTURE, draw, traced
from tests.sources import ROOT

DRAWN = re.compile(r"fill='#111827'>((?:publish|process|deadline|send|command)[^<]*)</text>")


@pytest.fixture(scope="module")
def spans(tmp_path_factory: pytest.TempPathFactory) -> list[Seen]:
    return traced(tmp_path_factory.mktemp("traced") / "run", Ports.free())


@pytest.mark.timeout(180)
def test_one_trace_leads_from_the_shops_word_to_the_mail(spans: list[Seen]) -> None:
    by_id = {span.span_id: span for span in spans}
    [mail] = [span for span in spans if span.attributes.get("rapport.kind") == "order_confirmed"]
    way = [mail]
    while way[-1].parent_id:
        way.append(by_id[way[-1].parent_id])
    assert [(span.service, span.name) for span in reversed(way)] == [
        ("storefront", "publish storefront.order-placed.v1"),
        ("orders-listener", "process storefront.order-placed.v1"),
        ("orders-listener", "publish orders.order-confirmed.v1"),
        ("notifier", "process orders.order-confirmed.v1"),
        ("notifier", "send email"),
    ]
    assert mail.attributes["rapport.result"] == "accepted"
    assert all(earlier.start_ns <= later.start_ns for later, earlier in pairwise(way))


def test_nothing_of_the_trace_stands_alone(spans: list[Seen]) -> None:
    known = {span.span_id for span in spans}
    assert [span.name for span in spans if span.parent_id not in known] == ["publish storefront.order-placed.v1"]
    assert {span.service for span in spans} == {"storefront", "orders-listener", "loyalty", "feedback", "notifier"}


def test_a_trace_says_nothing_of_a_person(spans: list[Seen]) -> None:
    said = repr(spans)
    assert "paula" not in said
    assert "@" not in said


def test_the_picture_in_the_docs_shows_the_trace_as_it_is(spans: list[Seen]) -> None:
    """Times differ from run to run; who did what below whom does not."""
    draw(spans, PICTURE)
    drawn, kept = ({*DRAWN.findall(Path(path).read_text())} for path in (PICTURE, ROOT / "docs" / "trace.svg"))
    assert drawn == kept, "make trace, and keep build/trace.svg as docs/trace.svg"
