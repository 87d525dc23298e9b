"""What a customer answers when asked whether they would recommend the shop: drawn from what they went through."""

from random import Random
from typing import NamedTuple

from storefront.simulation.dice import around, happens
from storefront.simulation.orders import Fate
from storefront.simulation.stories import Story

HURT: dict[Fate, int] = {
    Fate.payment_retried: 1,
    Fate.restocked: 2,
    Fate.substituted: 1,
    Fate.sold_out: 4,
    Fate.promise_moved: 1,
    Fate.wrong_variant: 5,
    Fate.attempt_failed: 1,
    Fate.lost: 5,
    Fate.damaged: 4,
    Fate.refunded_partly: 3,
    Fate.refunded_twice: 4,
    Fate.returned: 1,
    Fate.line_forgotten: 4,
    Fate.not_fetched: 2,
    Fate.refund_forgotten: 4,
}
"""Points that a trouble costs, beside those for being late."""

COMMENTS = {
    "promoter": ("Quick and lovely, thank you!", "Exactly as described.", "I will order again."),
    "passive": ("All right.", "Fine, but the box was very big.", "Good, could be faster."),
    "detractor": ("I waited far too long.", "Nobody told me anything.", "Not what I ordered."),
}


class Answer(NamedTuple):
    """A score, 0 to 10, how long after the question it is given, and a comment or none."""

    score: int
    delay_hours: float
    comment: str | None


def answer_to(story: Story) -> Answer | None:
    """What the order's customer will say, whatever we write; None for people who never answer."""
    if not story.order.person.answers:
        return None
    dice = story.order.dice("answer")
    score = _score(story, dice)
    return Answer(score, round(min(200.0, around(dice, 9, 1.2)), 2), _comment(score, dice))


def _score(story: Story, dice: Random) -> int:
    ideal = dice.choices((10, 9, 8, 7), (46, 30, 17, 7))[0]
    days_late = story.late_by.total_seconds() / 86_400
    lateness = 0 if days_late == 0 else min(6, 2 + round(days_late))
    never_came = 6 if story.delivered_at is None else 0
    hurt = max(HURT.get(story.order.fate, 0), lateness, never_came)
    return max(0, min(10, ideal + story.order.person.mood - hurt))


def _comment(score: int, dice: Random) -> str | None:
    kind = "promoter" if score >= 9 else "passive" if score >= 7 else "detractor"
    return dice.choice(COMMENTS[kind]) if happens(dice, 0.6 if kind == "detractor" else 0.3) else None
