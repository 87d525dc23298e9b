"""The AsyncAPI 3.0 document: topics, events, and who says and hears them. Adds nothing to the contracts but that."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from contracts import feedback, loyalty, notifications, orders, storefront
from contracts.catalogue import catalogue
from contracts.envelope import EventType, Fact, TimeReached
from contracts.golden import Example, examples
from contracts.kafka import LARGEST_VALUE_BYTES, LONGEST_ATTRIBUTE
from contracts.schemas import Json, components, status

STOREFRONT = "storefront"
KAFKA_BINDING = "0.5.0"

SPEAKERS: Mapping[str, Sequence[str]] = {
    STOREFRONT: (storefront.ORDERS, storefront.SHIPMENTS, storefront.CUSTOMERS),
    "orders-listener": (orders.ORDERS,),
    "feedback": (feedback.FEEDBACK,),
    "loyalty": (loyalty.LOYALTY,),
    "notifier": (notifications.NOTIFICATIONS,),
}
"""Who says on which topic everything that is not merely planned."""

SAYS_FOR_STOREFRONTS: Mapping[str, Mapping[str, Sequence[type[Fact]]]] = {
    "notifier": {storefront.CUSTOMERS: (storefront.CustomerErased,)},
}
"""Facts of storefronts that a service says in their place: who asks it to forget somebody asks all."""

LISTENERS: Mapping[str, Mapping[str, Sequence[type[Fact]]]] = {
    STOREFRONT: {orders.ORDERS: (orders.CancellationRequested, orders.DelayAccepted)},
    "orders-listener": {
        storefront.ORDERS: (),
        storefront.SHIPMENTS: (),
        storefront.CUSTOMERS: (storefront.ContactReceived, storefront.CustomerErased),
    },
    "feedback": {
        orders.ORDERS: (
            orders.OrderConfirmed,
            orders.OrderDelivered,
            orders.OrderCancelled,
            orders.OrderRefunded,
            orders.IssueOpened,
            orders.IssueResolved,
        ),
        storefront.CUSTOMERS: (storefront.ContactReceived, storefront.CustomerErased),
        loyalty.LOYALTY: (loyalty.GoodwillGranted, loyalty.GoodwillRefused),
        notifications.NOTIFICATIONS: (notifications.MessageSent, notifications.TellingFailed),
    },
    "loyalty": {
        orders.ORDERS: (
            orders.OrderConfirmed,
            orders.OrderCompleted,
            orders.OrderCancelled,
            orders.OrderRefunded,
            orders.OrderDelivered,
            orders.IssueOpened,
        ),
        feedback.FEEDBACK: (feedback.GoodwillRequested,),
        storefront.CUSTOMERS: (storefront.CustomerErased,),
    },
    "notifier": {
        storefront.CUSTOMERS: (
            storefront.CustomerUpdated,
            storefront.ConsentChanged,
            storefront.ContactReceived,
            storefront.CustomerErased,
        ),
        orders.ORDERS: (
            orders.OrderConfirmed,
            orders.OrderShipped,
            orders.OrderDelivered,
            orders.OrderCancelled,
            orders.OrderRefunded,
            orders.IssueOpened,
            orders.IssueUpdated,
            orders.IssueResolved,
            orders.MilestoneReached,
        ),
        feedback.FEEDBACK: (feedback.SurveyDue,),
        loyalty.LOYALTY: (
            loyalty.PointsEarned,
            loyalty.PointsVested,
            loyalty.GoodwillGranted,
            loyalty.TierReached,
            loyalty.TierLost,
        ),
    },
}
"""Who listens to which facts of a topic; none named means all. As in the services' own Consumes lines."""

TOPICS: Mapping[str, str] = {
    storefront.ORDERS: "What happens to orders, as the shop knows it.",
    storefront.SHIPMENTS: "What happens to parcels, as carriers know it.",
    storefront.CUSTOMERS: "Who customers are, what they allowed, when they wrote. The only topic with personal data.",
    orders.ORDERS: "What became of each order, and what went wrong with it.",
    feedback.FEEDBACK: "What customers were asked and answered, and who takes care of them.",
    loyalty.LOYALTY: "Points, tiers, rewards, goodwill.",
    notifications.NOTIFICATIONS: "What was told, held or left unsaid, and why.",
}


