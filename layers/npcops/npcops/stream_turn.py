"""Use case: a turn spoken on a connection, and given again to a client that lost its connection meanwhile."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TypeVar

import msgspec

from npcops.background import Background, TimedOut
from npcops.dialogue import Told, TurnRecord, TurnRequest, VoiceRequest
from npcops.errors import Conflict, Disconnected, NotFound, StoreUnavailable
from npcops.speech import VoiceListener
from npcops.streaming import TurnStream
from npcops.turn_ids import new_turn_id
from npcops.turn_ports import Listener, TurnRecords

T = TypeVar("T")
log = logging.getLogger(__name__)
# Longer than the function may run: whoever has not ended a turn by then has died.
SPEAKING_SECONDS = 30.0
# How long a turn that another speaks is waited for.
WAITING_SECONDS = 10.0
# A turn is taken over no later in a call, which has to end in time itself; the client asks again.
TAKING_OVER_SECONDS = 1.0
# How long a record is waited for before the turn, and after it. A turn is spoken without them, too.
RECORD_SECONDS = 0.8
END_SECONDS = 1.0
POLL_SECONDS = 0.25
# How long after its last word the voice of a turn may still come.
VOICE_SECONDS = 6.0
# What the function keeps of its time to send the whole turn.
SECONDS_TO_COMPLETE = 1.0


class Speaks(Protocol):
    """Converse, as a stream uses it."""

    def __call__(
        self, title: str, player: str, npc: str, request: TurnRequest, *, listener: Listener, turn_id: str
    ) -> Told:
        """One turn, told to `listener` while it is spoken. Raises what Converse raises, and Disconnected."""


class Voiced(Listener, Protocol):
    """A listener that reads aloud what it hears."""

    def finish(self, seconds: float) -> None:
        """The turn is complete: what is left to be heard is passed on within `seconds`."""


class Voices(Protocol):
    """`ReadAloud`, as a stream uses it."""

    def voicing(self, title: str, npc: str, wanted: VoiceRequest, listener: VoiceListener) -> Voiced:
        """A listener for one turn, who passes on what it hears."""


class StreamTurn:
    """Speaks turns to streams and keeps a record of each; without records it speaks all the same."""

    def __init__(
        self,
        converse: Speaks,
        records: TurnRecords,
        voices: Callable[[], Voices],
        background: Background,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._converse, self._records, self._voices = converse, records, voices
        self._background, self._now, self._sleep = background, now, sleep

    def speak(self, title: str, player: str, npc: str, request: TurnRequest, stream: TurnStream) -> Told:
        """A new turn. Raises what Converse raises; Disconnected when the client is gone before the turn is whole."""
        record = TurnRecord(new_turn_id(), npc, request, _new_speaker(), self._now() + SPEAKING_SECONDS)
        try:
            self._in_time(lambda: self._records.begin(title, player, record))
        except StoreUnavailable:
            log.warning("turn not recorded", extra={"turn_id": record.turn_id})
        return self._spoken(title, player, record, record.turn_id, stream)

    def resume(self, title: str, player: str, turn_id: str, stream: TurnStream) -> Told | None:
        """A turn of this player's last hour: as it was spoken (then None is returned), or spoken anew if it was not.

        Raises NotFound, Conflict when it is still being spoken to somebody else, StoreUnavailable and as `speak`.
        """
        began = self._now()
        while True:
            record = self._in_time(lambda: self._records.find(title, player, turn_id))
            if record is None:
                raise NotFound("This player has no such turn, or it is more than an hour old.")
            if record.turn is not None:
                stream.npc = record.npc
                stream.started(turn_id)
                stream.completed(record.turn)
                return None
            waited, idle = self._now() - began, record.state == "stopped" or record.until < self._now()
            if idle and waited <= TAKING_OVER_SECONDS:
                if mine := self._taken_over(title, player, record):
                    stream.turn_id, anew = turn_id, new_turn_id()
                    log.info("turn spoken anew", extra={"turn_id": turn_id, "remembered_as": anew})
                    return self._spoken(title, player, mine, anew, stream)
            elif idle or waited >= WAITING_SECONDS:
                raise Conflict("The turn is being spoken elsewhere; resume it again in a moment.")
            self._sleep(POLL_SECONDS)

    def _taken_over(self, title: str, player: str, record: TurnRecord) -> TurnRecord | None:
        until = self._now() + SPEAKING_SECONDS
        mine = msgspec.structs.replace(record, speaker=_new_speaker(), until=until, state="speaking")
        return mine if self._in_time(lambda: self._records.replace(title, player, record, mine)) else None

    def _spoken(self, title: str, player: str, record: TurnRecord, remembered_as: str, stream: TurnStream) -> Told:
        """`remembered_as` is of the moment at which this speaker begins: memories and snapshots go by it.

        For the client the turn keeps the id that it was announced by, however often it is spoken.
        """
        stream.npc = record.npc
        wanted, voiced, ended = record.request.voice, None, msgspec.structs.replace(record, state="stopped")
        try:
            voiced = self._voices().voicing(title, record.npc, wanted, stream) if wanted else None
            told = self._converse(
                title, player, record.npc, record.request, listener=voiced or stream, turn_id=remembered_as
            )
            turn = msgspec.structs.replace(told.turn, turn_id=record.turn_id)
            silent = msgspec.structs.replace(turn, voice=None)
            kept_as = remembered_as if remembered_as != record.turn_id else ""
            ended = msgspec.structs.replace(record, state="finished", turn=silent, kept_as=kept_as)
        finally:
            self._end(title, player, record, ended, min(END_SECONDS, _seconds_left(stream)))
        # It was spoken, remembered and paid for: it counts even if its client has gone, who may come back for it.
        with suppress(Disconnected):
            if voiced:
                voiced.finish(min(VOICE_SECONDS, _seconds_left(stream)))
            stream.completed(turn)
        return msgspec.structs.replace(told, turn=turn)

    def _end(self, title: str, player: str, record: TurnRecord, ended: TurnRecord, seconds: float) -> None:
        try:
            self._in_time(lambda: self._records.replace(title, player, record, ended), seconds)
        except StoreUnavailable:
            log.warning("end of turn not recorded", extra={"turn_id": record.turn_id})

    def _in_time(self, work: Callable[[], T], seconds: float = RECORD_SECONDS) -> T:
        try:
            return self._background.run(work, seconds)
        except TimedOut:
            raise StoreUnavailable("The records of turns did not answer in time.") from None


def _seconds_left(stream: TurnStream) -> float:
    return max(0.0, stream.seconds_left() - SECONDS_TO_COMPLETE)


def _new_speaker() -> str:
    return secrets.token_hex(8)
