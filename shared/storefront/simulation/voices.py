"""What the shop learns of its customers: who they are, what they allow, and when they write on their own."""

from datetime import datetime, timedelta
from random import Random

from contracts.storefront import ConsentChanged, Contact, ContactReceived, CustomerUpdated
from contracts.vocabulary import Channel, Purpose
from storefront.simulation.dice import between, drawn, happens
from storefront.simulation.orders import Fate
from storefront.simulation.stories import Story

CONTACT_CHANNELS = {"email": 60.0, "phone": 22.0, "chat": 15.0, "review_site": 3.0}
WITHDRAWALS = {Purpose.survey: 0.04, Purpose.marketing: 0.08, Purpose.loyalty: 0.02}
TEXTS = {
    "where_is_my_order": ("Where is my parcel? It should have been here.", "Still nothing has come. What is going on?"),
    "wrong_item": ("The colour is not what I ordered.", "You sent me the wrong one."),
    "damaged_item": ("It arrived with a scratch.", "One piece is broken."),
    "payment": ("Did my payment go through? I am not sure.", "The payment did not work. What now?"),
    "refund": ("When do I get my money back?", "I am still waiting for the refund."),
    "question": ("Can the cover be washed at 60 degrees?", "Do you send to a parcel shop as well?"),
}


def introduce(story: Story) -> None:
    """The shop learns who somebody is, usually just before their first order, sometimes hours after it."""
    dice = story.order.dice("introduction")
    known_at = story.order.placed_at + (between(dice, 1, 3) if happens(dice, 0.04) else -between(dice, 0.01, 0.1))
    story.say(_updated(story, known_at), known_at, dice, within_s=5)
    if happens(dice, 0.35):
        _consent(story, Purpose.marketing, known_at, dice, given=True, evidence="box ticked at checkout")
    for purpose, share in WITHDRAWALS.items():
        if happens(dice, share):
            withdrawn_at = known_at + between(dice, 6, 900)
            _consent(story, purpose, withdrawn_at, dice, given=False, evidence="preferences in the account")


def _updated(story: Story, at: datetime) -> CustomerUpdated:
    person = story.order.person
    return CustomerUpdated(
        customer_id=story.customer_id,
        occurred_at=at,
        contacts=(Contact(channel=Channel.email, address=person.address),),
        given_name=person.given_name,
        family_name=person.family_name,
        locale=person.place.locale,
        zone=person.place.zone,
        country=person.place.country,
        birthday=person.birthday,
    )


def _consent(story: Story, purpose: Purpose, at: datetime, dice: Random, *, given: bool, evidence: str) -> None:
    changed = ConsentChanged(
        customer_id=story.customer_id,
        occurred_at=at,
        channel=Channel.email,
        purpose=purpose,
        given=given,
        evidence=evidence,
    )
    story.say(changed, at, dice)


def speak_up(story: Story) -> None:
    """Customers write when their own patience ends; it was drawn without knowing what they will be told."""
    dice = story.order.dice("voice")
    patience = timedelta(hours=story.order.person.patience_hours)
    out_of_patience_at = story.promised_until + patience
    if not story.cancelled and story.ended_at is not None and story.ended_at > out_of_patience_at:
        write(story, "where_is_my_order", out_of_patience_at, dice)
    if story.delivered_at is not None:
        _write_about_goods(story, story.delivered_at + min(patience, timedelta(days=4)) * 0.2, dice)


def _write_about_goods(story: Story, at: datetime, dice: Random) -> None:
    if story.order.fate is Fate.wrong_variant and happens(dice, 0.8):
        write(story, "wrong_item", at, dice)
    elif story.order.fate in {Fate.refunded_partly, Fate.refunded_twice, Fate.gesture} and happens(dice, 0.7):
        write(story, "damaged_item", at, dice)
    elif happens(dice, 0.02):
        write(story, "question", at, dice)


def write(story: Story, topic: str, at: datetime, dice: Random) -> None:
    """Somebody writes, calls or complains about their order."""
    story.contacts += 1
    channel = drawn(dice, CONTACT_CHANNELS)
    written = ContactReceived(
        customer_id=story.customer_id,
        contact_id=f"{story.order_id}-c{story.contacts}",
        occurred_at=at,
        channel=channel,
        public=channel == "review_site",
        order_id=story.order_id,
        topic=topic,
        text=dice.choice(TEXTS[topic]),
    )
    story.say(written, at, dice, within_s=300)
