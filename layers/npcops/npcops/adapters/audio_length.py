"""How long encoded audio lasts, read from itself: speech marks tell when sounds begin, not when the last one ends."""

from __future__ import annotations

import struct

from npcops.dialogue import AudioFormat

# Of MPEG audio layer III, by the bits of a frame's header: version 2.5 has 0, version 2 has 2, version 1 has 3.
_RATES = {0: (11025, 12000, 8000), 2: (22050, 24000, 16000), 3: (44100, 48000, 32000)}
_KILOBITS = {
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
}
_VERSION_1 = 3
_LAYER_3 = 1
_MONO = 3
# The fields of a Xing header, each there or not by a bit of its flags: frames, bytes, table of contents, quality.
_XING_FIELDS = (4, 4, 100, 4)


class UnreadableAudio(ValueError):
    """These bytes are not what they are said to be."""


def milliseconds(audio: bytes, kind: AudioFormat, sample_rate: int) -> int:
    """The length of `audio`; `sample_rate` (hertz) counts for `pcm` only, which does not carry its own.

    Raises UnreadableAudio.
    """
    try:
        if kind == "pcm":
            return round(len(audio) / 2 / sample_rate * 1000)
        return _mp3(audio) if kind == "mp3" else _ogg(audio)
    except (struct.error, IndexError, KeyError):
        raise UnreadableAudio(f"This is no {kind} that can be read to its end.") from None


def _mp3(audio: bytes) -> int:
    """All frames have the same number of samples; what the encoder added at both ends stands in its first frame."""
    at, samples, rate = _id3_size(audio), 0, 0
    while at + 4 <= len(audio) and audio[at : at + 3] != b"TAG":
        size, in_frame, rate, side_info = _mp3_frame(audio, at)
        added = _xing(audio, at + 4 + side_info)
        samples += in_frame if added is None else -added
        at += size
    if samples <= 0:
        raise UnreadableAudio("There is no frame of mp3 audio.")
    return round(samples / rate * 1000)


def _id3_size(audio: bytes) -> int:
    if audio[:3] != b"ID3":
        return 0
    first, second, third, last = struct.unpack_from("4B", audio, 6)
    return int(10 + (first << 21 | second << 14 | third << 7 | last))


def _mp3_frame(audio: bytes, at: int) -> tuple[int, int, int, int]:
    """(bytes, samples, samples a second, bytes of side information) of the frame at an offset."""
    header = struct.unpack_from(">I", audio, at)[0]
    version, layer = header >> 19 & 3, header >> 17 & 3
    if header >> 21 != 0x7FF or layer != _LAYER_3:
        raise UnreadableAudio("A frame of mp3 audio does not begin where it should.")
    first = version == _VERSION_1
    rate = _RATES[version][header >> 10 & 3]
    kilobits = _KILOBITS[first][header >> 12 & 15]
    if not kilobits:
        raise UnreadableAudio("A frame of mp3 audio does not tell its size.")
    samples = 1152 if first else 576
    padding, mono = header >> 9 & 1, header >> 6 & 3 == _MONO
    side_info = (17 if mono else 32) if first else (9 if mono else 17)
    return samples // 8 * kilobits * 1000 // rate + padding, samples, rate, side_info


def _xing(audio: bytes, at: int) -> int | None:
    """Samples that the encoder added, if this frame is about the others and holds no audio itself; else None."""
    if audio[at : at + 4] not in (b"Xing", b"Info"):
        return None
    flags = struct.unpack_from(">I", audio, at + 4)[0]
    encoder = at + 8 + sum(size for bit, size in enumerate(_XING_FIELDS) if flags >> bit & 1)
    if audio[encoder : encoder + 4] not in (b"LAME", b"Lavc", b"Lavf"):
        return 0
    delays = int.from_bytes(audio[encoder + 21 : encoder + 24], "big")
    return (delays >> 12) + (delays & 0xFFF)


def _ogg(audio: bytes) -> int:
    """A page tells how many samples there are up to its end; the first page tells the rate."""
    at, samples, rate = 0, 0, 0
    while at < len(audio):
        if audio[at : at + 4] != b"OggS":
            raise UnreadableAudio("A page of ogg audio does not begin where it should.")
        position = struct.unpack_from("<q", audio, at + 6)[0]
        sizes = audio[at + 27 : at + 27 + audio[at + 26]]
        body = at + 27 + len(sizes)
        if not rate:
            if audio[body : body + 7] != b"\x01vorbis":
                raise UnreadableAudio("The ogg audio is not Vorbis.")
            rate = struct.unpack_from("<I", audio, body + 12)[0]
        samples = max(samples, position)
        at = body + sum(sizes)
    if not rate or not samples or at > len(audio):
        raise UnreadableAudio("The ogg audio has no end.")
    return round(samples / rate * 1000)
