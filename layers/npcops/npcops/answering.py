"""The words of a turn: said before, from a model, or from the character's card; there always are some."""

from __future__ import annotations

from typing import Literal

import msgspec

from npcops.action_checks import Actions
from npcops.answers import Asked, Match
from npcops.authored import authored_speech, calm
from npcops.background import Background
from npcops.dialogue import Degraded, Speech, Usage
from npcops.dispensable import attempt
from npcops.ladder import Ladder, Nothing, Pace, Rung, Take
from npcops.lore import OPEN, Gate
from npcops.model_calls import Prompt, Reply
from npcops.prompting import build_prompt, dated, for_model, guard_of
from npcops.replies import parse_speech
from npcops.reuse import Reuse
from npcops.saying import Saying
from npcops.scene import Scene
from npcops.templates import Moment
from npcops.turn_ports import Listener
from npcops.unheard import Silence, Unheard
from npcops.uniqueness import alikeness, lines_to_avoid, too_alike

# Part of a turn's time in which an answer given before may be looked up.
REUSE_SHARE = 0.1
# A unique NPC that repeats itself is asked again if at least this part of the turn's time is left.
AGAIN_SHARE = 0.4
MOST_TEMPERATURE = 1.0
WARMER = 0.4
AUTHORED = "authored"


class Answered(msgspec.Struct, frozen=True):
    """What is said, at what cost, by whom, and how it came to that. `first_at` is the moment of the first words.

    `gate` is what a reused answer rests on besides the scene.
    """

    speech: Speech
    usage: Usage
    model: str
    first_at: float
    degraded: Degraded | None = None
    reuse: Literal["exact", "near", "none", "off"] = "off"
    saved_usd: float = 0.0
    gate: Gate = OPEN

    @property
    def reused(self) -> bool:
        """Whether this was said before."""
        return self.reuse in ("exact", "near")


class Answering:
    """Finds the words."""

    def __init__(self, reuse: Reuse, ladder: Ladder, background: Background) -> None:
        self._reuse, self._ladder, self._background = reuse, ladder, background

    def answer(
        self,
        asked: Asked,
        scene: Scene,
        rungs: list[Rung],
        turn_id: str,
        seconds: float,
        pace: Pace,
        listener: Listener,
    ) -> Answered:
        """Never fails; raises Disconnected when the listener does. `seconds` are what the whole turn has."""
        asked = _for_its_model(asked)
        match = self._match(asked, REUSE_SHARE * seconds)
        if match:
            return self._again(match, listener)
        reuse: Literal["none", "off"] = "none" if self._reuse.applies(asked) else "off"
        avoid = lines_to_avoid(asked.request.message, scene.recalled.turns) if asked.script.card.unique else ()
        prompt = self._prompt(asked, scene, avoid, turn_id)
        take = self._ask(prompt, asked, rungs, pace, listener)
        if asked.script.card.unique and isinstance(take, Take) and too_alike(take.speech.say, asked.answers):
            time_left = pace.until - self._background.now() >= AGAIN_SHARE * seconds
            take = self._in_other_words(take, prompt, asked, rungs, pace, listener) if time_left else take
        if isinstance(take, Nothing):
            return self._authored(take, asked, turn_id, reuse, listener)
        speech, why = take.speech, take.why
        if take.answer == "cut-short":
            speech = msgspec.structs.replace(speech, emotion=calm(asked.script.game.emotions_of(asked.script.card)))
        degraded = Degraded(take.answer, why) if why or take.answer != "model" else None
        return Answered(speech, take.usage, take.model or rungs[0].model or "", take.first_at, degraded, reuse)

    def _match(self, asked: Asked, seconds: float) -> Match | None:
        if not self._reuse.applies(asked):
            return None
        return attempt(self._background, "an earlier answer", lambda: self._reuse.find(asked), seconds)

    def _prompt(self, asked: Asked, scene: Scene, avoid: tuple[str, ...], turn_id: str) -> Prompt:
        request, recalled, script = asked.request, scene.recalled, asked.script
        moment = Moment(
            passages=scene.passages,
            summaries=tuple(summary.text for summary in recalled.summaries),
            facts=dated(recalled.facts, turn_id),
            heard=recalled.heard,
            avoid=avoid,
            player_name=request.player_name or "",
            language=request.language or "",
        )
        actions = script.game.actions_of(script.card, scene.viewer)
        attribution = {"title": asked.title, "npc": script.card.id, "turn": turn_id}
        return build_prompt(script, moment, recalled.turns, request.message, actions, attribution)

    def _ask(self, prompt: Prompt, asked: Asked, rungs: list[Rung], pace: Pace, listener: Listener) -> Take | Nothing:
        card, game = asked.script.card, asked.script.game
        passage_ids = [passage.id for passage in asked.passages]
        guard, actions = guard_of(asked.script, prompt), Actions(card, game, asked.viewer)

        def read(reply: Reply) -> Speech:
            return parse_speech(reply, card, passage_ids, actions, game.emotions_of(card), guard)

        def heard() -> Saying:
            return Saying(card, guard, passage_ids)

        def unheard() -> Unheard:
            return Unheard(heard)

        saying = unheard if isinstance(listener, Silence) else heard
        return self._ladder.speak(prompt, rungs, read, saying, pace, listener)

    def _in_other_words(
        self, take: Take, prompt: Prompt, asked: Asked, rungs: list[Rung], pace: Pace, listener: Listener
    ) -> Take:
        """Once more, more freely; what was said first stands if nothing whole comes, or nothing that is less alike."""
        warmer = min(prompt.temperature + WARMER, MOST_TEMPERATURE)
        listener.unsaid()
        again = self._ask(msgspec.structs.replace(prompt, temperature=warmer), asked, rungs, pace, listener)
        usage = take.usage + again.usage
        if isinstance(again, Take) and again.answer != "cut-short" and self._is_fresher(again, take, asked):
            return msgspec.structs.replace(again, usage=usage)
        if isinstance(again, Take):
            listener.unsaid()
        listener.said(take.speech.say)
        return msgspec.structs.replace(take, usage=usage)

    @staticmethod
    def _is_fresher(again: Take, take: Take, asked: Asked) -> bool:
        return alikeness(again.speech.say, asked.answers) <= alikeness(take.speech.say, asked.answers)

    def _again(self, match: Match, listener: Listener) -> Answered:
        answer = match.answer
        listener.said(answer.speech.say)
        now = self._background.now()
        return Answered(answer.speech, Usage(), answer.model, now, None, match.how, answer.usage.cost_usd, answer.gate)

    def _authored(
        self, nothing: Nothing, asked: Asked, turn_id: str, reuse: Literal["none", "off"], listener: Listener
    ) -> Answered:
        card, emotions = asked.script.card, asked.script.game.emotions_of(asked.script.card)
        speech = authored_speech(card, emotions, nothing.why, asked.answers, turn_id)
        listener.said(speech.say)
        degraded = Degraded("authored-line", nothing.why)
        return Answered(speech, nothing.usage, AUTHORED, self._background.now(), degraded, reuse)


def _for_its_model(asked: Asked) -> Asked:
    """With the prompt as the model that is asked first is given it; those after it get the same."""
    template = for_model(asked.script.template, asked.model)
    if template is asked.script.template:
        return asked
    return msgspec.structs.replace(asked, script=msgspec.structs.replace(asked.script, template=template))
