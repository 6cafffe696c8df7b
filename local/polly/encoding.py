"""Audio in the formats that Polly has, from samples of any rate."""

from __future__ import annotations

import io
from typing import Any

CONTENT_TYPES = {
    "mp3": "audio/mpeg",
    "ogg_vorbis": "audio/ogg",
    "pcm": "audio/pcm",
    "json": "application/x-json-stream",
}
_FORMATS = {"mp3": ("MP3", "MPEG_LAYER_III"), "ogg_vorbis": ("OGG", "VORBIS")}


def encode(samples: bytes, rate: int, wanted_rate: int, output: str) -> bytes:
    """16 bit mono `samples` at `wanted_rate` as `mp3`, `ogg_vorbis` or `pcm`."""
    import numpy as np  # Imported here, and soundfile too, because a server that nobody asks to speak is to start fast.

    wave = _resampled(np.frombuffer(samples, "<i2").astype(np.float64) / 32768, rate, wanted_rate)
    if output == "pcm":
        return bytes((np.clip(wave, -1, 32767 / 32768) * 32768).round().astype("<i2").tobytes())
    import soundfile

    container, codec = _FORMATS[output]
    encoded = io.BytesIO()
    soundfile.write(encoded, wave, wanted_rate, format=container, subtype=codec)
    return encoded.getvalue()


def _resampled(wave: Any, rate: int, wanted: int) -> Any:
    """The same sound at another rate, by its spectrum: what the lower rate cannot carry is left out."""
    import numpy as np

    if rate == wanted or not len(wave):
        return wave
    count = round(len(wave) * wanted / rate)
    return np.fft.irfft(np.fft.rfft(wave)[: count // 2 + 1], count) * (count / len(wave))
