"""Speech: the adapter on Polly's API as the local stand-in speaks it, and on refusals as AWS words them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import numpy as np
import pytest
import soundfile
from botocore.config import Config
from botocore.stub import Stubber

from local.polly.app import create_app
from local.polly.espeak import library
from local.polly.voices import VOICES
from npcops.adapters.polly import SAMPLE_RATES, PollySynthesizer
from npcops.characters import SpeakingVoice
from npcops.dialogue import Clip, VoiceRequest
from npcops.errors import VoiceUnavailable
from tests.local.doubles import served

speaking = pytest.mark.skipif(library() is None, reason="espeak-ng is not installed (apt install espeak-ng)")
AMY = SpeakingVoice("Amy")
TEXT = "Two pennies, love, and you bail. The tide waits for nobody; nor do I."
SHAPES = {"p", "t", "S", "T", "f", "k", "i", "r", "s", "u", "@", "a", "e", "E", "o", "O", "sil"}
SECRET = "zanzibar-quince"


def client(url: str) -> Any:
    return boto3.client(
        "polly",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=30),
    )


@pytest.fixture(scope="module")
def stand_in() -> Iterator[Any]:
    with served(create_app()) as url:
        yield client(url)


@pytest.fixture
def speak(stand_in: Any) -> Callable[..., Clip]:
    synthesizer = PollySynthesizer(lambda: stand_in)
    return lambda text=TEXT, voice=AMY, **wanted: synthesizer.synthesize(text, voice, VoiceRequest(**wanted))


def decoded(clip: Clip) -> tuple[Any, int]:
    """Samples and their rate, as an independent decoder reads them."""
    if clip.format == "pcm":
        return np.frombuffer(clip.audio, "<i2") / 32768, clip.sample_rate
    samples, rate = soundfile.read(io.BytesIO(clip.audio))
    return samples, int(rate)


WANTED = [(name, rate) for name, rates in SAMPLE_RATES.items() for rate in (None, *rates)]


@speaking
@pytest.mark.parametrize(("kind", "rate"), WANTED)
def test_audio_is_what_it_is_said_to_be(speak: Callable[..., Clip], kind: str, rate: int | None) -> None:
    clip = speak(format=kind, sample_rate=rate)
    samples, found = decoded(clip)
    assert clip.format == kind
    assert clip.sample_rate == found == (rate or (16000 if kind == "pcm" else 24000))
    assert samples.ndim == 1
    assert abs(len(samples) / found * 1000 - clip.ms) <= 50
    assert 3000 < clip.ms < 8000
    assert np.sqrt((samples**2).mean()) > 0.02


@speaking
@pytest.mark.parametrize("kind", ["mp3", "ogg", "pcm"])
def test_the_mouth_moves_with_the_audio(speak: Callable[..., Clip], kind: str) -> None:
    clip = speak(format=kind)
    times = [viseme.ms for viseme in clip.visemes]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] <= clip.ms
    assert clip.visemes[-1].shape == "sil"
    assert {viseme.shape for viseme in clip.visemes} <= SHAPES
    samples, rate = decoded(clip)

    def loudness(start: int, end: int) -> float:
        return float(np.sqrt((samples[start * rate // 1000 : end * rate // 1000] ** 2).mean()))

    pauses = [
        (here.ms, after.ms)
        for here, after in zip(clip.visemes, clip.visemes[1:], strict=False)
        if here.shape == "sil" and after.ms - here.ms > 100
    ]
    assert len(pauses) == 4  # Two commas, the end of a sentence, and the semicolon.
    assert all(loudness(start + 60, end - 20) < 0.2 * loudness(0, clip.ms) for start, end in pauses)


@speaking
def test_the_mouth_closes_for_what_the_lips_do(speak: Callable[..., Clip]) -> None:
    shapes = [viseme.shape for viseme in speak("Mab fed moss.").visemes]
    assert shapes == ["p", "a", "p", "f", "E", "t", "p", "O", "s", "sil"]


@speaking
def test_characters_sound_different(speak: Callable[..., Clip]) -> None:
    clips = {
        speak("Mind the plank.", SpeakingVoice(voice.id, voice.engines[-1]), format="pcm").audio
        for voice in VOICES.values()
    }
    assert len(clips) == len(VOICES)


@speaking
def test_markup_is_read_as_text(speak: Callable[..., Clip]) -> None:
    plain = speak("Aye.", format="pcm").ms
    assert speak('<speak><break time="9s"/>Aye.</speak>', format="pcm").ms > plain + 1000
    assert speak("[[aI]] <s>&amp;</s>", format="pcm").ms > plain


@speaking
@pytest.mark.parametrize(
    "text", ["Größe, Ærøskøbing — ça va?", "Песнь маяка.", "潮。", "🦆", "...", "\u202eabc", "a" * 2999]
)
def test_any_text_can_be_asked_for(speak: Callable[..., Clip], text: str) -> None:
    clip = speak(text)
    assert clip.ms >= 0
    assert all(viseme.ms <= clip.ms + 50 for viseme in clip.visemes)


@speaking
def test_an_engine_without_marks_speaks_all_the_same(speak: Callable[..., Clip]) -> None:
    clip = speak("Aye.", SpeakingVoice("Amy", "generative"))
    assert clip.ms > 200
    assert clip.visemes == ()


@speaking
def test_words_and_sentences_have_their_place_in_the_text(stand_in: Any) -> None:
    text = "Größe zählt. Aye!"
    types = ["sentence", "word"]
    answer = stand_in.synthesize_speech(Text=text, VoiceId="Amy", OutputFormat="json", SpeechMarkTypes=types)
    marks = [json.loads(line) for line in answer["AudioStream"].read().splitlines()]
    assert [mark["value"] for mark in marks if mark["type"] == "word"] == ["Größe", "zählt", "Aye"]
    assert [mark["value"] for mark in marks if mark["type"] == "sentence"] == ["Größe zählt.", "Aye!"]
    for mark in marks:
        assert text.encode()[mark["start"] : mark["end"]].decode() == mark["value"]


@pytest.mark.parametrize(
    ("voice", "text", "wanted", "advice"),
    [
        (SpeakingVoice("Nobody"), TEXT, {}, "no such voice"),
        (SpeakingVoice("Arthur", "standard"), TEXT, {}, "another one"),
        (SpeakingVoice("Amy", language="fr-FR"), TEXT, {}, "language"),
        (AMY, SECRET * 300, {}, "3,000 characters"),
        (AMY, TEXT, {"format": "pcm", "sample_rate": 24000}, "8000, 16000"),
    ],
)
def test_refusals_say_what_to_do(
    speak: Callable[..., Clip], voice: SpeakingVoice, text: str, wanted: dict[str, Any], advice: str
) -> None:
    with pytest.raises(VoiceUnavailable, match=advice) as error:
        speak(text, voice, **wanted)
    assert SECRET not in str(error.value)
    assert error.value.__cause__ is None


def test_without_espeak_the_reason_reaches_the_player(
    speak: Callable[..., Clip], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    program = tmp_path / "espeak.py"
    program.write_text("raise SystemExit(3)\n")
    monkeypatch.setattr("local.polly.speaker.PROGRAM", program)
    with pytest.raises(VoiceUnavailable, match=r"not available here: espeak-ng is not installed .*apt install"):
        speak("Nobody has said this before.")


@pytest.mark.parametrize(
    ("code", "status", "advice"),
    [
        ("ThrottlingException", 400, "try again"),
        ("ServiceFailureException", 500, "try again"),
        ("ValidationException", 400, "no such voice"),
        ("EngineNotSupportedException", 400, "engine"),
        ("TextLengthExceededException", 400, "stream"),
        ("AccessDeniedException", 403, "polly:SynthesizeSpeech"),
        ("SomethingNewException", 418, "SomethingNewException"),
    ],
)
def test_errors_of_aws_are_voice_unavailable(code: str, status: int, advice: str) -> None:
    aws = client("http://127.0.0.1:9")
    with Stubber(aws) as stubber:
        for _ in range(2):
            stubber.add_client_error("synthesize_speech", code, f"Invalid: {SECRET}", status)
        with pytest.raises(VoiceUnavailable, match=advice) as error:
            PollySynthesizer(lambda: aws).synthesize(SECRET, AMY, VoiceRequest())
    assert SECRET not in str(error.value)
