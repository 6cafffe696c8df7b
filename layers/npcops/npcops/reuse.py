"""Use case: answer a question with what was said to the same question before, and keep answers for that.

It is decided after retrieval, by what the model would be given. Ids of passages are hashes of their content and gate,
so whatever lore is changed or may not be seen leads to another answer or to none, without anybody being told.
"""

from __future__ import annotations

import hashlib
import logging

import msgspec

from npcops import vectors
from npcops.answers import Answer, Asked, Match
from npcops.dialogue import Degraded, Speech, Usage
from npcops.errors import StoreUnavailable
from npcops.likeness import digest, echoes, gist, normalised
from npcops.lore import Gate, Passage
from npcops.retrieval import stands_alone
from npcops.turn_ports import AnswerStore

log = logging.getLogger(__name__)
# More would be read than a question is worth; older ones than these are given anew.
NEWEST = 32
# Questions of equal gist were .96 and more alike with the local model; this is for what a list of words overlooks.
NEAR = 0.9
# So many of the best passages must have been before the model already: a new one among them may be what was asked for.
BEST = 3
# Of what is kept: a release that changes the types of answers must not find those of the one before.
FORMAT = 2
# Of these a reply says nothing: it had an emotion that does not exist, or named a passage that was not given.
_HARMLESS = frozenset({"citation", "emotion"})


class Reuse:
    """Finds and keeps answers. A store that does not answer is a store that has none."""

    def __init__(self, answers: AnswerStore, seconds: int) -> None:
        """Answers are kept for `seconds`; with 0 nothing is kept and nothing is found."""
        self._answers, self._seconds = answers, seconds

    def applies(self, asked: Asked) -> bool:
        """Whether a reused answer would do for this turn.

        It would not for a character of whom every answer is unique, nor where the answer may lean on who asks: the
        player has a name or company, or says too little to be understood without what was said before.
        """
        request = asked.request
        if not self._seconds or asked.script.card.unique or request.player_name or request.present:
            return False
        return (not asked.remembered or stands_alone(request.message)) and bool(normalised(request.message))

    def find(self, asked: Asked) -> Match | None:
        """An answer that serves for this turn, and has not been given to this player lately."""
        if not self.applies(asked):
            return None
        shelf = shelf_of(asked)
        try:
            kept = self._answers.newest(shelf, NEWEST)
        except StoreUnavailable:
            log.warning("no answers to reuse: the store did not answer")
            return None
        said = {normalised(answer) for answer in asked.answers}
        fresh = [
            answer for answer in kept if answer.gate.admits(asked.viewer) and normalised(answer.speech.say) not in said
        ]
        return _exact(asked, shelf, fresh) or _near(asked, shelf, fresh)

    def file(self, asked: Asked, speech: Speech, usage: Usage, model: str, degraded: Degraded | None = None) -> bool:
        """Keep the answer of this turn if it is the same whoever asks; returns whether it was kept."""
        if asked.remembered or degraded or not self.applies(asked) or not _impersonal(asked, speech):
            return False
        shelf, message = shelf_of(asked), asked.request.message
        meaning = gist(message)
        answer = Answer(
            message=digest(shelf, normalised(message)),
            gist=digest(shelf, meaning) if meaning else "",
            vector=vectors.pack(asked.vector),
            given=tuple(map(_identity, asked.passages)),
            gate=Gate.all_of(passage.gate for passage in asked.passages),
            speech=msgspec.structs.replace(speech, dropped=()),
            usage=usage,
            model=model,
        )
        try:
            self._answers.add(shelf, answer, self._seconds)
        except StoreUnavailable:
            log.warning("an answer was not kept: the store did not answer")
            return False
        return True


def shelf_of(asked: Asked) -> str:
    """A hash of all that the model would be given, but for the message and all passages after the best one."""
    script, request = asked.script, asked.request
    actions = script.game.actions_of(script.card, asked.viewer)
    rests_on = (
        FORMAT,
        asked.title,
        script.card.id,
        script.card_version,
        script.prompt_version,
        sorted(script.versions.items()),
        hashlib.blake2b(msgspec.json.encode(script.game, order="deterministic")).hexdigest(),
        [action.name for action in actions],
        asked.model,
        (request.language or "").lower(),
        request.mode,
        [_identity(passage) for passage in asked.passages[:1]],
    )
    return hashlib.blake2b(msgspec.json.encode(rests_on), digest_size=24).hexdigest()


def _identity(passage: Passage) -> str:
    """Which text a passage is, and under which id: its chunks' ids are hashes of their content, gate included."""
    return digest("passage", " ".join((passage.id, *passage.chunks)))


def _exact(asked: Asked, shelf: str, kept: list[Answer]) -> Match | None:
    """The same words, with the same passages before the model."""
    message, given = digest(shelf, normalised(asked.request.message)), tuple(map(_identity, asked.passages))
    for answer in kept:
        if (answer.message, answer.given) == (message, given):
            return Match(answer, "exact")
    return None


def _near(asked: Asked, shelf: str, kept: list[Answer]) -> Match | None:
    """The same meaning, with the same best passages before the model, and no passage cited that is not there now."""
    if not (meaning := gist(asked.request.message)):
        return None
    wanted, now = digest(shelf, meaning), {passage.id: _identity(passage) for passage in asked.passages}
    best, vector = {_identity(passage) for passage in asked.passages[:BEST]}, vectors.pack(asked.vector)
    for answer in kept:
        if (
            answer.gist == wanted
            and best <= set(answer.given)
            and all(now.get(cited) in answer.given for cited in answer.speech.citations)
            and (vectors.cosine(answer.vector, vector) or 0.0) >= NEAR
        ):
            return Match(answer, "near")
    return None


def _impersonal(asked: Asked, speech: Speech) -> bool:
    """Whether an answer has nothing in it of this player or this moment."""
    if speech.actions or speech.memory or set(speech.dropped) - _HARMLESS:
        return False
    if asked.request.mode in ("rag", "auto") and not speech.citations:
        return False
    script = asked.script
    authored = msgspec.json.encode((script.card, script.game.name, script.game.description)).decode()
    known = "\n".join([authored, *(f"{passage.heading_path}\n{passage.text}" for passage in asked.passages)])
    return not echoes(speech.say, asked.request.message, known)
