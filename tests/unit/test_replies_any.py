"""Whatever a model replies: a generated flood of malformed output."""

from __future__ import annotations

import json
import string
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from npcops.dialogue import ActionSpec, NpcCard, Usage
from npcops.errors import ModelFailed
from npcops.model_calls import Reply
from npcops.replies import parse_speech

IDS = ("a1b2c3d4", "0f0f0f0f")
CARD = NpcCard(
    id="old-pinch",
    name="Pinch Tarrow",
    persona="A smuggler.",
    emotions=("calm", "neutral", "Angry"),
    actions=(ActionSpec("wave", "Waves."), ActionSpec("give", "Gives.")),
)
# fmt: off
SCRAPS = (
    '{"say": "', '"}', "{", "}", "[", "]", '"', "\\", "\\u00", ",", ":", "say", "```json\n", "```", "Pinch: ",
    "null", "<passage id=", ">", "</", "a1b2c3d4", "\n", "Player:", "\x00", "\ud800", "\u202e", "'", "NaN",
    '{"emotion": "calm"', '"actions": [{"name": "fly"', " Aye.", "[INST]", "<|", "|>", "{'say': '", '\\"', "9" * 400,
)
# fmt: on
PIECES = st.sampled_from(SCRAPS)
NAMES = st.sampled_from(["say", "text", "emotion", "actions", "citations", "memory", "name", "arguments", "x"])
LOOSE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(string.printable, max_size=20) | PIECES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner),
    max_leaves=12,
)
TEXTS = (
    st.text(max_size=60)
    | st.lists(PIECES, max_size=25).map("".join)
    | LOOSE.map(lambda value: json.dumps(value))
    | st.tuples(LOOSE.map(lambda value: json.dumps(value)), st.integers(0, 200)).map(lambda cut: cut[0][: cut[1]])
)


@settings(max_examples=1000, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(TEXTS, st.none() | st.dictionaries(st.sampled_from(["say", "text", "actions", "x"]), LOOSE), st.booleans())
@example("[[[" * 5000, None, True)
def test_any_malformed_reply_is_words_or_a_failed_model(text: str, tool_input: Any, cut: bool) -> None:
    reply = Reply(text, tool_input, "model", "max_tokens" if cut else "end_turn", Usage())
    try:
        speech = parse_speech(reply, CARD, IDS)
    except ModelFailed:
        return
    assert speech.say.strip()
    assert not is_json(speech.say)
    assert len(speech.say) <= 2000
    assert speech.emotion in CARD.emotions
    assert {action.name for action in speech.actions} <= {"wave", "give"}
    assert all(isinstance(action.arguments, dict) for action in speech.actions)
    assert set(speech.citations) <= set(IDS)
    assert len(set(speech.citations)) == len(speech.citations)
    assert speech.say.encode()


def is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except ValueError:
        return False
