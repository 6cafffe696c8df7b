"""The Polly adapter when the service is away or answers nonsense."""

from __future__ import annotations

import io
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from npcops.adapters import polly
from npcops.adapters.polly import PollySynthesizer
from npcops.characters import SpeakingVoice
from npcops.dialogue import VoiceRequest
from npcops.errors import VoiceUnavailable

AMY = SpeakingVoice("Amy")
SECRET = "zanzibar-quince"


class Answers:
    """A client whose calls answer by output format, or raise."""

    def __init__(self, error: Exception | None = None, **streams: bytes) -> None:
        self.error, self.streams = error, streams

    def synthesize_speech(self, **request: Any) -> Any:
        if self.error:
            raise self.error
        return {"AudioStream": io.BytesIO(self.streams[request["OutputFormat"]])}


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="http://x"),
        ConnectTimeoutError(endpoint_url="http://x"),
        EndpointConnectionError(endpoint_url="http://x"),
        ClientError({"Error": {"Code": "ExpiredToken", "Message": SECRET}}, "SynthesizeSpeech"),
    ],
)
def test_a_service_that_is_not_there_is_voice_unavailable(error: Exception) -> None:
    with pytest.raises(VoiceUnavailable) as told:
        PollySynthesizer(lambda: Answers(error)).synthesize(SECRET, AMY, VoiceRequest())
    assert SECRET not in str(told.value)


@pytest.mark.parametrize(
    "answers",
    [
        Answers(mp3=b"<html>", json=b""),
        Answers(mp3=b"", json=b""),
        Answers(mp3=b"\xff\xf3\x84\xc4" + bytes(200), json=b"{"),
        Answers(mp3=b"\xff\xf3\x84\xc4" + bytes(200), json=b'{"type": "viseme", "time": "soon"}'),
    ],
)
def test_nonsense_is_voice_unavailable(answers: Answers) -> None:
    with pytest.raises(VoiceUnavailable):
        PollySynthesizer(lambda: answers).synthesize("Aye.", AMY, VoiceRequest())


def test_a_client_is_given_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    polly.client.cache_clear()
    found: Any = polly.client().meta.config
    polly.client.cache_clear()
    assert found.connect_timeout + found.read_timeout <= 5
    assert found.retries["total_max_attempts"] == 2
