"""Whoever writes a carrier's name, it is one name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders_listener.ingest.carriers import LONGEST, name_of, number_of

SAME = {
    "usps": ["USPS", "usps", " U.S.P.S. ", "United States Postal Service"],
    "ups": ["UPS", "ups", "UPSDAP", "United Parcel Service"],
    "fedex": ["FedEx", "fedex", "Fedex", "FedExDefault"],
    "dhl": ["DHL", "dhl", "DHLExpress", "DHL Express", "dhl-express", "dhl-us"],
    "dhlecommerce": ["DHL eCommerce", "DhlEcs", "dhl-global-mail", "DHLECommerce"],
    "royalmail": ["RoyalMail", "royal-mail", "Royal Mail"],
    "deutschepost": ["DeutschePost", "deutsch-post", "Deutsche Post"],
    "correosespana": ["Correos España"],
    "顺丰速运": ["顺丰速运"],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in SAME.items() for text in texts])
def test_one_carrier_has_one_name(name: str, text: str) -> None:
    assert name_of(text) == name


@pytest.mark.parametrize("text", [None, "", " ", "-", "Other", "unknown"])
def test_nobody_has_none(text: str | None) -> None:
    assert name_of(text) == ""


@pytest.mark.parametrize(
    "pair", [("DHL Express", "DHL eCommerce"), ("UPS", "USPS"), ("DPD", "GLS"), ("dhl", "dhl-germany")]
)
def test_different_carriers_stay_apart(pair: tuple[str, str]) -> None:
    assert name_of(pair[0]) != name_of(pair[1])


@given(st.text())
def test_a_name_is_short_and_names_itself(text: str) -> None:
    name = name_of(text)
    assert len(name) <= LONGEST
    assert name_of(name) == name


@pytest.mark.parametrize(
    "text", ["1Z999AA10123456784", "1z 999 aa1 0123 4567 84", " 1Z-999-AA10123456784 ", "１Z999AA10123456784"]
)
def test_a_number_is_one_however_it_is_grouped(text: str) -> None:
    assert number_of(text) == "1Z999AA10123456784"


@given(st.text() | st.none())
def test_a_number_is_short_and_names_itself(text: str | None) -> None:
    assert len(number_of(text)) <= LONGEST
    assert number_of(number_of(text)) == number_of(text)
