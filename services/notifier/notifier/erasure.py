"""Being forgotten, and being told what is kept: what follows from either for one customer.

Whoever asks for it, storefront or care team, the same follows. That the rows and the keys go is the store's affair.
"""

from msgspec import Struct

from chassis.items import Command, Item
from chassis.outcomes import DUPLICATE, ClearDeadline, Decision, Outcome
from contracts import Event
from contracts.storefront import CustomerErased
from notifier.circumstances import Circumstances
from notifier.correspondence import GREET, SEND, TOLD_BY, Correspondence
from notifier.greetings import BIRTHDAY
from notifier.messages import IN_HAND
from notifier.people import ERASED
from notifier.telling import suppress


class Erase(Struct, frozen=True):
    """Command: forget this customer, here and everywhere."""


class Export(Struct, frozen=True):
    """Command: somebody was given everything that is kept of this customer. Changes nothing; written down."""


def on_right(
    account: Correspondence, item: Event[CustomerErased] | Command[Erase | Export]
) -> tuple[Correspondence, Outcome]:
    """What somebody may ask for. Of who was erased there is nothing to give, and nothing more to forget."""
    if account.person.erased:
        return account, DUPLICATE
    if isinstance(item.data, Export):  # who asked stands in `commands`
        return account, Outcome(decisions=(_decision(account, "exported", "asked"),))
    return on_erased(account, item)


def on_erased(account: Correspondence, item: Item) -> tuple[Correspondence, Outcome]:
    """Forget the person; what has not left the house does not leave it. Asked for here, everybody else hears of it."""
    unsaid = [message for message in account.messages.values() if message.waiting or message.state in IN_HAND]
    issue_ids = sorted(account.circumstances.issues)
    account, outcome = account.with_person(ERASED)
    account, forgotten = account.with_circumstances(Circumstances())
    outcome += _said(account, item) + forgotten
    told_by = tuple(ClearDeadline(TOLD_BY, issue_id) for issue_id in issue_ids)
    outcome += Outcome(deadlines=(*told_by, ClearDeadline(GREET, BIRTHDAY)))
    for message in sorted(unsaid, key=lambda message: message.message_id):
        account, unsaid_outcome = suppress(account, message, item.at, "erased")
        outcome += unsaid_outcome + Outcome(deadlines=(ClearDeadline(SEND, message.message_id),))
    return account, outcome


def _said(account: Correspondence, item: Item) -> Outcome:
    if not isinstance(item, Command):
        return Outcome(decisions=(_decision(account, "erased", "said"),))
    fact = CustomerErased(customer_id=account.customer_id, occurred_at=item.at)
    return Outcome(facts=(fact,), decisions=(_decision(account, "erased", "asked"),))


def _decision(account: Correspondence, outcome: str, reason: str) -> Decision:
    return Decision(subject=account.customer_id, rule="personal_data", outcome=outcome, reason=reason)
