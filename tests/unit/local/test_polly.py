"""The local Polly without a voice: what is asked is checked as AWS checks it, and sounds become shapes of the mouth."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.polly import speaker
from local.polly.asked import Speech
from local.polly.errors import PollyError
from local.polly.espeak import PHONEME, SENTENCE, WORD
from local.polly.marks import marks, shape
from local.polly.speaker import KEPT, Speaker
from local.polly.voices import VOICES

CARDS = Path(__file__).parents[3] / "world" / "npcs"
ASKED = {"Text": "Aye.", "VoiceId": "Amy", "OutputFormat": "mp3", "Engine": "neural"}


def test_defaults_are_those_of_the_service() -> None:
    rates = {
        (output, engine): Speech.of({**ASKED, "OutputFormat": output, "Engine": engine}).rate
        for output in ("mp3", "ogg_vorbis", "pcm")
        for engine in ("standard", "neural")
    }
    assert {rate for (output, _), rate in rates.items() if output == "pcm"} == {16000}
    assert {rate for (output, engine), rate in rates.items() if output != "pcm" and engine == "neural"} == {24000}
    assert {rate for (output, engine), rate in rates.items() if output != "pcm" and engine == "standard"} == {22050}


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"VoiceId": "Nobody"}, "ValidationException"),
        ({"VoiceId": None}, "ValidationException"),
        ({"Text": None}, "ValidationException"),
        ({"OutputFormat": "flac"}, "ValidationException"),
        ({"Engine": "best"}, "ValidationException"),
        ({"VoiceId": "Arthur", "Engine": "standard"}, "EngineNotSupportedException"),
        ({"LanguageCode": "fr-FR"}, "LanguageNotSupportedException"),
        ({"TextType": "ssml"}, "InvalidSsmlException"),
        ({"Text": "a" * 3001}, "TextLengthExceededException"),
        ({"SampleRate": "11025"}, "InvalidSampleRateException"),
        ({"SampleRate": "fast"}, "InvalidSampleRateException"),
        ({"OutputFormat": "pcm", "SampleRate": "24000"}, "InvalidSampleRateException"),
        ({"SpeechMarkTypes": ["word"]}, "MarksNotSupportedForFormatException"),
        ({"OutputFormat": "json"}, "ValidationException"),
        ({"OutputFormat": "json", "SpeechMarkTypes": ["mood"]}, "ValidationException"),
        ({"OutputFormat": "json", "SpeechMarkTypes": ["ssml"]}, "SsmlMarksNotSupportedForTextTypeException"),
        ({"OutputFormat": "json", "SpeechMarkTypes": ["word"], "Engine": "generative"}, "ValidationException"),
    ],
)
def test_what_polly_refuses_is_refused(changes: dict[str, Any], name: str) -> None:
    with pytest.raises(PollyError) as error:
        Speech.of({**ASKED, **changes})
    assert (error.value.name, error.value.status) == (name, 400)


def test_voices_differ_and_know_their_engines() -> None:
    assert len({(voice.espeak, voice.pitch, voice.pace) for voice in VOICES.values()}) == len(VOICES)
    assert all(voice.engines for voice in VOICES.values())


def test_the_sample_world_speaks_in_voices_that_are_here() -> None:
    cards = [yaml.safe_load(card.read_text("utf-8"))["speech"] for card in sorted(CARDS.glob("*.yaml"))]
    for card in cards:
        Speech.of({**ASKED, "VoiceId": card["id"], "Engine": card["engine"], "LanguageCode": card["language"]})
    assert len({card["id"] for card in cards}) == len(cards) > 0


@pytest.mark.parametrize(
    ("sound", "expected"),
    [
        *(
            ("m", "p"),
            ("d", "t"),
            ("tʃ", "S"),
            ("dʒ", "S"),
            ("ts", "s"),
            ("θ", "T"),
            ("v", "f"),
            ("ŋ", "k"),
            ("j", "i"),
        ),
        *(
            ("ɹ", "r"),
            ("z", "s"),
            ("w", "u"),
            ("ə", "@"),
            ("aɪ", "a"),
            ("eɪ", "e"),
            ("ɜː", "E"),
            ("oʊ", "o"),
            ("ɔː", "O"),
        ),
        *(("ˈæ", "a"), ("", None), ("ː", None), ("5", None)),
    ],
)
def test_sounds_have_polly_s_shapes(sound: str, expected: str | None) -> None:
    assert shape(sound) == expected


def test_marks_are_in_order_and_count_bytes() -> None:
    text = "Ä b. C"
    events = [
        [SENTENCE, 0, 1, 0, ""], [WORD, 0, 1, 1, ""], [PHONEME, 0, 1, 0, "ɛ"], [PHONEME, 90, 1, 0, ""],
        [WORD, 100, 3, 1, ""], [PHONEME, 100, 3, 0, "b"], [PHONEME, 180, 3, 0, ""], [PHONEME, 300, 3, 0, ""],
        [SENTENCE, 400, 6, 0, ""], [WORD, 400, 6, 1, ""], [PHONEME, 400, 6, 0, "s"],
    ]  # fmt: skip
    found = marks(text, events, 700, ("sentence", "word", "viseme"))
    assert [mark["time"] for mark in found] == sorted(mark["time"] for mark in found)
    told = [(mark["value"], mark["time"], mark["start"], mark["end"]) for mark in found if mark["type"] != "viseme"]
    assert told == [("Ä b.", 0, 0, 5), ("Ä", 0, 0, 2), ("b", 100, 3, 4), ("C", 400, 6, 7), ("C", 400, 6, 7)]
    shapes = [(mark["time"], mark["value"]) for mark in found if mark["type"] == "viseme"]
    assert shapes == [(0, "E"), (100, "p"), (180, "sil"), (400, "s"), (700, "sil")]


def test_nothing_spoken_is_silence() -> None:
    assert marks("...", [], 40, ("viseme",)) == [{"time": 40, "type": "viseme", "value": "sil"}]


# The loop of asyncio takes a pair of sockets.
with_a_loop = pytest.mark.enable_socket


class Counting(Speaker):
    """A speaker that speaks nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    async def _speak(self, text: str, voice: Any) -> speaker.Spoken:
        self.asked.append(text)
        await asyncio.sleep(0)
        if text == "bad":
            raise PollyError("ServiceFailureException", "No.", 500)
        return speaker.Spoken(8000, [], bytes(16))


