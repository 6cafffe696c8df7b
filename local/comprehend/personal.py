"""Personal data by its form: what DetectPiiEntities would find by a model is found by patterns here.

Found are e-mail addresses, telephone, card (with their check digit), account (IBAN) and social security numbers,
network addresses, access keys, postal addresses of English and Spanish form, and passwords that are told as such. Not
found, unlike on AWS, are names, ages, dates, user names, and whatever only its context gives away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from npcops.personal_data import patterns_in

# Comprehend is seldom certain.
SCORE = 0.99
_STREET_EN = re.compile(
    r"\b\d{1,5}[A-Za-z]?,? (?:[A-Z][\w'’.]*,? ){1,4}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|"
    r"Court|Ct|Close|Square|Terrace|Way)\b\.?(?:, ?[A-Z][\w ]{1,30}){0,2}(?:,? ?[A-Z]{2})?(?:,? \d{5}(?:-\d{4})?)?"
)
_STREET_ES = re.compile(
    r"\b(?:Calle|C/|Avenida|Avda\.?|Plaza|Paseo|Camino)(?: [\w'’.áéíóúñÁÉÍÓÚÑ]+){1,5},? (?:n\.?º ?)?\d{1,4}\b"
    r"(?:,? \d{5}(?: [A-ZÁÉÍÓÚÑ][\wáéíóúñ]+)?)?"
)
_PASSWORD = re.compile(
    r"(?i:\b(?:password|passwd|contraseña)\b(?:\s+(?:is|es|to))?\s*[:=]?\s*)[\"'“]?"
    r"(?P<word>(?=\S*\d)(?=\S*[A-Za-z])[^\s\"'”]{5,63}[^\s\"'”.,;!?])"
)


def entities_of(text: str) -> list[dict[str, Any]]:
    """The entities of a text in their order, none inside another. Offsets count characters."""
    found = sorted(_found(text), key=lambda each: (each[1], -each[2]))
    entities: list[dict[str, Any]] = []
    for kind, begin, end in found:
        if not entities or begin >= entities[-1]["EndOffset"]:
            entities.append({"Score": SCORE, "Type": kind, "BeginOffset": begin, "EndOffset": end})
    return entities


def _found(text: str) -> Iterator[tuple[str, int, int]]:
    yield from ((found.kind, found.begin, found.end) for found in patterns_in(text))
    for pattern in (_STREET_EN, _STREET_ES):
        yield from (("ADDRESS", place.start(), place.end()) for place in pattern.finditer(text))
    yield from (("PASSWORD", *place.span("word")) for place in _PASSWORD.finditer(text))
