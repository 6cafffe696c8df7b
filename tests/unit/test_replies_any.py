"""Whatever a model replies: a generated flood of malformed output."""

from __future__ import annotations

import json
import string
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from npcops.action_checks import Actions
from npcops.characters import ActionSpec, GameTitle, NpcCard
from npcops.dialogue import Speech, Usage
from npcops.errors import ModelFailed
from npcops.leaks import Leaked, LeakGuard, canary_of
from npcops.lore import Viewer
from npcops.model_calls import Reply
from npcops.replies import parse_speech

IDS = ("a1b2c3d4", "0f0f0f0f")
ITEM = {
    "type": "object",
    "properties": {"item": {"enum": ["key", "rope"]}, "count": {"type": "integer", "maximum": 3}},
    "required": ["item"],
    "additionalProperties": False,
}
GAME = GameTitle(
    "game",
    "Game",
    emotions=("Angry", "neutral", "glad"),
    actions=(
        ActionSpec("wave", "Waves."),
        ActionSpec("give", "Gives.", ITEM),
        ActionSpec("bow", "Bows.", {}, frozenset({"knighted"})),
        ActionSpec("spit", "Spits.", {}, frozenset(), frozenset({"noble"})),
        ActionSpec("fly", "Flies."),
    ),
)
CARD = NpcCard(
    id="old-pinch",
    name="Pinch Tarrow",
    persona="A smuggler.",
    emotions=("calm", "neutral", "Angry"),
    actions=("wave", "give", "bow", "spit", "dance"),
)
CANARY = canary_of("You speak as Pinch.")
SECRET = "You never tell anybody where the second key to the gate is kept."
GUARD = LeakGuard(CANARY, [SECRET])
FLAGS = st.frozensets(st.sampled_from(["knighted", "noble", "rich"]))
# fmt: off
SCRAPS = (
    '{"say": "', '"}', "{", "}", "[", "]", '"', "\\", "\\u00", ",", ":", "say", "```json\n", "```", "Pinch: ",
    "null", "<passage id=", ">", "</", "a1b2c3d4", "\n", "Player:", "\x00", "\ud800", "\u202e", "'", "NaN",
    '{"emotion": "calm"', '"actions": [{"name": "fly"', " Aye.", "[INST]", "<|", "|>", "{'say': '", '\\"', "9" * 400,
    CANARY, CANARY[::-1], SECRET, '"memory": ["', '"citations": [', "knighted",
)
# fmt: on
PIECES = st.sampled_from(SCRAPS)
NAMES = st.sampled_from(["say", "text", "emotion", "actions", "citations", "memory", "name", "arguments", "x"])
LOOSE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(string.printable, max_size=20) | PIECES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner),
    max_leaves=12,
)
ARGUMENTS = st.fixed_dictionaries({}, optional={"item": st.sampled_from(["key", "gold", CANARY]), "count": LOOSE})
ACTIONS = st.fixed_dictionaries(
    {"name": st.sampled_from([*CARD.actions, "fly", "jump"])}, optional={"arguments": ARGUMENTS | LOOSE}
)
NOTES = st.fixed_dictionaries({}, optional={"text": LOOSE | PIECES, "fact": PIECES, "importance": LOOSE})
INPUTS = st.fixed_dictionaries(
    {},
    optional={
        "say": st.text(max_size=40) | PIECES | LOOSE,
        "text": LOOSE,
        "emotion": st.sampled_from(["calm", "ANGRY", "glad", "sly"]) | LOOSE,
        "actions": st.lists(ACTIONS, max_size=8) | LOOSE,
        "citations": st.lists(st.sampled_from([*IDS, "x"])) | LOOSE,
        "memory": st.lists(NOTES | PIECES, max_size=6) | LOOSE,
        "x": LOOSE,
    },
)
TEXTS = (
    st.text(max_size=60)
    | st.lists(PIECES, max_size=25).map("".join)
    | LOOSE.map(lambda value: json.dumps(value))
    | st.tuples(LOOSE.map(lambda value: json.dumps(value)), st.integers(0, 200)).map(lambda cut: cut[0][: cut[1]])
)


@settings(max_examples=1000, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(TEXTS, st.none() | INPUTS, st.booleans(), FLAGS)
@example("[[[" * 5000, None, True, frozenset())
@example("", {"say": "Aye.", "actions": [{"name": "give", "arguments": {"item": "key"}}] * 9}, False, frozenset())
@example("", {"say": "Aye.", "actions": [{"name": "bow"}, {"name": "spit"}]}, False, frozenset({"noble"}))
@example(
    "", {"say": "Aye.", "memory": [f"It is {CANARY}.", SECRET, "x" * 300, "One.", "2b", "3c", "4d"]}, False, frozenset()
)
def test_any_malformed_reply_is_words_or_a_failed_model(
    text: str, tool_input: Any, cut: bool, flags: frozenset[str]
) -> None:
    reply = Reply(text, tool_input, "model", "max_tokens" if cut else "end_turn", Usage())
    actions = Actions(CARD, GAME, Viewer(CARD.id, flags))
    try:
        speech = parse_speech(reply, CARD, IDS, actions, GAME.emotions_of(CARD), GUARD)
    except (ModelFailed, Leaked):
        return
    assert speech.say.strip()
    assert not is_json(speech.say)
    assert len(speech.say) <= 2000
    assert speech.emotion in GAME.emotions
    assert speech.emotion in CARD.emotions
    assert set(speech.citations) <= set(IDS)
    assert len(set(speech.citations)) == len(speech.citations)
    assert speech.say.encode()
    nothing_is_given_away(speech)
    actions_are_allowed(speech, flags)
    notes_are_bounded(speech)


def nothing_is_given_away(speech: Speech) -> None:
    told = f"{speech.say} {speech.memory} {speech.actions}"
    assert CANARY not in told.lower()
    assert CANARY[::-1] not in told.lower()
    assert "where the second key to the gate is" not in told


def actions_are_allowed(speech: Speech, flags: frozenset[str]) -> None:
    assert len(speech.actions) <= 5
    allowed = {"wave", "give"} | ({"bow"} if "knighted" in flags else set()) | (set() if "noble" in flags else {"spit"})
    assert {action.name for action in speech.actions} <= allowed
    for action in speech.actions:
        assert isinstance(action.arguments, dict)
        if action.name == "give":
            assert Draft202012Validator(ITEM).is_valid(action.arguments)


def notes_are_bounded(speech: Speech) -> None:
    assert len(speech.memory) <= 3
    for note in speech.memory:
        assert 0 < len(note.text) <= 200
        assert note.importance in range(1, 6)
        assert "\n" not in note.text
        assert not is_json(note.text)


def is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except ValueError:
        return False
