"""How long audio lasts, as it says itself, beside what an independent encoder put in."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from npcops.adapters.audio_length import UnreadableAudio, milliseconds
from npcops.dialogue import AudioFormat

CODECS: dict[AudioFormat, tuple[str, str]] = {"mp3": ("MP3", "MPEG_LAYER_III"), "ogg": ("OGG", "VORBIS")}


def encoded(kind: AudioFormat, rate: int, seconds: float, channels: int = 1, **options: Any) -> bytes:
    times = np.arange(round(rate * seconds)) / rate
    wave = 0.3 * np.sin(2 * np.pi * 220 * times)
    container, codec = CODECS[kind]
    file = io.BytesIO()
    soundfile.write(file, np.column_stack([wave] * channels), rate, format=container, subtype=codec, **options)
    return file.getvalue()


@pytest.mark.parametrize("seconds", [0.1, 1.0, 7.77])
@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 44100, 48000])
@pytest.mark.parametrize("kind", ["mp3", "ogg"])
def test_the_length_is_that_of_what_was_encoded(kind: AudioFormat, rate: int, seconds: float) -> None:
    assert milliseconds(encoded(kind, rate, seconds), kind, 1) == pytest.approx(1000 * seconds, abs=1)


def test_stereo_has_more_bytes_and_no_more_time() -> None:
    assert milliseconds(encoded("mp3", 24000, 2.0, channels=2), "mp3", 1) == pytest.approx(2000, abs=1)
    assert milliseconds(encoded("ogg", 24000, 2.0, channels=2), "ogg", 1) == pytest.approx(2000, abs=1)


def test_mp3_without_the_encoder_s_frame_lasts_as_long_as_its_frames() -> None:
    audio = encoded("mp3", 24000, 2.0, bitrate_mode="CONSTANT", compression_level=0.5)
    second = audio.index(audio[:2], 4)
    assert b"Info" in audio[:second] or b"Xing" in audio[:second]
    bare = audio[second:]
    samples, rate = soundfile.read(io.BytesIO(bare))
    assert milliseconds(bare, "mp3", 1) == pytest.approx(len(samples) / rate * 1000, abs=50)
    assert milliseconds(bare, "mp3", 1) > 2000


def test_tags_around_mp3_are_not_audio() -> None:
    audio = encoded("mp3", 24000, 1.0)
    tag = b"ID3\x04\x00\x00\x00\x00\x02\x00" + bytes(256)
    assert milliseconds(tag + audio + b"TAG" + bytes(125), "mp3", 1) == pytest.approx(1000, abs=1)


@pytest.mark.parametrize(("size", "rate", "expected"), [(32_000, 16000, 1000), (0, 16000, 0), (16_000, 8000, 1000)])
def test_pcm_has_two_bytes_a_sample(size: int, rate: int, expected: int) -> None:
    assert milliseconds(bytes(size), "pcm", rate) == expected


@pytest.mark.parametrize("kind", ["mp3", "ogg"])
@pytest.mark.parametrize("audio", [b"", b"{}", b"OggS", b"OggS" + bytes(40), b"ID3", b"\xff\xf3", b"RIFF" + bytes(99)])
def test_what_is_no_audio_is_told(kind: AudioFormat, audio: bytes) -> None:
    with pytest.raises(UnreadableAudio):
        milliseconds(audio, kind, 24000)


def test_mp3_and_ogg_are_not_taken_for_each_other() -> None:
    for kind, other in (("mp3", "ogg"), ("ogg", "mp3")):
        with pytest.raises(UnreadableAudio):
            milliseconds(encoded(kind, 24000, 0.5), other, 24000)


@given(st.sampled_from(["mp3", "ogg"]), st.integers(0, 2000), st.binary(max_size=40))
def test_damaged_audio_has_a_length_or_is_told(kind: AudioFormat, at: int, damage: bytes) -> None:
    audio = SOUND[kind]
    with suppress(UnreadableAudio):
        assert milliseconds(audio[:at] + damage + audio[at + len(damage) :], kind, 24000) >= 0


SOUND = {kind: encoded(kind, 24000, 0.5) for kind in CODECS}
