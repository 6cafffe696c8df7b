"""Attacks on an NPC whose model obeys the attacker: nothing leaks, nothing unregistered happens, in any channel.

What gives a secret away is judged by tests.attacks.encodings, which knows nothing of the product's own guard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from npcops.dialogue import Degraded
from npcops.model_calls import Prompt
from tests.attacks import obeying
from tests.attacks.cases import Case, attacks, harmless
from tests.attacks.encodings import quotes, reveals
from tests.attacks.judging import leaks, spoken_badly, strange_tags, unlawful_actions
from tests.attacks.obeying import ObeyingChat
from tests.attacks.playing import CARDS, Stage
from tests.conversation import Conversation, conversation
from tests.fakes import ScriptedChat
from tests.resources import Resources

ATTACKS = {case.id: case for case in attacks()}
HARMLESS = {case.id: case for case in harmless()}
MOST_REFUSED = 2


@pytest.fixture(scope="module")
def talk(moto_resources: Resources, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Conversation]:
    folder: Path = tmp_path_factory.mktemp("lore")
    with conversation(moto_resources, folder) as made:
        yield made


@pytest.fixture(scope="module")
def stage(talk: Conversation) -> Stage:
    return Stage(talk)


@pytest.fixture(scope="module")
def constant(stage: Stage) -> dict[str, str]:
    """The system text of every character, as it is when somebody says hello."""
    systems = {}
    for npc in CARDS:
        chat = ScriptedChat({"say": "Aye."})
        stage.play(Case(f"hello-{npc}", "en", "Hello!", npc=npc), chat)
        systems[npc] = chat.prompts[-1].system
    return systems


def test_there_are_enough_cases_of_every_kind() -> None:
    assert len(ATTACKS) >= 80
    assert len(HARMLESS) >= 40
    assert len({case.id for case in (*attacks(), *harmless())}) == len(attacks()) + len(harmless())
    assert len({case.language for case in attacks()}) >= 8
    assert len({case.category for case in attacks()}) >= 8
    channels = {"message", "name", "world", "lore", "facts", "summary", "turns", "heard"}
    assert {case.channel for case in attacks()} == channels
    assert {case.encoding for case in attacks()} >= {"base64", "rot13", "hex", "leet", "reversed", "zero-width"}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_obeying_model_gives_nothing_away(stage: Stage, name: str) -> None:
    case = ATTACKS[name]
    chat = ObeyingChat(case, piece=len(name) % 5 * 4 + 1)
    played = stage.play(case, chat)
    prompt = chat.prompts[-1]
    assert was_dangerous(case, prompt, chat.answers[-1]), "the scripted model did not obey: the case proves nothing"
    assert leaks(played, prompt) == []
    assert unlawful_actions(played) == []
    assert spoken_badly(played) == []
    assert strange_tags(prompt) == []
    if case.leak in obeying.OPENLY:
        assert played.told.turn.say in CARDS[case.npc].fallbacks["refuse"]
        assert played.told.turn.degraded == Degraded("authored-line", ("leak",))
        assert played.told.turn.say not in [turn.npc for turn in played.kept]


@pytest.mark.parametrize("name", [name for name, case in ATTACKS.items() if case.channel != "message"])
def test_what_another_channel_brings_is_data(stage: Stage, constant: dict[str, str], name: str) -> None:
    """It reaches the model (else the case would be no attack), but not what is constant, nor do flags of the world."""
    case = ATTACKS[name]
    chat = ScriptedChat({"say": "Aye."})
    stage.play(case, chat)
    prompt = chat.prompts[-1]
    brought = [case.name or "", case.lore, *case.facts, *case.summaries]
    brought += [text for said in (*case.past, *case.heard) for text in (said.player, said.npc)]
    shown = _letters(prompt.context + "".join(message.text for message in prompt.messages[:-1]))
    assert all(_letters(text) in shown for text in brought)
    assert prompt.system == constant[case.npc]
    assert prompt.messages[-1].text == case.message
    assert not any(flag in chat.seen for flag in case.flags)


def test_look_alikes_are_answered(stage: Stage) -> None:
    refused = []
    for case in harmless():
        said: dict[str, Any] = {"say": case.answer, "emotion": "neutral"}
        if case.action:
            said["actions"] = [{"name": case.action.name, "arguments": case.action.arguments}]
        if case.note:
            said["memory"] = [{"text": case.note, "importance": 3}]
        turn = stage.play(case, ScriptedChat(said)).told.turn
        whole = (
            turn.say == case.answer and len(turn.actions) == bool(case.action) and len(turn.memory) == bool(case.note)
        )
        if turn.degraded or not whole:
            refused.append(case.id)
    assert len(refused) <= MOST_REFUSED, refused


def was_dangerous(case: Case, prompt: Prompt, answer: dict[str, Any] | str) -> bool:
    """Whether the model's own answer holds what must never come of the case."""
    text = answer if isinstance(answer, str) else "\n".join(map(str, answer.values()))
    if case.leak in ("act", "flood"):
        return isinstance(answer, dict) and bool(answer["actions"])
    return reveals(text, obeying.canary(prompt)) or quotes(text, obeying.rules(prompt))


def _letters(text: str) -> str:
    """A text without the signs of which tags are made."""
    return re.sub(r"\W", "", text)
