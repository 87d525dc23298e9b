"""Where somebody is reached on each channel, cleaned at the door.

What could break out of a mail's header or of a provider's URL never gets in: a mail address is as the WHATWG writes
it, a telephone number is E.164, everything else is one word of signs that mean nothing in a URL's path.
"""

import re

import phonenumbers

from contracts.storefront import Contact
from contracts.vocabulary import Channel

LONGEST_ADDRESS = 254  # RFC 5321, section 4.5.3.1.3, without the angle brackets
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~.-]{{1,64}}@{_LABEL}(?:\.{_LABEL})+")
"""What the WHATWG calls a valid e-mail address (HTML, "valid-e-mail-address"), with a dot in the domain."""
_WORD = re.compile(r"(?!\.)[A-Za-z0-9@:._~=+!,\[\]-]{1,255}")
"""Device tokens and chat ids as their services write them: without slashes, and not beginning with a dot."""


def address_of(contact: Contact, country: str | None = None) -> str | None:
    """The address as providers take it; None when nobody is reached there."""
    match contact.channel:
        case Channel.email:
            usable = len(contact.address) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(contact.address)
            return contact.address if usable else None
        case Channel.sms:
            return _number_of(contact.address, country)
        case Channel.push | Channel.chat:
            return contact.address if _WORD.fullmatch(contact.address) else None
    return None


def _number_of(text: str, country: str | None) -> str | None:
    """E.164; a number written as within a country needs to be told which one."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
