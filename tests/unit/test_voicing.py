"""Turns read aloud while they are spoken: in order, beside the writing of what follows, and not what was retracted."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcops.dialogue import Clip
from npcops.errors import Disconnected, VoiceUnavailable
from npcops.speech import LONGEST_PIECE, Sentence
from tests.speaking import Stage


def test_whole_sentences_are_heard_while_the_next_ones_are_written() -> None:
    stage = Stage()
    stage.voicing.started("t1")
    stage.say("Two pen", "nies. And", " you", pause=0.4)
    assert stage.heard.voices == ["Two pennies."]
    stage.say(" bail!", pause=0.4)
    stage.voicing.finish(5.0)
    assert stage.heard.of("spoke") == [(0, 0, 12, "Two pennies."), (1, 13, 26, "And you bail!")]
    assert stage.heard.of("said") == ["Two pen", "nies. And", " you", " bail!"]
    assert stage.heard.events[0] == ("started", "t1")
    assert stage.heard.of("voiceless") == []


def test_sentences_are_heard_in_order_whichever_is_ready_first() -> None:
    stage = Stage()
    stage.synthesizer.seconds = lambda text: 3.0 if text == "One." else 0.1
    stage.say("One. Two. Three. Four.")
    stage.voicing.finish(10.0)
    assert stage.heard.voices == ["One.", "Two.", "Three.", "Four."]
    assert stage.heard.at[1] - stage.heard.at[0] == 0.0


def test_the_next_sentence_is_spoken_beside_the_first_and_no_more_than_that() -> None:
    stage = Stage()
    stage.synthesizer.seconds = lambda text: 1.0
    began = stage.time.now()
    stage.say("One. Two. Three. Four. ", "Five.", pause=0.0)
    assert stage.synthesizer.asked == ["One.", "Two."]
    stage.voicing.finish(10.0)
    assert {index: at - began for index, at in stage.heard.at.items()} == {0: 1, 1: 1, 2: 2, 3: 2, 4: 3}


def test_what_was_said_and_does_not_count_is_not_heard_later() -> None:
    stage = Stage()
    stage.say("One is heard. ", "Two is not. ", "Three", "!", pause=0.2)
    stage.voicing.unsaid()
    stage.say("Another answer.")
    stage.voicing.finish(5.0)
    kinds = [(kind, what[3] if kind == "spoke" else what) for kind, what in stage.heard.events if kind != "said"]
    assert kinds == [("spoke", "One is heard."), ("unsaid", None), ("spoke", "Another answer.")]
    assert stage.heard.of("spoke")[-1][:3] == (0, 0, 15)
    assert not [flow for flow in stage.time.flows if flow.open]


def test_a_problem_is_told_once_and_no_later_sentence_is_tried() -> None:
    stage = Stage()
    stage.synthesizer.errors["Two."] = VoiceUnavailable("Too many calls.")
    stage.say("One. ", "Two. ", "Three. ", "Four. ", "Five.", pause=0.3)
    stage.voicing.unsaid()
    stage.say("Six. Seven.")
    stage.voicing.finish(5.0)
    assert stage.heard.voices == ["One."]
    assert [problem["detail"] for problem in stage.heard.of("voiceless")] == ["Too many calls."]
    assert "Seven." not in stage.synthesizer.asked
    assert "".join(stage.heard.of("said")).endswith("Six. Seven.")


def test_the_end_is_waited_for_only_so_long() -> None:
    stage = Stage()
    stage.synthesizer.seconds = lambda text: math.inf if text == "Two." else 0.5
    stage.say("One. Two.")
    began = stage.time.now()
    stage.voicing.finish(3.0)
    assert stage.time.now() - began == pytest.approx(3.0)
    assert stage.heard.voices == ["One."]
    assert "in time" in stage.heard.of("voiceless")[0]["detail"]
    assert not [flow for flow in stage.time.flows if flow.open]


def test_a_character_without_a_voice_speaks_in_text() -> None:
    stage = Stage(speech=None)
    stage.say("One. Two.")
    stage.voicing.finish(5.0)
    assert stage.heard.of("said") == ["One. Two."]
    assert "no voice" in stage.heard.of("voiceless")[0]["detail"]


def test_whoever_hangs_up_ends_it() -> None:
    stage = Stage()

    def gone(sentence: Sentence, clip: Clip) -> None:
        raise Disconnected("Gone.")

    stage.heard.spoke = gone
    stage.say("One. Two. ", "Three. ", pause=0.0)
    with pytest.raises(Disconnected):
        stage.say("Four.", pause=1.0)
    assert stage.synthesizer.asked == ["One.", "Two."]


def test_what_has_no_sound_is_not_spoken() -> None:
    stage = Stage()
    stage.say("... ", "— !? ", "Aye.")
    stage.voicing.finish(5.0)
    assert stage.heard.voices == ["Aye."]


@given(st.text(st.sampled_from("abc Ä。.!\n-"), max_size=300), st.integers(1, 40))
def test_every_word_is_heard_once_however_the_text_comes_in(text: str, size: int) -> None:
    stage = Stage()
    stage.say(*(text[at : at + size] for at in range(0, len(text), size)))
    stage.voicing.finish(1000.0)
    heard = stage.heard.of("spoke")
    letters = "".join(one for start, end in [found[1:3] for found in heard] for one in text[start:end])
    assert [one for one in letters if one.isalnum()] == [one for one in text if one.isalnum()]
    assert [found[0] for found in heard] == list(range(len(heard)))


def test_long_sentences_are_spoken_in_pieces() -> None:
    stage = Stage()
    text = "and so on " * 250 + "x" * 2500
    stage.say(text)
    stage.voicing.finish(1000.0)
    assert all(len(piece) <= LONGEST_PIECE for piece in stage.heard.voices)
    assert "".join(stage.heard.voices).replace(" ", "") == text.replace(" ", "")
    assert len(stage.heard.voices) == 6
    assert stage.heard.voices[0].endswith(" on")
