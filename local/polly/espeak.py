"""Speaks one text by espeak-ng's library, in a process of its own: the library has global state, and may crash.

Standard input is a JSON object of `text`, `voice`, `pitch` (0 to 99) and `pace` (words a minute). Standard output is a
line of JSON with `rate` (hertz) and `events`, each [type, ms, character, length, sound], and then the samples: 16 bit,
mono. The exit code is 3 when the library is not installed. Nothing but the standard library is imported.
"""

from __future__ import annotations

import ctypes
import json
import sys
from ctypes.util import find_library
from typing import Any

NAMES = ("libespeak-ng.so.1", "libespeak-ng.1.dylib", "/opt/homebrew/lib/libespeak-ng.1.dylib")
NOT_INSTALLED = 3
WORD, SENTENCE, PHONEME = 1, 2, 7
_SYNCHRONOUS = 2
_PHONEME_EVENTS_IN_IPA = 1 | 2
_DO_NOT_EXIT = 0x8000
# Without the flags for SSML and for [[phonemes]]: a text is only a text.
_UTF8_AND_END_PAUSE = 1 | 0x1000
_PACE, _PITCH = 1, 3


class _Sound(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("message", ctypes.c_uint),
        ("character", ctypes.c_int),
        ("length", ctypes.c_int),
        ("ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user", ctypes.c_void_p),
        ("sound", _Sound),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


def library() -> ctypes.CDLL | None:
    """The library, if it is installed."""
    for name in (*NAMES, find_library("espeak-ng")):
        if name:
            try:
                return ctypes.CDLL(name)
            except OSError:
                continue
    return None


def speak(espeak: ctypes.CDLL, asked: dict[str, Any]) -> tuple[int, list[list[Any]], bytes]:
    """(rate, events, samples). Raises ValueError for a voice that is not there."""
    rate = espeak.espeak_Initialize(_SYNCHRONOUS, 0, None, _PHONEME_EVENTS_IN_IPA | _DO_NOT_EXIT)
    if rate <= 0:
        raise ValueError("espeak-ng has no data")
    if espeak.espeak_SetVoiceByName(str(asked["voice"]).encode()):
        raise ValueError(f"espeak-ng has no voice {asked['voice']}")
    espeak.espeak_SetParameter(_PACE, int(asked["pace"]), 0)
    espeak.espeak_SetParameter(_PITCH, int(asked["pitch"]), 0)
    samples, events = bytearray(), list[list[Any]]()

    def hear(wave: Any, count: int, found: Any) -> int:
        if wave and count > 0:
            samples.extend(ctypes.string_at(wave, 2 * count))
        at = 0
        while found[at].type:
            event = found[at]
            sound = event.sound.string.decode(errors="replace") if event.type == PHONEME else ""
            events.append([event.type, event.ms, event.character, event.length, sound])
            at += 1
        return 0

    callback = _Callback(hear)
    espeak.espeak_SetSynthCallback(callback)
    text = str(asked["text"]).encode()
    if espeak.espeak_Synth(text, ctypes.c_size_t(len(text) + 1), 0, 1, 0, _UTF8_AND_END_PAUSE, None, None):
        raise ValueError("espeak-ng could not speak it")
    espeak.espeak_Synchronize()
    return rate, events, bytes(samples)


def main() -> int:
    """Read, speak, write."""
    espeak = library()
    if espeak is None:
        return NOT_INSTALLED
    rate, events, samples = speak(espeak, json.load(sys.stdin))
    header = json.dumps({"rate": rate, "events": events}).encode()
    sys.stdout.buffer.write(header + b"\n" + samples)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
