"""Turns as they are spoken, over a stage's WebSocket API; what a broken connection swallowed is asked for again."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.sync.client import connect

from npc.errors import CliError, NotReachable, Refused

READ_SECONDS = 60.0
# Pauses, in seconds, before each time that a turn is asked for again on a new connection.
PAUSES = (0.2, 1.0, 2.0, 4.0)
STILL_SPOKEN = "conflict"
REFUSALS = (401, 403)

Event = dict[str, Any]


class Broken(Exception):
    """The connection is gone, or says nothing any more."""


class Parts:
    """Puts events together again that came in parts."""

    def __init__(self) -> None:
        self._data: dict[tuple[str, str], list[str]] = {}

    def event(self, frame: Event) -> Event | None:
        """The event that this frame is, or completes; None if it completes none."""
        if frame.get("event") != "part":
            return frame
        name = (frame["of"], frame.get("turn_id", ""))
        data = self._data.setdefault(name, [])
        # A frame that was posted twice is the same part again.
        if frame["index"] == len(data):
            data.append(frame["data"])
        if len(data) < frame["count"]:
            return None
        whole: Event = json.loads("".join(self._data.pop(name)))
        return whole


class StreamClient:
    """One connection of one caller, made when it is needed and again when it broke."""

    def __init__(
        self,
        url: str,
        token: str,
        opener: Callable[..., Any] = connect,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url, self._token, self._opener, self._sleep = url, token, opener, sleep
        self._stack = ExitStack()
        self._socket: Any = None
        self._turn, self._seq, self._parts = "", 0, Parts()

    def __enter__(self) -> StreamClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection, if there is one."""
        self._socket = None
        self._stack.close()

    def speak(self, asked: Event, told: Callable[[Event], None]) -> Event:
        """The finished turn; `told` hears every event before it.

        When the connection breaks the turn is resumed, which `told` hears as a `say.reset`. Raises Refused for a
        problem, NotReachable when there is no connection to be had.
        """
        ref = uuid.uuid4().hex
        message = {**asked, "action": "speak", "ref": ref}
        for pause in (*PAUSES, None):
            try:
                self._send(message)
                while (event := self._event(ref, told))["event"] != "turn.completed":
                    if event["event"] == "turn.started" and message["action"] == "speak":
                        who = {"player": asked["player"]} if "player" in asked else {}
                        message = {"action": "resume", "turn_id": event["turn_id"], "ref": ref, **who}
                turn: Event = event["turn"]
                return turn
            except Broken as error:
                self.close()
                failure: CliError = NotReachable(f"the stream broke off ({error})")
                told({"event": "say.reset"})
            except Refused as error:
                if error.kind != STILL_SPOKEN or message["action"] == "speak":
                    raise
                failure = error
            except NotReachable as error:
                if message["action"] == "speak":
                    raise
                failure = error
            if pause is not None:
                self._sleep(pause)
        raise failure

    def _event(self, ref: str, told: Callable[[Event], None]) -> Event:
        """The next event of the turn that was asked for by the name `ref`."""
        while True:
            event = self._received()
            if event is None:
                continue
            if "event" not in event:
                # API Gateway itself speaks so, of a function that failed or of too many messages.
                raise Refused(str(event.get("message") or "the stage cannot answer"), 500, "internal")
            if event["event"] == "turn.started" and event.get("ref") == ref:
                self._turn, self._seq = event["turn_id"], 0
            if event["event"] == "problem" and (event.get("ref") == ref or event.get("turn_id") == self._turn):
                raise _refusal(event["problem"])
            if event.get("turn_id") == self._turn and not self._heard_before(event):
                told(event)
                return event

    def _heard_before(self, event: Event) -> bool:
        if event["event"] != "say.delta":
            return False
        last, self._seq = self._seq, max(self._seq, event["seq"])
        return bool(event["seq"] <= last)

    def _send(self, message: Event) -> None:
        self._turn, self._seq, self._parts = "", 0, Parts()
        kept = self._socket is not None
        try:
            self._open().send(json.dumps(message))
        except (ConnectionClosed, OSError) as error:
            self.close()
            if not kept:
                raise Broken(type(error).__name__) from None
            # The connection was closed while nobody talked: API Gateway does so after ten minutes.
            self._send(message)

    def _received(self) -> Event | None:
        try:
            return self._parts.event(json.loads(self._socket.recv(timeout=READ_SECONDS)))
        except (ConnectionClosed, OSError, TimeoutError) as error:
            raise Broken(type(error).__name__) from None

    def _open(self) -> Any:
        if self._socket is None:
            proxy = True if self._url.startswith("wss:") else None
            headers = {"Authorization": f"Bearer {self._token}"}
            try:
                made = self._opener(self._url, additional_headers=headers, proxy=proxy, close_timeout=1)
                self._socket = self._stack.enter_context(made)
            except InvalidStatus as error:
                status = error.response.status_code
                if status in REFUSALS:
                    raise Refused(f"the stream refuses this token (HTTP {status})", status, "unauthenticated") from None
                raise NotReachable(f"{self._url} answered HTTP {status}") from None
            except (InvalidHandshake, InvalidURI, OSError, TimeoutError) as error:
                raise NotReachable(f"{self._url} cannot be reached ({type(error).__name__})") from None
        return self._socket


def _refusal(problem: Event) -> Refused:
    kind = str(problem.get("type", "")).rsplit("/", 1)[-1]
    words = [part for part in (problem.get("title"), problem.get("detail")) if part]
    return Refused(": ".join(words) or "the stage cannot answer", int(problem.get("status") or 500), kind)
