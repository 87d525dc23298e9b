"""Decimal texts become minor units exactly, or are refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.money import minor_per_unit
from contracts.vocabulary import LARGEST_INTEGER
from orders_listener.ingest.money import Amount, NotAnAmount, minor_of, nearest_minor_of

EXACT: list[tuple[Amount, str, int]] = [
    ("199.9", "EUR", 19_990),
    ("0.29", "EUR", 29),
    ("18000", "CLP", 18_000),
    ("18000.00", "CLP", 18_000),
    ("500", "JPY", 500),
    ("1.234", "KWD", 1_234),
    ("1.2", "KWD", 1_200),
    ("-15.00", "EUR", -1_500),
    ("+7", "EUR", 700),
    ("1.5e1", "EUR", 1_500),
    ("1E-2", "EUR", 1),
    (".5", "EUR", 50),
    ("5.", "EUR", 500),
    (" 3.10 ", "EUR", 310),
    ("0", "EUR", 0),
    ("-0.00", "EUR", 0),
    (12, "EUR", 1_200),
    (12.3, "EUR", 1_230),
    (0.1, "EUR", 10),
    ("90071992547409.91", "EUR", LARGEST_INTEGER),
    ("10", "ZZZ", 1_000),
]


@pytest.mark.parametrize(("amount", "currency", "minor"), EXACT)
def test_an_amount_is_taken_exactly(amount: Amount, currency: str, minor: int) -> None:
    assert minor_of(amount, currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("1.005", "EUR"),
        ("0.5", "JPY"),
        ("1.2345", "KWD"),
        ("1e-3", "EUR"),
        ("", "EUR"),
        ("1,50", "EUR"),
        ("1_000", "EUR"),
        ("1 000", "EUR"),
        ("NaN", "EUR"),
        ("Infinity", "EUR"),
        (float("inf"), "EUR"),
        ("0x10", "EUR"),
        ("١٢", "EUR"),
        ("1e400", "EUR"),
        ("1e99999999", "EUR"),
        ("9" * 65, "EUR"),
        ("90071992547409.92", "EUR"),
        (None, "EUR"),
        (True, "EUR"),
        ("€5", "EUR"),
    ],
)
def test_what_is_no_amount_of_the_currency_is_refused(amount: Amount, currency: str) -> None:
    with pytest.raises(NotAnAmount):
        minor_of(amount, currency)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("1.005", "EUR", 101),
        ("-1.005", "EUR", -101),
        ("1.0049", "EUR", 100),
        ("1234.5", "JPY", 1_235),
        ("2", "EUR", 200),
    ],
)
def test_a_shop_that_reckons_with_more_decimals_is_rounded_half_away_from_zero(
    amount: str, currency: str, minor: int
) -> None:
    assert nearest_minor_of(amount, currency) == minor


@given(st.integers(-LARGEST_INTEGER, LARGEST_INTEGER), st.sampled_from(("EUR", "JPY", "KWD", "CLF")))
def test_every_whole_minor_amount_comes_back_from_its_text(minor: int, currency: str) -> None:
    text = str(Decimal(minor) / minor_per_unit(currency))
    assert minor_of(text, currency) == nearest_minor_of(text, currency) == minor
