"""Frames: never larger than API Gateway carries, and whole again when they are put together."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcops.dialogue import Clip, Viseme
from npcops.frames import FRAME_BYTES, Completed, Event, Problem, Started, audio, deltas, encoded, pieces
from npcops.speech import Sentence
from tests.streams import turn

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
LONG = st.builds(lambda text, times: text * times, TEXT, st.integers(1, 3000))


def decoded(frames: list[bytes]) -> list[dict[str, Any]]:
    return [msgspec.json.decode(frame) for frame in frames]


def rebuilt(frames: list[bytes]) -> dict[str, Any]:
    """As a client does it."""
    (first, *more) = decoded(frames)
    if first["event"] != "part":
        assert not more
        return first
    assert [part["index"] for part in (first, *more)] == list(range(first["count"]))
    whole: dict[str, Any] = msgspec.json.decode("".join(part["data"] for part in (first, *more)))
    assert {part["of"] for part in (first, *more)} == {whole["event"]}
    assert {part.get("turn_id") for part in (first, *more)} == {whole.get("turn_id")}
    return whole


@given(LONG)
def test_an_event_of_any_size_arrives_whole(say: str) -> None:
    event = Completed("t1", turn("t1", say))
    frames = encoded(event)
    assert max(map(len, frames)) <= FRAME_BYTES
    assert rebuilt(frames) == msgspec.json.decode(msgspec.json.encode(event))


@given(LONG, st.integers(6, 5000))
def test_pieces_are_cut_between_characters_and_fit_when_they_are_escaped(text: str, size: int) -> None:
    found = list(pieces(text, size))
    assert "".join(found) == text
    assert all(piece and len(msgspec.json.encode(piece)) - 2 <= size for piece in found)


@pytest.mark.parametrize("character", ["a", '"', "\\", "\x01", "é", "語", "🧭"])
def test_a_large_event_takes_few_frames_whatever_it_is_made_of(character: str) -> None:
    event = Problem({"detail": character * 40_000})
    # An escape inside the event's JSON is escaped once more inside the part's.
    bytes_each = len(msgspec.json.encode(msgspec.json.encode(character).decode()[1:-1])) - 2
    assert len(encoded(event)) <= 40_000 * bytes_each // (FRAME_BYTES // 2) + 1


@given(LONG, st.integers(1, 10**9))
def test_words_longer_than_a_frame_are_several_deltas(text: str, first: int) -> None:
    made = deltas("01a", first, text)
    assert "".join(delta.text for delta in made) == text
    assert [delta.seq for delta in made] == list(range(first, first + len(made)))
    assert all(len(frames := encoded(delta)) == 1 and len(frames[0]) <= FRAME_BYTES for delta in made)


@pytest.mark.parametrize("event", [Started("t1", "mira"), Problem({"status": 400})])
def test_a_small_event_is_one_frame_without_what_it_lacks(event: Event) -> None:
    (frame,) = decoded(encoded(event))
    assert frame["event"] in ("turn.started", "problem")
    assert None not in frame.values()


def test_the_sound_of_a_sentence_fits_frames() -> None:
    clip = Clip("mp3", 22050, b"\xff\xfb" * 40_000, 9_000, tuple(Viseme(ms, "p") for ms in range(900)))
    made = list(audio("t1", Sentence(2, 10, 40), clip))
    frames = [encoded(event) for event in made]
    assert all(len(frame) == 1 and len(frame[0]) <= FRAME_BYTES for frame in frames)
    (first,) = decoded(frames[0])
    assert (first["event"], first["turn_id"], first["sentence"], first["from"], first["to"]) == (
        *("say.audio", "t1", 2),
        *(10, 40),
    )
    assert sum(len(event.visemes) for event in made) == 900
