"""Uses the embedding model to choose what a small chat model is shown, and which passages its words rest on.

A model of this size copies the nearest pattern: an example of "I do not know" before the question makes it
refuse answerable questions too (of 20 questions, 16 right without, 12 to 15 with, by order and wording). So
such examples are shown only when nothing that was handed over resembles the question; whether to refuse
stays the chat model's decision. Of the passages it is shown the best ones, whole: on 85 questions the first
two held the answer 71 times, the four sentences most like the question, with their neighbours, 63 times.
Citations are attributed afterwards, by the similarity of what was said to the sentences of each passage.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import numpy as np

from local.bedrock import noting
from local.bedrock.minilm import Array, MiniLM
from local.bedrock.prompt import UNKNOWING, Cues
from local.bedrock.scene import Example, Passage, Scene

EVIDENCE = 0.35
OWN_FACT = 0.35
OWN_FACTS_SHOWN = 3
FOLLOWS_NOTE = 0.35
SUPPORT = 0.55
NEAR_BEST = 0.12
IGNORANCE = ("I do not know.", "I could not tell you.", "I have never heard of that.", "Nobody knows.")
CACHED_VECTORS = 20_000
PASSAGES_SHOWN = 2
_SENTENCE_END = re.compile(r"(?<=[.!?…;])\s+")


class Relevance:
    """Similarities between short texts, with the vectors of recurring ones kept."""

    def __init__(self, model: MiniLM) -> None:
        self._model = model
        self._kept: OrderedDict[str, Array] = OrderedDict()
        self._lock = Lock()

    def cues(self, scene: Scene, player: str, tuned: bool = False) -> Cues:
        """The examples and facts to show for one question of the player.

        A tuned model knows its voice, and worked examples of plain answers would take it back to theirs: it sees them
        only where there is something to answer from. Elsewhere it is reminded of who it is.
        """
        answering = tuple(example for example in scene.examples if self._follows_note(example))
        refusing = tuple(example for example in scene.examples if example not in answering)
        facts = self._facts(scene, player)
        # How it speaks a tuned model has learned, and would tell.
        own = Passage("", "", scene.persona.partition(f" How {scene.name} ")[0] if tuned else scene.persona)
        # Without lore the character is its own source, so that the pattern of the prompt stays whole.
        sources = scene.passages or (own,)
        scores = [self._support(player, source) for source in sources]
        alone = not facts and max(scores, default=0.0) < EVIDENCE
        # Greetings, thanks and insults resemble no lore either, and need no knowledge.
        examples = (*answering, *UNKNOWING, *refusing) if alone and "?" in player else answering
        if alone and tuned:
            return Cues(examples, facts, (own, *scene.passages[: PASSAGES_SHOWN - 1]), worked=())
        return Cues(examples, facts, tuple(sources[:PASSAGES_SHOWN]))

    def citations(self, said: str, scene: Scene) -> list[str]:
        """Ids of the passages that the words rest on, best first; none for what resembles a refusal more."""
        scores = [(self._support(said, passage), passage.id) for passage in scene.passages if passage.id]
        best = max((score for score, _ in scores), default=0.0)
        refusals = [example.reply for example in scene.examples if not self._follows_note(example)]
        if best < SUPPORT or self._best(said, [*IGNORANCE, *refusals]) > best:
            return []
        ranked = sorted(scores, key=lambda scored: -scored[0])
        return [name for score, name in ranked if score >= max(SUPPORT, best - NEAR_BEST)]

    def told(self, player: str) -> str:
        """Those sentences of the player that tell something of themselves."""
        return " ".join(
            sentence
            for sentence in noting.statements(player)
            if self._best(sentence, noting.TELLING) > max(noting.LIKELY, self._best(sentence, noting.OTHERS))
        )

    def _facts(self, scene: Scene, player: str) -> tuple[str, ...]:
        if not scene.facts:
            return ()
        scores = self._scores(player, scene.facts)
        best = [index for index in np.argsort(-scores)[:OWN_FACTS_SHOWN] if scores[index] >= OWN_FACT]
        return tuple(scene.facts[index] for index in best)

    def _follows_note(self, example: Example) -> bool:
        return not example.note or self._best(example.reply, [example.note]) >= FOLLOWS_NOTE

    def _support(self, said: str, passage: Passage) -> float:
        return max(self._best(sentence, _sentences(passage)) for sentence in [said, *_split(said)])

    def _best(self, text: str, others: Sequence[str]) -> float:
        return float(max(self._scores(text, others), default=0.0))

    def _scores(self, text: str, others: Sequence[str]) -> Array:
        if not others:
            return np.empty(0, np.float32)
        vectors = self._vectors([text, *others])
        scores: Array = vectors[1:] @ vectors[0]
        return scores

    def _vectors(self, texts: Sequence[str]) -> Array:
        with self._lock:
            known = {text: self._kept[text] for text in texts if text in self._kept}
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            known.update(zip(missing, self._model.embed(missing)[0], strict=True))
        with self._lock:
            for text in texts:
                self._kept[text] = known[text]
                self._kept.move_to_end(text)
            while len(self._kept) > CACHED_VECTORS:
                self._kept.popitem(last=False)
        return np.stack([known[text] for text in texts])


def _split(text: str) -> list[str]:
    return [sentence for sentence in _SENTENCE_END.split(text) if sentence]


def _sentences(passage: Passage) -> list[str]:
    return [f"{passage.title}: {passage.text}" if passage.title else passage.text, *_split(passage.text)]
