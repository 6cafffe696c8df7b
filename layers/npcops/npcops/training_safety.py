"""Takes personal data and toxic answers out of training data."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from npcops.errors import ModelFailed, ModelUnavailable
from npcops.personal_data import counts, patterns_in
from npcops.studio_ports import ToxicityModel
from npcops.training_records import Exchange
from npcops.tuning_ports import PersonalDataModel

TOXIC = "a toxic answer"
PERSONAL = "personal data ({})"
# Threats and insults belong to stories: only what a classifier is all but certain of is dropped.
MOST_TOXIC = 0.9


class Judged(msgspec.Struct, frozen=True):
    """Why each text or exchange is to be dropped (empty: it stays), and what could not be told, as sentences."""

    why: list[str]
    notes: tuple[str, ...] = ()


class Safety:
    """What is looked for. The service for personal data may be None: then patterns alone are."""

    def __init__(self, personal: PersonalDataModel | None, toxicity: ToxicityModel) -> None:
        self._personal, self._toxicity = personal, toxicity

    def personal_data(self, texts: Sequence[str], language: str) -> Judged:
        """Which kind of personal data is in each text.

        Raises ModelFailed or ModelUnavailable: what was not looked through must not be learned.
        """
        told = self._personal.find(texts, language) if self._personal and texts else None
        kinds = [{found.kind for found in patterns_in(text)} for text in texts]
        for number, (text, more) in enumerate(zip(texts, told or [], strict=False)):
            kinds[number] |= {found.kind for found in more if counts(found, text)}
        notes = () if told is not None or not texts else (_UNREAD.format(language=language),)
        return Judged([PERSONAL.format(sorted(each)[0]) if each else "" for each in kinds], notes)

    def toxic(self, exchanges: Sequence[Exchange], language: str) -> Judged:
        """Which answers are toxic. What players say to an NPC may be: how it takes that is to be learned too."""
        try:
            scores = self._toxicity.toxicity([exchange.completion for exchange in exchanges], language)
        except (ModelFailed, ModelUnavailable) as error:
            return Judged([""] * len(exchanges), (f"Toxicity was not looked for: {error}",))
        notes = (_UNJUDGED.format(language=language),) if exchanges and all(each is None for each in scores) else ()
        return Judged([TOXIC if score is not None and score >= MOST_TOXIC else "" for score in scores], notes)


_UNREAD = (
    "Personal data in texts of language {language} was looked for by its form alone (e-mail addresses, telephone, "
    "card, account and social security numbers, network addresses); postal addresses and passwords are not found so."
)
_UNJUDGED = "Toxicity of texts of language {language} cannot be told; read them yourself."
