"""Speech of a turn in a file."""

from __future__ import annotations

import base64
import wave
from pathlib import Path
from typing import Any

import pytest

from npc.errors import CliError
from npc.voice import save_clip, wanted


def turn(kind: str, audio: bytes) -> dict[str, Any]:
    clip = {"format": kind, "sample_rate": 16000, "audio": base64.b64encode(audio).decode(), "ms": 1500}
    return {"say": "Aye.", "voice": {**clip, "visemes": [{"ms": 0, "shape": "a"}, {"ms": 1400, "shape": "sil"}]}}


@pytest.mark.parametrize(("name", "kind"), [("a.mp3", "mp3"), ("a.OGG", "ogg"), ("a.b.wav", "pcm")])
def test_the_file_s_name_tells_the_format(name: str, kind: str) -> None:
    assert wanted(Path(name)) == {"format": kind}


@pytest.mark.parametrize("name", ["a", "a.flac", "mp3"])
def test_other_endings_are_refused(name: str) -> None:
    with pytest.raises(CliError, match=r"\.mp3, \.ogg, \.wav"):
        wanted(Path(name))


def test_audio_is_written_as_it_came(tmp_path: Path) -> None:
    line = save_clip(turn("mp3", b"audio"), tmp_path / "a.mp3")
    assert (tmp_path / "a.mp3").read_bytes() == b"audio"
    assert line == f"{tmp_path / 'a.mp3'}: 1.5 s, 2 mouth shapes"


def test_samples_become_a_wave_file(tmp_path: Path) -> None:
    save_clip(turn("pcm", bytes(48_000)), tmp_path / "a.wav")
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate(), file.getnframes()) == (
            1,
            2,
            16000,
            24000,
        )


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ({"voice": None, "voice_problem": {"detail": "This character has no voice."}}, "This character has no voice."),
        ({}, "the turn came without one"),
    ],
)
def test_without_a_voice_nothing_is_written_and_the_reason_is_told(
    tmp_path: Path, found: dict[str, Any], line: str
) -> None:
    assert save_clip(found, tmp_path / "a.mp3") == f"no voice: {line}"
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="could not be written"):
        save_clip(turn("mp3", b"audio"), tmp_path / "missing" / "a.mp3")
