"""A turn on its way to a client: frames in order, and words gathered while the last ones are still being sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec

from npcops.dialogue import Clip, Turn
from npcops.frames import Completed, Event, Problem, Reset, Started, audio, deltas, encoded
from npcops.speech import Sentence

# Between two frames of words: short to the ear and the eye, long beside the posting of a frame.
PAUSE_SECONDS = 0.1

Later = Callable[[float, Callable[[], None]], None]


def in_background(seconds: float, work: Callable[[], None]) -> None:
    """Do `work` after a while, on a thread that keeps no process alive."""
    timer = threading.Timer(seconds, work)
    timer.daemon = True
    timer.start()


class TurnStream:
    """The `VoiceListener` at the end of a connection; `post` sends one frame and may raise Disconnected.

    Words that come within PAUSE_SECONDS after a frame are sent as one when that time is over, or before whatever is
    said next. After a failure nothing more is sent: every later call raises it again.
    """

    def __init__(
        self,
        post: Callable[[bytes], None],
        ref: str | None = None,
        now: Callable[[], float] = time.monotonic,
        later: Later = in_background,
        seconds_left: Callable[[], float] = lambda: float("inf"),
    ) -> None:
        """`seconds_left` says how long whoever speaks the turn may go on."""
        self.npc = ""
        self.turn_id = ""
        self.seconds_left = seconds_left
        self._post, self._ref, self._now, self._later = post, ref, now, later
        self._lock = threading.Lock()
        self._pending, self._seq, self._sent_any, self._waiting = "", 0, False, False
        self._last = float("-inf")
        self._failure: Exception | None = None
        self._voice_problem: dict[str, Any] | None = None

    def started(self, turn_id: str) -> None:
        """See Listener. `npc` is set before, and `turn_id` where the client knows the turn by another one."""
        self.turn_id = self.turn_id or turn_id
        self.tell(Started(self.turn_id, self.npc, self._ref))

    def said(self, text: str) -> None:
        """See Listener. Text that was left waiting by the last call is sent by itself."""
        with self._lock:
            self._check()
            self._pending += text
            wait = self._last + PAUSE_SECONDS - self._now()
            if wait <= 0:
                self._flush()
            elif not self._waiting:
                self._waiting = True
                self._later(wait, self._wake)

    def unsaid(self) -> None:
        """See Listener. Words that were never sent need no taking back."""
        with self._lock:
            self._check()
            self._pending = ""
            if self._sent_any:
                self._sent_any = False
                self._send(Reset(self.turn_id))

    def spoke(self, sentence: Sentence, clip: Clip) -> None:
        """See VoiceListener."""
        for event in audio(self.turn_id, sentence, clip):
            self.tell(event)

    def voiceless(self, problem: dict[str, Any]) -> None:
        """See VoiceListener. The finished turn will say so."""
        self._voice_problem = problem

    def tell(self, event: Event) -> None:
        """Send any event, after the words that were said before it."""
        with self._lock:
            self._check()
            self._flush()
            self._send(event)

    def completed(self, turn: Turn) -> None:
        """The turn is over and this is all of it, but for its sound, which was told sentence by sentence."""
        whole = msgspec.structs.replace(turn, voice_problem=self._voice_problem or turn.voice_problem)
        self.tell(Completed(turn.turn_id, whole))

    def problem(self, document: dict[str, Any]) -> None:
        """The turn, or the message that asked for one, came to nothing."""
        self.tell(Problem(document, self.turn_id or None, self._ref))

    @property
    def failure(self) -> Exception | None:
        """Why nothing is sent any more, if that is so."""
        return self._failure

    def _wake(self) -> None:
        with self._lock:
            self._waiting = False
            if self._failure is None:
                with suppress(Exception):  # _send has noted it, and the next call raises it
                    self._flush()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _flush(self) -> None:
        text, self._pending = self._pending, ""
        for delta in deltas(self.turn_id, self._seq + 1, text):
            self._sent_any, self._seq = True, delta.seq
            self._send(delta)
            self._last = self._now()

    def _send(self, event: Event) -> None:
        try:
            for frame in encoded(event):
                self._post(frame)
        except Exception as failure:
            self._failure = failure
            raise