@with_a_loop
def test_audio_and_marks_of_a_text_are_spoken_once() -> None:
    async def twice() -> list[str]:
        counting, amy = Counting(), VOICES["Amy"]
        await asyncio.gather(counting.speak("Aye.", amy), counting.speak("Aye.", amy))
        for number in range(KEPT):
            await counting.speak(str(number), VOICES["Emma"])
        await counting.speak("Aye.", amy)
        return counting.asked

    assert asyncio.run(twice()) == ["Aye.", *map(str, range(KEPT)), "Aye."]


@with_a_loop
def test_what_failed_is_tried_again() -> None:
    async def twice() -> list[str]:
        counting = Counting()
        for _ in range(2):
            with pytest.raises(PollyError):
                await counting.speak("bad", VOICES["Amy"])
        return counting.asked

    assert asyncio.run(twice()) == ["bad", "bad"]


@pytest.mark.parametrize(
    ("program", "name", "status"),
    [
        ("raise SystemExit(3)", "ServiceUnavailableException", 503),
        ("raise SystemExit(1)", "ServiceFailureException", 500),
        ("import os; os.abort()", "ServiceFailureException", 500),
        ("import time; time.sleep(60)", "ServiceFailureException", 500),
    ],
)
@with_a_loop
def test_a_program_that_is_missing_crashes_or_hangs_is_told(
    program: str, name: str, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "espeak.py"
    file.write_text(program)
    monkeypatch.setattr(speaker, "PROGRAM", file)
    monkeypatch.setattr(speaker, "PATIENCE_SECONDS", 1.0)
    with pytest.raises(PollyError) as error:
        asyncio.run(Speaker().speak("Aye.", VOICES["Amy"]))
    assert (error.value.name, error.value.status) == (name, status)
