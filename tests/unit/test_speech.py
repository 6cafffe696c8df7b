"""Turns read aloud: the voice is beside the text, in time, and whatever goes wrong with it costs no text."""

from __future__ import annotations

import base64
import json
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcops.dialogue import Clip, Turn, Usage, Viseme, VoiceRequest
from npcops.errors import NotFound, StoreUnavailable, VoiceUnavailable
from npcops.speech import MOST_BYTES, Sentence, audio_events
from tests.speaking import MP3, Stage


def turn(say: str) -> Turn:
    return Turn("t1", "mira", "rag", say, "neutral", (), (), (), None, False, "m", "v1", Usage())


def voiced(stage: Stage, say: str = "Two pennies.", wanted: VoiceRequest | None = MP3, seconds: float = 5.0) -> Turn:
    return stage.aloud.voiced("game", turn(say), wanted, seconds)


def test_a_turn_gets_its_voice() -> None:
    stage = Stage()
    found = voiced(stage, "Two pennies.")
    assert found.voice == Clip("mp3", 24000, b"Two pennies.", 100, (Viseme(0, "sil"),))
    assert msgspec.structs.replace(found, voice=None) == turn("Two pennies.")
    as_json = msgspec.json.decode(msgspec.json.encode(found))["voice"]
    assert base64.b64decode(as_json.pop("audio")) == b"Two pennies."
    assert as_json == {"format": "mp3", "sample_rate": 24000, "ms": 100, "visemes": [{"ms": 0, "shape": "sil"}]}


def test_a_turn_nobody_wants_to_hear_is_not_spoken() -> None:
    stage = Stage()
    assert voiced(stage, wanted=None) == turn("Two pennies.")
    assert stage.synthesizer.asked == []


@pytest.mark.parametrize(
    ("stage", "detail"),
    [
        (Stage(speech=None), "no voice"),
        (Stage(error=StoreUnavailable("The catalogue did not answer.")), "catalogue"),
        (Stage(error=NotFound("mira has no version.")), "mira"),
        (Stage(error=ValueError("secret")), "unexpectedly (ValueError)"),
    ],
)
def test_without_a_voice_the_text_is_there_and_a_problem_says_why(stage: Stage, detail: str) -> None:
    found = voiced(stage, "Aye.")
    assert (found.say, found.voice) == ("Aye.", None)
    problem = found.voice_problem or {}
    assert detail in problem["detail"]
    assert (problem["type"], problem["status"]) == ("/problems/voice-unavailable", 503)
    assert problem["title"] == "Voice is not available here"


def test_a_service_that_fails_is_a_problem() -> None:
    stage = Stage()
    stage.synthesizer.errors["Aye."] = VoiceUnavailable("No such voice.")
    assert (voiced(stage, "Aye.").voice_problem or {})["detail"] == "No such voice."


def test_a_service_that_hangs_is_waited_for_only_so_long() -> None:
    stage = Stage()
    stage.synthesizer.seconds = lambda text: math.inf
    began = stage.time.now()
    found = voiced(stage, seconds=2.5)
    assert stage.time.now() - began == pytest.approx(2.5)
    assert "in time" in (found.voice_problem or {})["detail"]
    assert (voiced(stage, seconds=-1.0).voice_problem or {})["type"] == "/problems/voice-unavailable"


def test_audio_that_no_answer_can_hold_becomes_a_problem() -> None:
    stage = Stage()
    assert voiced(stage, "x" * MOST_BYTES).voice
    found = voiced(stage, "x" * (MOST_BYTES + 1))
    assert found.voice is None
    assert "mp3 or ogg, or stream" in (found.voice_problem or {})["detail"]


def test_control_characters_are_not_read_aloud_and_markup_is_only_text() -> None:
    stage = Stage()
    voiced(stage, "<speak>Two\x00pennies\n&amp; [[a]].</speak>")
    assert stage.synthesizer.asked == ["<speak>Two pennies &amp; [[a]].</speak>"]


@given(samples=st.integers(0, 45_000), visemes=st.integers(0, 2000))
def test_events_are_small_and_make_up_the_clip(samples: int, visemes: int) -> None:
    clip = Clip("pcm", 16000, bytes(2 * samples), 99_999, tuple(Viseme(100_000 + n, "sil") for n in range(visemes)))
    events = list(audio_events(clip, Sentence(7, 100, 1100)))
    assert all(len(json.dumps({"type": "say.audio", "turn_id": "t" * 40, **event})) < 30_000 for event in events)
    assert b"".join(base64.b64decode(event["audio"]) for event in events) == clip.audio
    assert all(len(base64.b64decode(event["audio"])) % 2 == 0 for event in events)
    assert [shape for event in events for shape in event["visemes"]] == list(msgspec.to_builtins(clip.visemes))
    assert [event["part"] for event in events] == list(range(len(events)))
    for event in events:
        assert (event["sentence"], event["from"], event["to"], event["parts"]) == (7, 100, 1100, len(events))
        assert (event["format"], event["sample_rate"], event["ms"]) == ("pcm", 16000, 99_999)
