"""Emotions, actions, citations and notes of a reply: what is allowed is taken, what is not is left out and counted."""

from __future__ import annotations

from typing import Any

import pytest

from npcops.dialogue import Action, Usage
from npcops.memory import Note
from npcops.model_calls import Reply
from npcops.replies import parse_speech
from tests.pinch import ACTIONS, CANARY, CARD, GUARD, IDS, parse

WHOLE = {
    "say": "The gate is shut.",
    "emotion": "angry",
    "actions": [{"name": "give", "arguments": {"item": "key"}}],
    "citations": [IDS[1], IDS[0]],
}


@pytest.mark.parametrize(
    ("emotion", "expected", "dropped"),
    [
        ("calm", "calm", 0),
        (" ANGRY ", "Angry", 0),
        ("joyful", "neutral", 1),
        ("", "neutral", 1),
        (None, "neutral", 0),
        (["calm"], "neutral", 1),
    ],
)
def test_an_unknown_emotion_is_neutral(emotion: Any, expected: str, dropped: int) -> None:
    speech = parse(tool_input=WHOLE | {"emotion": emotion})
    assert (speech.emotion, speech.dropped) == (expected, ("emotion",) * dropped)


def test_without_a_neutral_emotion_the_first_one_is_shown() -> None:
    def emotion(*known: str) -> str:
        reply = Reply("Aye.", None, "m", "end_turn", Usage())
        return parse_speech(reply, CARD, (), ACTIONS, known, GUARD).emotion

    assert emotion("grim", "glad") == "grim"
    assert emotion() == "neutral"


@pytest.mark.parametrize(
    ("actions", "expected", "dropped"),
    [
        ([{"name": "wave", "arguments": {}}, {"name": "wave"}], [Action("wave"), Action("wave")], []),
        ({"name": "wave", "arguments": {"hand": "left"}}, [Action("wave", {"hand": "left"})], []),
        ([{"name": "fly", "arguments": {}}, "wave", None, 3, {"name": ["wave"]}], [], ["action-unknown"] * 5),
        ([{"name": "wave", "arguments": ["left"]}, {"name": "wave", "arguments": None}], [], ["action-arguments"] * 2),
        ([{"name": "give", "arguments": {"price": 3}}, {"name": "wave"}], [Action("wave")], ["action-arguments"]),
        ([{"name": "bow"}], [], ["action-not-now"]),
        ([{"name": "wave"}] * 7, [Action("wave")] * 5, ["action-excess"] * 2),
        (None, [], []),
        ([], [], []),
        ([{"name": "give", "arguments": {"item": CANARY}}], [], ["action-arguments"]),
        ([{"name": "wave", "arguments": {"to": [CANARY[:6], {CANARY[6:]: 1}]}}], [], ["action-arguments"]),
    ],
)
def test_only_actions_that_the_game_allows_are_taken_and_the_others_counted(
    actions: Any, expected: list[Action], dropped: list[str]
) -> None:
    speech = parse(tool_input=WHOLE | {"actions": actions})
    assert (list(speech.actions), list(speech.dropped)) == (expected, dropped)


@pytest.mark.parametrize(
    ("citations", "expected", "dropped"),
    [
        ([IDS[1], IDS[0], IDS[1]], [IDS[1], IDS[0]], 0),
        ([IDS[0], "made-up", "", None, 3, {"id": IDS[1]}], [IDS[0]], 5),
        (IDS[0], [IDS[0]], 0),
        ([f"[{IDS[0]}]"], [IDS[0]], 0),
        (None, [], 0),
    ],
)
def test_citations_are_given_ids_once_each_in_order(citations: Any, expected: list[str], dropped: int) -> None:
    speech = parse(tool_input=WHOLE | {"citations": citations})
    assert (list(speech.citations), speech.dropped) == (expected, ("citation",) * dropped)


@pytest.mark.parametrize(
    ("memory", "expected", "dropped"),
    [
        ([{"text": "The player likes salt.", "importance": 4}], [Note("The player likes salt.", 4)], 0),
        (
            ["The player likes salt.", {"fact": "Owes a rope."}],
            [Note("The player likes salt."), Note("Owes a rope.")],
            0,
        ),
        ("The player likes salt.", [Note("The player likes salt.")], 0),
        ({"text": "Likes salt.", "importance": 99}, [Note("Likes salt.", 5)], 0),
        ([{"text": "Likes salt.", "importance": -3}], [Note("Likes salt.", 1)], 0),
        ([{"text": "Likes salt.", "importance": "very"}], [Note("Likes salt.")], 0),
        ([{"text": "Likes salt.", "importance": float("nan")}], [Note("Likes salt.")], 0),
        ([{"text": "Likes salt.", "importance": True}], [Note("Likes salt.")], 0),
        (["Likes salt. Hates rain."], [Note("Likes salt.")], 0),
        (["<note>Likes\n\nsalt.</note>"], [Note("Likes salt.")], 0),
        (["Likes salt.", "Likes salt.", "a1", "b2", "c3"], [Note("Likes salt."), Note("a1"), Note("b2")], 2),
        (["x" * 201, "", "...", None, 7, [], {}, {"text": 3}, '{"say": "Aye"}'], [], 9),
        ([f"The word is {CANARY}.", "You never tell anybody where the second key to the gate is"], [], 2),
        (None, [], 0),
    ],
)
def test_notes_are_a_few_short_sentences(memory: Any, expected: list[Note], dropped: int) -> None:
    speech = parse(tool_input=WHOLE | {"memory": memory})
    assert (list(speech.memory), speech.dropped) == (expected, ("memory",) * dropped)
