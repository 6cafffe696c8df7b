"""A pretended stream behind `npc`: connections that answer as a test's scripts say."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

from websockets.exceptions import ConnectionClosedError

from tests.unit.cli.pretended_stage import TURN

SAY = str(TURN["say"])
GONE = ConnectionClosedError(None, None)
Frames = list[Any]
Message = dict[str, Any]


def started(ref: str, turn_id: str = "t1") -> Message:
    return {"event": "turn.started", "turn_id": turn_id, "npc": "ferry", "ref": ref}


def delta(seq: int, text: str, turn_id: str = "t1") -> Message:
    return {"event": "say.delta", "turn_id": turn_id, "seq": seq, "text": text}


def completed(turn_id: str = "t1") -> Message:
    return {"event": "turn.completed", "turn_id": turn_id, "turn": TURN}


def whole(ref: str) -> Frames:
    return [started(ref), delta(1, SAY[:5]), delta(2, SAY[5:]), completed()]


class Server:
    """Answers connection after connection: each message with the frames that the connection's script makes of it."""

    def __init__(self, *scripts: Callable[[Message], Frames] | Exception) -> None:
        self.scripts = list(scripts)
        self.messages: list[Message] = []
        self.opened: list[tuple[str, Any]] = []
        self.closed = 0

    @contextmanager
    def __call__(self, url: str, **options: Any) -> Any:
        self.opened.append((url, options))
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        if isinstance(script, Exception):
            raise script
        self._script, self._frames = script, Frames()
        yield self
        self.closed += 1

    def send(self, text: str) -> None:
        message = json.loads(text)
        self.messages.append(message)
        self._frames = self._script(message)

    def recv(self, timeout: float) -> str:
        frame = self._frames.pop(0) if self._frames else GONE
        if isinstance(frame, Exception):
            raise frame
        return json.dumps(frame)