def asyncapi() -> Json:
    """The AsyncAPI 3.0 document of the whole house."""
    entries = [entry for _, entry in sorted(catalogue().items())]
    payloads, schemas = components([entry.fact for entry in entries], "#/components/schemas/{name}")
    messages = {entry.type: _message(entry, payload) for entry, payload in zip(entries, payloads, strict=True)}
    return {
        "asyncapi": "3.0.0",
        "id": "urn:rapport:events",
        "info": {
            "title": "Rapport",
            "version": "1.0.0",
            "description": (
                "Every event that storefronts and the four services say over Kafka: CloudEvents 1.0, sent in binary "
                "mode, read in binary and structured mode. A type's version stands in its name; an optional field may "
                "be added to a version, anything else makes a new one. Readers accept unknown fields. "
                "What has `x-status: planned` is said by nobody yet."
            ),
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic: _channel(topic, entries) for topic in TOPICS},
        "operations": dict(_operations(entries)),
        "components": {"messages": messages, "messageTraits": {"cloudevent": _cloudevent()}, "schemas": schemas},
    }


def _channel(topic: str, entries: Sequence[EventType]) -> Json:
    return {
        "address": topic,
        "description": TOPICS[topic],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _said_on(topic, entries)},
        "bindings": {"kafka": {"topic": topic, "bindingVersion": KAFKA_BINDING}},
    }


def _said_on(topic: str, entries: Sequence[EventType]) -> list[str]:
    return [entry.type for entry in entries if entry.topic in (topic, "")]


def _operations(entries: Sequence[EventType]) -> Iterator[tuple[str, Json]]:
    for service, topics in SPEAKERS.items():
        for topic in topics:
            names = _said_on(topic, [entry for entry in entries if not entry.planned])
            yield f"{service}.says.{topic}", _operation("send", service, topic, names)
    by_fact = {entry.fact: entry.type for entry in entries}
    for service, said in SAYS_FOR_STOREFRONTS.items():
        for topic, facts in said.items():
            yield f"{service}.says.{topic}", _operation("send", service, topic, [by_fact[fact] for fact in facts])
    for service, heard in LISTENERS.items():
        for topic, facts in heard.items():
            names = [by_fact[fact] for fact in facts] or _said_on(topic, entries)
            yield f"{service}.hears.{topic}", _operation("receive", service, topic, names)


def _operation(action: str, service: str, topic: str, names: Sequence[str]) -> Json:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic}"},
        "title": f"{service} {'says' if action == 'send' else 'hears'} {topic}",
        "tags": [{"name": service}],
        "messages": [{"$ref": f"#/channels/{topic}/messages/{name}"} for name in names],
    }


def _message(entry: EventType, payload: Json) -> Json:
    time_reached = entry.fact is TimeReached
    key = {"type": "null"} if time_reached else {"type": "string", "description": "The customer's id."}
    return {
        "name": entry.type,
        "title": entry.fact.__name__,
        "summary": inspect.cleandoc(entry.fact.__doc__),
        **status(entry),
        "tags": [{"name": entry.type.partition(".")[0]}],
        "traits": [{"$ref": "#/components/messageTraits/cloudevent"}],
        "payload": payload,
        "bindings": {"kafka": {"key": key, "bindingVersion": KAFKA_BINDING}},
        "examples": [_shown(example) for example in _golden()[entry.type]],
    }


def _shown(example: Example) -> Json:
    return {"name": example.name, "headers": example.headers, "payload": example.data}


@cache
def _golden() -> dict[str, list[Example]]:
    by_type: dict[str, list[Example]] = {}
    for example in examples():
        by_type.setdefault(example.type, []).append(example)
    return by_type


def _cloudevent() -> Json:
    """The headers of binary mode (CloudEvents Kafka binding 1.0, section 3.2)."""
    required = {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_type": _attribute("Which fact this is."),
        "ce_source": _attribute("Who said it. Source and id together name the event for ever."),
        "ce_id": _attribute("Any text; the same source and id again is a repetition."),
        "ce_time": {"type": "string", "format": "date-time", "description": "When it was said."},
    }
    optional = {
        "ce_subject": _attribute("The thing the fact is about."),
        "ce_correlationid": _attribute("The first event of the story; its own id when missing."),
        "ce_causationid": _attribute("What led to this event."),
        "ce_traceparent": _attribute("W3C Trace Context."),
        "content-type": {"type": "string", "default": "application/json"},
    }
    return {
        "contentType": "application/json",
        "description": f"At most {LARGEST_VALUE_BYTES} bytes of JSON.",
        "correlationId": {"location": "$message.header#/ce_correlationid"},
        "headers": {"type": "object", "required": list(required), "properties": {**required, **optional}},
    }


def _attribute(description: str) -> Json:
    return {"type": "string", "minLength": 1, "maxLength": LONGEST_ATTRIBUTE, "description": description}
