"""What the operator's page says of rights in Kafka is what the code computes, and what it computes is complete."""

import re
from itertools import chain

import pytest

from chassis.grants import Grant, commands, grants_of, missing
from tests.sources import ROOT, SERVICES, composed


def said_in_the_page(service: str) -> set[Grant]:
    """The row of a service."""
    name = service.replace("_", "-")
    text = (ROOT / "docs" / "operations.md").read_text()
    row = re.search(rf"^\| {name} \| (`rapport.*) \|$", text, re.MULTILINE)
    assert row, f"docs/operations.md has no row of rights for {name}"
    columns = [re.findall(r"`([\w.-]+)`", column) for column in row[1].split(" | ")]
    kinds = [("group", "Read"), ("topic", "Read"), ("topic", "Write"), ("topic", "DescribeConfigs")]
    pairs = zip(kinds, columns, strict=True)
    return set(chain.from_iterable((Grant(kind, one, what) for one in names) for (kind, what), names in pairs))


@pytest.mark.parametrize("service", SERVICES)
def test_the_operators_page_names_exactly_the_rights_that_a_service_needs(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said_in_the_page(service) == set(grants_of(composed(service, monkeypatch).service))


def test_a_group_of_another_name_needs_the_right_to_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOYALTY_CONSUMER_GROUP", "blue")
    application = composed("loyalty", monkeypatch)
    groups = [grant.name for grant in grants_of(application.service, application.settings) if grant.resource == "group"]
    assert groups == ["blue"]


def test_rights_can_be_granted_by_kafkas_own_tool() -> None:
    [line] = commands([Grant("topic", "orders", "Read")], "User:loyalty")
    assert line == "kafka-acls.sh --add --allow-principal User:loyalty --operation Read --topic orders"


def test_only_a_refusal_is_a_missing_right() -> None:
    assert missing(ConnectionRefusedError()) is None
