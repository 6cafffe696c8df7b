"""What a stream's client is sent: events as JSON, in frames of at most 32 KB of UTF-8."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from npcops.dialogue import AudioFormat, Clip, Turn, Viseme
from npcops.speech import Sentence, audio_events

# API Gateway closes a connection over a larger frame.
FRAME_BYTES = 32 * 1024
# The most that a part's frame has besides its data, numbers of six digits included.
PART_BYTES = 256


class Event(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="event"):
    """Base of all events; the field `event` tells which one it is."""


class Started(Event, frozen=True, tag="turn.started"):
    """A turn has begun. `ref` is the client's own name for what it asked."""

    turn_id: str
    npc: str
    ref: str | None = None


class Delta(Event, frozen=True, tag="say.delta"):
    """More of what the NPC says. `seq` counts up from 1; one that is not above the last was sent again, by mistake."""

    turn_id: str
    seq: int
    text: str


class Reset(Event, frozen=True, tag="say.reset"):
    """What was said in this turn so far does not count: the answer begins anew."""

    turn_id: str


class Audio(Event, frozen=True, tag="say.audio", omit_defaults=False, rename={"start": "from", "end": "to"}):
    """Part of the sound of one sentence: see `speech.audio_events`."""

    turn_id: str
    sentence: int
    part: int
    parts: int
    start: int
    end: int
    format: AudioFormat
    sample_rate: int
    ms: int
    audio: str
    visemes: tuple[Viseme, ...]


class Completed(Event, frozen=True, tag="turn.completed"):
    """The whole turn, as REST gives it."""

    turn_id: str
    turn: Turn


class Problem(Event, frozen=True, tag="problem"):
    """Something went wrong: with a turn, or with a message of which no turn came."""

    problem: dict[str, Any]
    turn_id: str | None = None
    ref: str | None = None


class Part(Event, frozen=True, tag="part"):
    """A piece of an event that no frame could hold: the `data` of all `count` parts, joined, is its JSON.

    `of` says which event it is; `index` counts from 0.
    """

    of: str
    index: int
    count: int
    data: str
    turn_id: str | None = None


def encoded(event: Event) -> list[bytes]:
    """The frames of one event: its own, or those of its parts."""
    whole = msgspec.json.encode(event)
    if len(whole) <= FRAME_BYTES:
        return [whole]
    data = list(pieces(whole.decode(), FRAME_BYTES - PART_BYTES))
    kind, turn_id = str(event.__struct_config__.tag), getattr(event, "turn_id", None)
    return [
        msgspec.json.encode(Part(kind, index, len(data), piece, turn_id=turn_id)) for index, piece in enumerate(data)
    ]


def audio(turn_id: str, sentence: Sentence, clip: Clip) -> Iterator[Audio]:
    """How a sentence sounds, in events that fit a frame each."""
    for event in audio_events(clip, sentence):
        yield msgspec.convert({"event": "say.audio", "turn_id": turn_id, **event}, Audio)


def deltas(turn_id: str, first: int, text: str) -> list[Delta]:
    """`text` as deltas that fit a frame each, numbered from `first`."""
    return [Delta(turn_id, seq, piece) for seq, piece in enumerate(pieces(text, FRAME_BYTES - PART_BYTES), start=first)]


def pieces(text: str, size: int) -> Iterator[str]:
    """Cut `text` between characters into pieces, each of which takes at most `size` bytes inside a JSON string."""
    position = 0
    while position < len(text):
        piece = text[position : position + size]
        while (taken := len(msgspec.json.encode(piece)) - 2) > size:
            piece = piece[: max(1, len(piece) * size // taken)]
        yield piece
        position += len(piece)
