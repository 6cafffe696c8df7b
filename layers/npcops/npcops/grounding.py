"""How well a spoken answer rests on what it cites, on its character's card and on what the player said."""

from __future__ import annotations

from npcops.characters import NpcCard
from npcops.claims import PLAYER, card_source, grounds
from npcops.dialogue import SpokenTurn
from npcops.errors import NotFound
from npcops.evidence import Source, source
from npcops.meanings import Meanings
from npcops.ports import Catalog, EmbeddingModel
from npcops.scripts import read_script
from npcops.wording import split_sentences


class CitedGrounding:
    """`Grounding` of sampling. Nothing of a player's is kept between two turns but vectors, and those not for long."""

    def __init__(self, catalog: Catalog, label: str, embeddings: EmbeddingModel) -> None:
        self._catalog, self._label, self._meanings = catalog, label, Meanings(embeddings)

    def __call__(self, title: str, spoken: SpokenTurn) -> float | None:
        """See Grounding. None for an NPC that is not there any more."""
        try:
            card = read_script(self._catalog, self._label, title, spoken.turn.npc).card
        except NotFound:
            return None
        sources = _sources(spoken, card)
        self._meanings.learn(
            [*split_sentences(spoken.turn.say), *(text for each in sources for text in each.sentences)]
        )
        return grounds(
            spoken.turn.say, sources, [passage.id for passage in spoken.passages], self._meanings
        ).groundedness


def _sources(spoken: SpokenTurn, card: NpcCard) -> list[Source]:
    cited = [source(passage.id, passage.title, [passage.text]) for passage in spoken.passages]
    return [each for each in (*cited, card_source(card), source(PLAYER, "", [spoken.message])) if each.sentences]
