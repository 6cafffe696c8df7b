"""Reading turns aloud: a whole turn with its answer, or sentence by sentence while it is being spoken.

Voice is an extra: whatever goes wrong with it becomes a problem document beside the text, which is never lost.
"""

from __future__ import annotations

import base64
import functools
import logging
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import msgspec

from npcops import problems
from npcops.background import Background, Done, Flow, TimedOut
from npcops.dialogue import Clip, Turn, VoiceRequest
from npcops.errors import NpcopsError, VoiceUnavailable
from npcops.ports import ScriptSource
from npcops.sentences import Span, sentences, slices, words
from npcops.turn_ports import Listener, SpeechSynthesizer

log = logging.getLogger(__name__)

# A function's answer has at most 6 MB, and base64 makes four bytes of three.
MOST_BYTES = 4_000_000
# One piece of text is spoken at once, two pieces are under way: the next is there when the first has been heard.
LONGEST_PIECE = 1000
AHEAD = 2
# Of one event, so that it stays below 30 KB of JSON: bytes of audio (an even number: a sample of pcm has two), visemes.
AUDIO_BYTES = 14_400
VISEMES = 280


class Sentence(msgspec.Struct, frozen=True):
    """A piece of what is said: its place from 0 on, and its first character in `Turn.say` and the one after its last
    (Unicode code points).
    """

    index: int
    start: int
    end: int


class VoiceListener(Listener, Protocol):
    """A listener who also hears the voice. Every method may raise Disconnected."""

    def spoke(self, sentence: Sentence, clip: Clip) -> None:
        """The next sentence can be heard; in order, and from 0 on again after `unsaid`."""

    def voiceless(self, problem: dict[str, Any]) -> None:
        """From here on there is no voice in this turn; at most once. `problem` is a problem document."""


def problem_of(error: Exception) -> dict[str, Any]:
    """The problem document of kind `voice-unavailable` that tells why there is no voice."""
    if isinstance(error, TimedOut):
        detail = "The speech service did not speak all of it in time."
    elif isinstance(error, NpcopsError):
        detail = str(error)
    else:
        detail = f"Speaking failed unexpectedly ({type(error).__name__})."
        log.error("unexpected failure of speech: %s", type(error).__name__)
    return problems.document(VoiceUnavailable(detail))


class ReadAloud:
    """Gives turns the voices that the cards name."""

    def __init__(
        self, synthesizer: SpeechSynthesizer, background: Background, catalog: ScriptSource, label: str
    ) -> None:
        self._synthesizer, self._background = synthesizer, background
        self._catalog, self._label = catalog, label

    def voiced(self, title: str, turn: Turn, wanted: VoiceRequest | None, seconds: float) -> Turn:
        """The turn with `voice`, or with `voice_problem` when there is none after `seconds`; never raises."""
        if wanted is None:
            return turn
        try:
            clip = self._background.run(lambda: self._spoken(title, turn.npc, turn.say, wanted), seconds)
            if len(clip.audio) > MOST_BYTES:
                raise VoiceUnavailable("The audio is larger than an answer may be: ask for mp3 or ogg, or stream it.")
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the voice, the text is there
            return msgspec.structs.replace(turn, voice_problem=problem_of(error))
        return msgspec.structs.replace(turn, voice=clip)

    def voicing(self, title: str, npc: str, wanted: VoiceRequest, listener: VoiceListener) -> Voicing:
        """A listener for a turn of this NPC that passes on to `listener` what is said, and how it sounds."""
        return Voicing(listener, self._background, lambda text: self._spoken(title, npc, text, wanted))

    def _spoken(self, title: str, npc: str, text: str, wanted: VoiceRequest) -> Clip:
        card, _ = self._catalog.npc(title, npc, self._label)
        if card.speech is None:
            raise VoiceUnavailable("This character has no voice: its card names none under `speech`.")
        return self._synthesizer.synthesize(_plain(text), card.speech, wanted)


class _Piece:
    """A sentence on its way to be heard."""

    def __init__(self, sentence: Sentence) -> None:
        self.sentence = sentence
        self.flow: Flow | None = None
        self.clip: Clip | None = None


