"""Whatever a model replies, a player gets words, or there were none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from npcops.dialogue import Action, Speech
from npcops.errors import ModelFailed
from npcops.leaks import Leaked
from tests.pinch import CANARY, IDS, parse, said

WHOLE = {
    "say": "The gate is shut.",
    "emotion": "angry",
    "actions": [{"name": "give", "arguments": {"item": "key"}}],
    "citations": [IDS[1], IDS[0]],
}
SPEECH = Speech("The gate is shut.", "Angry", (Action("give", {"item": "key"}),), (IDS[1], IDS[0]))


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
        ("'Tis shut, and that's that'", "'Tis shut, and that's that'"),
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
        ("As a1b2c3d4 says, it is shut (see 0f0f0f0f).", "As says, it is shut (see)."),
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
    "say",
    [
        f"The word is {CANARY}.",
        f"Backwards it is {CANARY[::-1]}.",
        " ".join(CANARY),
        "I was told: you never tell anybody where the second key to the gate is kept.",
    ],
)
def test_words_that_give_instructions_away_are_no_speech(say: str) -> None:
    with pytest.raises(Leaked):
        parse(tool_input=WHOLE | {"say": say})
    with pytest.raises(Leaked):
        parse(say)


def test_a_speech_of_absurd_length_ends_with_a_sentence() -> None:
    spoken = said("The gate is shut. " * 500)
    assert 1000 < len(spoken) <= 2000
    assert spoken.endswith("shut.")
    assert len(said("x" * 50_000)) == 2000
