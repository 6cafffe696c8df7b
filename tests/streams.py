"""Streams without connections: what was posted is kept, and time passes when a test says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from npcops.dialogue import Figures, Told, Turn, TurnRecord, TurnRequest, Usage
from npcops.errors import Disconnected
from npcops.streaming import TurnStream
from npcops.turn_ports import Listener


class Client:
    """The far end of a connection. It closes once it has got `closes_after` frames."""

    def __init__(self, closes_after: int | None = None) -> None:
        self.frames: list[bytes] = []
        self.closes_after = closes_after
        self.on_post: Callable[[], None] = lambda: None

    def post(self, frame: bytes) -> None:
        if self.closes_after is not None and len(self.frames) >= self.closes_after:
            raise Disconnected("Gone.")
        self.frames.append(frame)
        self.on_post()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(frame) for frame in self.frames]

    @property
    def said(self) -> str:
        """What a client has on its screen."""
        text = ""
        for event in self.events:
            if event["event"] == "say.reset":
                text = ""
            elif event["event"] == "say.delta":
                text += event["text"]
        return text


class Time:
    """A clock that stands still, and what is to be done later."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.later: list[tuple[float, Callable[[], None]]] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        self.later.append((self.now + seconds, work))

    def passes(self, seconds: float) -> None:
        """Time goes on, and what is due is done."""
        self.now += seconds
        due = [work for at, work in self.later if at <= self.now + 1e-9]
        self.later = [(at, work) for at, work in self.later if at > self.now + 1e-9]
        for work in due:
            work()


def stream(client: Client, time: Time, ref: str | None = None) -> TurnStream:
    """A stream to `client`."""
    made = TurnStream(client.post, ref, time, time.after)
    made.npc = "mira"
    return made


def turn(turn_id: str, say: str = "Well met.") -> Turn:
    """A finished turn."""
    nothing: dict[str, Any] = {"actions": (), "citations": (), "memory": (), "degraded": None, "reused": False}
    return Turn(turn_id, "mira", "auto", say, "neutral", model="m", prompt_version="1", usage=Usage(), **nothing)


class Converses:
    """In place of Converse: says these pieces, after each of which `between` is called."""

    def __init__(self, *pieces: str, fails: Exception | None = None) -> None:
        self.pieces, self.fails = pieces or ("Well ", "met."), fails
        self.calls: list[tuple[str, str, str, TurnRequest, str]] = []
        self.between: Callable[[], None] = lambda: None

    def __call__(
        self, title: str, player: str, npc: str, request: TurnRequest, *, listener: Listener, turn_id: str
    ) -> Told:
        self.calls.append((title, player, npc, request, turn_id))
        listener.started(turn_id)
        for piece in self.pieces:
            listener.said(piece)
            self.between()
        if self.fails:
            raise self.fails
        return Told(turn(turn_id, "".join(self.pieces)), Figures())


class Records:
    """`TurnRecords` in memory."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str, str], TurnRecord] = {}
        self.failure: Exception | None = None

    def begin(self, title: str, player: str, record: TurnRecord) -> None:
        self._fail()
        self.kept.setdefault((title, player, record.turn_id), record)

    def find(self, title: str, player: str, turn_id: str) -> TurnRecord | None:
        self._fail()
        return self.kept.get((title, player, turn_id))

    def replace(self, title: str, player: str, before: TurnRecord, after: TurnRecord) -> bool:
        self._fail()
        found = self.kept.get((title, player, before.turn_id))
        if found is None or (found.speaker, found.state) != (before.speaker, before.state):
            return False
        self.kept[title, player, before.turn_id] = after
        return True

    def _fail(self) -> None:
        if self.failure:
            raise self.failure
