"""The simulated evening: nothing is lost in it, and it answers as a house would."""

from collections import Counter

from benchmarks.peak import (
    BEGIN,
    CAMPAIGN_S,
    DAYS,
    END,
    PAGE,
    PICTURE,
    Figures,
    House,
    Queue,
    events_per_s,
    shares,
    simulate,
    within,
    work,
)

SALE = (CAMPAIGN_S, CAMPAIGN_S + 600)
"""Its first ten minutes, from nothing to the peak."""


def test_who_arrives_is_told_or_still_waits() -> None:
    arrived = sum(events_per_s(second) for second in range(*SALE))
    for house in (House("enough"), House("short", listeners=2), House("shorter", notifiers=4)):
        seen = simulate(house, Figures(), *SALE)
        sent = (sum(seen.issues.values()) + sum(seen.others.values())) / Figures().mails_per_event
        assert abs(sent + seen.left - arrived) < arrived * 1e-6


def test_fewer_listeners_leave_more_waiting_and_more_do_not_help_further() -> None:
    lags = [max(simulate(House("h", listeners=number), Figures(), *SALE).lag) for number in (2, 3, 6, 12)]
    assert lags[0] > lags[1] > lags[2] == lags[3] == 0


def test_issues_leave_first_whatever_else_waits() -> None:
    seen = simulate(House("few senders", notifiers=8), Figures(), *SALE)
    assert max(seen.issues) <= 1 < 60 < max(seen.others)


def test_what_stood_still_is_caught_up_with_in_its_order() -> None:
    still = House("still", stopped=lambda second: SALE[0] + 60 <= second < SALE[0] + 120)
    seen = simulate(still, Figures(), *SALE)
    assert max(seen.issues) in range(59, 65)
    assert seen.left < 1


def test_a_process_does_no_more_than_a_second_of_work_in_a_second() -> None:
    lanes = [Queue(), Queue()]
    for lane in lanes:
        lane.put(0, 1_000_000)
    done = sum(number for *_, number in work(lanes, 0.01, 1 / 4_280, 1_000))
    assert 0.9 * 4_280 < done < 4_280
    assert abs(lanes[0].number - lanes[1].number) <= 1_000


def test_a_batch_costs_whatever_is_in_it() -> None:
    lanes = [Queue() for _ in range(200)]
    for lane in lanes:
        lane.put(0, 1)
    assert sum(number for *_, number in work(lanes, 0.01, 1 / 4_280, 1_000)) < 100


def test_the_day_is_as_the_page_says() -> None:
    assert max(events_per_s(second) for second in range(86_400)) == 12_500
    assert abs(sum(shares(24)) - 1) < 1e-9
    assert max(shares(24)) / min(shares(24)) < 1.25


def test_the_slowest_of_a_hundred_is_found() -> None:
    assert within(Counter({0: 98, 5: 1, 9: 1}), 0.99) == 5


def test_the_page_has_a_line_for_every_day_and_the_picture() -> None:
    page = PAGE.read_text()
    table = page.partition(BEGIN)[2].partition(END)[0]
    assert all(f"| {house.name} |" in table for house in DAYS)
    assert PICTURE.read_text().startswith("<svg")
