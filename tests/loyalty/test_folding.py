"""Every fact that loyalty takes is answered by a rule, and folding leaves the account that it was given as it was."""

from functools import partial
from typing import Any

import pytest
from msgspec.structs import asdict

from chassis.errors import Rejected
from contracts.envelope import Fact
from contracts.vocabulary import LARGEST_INTEGER
from loyalty.app import CONSUMES
from loyalty.folding import RULES, fold
from tests.loyalty.facts import PROGRAMME, Member, completed, confirmed, erased, late, refunded, requested, said

answer = partial(fold, PROGRAMME)


@pytest.mark.parametrize("fact", [fact for inlet in CONSUMES for fact in inlet.facts])
def test_every_fact_that_is_taken_has_a_rule(fact: type[Any]) -> None:
    assert fact in RULES


@pytest.mark.parametrize(
    "fact", [refunded("r1", shirt=100), completed(), late(), requested(10), erased(), confirmed("o2", shirt=2_000)]
)
def test_an_account_stays_as_it_was_when_it_is_folded(fact: Fact) -> None:
    account = Member(confirmed("o1", shirt=2_000)).account
    before = asdict(account)

    changed, _ = answer(account, said(fact, 9))

    assert asdict(account) == before != asdict(changed)


def test_what_is_rejected_half_way_leaves_nothing_behind() -> None:
    account = Member(confirmed("o1", shirt=2_000)).account
    before = asdict(account)

    with pytest.raises(Rejected):
        answer(account, said(confirmed("o2", "JPY", a=LARGEST_INTEGER, b=LARGEST_INTEGER), 9))

    assert asdict(account) == before


def test_an_account_that_nothing_changes_is_the_same_one() -> None:
    account = Member(confirmed("o1", shirt=2_000)).account
    assert answer(account, said(confirmed("o1", shirt=2_000), 9))[0] is account
