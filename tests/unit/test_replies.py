"""Whatever a model replies, a player gets words, or there were none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from npcops.dialogue import Action, ActionSpec, NpcCard, Speech, Usage
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
WHOLE = {
    "say": "The gate is shut.",
    "emotion": "angry",
    "actions": [{"name": "give", "arguments": {"item": "key"}}],
    "citations": [IDS[1], IDS[0]],
}
SPEECH = Speech("The gate is shut.", "Angry", (Action("give", {"item": "key"}),), (IDS[1], IDS[0]))


def parse(text: str = "", tool_input: Any = None, stop_reason: str = "end_turn") -> Speech:
    return parse_speech(Reply(text, tool_input, "model", stop_reason, Usage()), CARD, IDS)


def said(text: str = "", tool_input: Any = None, stop_reason: str = "end_turn") -> str:
    return parse(text, tool_input, stop_reason).say


def test_a_reply_that_follows_the_schema_is_read_as_it_is() -> None:
    assert parse(tool_input=WHOLE) == SPEECH


@pytest.mark.parametrize(
    "reply",
    [
        {"text": json.dumps(WHOLE)},
        {"text": f"```json\n{json.dumps(WHOLE, indent=1)}\n```"},
        {"text": f"Sure! Here is my answer:\n{json.dumps(WHOLE)}\nI hope it helps."},
        {"tool_input": {"say": json.dumps(WHOLE)}},
        {"tool_input": {"input": WHOLE}},
        {"tool_input": {"name": "speak", "parameters": WHOLE}},
        {"text": json.dumps({"name": "speak", "arguments": json.dumps(WHOLE)})},
        {"text": json.dumps([{"type": "tool_use", "input": WHOLE}])},
        {"tool_input": {"properties": {"speak": json.dumps(WHOLE)}}},
        {"tool_input": {key.upper(): value for key, value in WHOLE.items()}},
        {"text": "I will think about it.", "tool_input": WHOLE},
    ],
    ids=str,
)
def test_the_same_in_other_wrappings_is_read_as_well(reply: dict[str, Any]) -> None:
    assert parse(**reply) == SPEECH


@pytest.mark.parametrize("end", range(len('{"say": "The'), len(json.dumps(WHOLE))))
def test_json_that_was_cut_anywhere_still_speaks(end: int) -> None:
    speech = parse(json.dumps(WHOLE)[:end], stop_reason="max_tokens")
    assert speech.say == SPEECH.say or SPEECH.say.startswith(speech.say.rstrip("…"))
    assert set(speech.citations) <= set(IDS)


def test_a_cut_reply_keeps_what_came_before_the_cut() -> None:
    text = json.dumps({"citations": [IDS[0]], "emotion": "angry", "say": "It is shut. Nobody may pa"})[:-2]
    speech = parse(text, stop_reason="max_tokens")
    assert (speech.say, speech.emotion, speech.citations) == ("It is shut.", "Angry", (IDS[0],))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The gate is shut.", "The gate is shut."),
        ("Pinch Tarrow: The gate is shut.", "The gate is shut."),
        ("**Pinch:** The gate is shut.", "The gate is shut."),
        ('PINCH TARROW (grinning): "The gate is shut."', "The gate is shut."),
        ("old-pinch： Shut.", "Shut."),
        ("“The gate is shut.”", "The gate is shut."),
        ('"Pinch: The gate is shut."', "The gate is shut."),
        ('"Shut," he said. "For good."', '"Shut," he said. "For good."'),
        ("I said: the gate is shut.", "I said: the gate is shut."),
        ("Pinch me: is it shut?", "Pinch me: is it shut?"),
        ("<reply>The gate is shut.</reply>", "The gate is shut."),
        ('<passage id="1" title="x">Shut.</passage><|im_end|>', "Shut."),
        ("Shut.</s>[INST] Go on [/INST]", "Shut. Go on"),
        ("I have 2 < 3 coins <3", "I have 2 < 3 coins <3"),
        ("Shut.\n\nPlayer: Open it!\nPinch: No.", "Shut."),
        ("Line one.\n\n\n  Line   two.", "Line one.\nLine two."),
        ("Sh\x00ut\x1b. \u202eevil\u2066 \ufeff", "Shut. evil"),
        ("Half \ud83d a face", "Half a face"),
        ("Shut [a1b2c3d4] for good (0f0f0f0f, a1b2c3d4).", "Shut for good."),
        ("Take [this] one.", "Take [this] one."),
        ("I go {sighs} home.", "I go {sighs} home."),
        ("{sighs} Shut.", "{sighs} Shut."),
        ("7", "7"),
        ("None.", "None."),
        ("{'say': 'I don\\'t know', 'emotion': 'calm'}", "I don't know"),
        ("{'say': \"I don't know\", 'emotion': 'calm'}", "I don't know"),
        ('{"say": "Shut," he said", "emotion": "calm"}', 'Shut," he said'),
        ('{"foo": 1} Shut.', "Shut."),
        ('{"response": "Shut."}', "Shut."),
        ('{"content": [{"type": "text", "text": "Shut."}]}', "Shut."),
        ('{"say": ["Shut.", "Go."]}', "Shut. Go."),
        ('{"say": 7}', "7"),
    ],
)
def test_only_the_words_are_spoken(text: str, words: str) -> None:
    assert said(text) == words


def test_ids_in_the_words_are_citations() -> None:
    assert parse("Shut [0f0f0f0f].").citations == ("0f0f0f0f",)


def test_words_beside_a_tool_call_without_any_are_spoken() -> None:
    speech = parse("The gate is shut.", {"say": " ", "emotion": "calm", "citations": [IDS[0]]})
    assert (speech.say, speech.emotion, speech.citations) == ("The gate is shut.", "calm", (IDS[0],))


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"text": " \n\t\x00 "},
        {"text": "{}"},
        {"text": "[]"},
        {"text": "null"},
        {"text": '""'},
        {"text": '{"emotion": "calm", "sa'},
        {"text": '{"say":'},
        {"text": '{"say": "'},
        {"text": '```json\n{"say": ""}\n```'},
        {"text": "[[1, 2], 3]"},
        {"text": "[1][a1b2c3d4]"},
        {"text": "<passage></passage>"},
        {"text": "Pinch:"},
        {"text": "[" * 20_000},
        {"text": '{"a":' * 5_000},
        {"text": '{"a":[' * 100 + ",1" * 5_000},
        {"tool_input": {"say": ""}},
        {"tool_input": {"say": None, "emotion": "calm"}},
        {"tool_input": {"say": True}},
        {"tool_input": {"say": {}}},
        {"tool_input": {"say": "{}"}},
        {"tool_input": {"say": "", "actions": [{"name": "give", "arguments": {"message": "Take it."}}]}},
        {"tool_input": {"say": "", "memory": ['{"say": "They like salt."}']}},
    ],
    ids=lambda reply: str(reply)[:40],
)
def test_defect_03_a_reply_without_words_is_an_error_and_never_an_empty_answer(reply: dict[str, Any]) -> None:
    with pytest.raises(ModelFailed, match="said nothing"):
        parse(**reply)


@pytest.mark.parametrize(
    ("emotion", "expected"),
    [("calm", "calm"), (" ANGRY ", "Angry"), ("joyful", "neutral"), (None, "neutral"), (["calm"], "neutral")],
)
def test_an_unknown_emotion_is_neutral(emotion: Any, expected: str) -> None:
    assert parse(tool_input=WHOLE | {"emotion": emotion}).emotion == expected


def test_without_a_neutral_emotion_the_first_of_the_card_is_shown() -> None:
    def emotion(*known: str) -> str:
        card = NpcCard("n", "N", "P", emotions=known)
        return parse_speech(Reply("Aye.", None, "m", "end_turn", Usage()), card, ()).emotion

    assert emotion("grim", "glad") == "grim"
    assert emotion() == "neutral"


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        ([{"name": "wave", "arguments": {}}, {"name": "wave"}], [Action("wave"), Action("wave")]),
        ({"name": "wave", "arguments": {"hand": "left"}}, [Action("wave", {"hand": "left"})]),
        ([{"name": "fly", "arguments": {}}], []),
        ([{"name": "wave", "arguments": ["left"]}, {"name": "wave", "arguments": "left"}], []),
        ([{"name": "wave", "arguments": None}, {"name": ["wave"]}, "wave", None, 3], []),
        ([{"name": "wave", "arguments": {"text": "x" * 5000}}], []),
        ([{"name": "wave", "arguments": {"text": "\ud800"}}], []),
        ("wave", []),
        ([{"name": "wave"}] * 50, [Action("wave")] * 5),
    ],
)
def test_only_registered_actions_with_usable_arguments_are_taken(actions: Any, expected: list[Action]) -> None:
    assert list(parse(tool_input=WHOLE | {"actions": actions}).actions) == expected


@pytest.mark.parametrize(
    ("citations", "expected"),
    [
        ([IDS[1], IDS[0], IDS[1]], [IDS[1], IDS[0]]),
        ([IDS[0], "made-up", "", None, 3, {"id": IDS[1]}], [IDS[0]]),
        (IDS[0], [IDS[0]]),
        ([f"[{IDS[0]}]"], [IDS[0]]),
        (None, []),
    ],
)
def test_citations_are_given_ids_once_each_in_order(citations: Any, expected: list[str]) -> None:
    assert list(parse(tool_input=WHOLE | {"citations": citations}).citations) == expected


def test_notes_that_nobody_asked_for_are_left_out() -> None:
    assert parse(tool_input=WHOLE | {"memory": ["Likes salt."]}) == SPEECH


def test_a_speech_of_absurd_length_ends_with_a_sentence() -> None:
    spoken = said("The gate is shut. " * 500)
    assert 1000 < len(spoken) <= 2000
    assert spoken.endswith("shut.")
    assert len(said("x" * 50_000)) == 2000
