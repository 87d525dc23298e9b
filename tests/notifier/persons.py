"""Who somebody is, as it lies in the notifier's database: read and changed by tests, through its keys."""

from typing import Any

import msgspec
from msgspec.structs import replace

from chassis.runtime import Runtime
from contracts.vocabulary import Channel
from notifier import people_store
from notifier.people import Person
from notifier.settings import NotifierSettings
from notifier.vaults import Vault
from tests.notifier.correspondent import ADA

EVERYWHERE = {
    Channel.email: "ada@example.org",
    Channel.sms: "+4915112345678",
    Channel.chat: "@ada-lovelace:example.org",
}

CARRIERS = """
version: test
sms: {texts: {url: "json://127.0.0.1:9/{address}"}}
chat: {rooms: {url: "json://127.0.0.1:9/{address}"}}
"""
"""A shop's file of providers, beside the mail server, for all of those."""


def vault_of(runtime: Runtime) -> Vault:
    assert isinstance(runtime.settings, NotifierSettings)
    return runtime.settings.vault


async def person_of(runtime: Runtime, customer_id: str = ADA) -> Person:
    async with runtime.transaction() as tx:
        known = await people_store.people_and_circumstances_of(tx, vault_of(runtime), [customer_id])
    return known[customer_id][0]


async def document_of(runtime: Runtime, customer_id: str = ADA) -> Any:
    """What is encrypted, as JSON has it; None of somebody erased."""
    person = await person_of(runtime, customer_id)
    return None if person.erased else msgspec.to_builtins(person)


async def change(runtime: Runtime, customer_id: str = ADA, **changes: Any) -> None:
    person = replace(await person_of(runtime, customer_id), **changes)
    async with runtime.transaction() as tx:
        await people_store.keep_people(tx, vault_of(runtime), {customer_id: person})
