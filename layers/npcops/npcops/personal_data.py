"""What counts as personal data in training data, and how it looks: told by pattern, in every language.

Names are none of it: a game's text is made of the names of characters and places. What counts are the means by which a
real person could be reached, paid for or impersonated, in the form that real ones have. `The password is salt` is a
line of a story, and so is `the third house on Cheap Steps`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator

import msgspec


class Found(msgspec.Struct, frozen=True):
    """A place in a text, by characters, that is personal data of a kind (named as Amazon Comprehend names it)."""

    kind: str
    begin: int
    end: int
    score: float = 1.0


Check = Callable[[str], bool]
# What a finding's words must look like to count. Kinds that are not here do not count: NAME, AGE, DATE_TIME, URL and
# USERNAME are what stories consist of.
_SURE = 0.8
_DIGITS = re.compile(r"\d")
_MAIL = re.compile(r"[\w.+%-]{1,64}@(?:[\w-]{1,63}\.)+[A-Za-z]{2,24}\b")
# Payment cards begin with these digits.
_CARD = re.compile(r"(?<![\d.,-])(?:2[2-7]|[3-6]\d)(?:[ -]?\d){11,17}(?![\d-])")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_ADDRESS4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?!\.?\d)")
_SSN = re.compile(r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])")
_PHONE = re.compile(
    r"(?<![\w+.])(?:\+\d{1,3}[ .-]?(?:\(0\)[ .-]?)?\(?\d{1,4}\)?(?:[ .-]?\d{2,4}){2,4}"
    r"|\(\d{3}\) ?\d{3}[ .-]\d{4}|\d{3}[.-]\d{3}[.-]\d{4})(?![\w-])"
)
_KEY = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")
_MAC = re.compile(r"\b[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}\b")
_STREET = re.compile(r"\d.*[^\W\d_]{3}|[^\W\d_]{3}.*\d", re.S)


def _luhn(text: str) -> bool:
    digits = [int(digit) for digit in _DIGITS.findall(text)]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return 13 <= len(digits) <= 19 and len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _iban(text: str) -> bool:
    plain = text.replace(" ", "")
    if not 15 <= len(plain) <= 34:
        return False
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


def _public_address(text: str) -> bool:
    """One of digits alone (1.2.3.4) is rather the number of a chapter or of a version."""
    try:
        return ipaddress.IPv4Address(text).is_global and len(text) > len("1.2.3.4")
    except ValueError:
        return False


def _digits(least: int, most: int = 19) -> Check:
    return lambda text: least <= len(_DIGITS.findall(text)) <= most


def _password(text: str) -> bool:
    """Mixed of letters and other signs, as no word of a story is."""
    return len(text) >= 6 and " " not in text and bool(re.search(r"[^\W\d_]", text)) and bool(_DIGITS.search(text))


PATTERNS: tuple[tuple[str, re.Pattern[str], Check], ...] = (
    ("EMAIL", _MAIL, lambda text: True),
    ("CREDIT_DEBIT_NUMBER", _CARD, _luhn),
    ("INTERNATIONAL_BANK_ACCOUNT_NUMBER", _IBAN, _iban),
    ("IP_ADDRESS", _ADDRESS4, _public_address),
    ("SSN", _SSN, lambda text: True),
    ("PHONE", _PHONE, _digits(8, 15)),
    ("AWS_ACCESS_KEY", _KEY, lambda text: True),
    ("MAC_ADDRESS", _MAC, lambda text: True),
)
FORMS: dict[str, Check] = {
    "EMAIL": lambda text: "@" in text,
    "PHONE": _digits(7),
    "CREDIT_DEBIT_NUMBER": _digits(12),
    "SSN": _digits(9),
    "BANK_ACCOUNT_NUMBER": _digits(6, 40),
    "BANK_ROUTING": _digits(6),
    "INTERNATIONAL_BANK_ACCOUNT_NUMBER": _digits(8, 40),
    "PASSPORT_NUMBER": _digits(6),
    "DRIVER_ID": _digits(5),
    "US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER": _digits(9),
    "UK_NATIONAL_INSURANCE_NUMBER": _digits(6),
    "UK_NATIONAL_HEALTH_SERVICE_NUMBER": _digits(9),
    "UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER": _digits(9),
    "CA_SOCIAL_INSURANCE_NUMBER": _digits(8),
    "CA_HEALTH_NUMBER": _digits(8),
    "IN_AADHAAR": _digits(11),
    "IN_PERMANENT_ACCOUNT_NUMBER": _digits(4),
    "IP_ADDRESS": lambda text: bool(re.search(r"\d\.\d|[0-9A-Fa-f]:[0-9A-Fa-f:]", text)),
    "MAC_ADDRESS": lambda text: bool(_MAC.search(text)),
    "AWS_ACCESS_KEY": lambda text: bool(_KEY.search(text)),
    "AWS_SECRET_KEY": _digits(1, 40),
    "PASSWORD": _password,
    "ADDRESS": lambda text: bool(_STREET.search(text)) and len(text.split()) > 2,
}


def patterns_in(text: str) -> Iterator[Found]:
    """What can be told by its form alone."""
    for kind, pattern, check in PATTERNS:
        for place in pattern.finditer(text):
            if check(place[0]):
                yield Found(kind, place.start(), place.end())


def counts(found: Found, text: str) -> bool:
    """Whether a model's finding counts: it is of a kind that matters, sure, and of the form that real ones have."""
    form = FORMS.get(found.kind)
    return form is not None and found.score >= _SURE and form(text[found.begin : found.end])
