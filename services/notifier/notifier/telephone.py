"""What a text message of the telephone network holds: its alphabet, its parts, and how other letters are written in it.

The alphabet and the parts are those of 3GPP TS 23.038 (section 6.2.1) and TS 23.040 (section 9.2.3.24.1): 160 signs,
or 153 in each of several; where any sign is not of the alphabet, 70 or 67. Must not know what is said.
"""

import unicodedata
from collections.abc import Iterable

MOST_PARTS = 2
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
"""Each takes the place of two."""
_ALPHABET = _BASIC | _EXTENDED
_GSM_ALONE, _GSM_PART = 160, 153
_UCS2_ALONE, _UCS2_PART = 70, 67
_LIKE = {
    "’": "'", "‘": "'", "‚": ",", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-", "‑": "-",
    "…": "...", "×": "x", "•": "-", "œ": "oe", "Œ": "OE", "\u00a0": " ", "\u202f": " ",
}  # fmt: skip


def parts(text: str) -> int:
    """How many messages the network makes of it."""
    if all(sign in _ALPHABET for sign in text):
        return _parts([2 if sign in _EXTENDED else 1 for sign in text], _GSM_ALONE, _GSM_PART)
    return _parts([2 if ord(sign) > 0xFFFF else 1 for sign in text], _UCS2_ALONE, _UCS2_PART)


def fits(text: str) -> bool:
    """Whether it is no more than what a text message of ours may be."""
    return parts(text) <= MOST_PARTS


def plain(text: str) -> str:
    """In the alphabet as far as it goes: letters without accents that it lacks, plain quotes; others as they are."""
    return "".join(sign if sign in _ALPHABET else _like(sign) for sign in text)


def _like(sign: str) -> str:
    if sign in _LIKE:
        return _LIKE[sign]
    letter = unicodedata.normalize("NFD", sign)[:1]
    return letter if letter in _ALPHABET else sign


def _parts(widths: Iterable[int], alone: int, part: int) -> int:
    """A sign of two places stays in one part."""
    widths = list(widths)
    if sum(widths) <= alone:
        return 1
    number, left = 1, part
    for width in widths:
        if width > left:
            number, left = number + 1, part
        left -= width
    return number
