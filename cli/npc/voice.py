"""Speech of a turn as a file that any player plays."""

from __future__ import annotations

import base64
import binascii
import wave
from pathlib import Path
from typing import Any

from npc.errors import CliError

SUFFIXES = {".mp3": "mp3", ".ogg": "ogg", ".wav": "pcm"}


def wanted(path: Path) -> dict[str, Any]:
    """What to ask for (`voice` of a turn) so that it fits the file's name. Raises CliError for an unknown ending."""
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise CliError(f"a voice is written to a file that ends in {', '.join(SUFFIXES)}; {path.name} does not")
    return {"format": kind}


def save_clip(turn: dict[str, Any], path: Path) -> str:
    """Write the turn's audio and return a line about it, or about why there is none (then nothing is written).

    Raises CliError when the file cannot be written.
    """
    clip = turn.get("voice")
    if not clip:
        problem = turn.get("voice_problem") or {}
        return f"no voice: {problem.get('detail') or 'the turn came without one'}"
    try:
        audio = base64.b64decode(clip["audio"], validate=True)
        if clip["format"] == "pcm":
            _write_wave(path, audio, int(clip["sample_rate"]))
        else:
            path.write_bytes(audio)
    except (OSError, binascii.Error) as error:
        raise CliError(f"{path} could not be written: {error}") from None
    return f"{path}: {int(clip['ms']) / 1000:.1f} s, {len(clip['visemes'])} mouth shapes"


def _write_wave(path: Path, samples: bytes, rate: int) -> None:
    """Bare samples are something that few programs play: a header makes them a WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples)
