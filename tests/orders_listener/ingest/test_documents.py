"""What docs/ingest says of statuses is what the modules do."""

import re
from collections.abc import Mapping

import pytest

from orders_listener.ingest import aftership, easypost
from orders_listener.ingest.scans import Meaning
from orders_listener.ingest.woocommerce import orders, topics
from tests.sources import ROOT


def rows_of(page: str) -> dict[str, str]:
    """Every row of the page's tables by each code in its first cell; of several the longest."""
    rows: dict[str, str] = {}
    for line in (ROOT / "docs" / "ingest" / f"{page}.md").read_text().splitlines():
        first, _, rest = line.strip().removeprefix("|").partition("|") if line.strip().startswith("|") else ("", "", "")
        for code in re.findall(r"`([^`]+)`", first):
            rows[code] = max(rows.get(code, ""), rest, key=len)
    return rows


def says(page: str, code: str, word: str) -> bool:
    return f"`{word}`" in rows_of(page).get(code, "")


@pytest.mark.parametrize(
    ("page", "meanings"),
    [
        ("easypost", easypost.STATUSES),
        ("easypost", easypost.DETAILS),
        ("aftership", aftership.TAGS),
        ("aftership", aftership.SUBTAGS),
    ],
)
def test_every_word_of_a_carrier_stands_there_with_ours(page: str, meanings: Mapping[str, Meaning]) -> None:
    assert [code for code, meaning in meanings.items() if not says(page, code, meaning.status)] == []


@pytest.mark.parametrize(("page", "reasons"), [("easypost", easypost.SILENT), ("woocommerce", orders.SILENT)])
def test_every_word_that_says_nothing_stands_there_with_the_reason(page: str, reasons: Mapping[str, str]) -> None:
    assert [code for code, reason in reasons.items() if not says(page, code, reason)] == []


def test_every_topic_of_woocommerce_that_is_heard_is_in_the_tables() -> None:
    page = (ROOT / "docs" / "ingest" / "woocommerce.md").read_text()
    assert [topic for topic in topics.HEARD if f"`{topic}`" not in page] == []