class Voicing:
    """A `Listener` that has every whole sentence spoken in the background while the next ones are being written.

    What can be heard is passed on by the thread that calls `said` and `finish`, so the listener hears one thing at a
    time. Call `finish` when the turn is complete. `speak` makes speech of a text, or raises why it cannot.
    """

    def __init__(self, listener: VoiceListener, background: Background, speak: Callable[[str], Clip]) -> None:
        self._listener, self._background, self._speak = listener, background, speak
        self._text, self._taken, self._count = "", 0, 0
        self._pieces: list[_Piece] = []
        self._voiceless = False

    def started(self, turn_id: str) -> None:
        """See Listener."""
        self._listener.started(turn_id)

    def said(self, text: str) -> None:
        """See Listener."""
        self._listener.said(text)
        self._text += text
        self._take(list(sentences(self._text, (self._taken, len(self._text))))[:-1])
        self._hear(0.0)

    def unsaid(self) -> None:
        """See Listener. Sentences that were not heard yet never will be."""
        self._drop()
        self._text, self._taken, self._count = "", 0, 0
        self._listener.unsaid()

    def finish(self, seconds: float) -> None:
        """Nothing more will be said: pass on what is left to be heard, as far as it comes within `seconds`."""
        self._take(list(sentences(self._text, (self._taken, len(self._text)))))
        self._hear(seconds)
        if self._pieces:
            self._give_up(TimedOut())

    def _take(self, whole: list[Span]) -> None:
        for sentence in whole:
            self._taken = sentence[1]
            if self._voiceless:
                continue
            for start, end in _pieces(self._text, sentence):
                if any(map(str.isalnum, self._text[start:end])):
                    self._pieces.append(_Piece(Sentence(self._count, start, end)))
                    self._count += 1

    def _hear(self, seconds: float) -> None:
        """Pass on what is ready, in order; while something is under way wait for it, `seconds` at most in all."""
        until = self._background.now() + seconds
        while self._pieces:
            under_way = self._begin()
            heard = self._background.wait(list(under_way), max(0.0, until - self._background.now()))
            if heard is None:
                return
            flow, item = heard
            if isinstance(item, Done):
                self._give_up(item.error or VoiceUnavailable("The speech service said nothing."))
                return
            flow.cancel()
            under_way[flow].clip = item
            while self._pieces and (clip := self._pieces[0].clip):
                self._listener.spoke(self._pieces.pop(0).sentence, clip)

    def _begin(self) -> dict[Flow, _Piece]:
        """Have the next pieces spoken; returns those that are under way, by their flow."""
        for piece in self._pieces[:AHEAD]:
            if piece.flow is None:
                text = self._text[piece.sentence.start : piece.sentence.end]
                piece.flow = self._background.flow(functools.partial(self._clips, text))
        return {piece.flow: piece for piece in self._pieces[:AHEAD] if piece.flow and not piece.clip}

    def _clips(self, text: str) -> Iterator[Clip]:
        yield self._speak(text)

    def _drop(self) -> None:
        for piece in self._pieces:
            if piece.flow:
                piece.flow.cancel()
        self._pieces = []

    def _give_up(self, error: Exception) -> None:
        """A voice that leaves sentences out would mislead, and a service that is down costs time with each."""
        self._drop()
        self._voiceless = True
        self._listener.voiceless(problem_of(error))


def audio_events(clip: Clip, sentence: Sentence) -> Iterator[dict[str, Any]]:
    """A sentence's clip as JSON values of less than 30 KB: `audio` of all parts, decoded and joined, is the clip.

    The shapes of the mouth come in order with the first parts; `ms` is the length of the clip, not of the part, and
    `from` and `to` are the sentence's characters in `Turn.say`.
    """
    audio = [clip.audio[at : at + AUDIO_BYTES] for at in range(0, len(clip.audio), AUDIO_BYTES)]
    shapes = [clip.visemes[at : at + VISEMES] for at in range(0, len(clip.visemes), VISEMES)]
    parts = max(1, len(audio), len(shapes))
    for part in range(parts):
        yield {
            "sentence": sentence.index,
            "part": part,
            "parts": parts,
            "from": sentence.start,
            "to": sentence.end,
            "format": clip.format,
            "sample_rate": clip.sample_rate,
            "ms": clip.ms,
            "audio": base64.b64encode(audio[part]).decode() if part < len(audio) else "",
            "visemes": msgspec.to_builtins(shapes[part]) if part < len(shapes) else [],
        }


def _plain(text: str) -> str:
    """Without control characters, which no service can read aloud."""
    return "".join(one if one.isprintable() else " " for one in text)


def _pieces(text: str, sentence: Span) -> Iterator[Span]:
    """A sentence, cut between words where it is longer than is spoken at once."""
    start, end = sentence[0], sentence[0]
    for word in words(text, sentence):
        for left, right in slices(text, word, LONGEST_PIECE):
            if right - start > LONGEST_PIECE and end > start:
                yield start, end
                start = left
            end = right
    yield start, end
