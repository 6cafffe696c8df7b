"""Turns that can be heard: from REST with the answer, and sentence by sentence on the stream."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
import soundfile

from tests.system.conftest import RunningStage
from tests.system.test_stream import asked, connected, player

pytestmark = pytest.mark.system


def heard(voice: dict[str, Any]) -> float:
    """Seconds of sound."""
    return float(soundfile.info(io.BytesIO(base64.b64decode(voice["audio"]))).duration)


def test_a_turn_is_heard_or_says_why_it_is_not(world: RunningStage) -> None:
    body = {"message": "Good day to you.", "mode": "base", "voice": {"format": "ogg"}}
    turn = world.api("player", player()).call("POST", "/v1/npcs/wenna-tull/turns", body=body)
    assert turn["say"]
    if turn["voice"] is None:
        assert turn["voice_problem"]["type"] == "/problems/voice-unavailable"
        assert "espeak-ng" in turn["voice_problem"]["detail"]
        return
    assert heard(turn["voice"]) == pytest.approx(turn["voice"]["ms"] / 1000, abs=0.05)
    assert turn["voice"]["visemes"]


def test_a_stream_is_heard_sentence_by_sentence(world: RunningStage) -> None:
    with connected(world, world.token("player", player())) as client:
        client.send(asked("Who are you, and what do you do here?", voice={"format": "mp3"}))
        events = client.until("turn.completed", "problem")
    turn = events[-1]["turn"]
    kinds = [event["event"] for event in events]
    if "say.voiceless" in kinds or turn["voice_problem"]:
        pytest.skip(f"no voice here: {turn['voice_problem']}")
    sound = [event for event in events if event["event"] == "say.audio"]
    assert [event["sentence"] for event in sound] == sorted(event["sentence"] for event in sound)
    assert sound[-1]["to"] == len(turn["say"])
    whole = b"".join(base64.b64decode(event["audio"]) for event in sound if event["sentence"] == 0)
    assert soundfile.info(io.BytesIO(whole)).duration == pytest.approx(sound[0]["ms"] / 1000, abs=0.05)
