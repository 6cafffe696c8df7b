"""Lines that writers gave a character: the right mood, seldom the same, never none."""

from __future__ import annotations

import pytest

from npcops.authored import authored_speech
from npcops.characters import NpcCard

LINES = {"busy": ("Later.", "Not now."), "unsure": ("Hm?",), "refuse": ("No.",), "default": ("Well met.",)}
NEUTRAL = ("warm", "neutral")


def card(*moods: str) -> NpcCard:
    return NpcCard("mira", "Mira", "A ferrywoman.", fallbacks={mood: LINES[mood] for mood in moods})


@pytest.mark.parametrize(
    ("why", "moods", "line"),
    [
        (["guardrail"], ["busy", "unsure", "refuse", "default"], "No."),
        (["model-slow", "leak"], ["busy", "unsure", "refuse", "default"], "No."),
        (["leak"], ["busy", "unsure", "default"], "Hm?"),
        (["leak"], ["default"], "Well met."),
        (["model-malformed"], ["busy", "unsure", "refuse", "default"], "Well met."),
        (["model-failed"], ["busy", "unsure", "refuse", "default"], "Well met."),
        (["model-failed", "memory-unavailable"], ["refuse"], "…"),
        (["model-slow"], ["unsure", "refuse", "default"], "Well met."),
        (["model-slow"], ["refuse"], "…"),
        ([], [], "…"),
    ],
)
def test_the_line_suits_the_causes(why: list[str], moods: list[str], line: str) -> None:
    assert authored_speech(card(*moods), NEUTRAL, why, [], "t1").say == line


@pytest.mark.parametrize("cause", ["model-slow", "model-unavailable", "model-resting"])
def test_who_has_no_time_is_busy(cause: str) -> None:
    assert authored_speech(card(*LINES), NEUTRAL, ["model-failed", cause], [], "t1").say in LINES["busy"]


def test_lines_vary_with_the_turn_and_not_with_the_process() -> None:
    lines = [authored_speech(card("busy"), NEUTRAL, ["model-slow"], [], f"turn-{n}").say for n in range(20)]
    assert set(lines) == set(LINES["busy"])
    assert lines == [authored_speech(card("busy"), NEUTRAL, ["model-slow"], [], f"turn-{n}").say for n in range(20)]


@pytest.mark.parametrize("turn_id", [f"turn-{n}" for n in range(6)])
def test_what_was_said_lately_is_not_said_again_unless_there_is_nothing_else(turn_id: str) -> None:
    def line(*said: str) -> str:
        return authored_speech(card("busy"), NEUTRAL, ["model-slow"], said, turn_id).say

    assert line("Aye.", "Later. ") == "Not now."
    assert line("Not now.", "Aye.") == "Later."
    assert line("Later.", "Not now.", "Aye.") == "Later."
    assert line("Later.", "Not now.", "Later.") == "Not now."


def test_blank_lines_are_none() -> None:
    blank = NpcCard("mira", "Mira", "A ferrywoman.", fallbacks={"busy": (" ",), "default": ("", "Aye. ")})
    assert authored_speech(blank, NEUTRAL, ["model-slow"], [], "t1").say == "Aye."


@pytest.mark.parametrize(("emotions", "shown"), [(NEUTRAL, "neutral"), ((), "neutral"), (("grim", "warm"), "grim")])
def test_the_emotion_is_neutral_if_the_character_can_be(emotions: tuple[str, ...], shown: str) -> None:
    assert authored_speech(card(*LINES), emotions, [], [], "t1").emotion == shown
