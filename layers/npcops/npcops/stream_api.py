"""The frame of every message of a stream: who sent it, what is asked, and one way to say what went wrong.

Messages are JSON of at most 32 KB; their `action` is `speak` or `resume`. Answers are frames (npcops.frames), posted
to the connection that the message came from; what a function returns, API Gateway keeps to itself.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any

import msgspec

from npcops import identity, problems
from npcops.dialogue import NpcName, TurnRequest
from npcops.errors import Disconnected, InvalidRequest, NpcopsError, TooLarge, Unauthenticated
from npcops.frames import FRAME_BYTES
from npcops.streaming import TurnStream
from npcops.telemetry import MetricUnit, frames, logger, metrics, observed, record_failure
from npcops.turn_ports import Connections

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]
LEEWAY_SECONDS = 60
TAKEN = {"statusCode": 200}
SLOW_CLIENT = "LimitExceededException"
Ref = Annotated[str, msgspec.Meta(max_length=64)]


class Speak(TurnRequest, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="action", tag="speak"):
    """A turn to be spoken: the body of REST's `turns`, and what REST has in its path and headers.

    `ref` comes back with `turn.started`, or with the problem that came instead.
    """

    npc: NpcName
    player: str | None = None
    ref: Ref | None = None

    def request(self) -> TurnRequest:
        """What is asked of the NPC."""
        return TurnRequest(**{name: getattr(self, name) for name in TurnRequest.__struct_fields__})


class Resume(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="action", tag="resume"):
    """A turn that was asked for on a connection which broke."""

    turn_id: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{22}$")]
    player: str | None = None
    ref: Ref | None = None


class _Referred(msgspec.Struct):
    ref: Ref | None = None


MESSAGE: msgspec.json.Decoder[Speak | Resume] = msgspec.json.Decoder(Speak | Resume)
REFERENCE = msgspec.json.Decoder(_Referred)


class Message:
    """One message of a connection. `stream` leads back to it."""

    def __init__(self, event: dict[str, Any], context: Any, connections: Connections) -> None:
        self._event, self._text = event, str(event.get("body") or "")
        about = event["requestContext"]
        self.id, self.connection = str(about["requestId"]), str(about["connectionId"])
        ref = None
        with suppress(msgspec.DecodeError, ValueError, RecursionError):
            ref = REFERENCE.decode(self._text).ref
        self.stream = TurnStream(
            functools.partial(connections.post, self.connection),
            ref,
            seconds_left=lambda: float(context.get_remaining_time_in_millis()) / 1000,
        )

    def caller(self) -> identity.Identity:
        """Who connected. Raises Unauthenticated once their token has expired."""
        found = identity.of_event(self._event)
        if time.time() > found.expires + LEEWAY_SECONDS:
            raise Unauthenticated("The token has expired since you connected; connect again with a new one.")
        return found

    def asked(self) -> Speak | Resume:
        """What the message says. Raises TooLarge, or InvalidRequest naming the field that is wrong."""
        if len(self._text.encode(errors="replace")) > FRAME_BYTES:
            raise TooLarge(f"A message may have {FRAME_BYTES} bytes.")
        try:
            return MESSAGE.decode(self._text)
        except (msgspec.DecodeError, ValueError) as error:
            raise InvalidRequest(f"The message is not valid: {error}") from None
        except RecursionError:
            raise InvalidRequest("The message is nested too deeply.") from None


Answer = Callable[[Message, identity.Identity, Speak | Resume], None]


def messages(connections: Connections, *scopes: str) -> Callable[[Answer], Handler]:
    """Make the function behind a WebSocket API's routes of one that answers a message; any of `scopes` allows it."""

    def decorate(function: Answer) -> Handler:
        @observed
        @functools.wraps(function)
        def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
            if event["requestContext"]["eventType"] == "MESSAGE":
                metrics.add_metric("Messages", MetricUnit.Count, 1)
                _answer(Message(event, context, connections), scopes, function)
            else:
                metrics.add_metric("Connections", MetricUnit.Count, 1)
            return TAKEN

        return handler

    return decorate


def _answer(message: Message, scopes: tuple[str, ...], function: Answer) -> None:
    try:
        logger.append_keys(request_id=message.id, connection_id=message.connection)
        caller = message.caller()
        logger.append_keys(title=caller.title)
        caller.allow(scopes)
        function(message, caller, message.asked())
    except Disconnected as gone:
        if gone.cause is None:
            logger.info("listener gone", turn_id=message.stream.turn_id)
        metrics.add_metric("TurnsAbandoned", MetricUnit.Count, 1)
    except NpcopsError as error:
        record_failure(error)
        if error.status >= 500:
            metrics.add_metric("StreamFailures", MetricUnit.Count, 1)
        _tell(message, error)
    except Exception as error:  # noqa: BLE001 - the outermost frame: whatever it is, the client gets a problem
        logger.error("unexpected failure", error_type=type(error).__name__, frames=frames(error))
        metrics.add_metric("UnexpectedFailures", MetricUnit.Count, 1)
        metrics.add_metric("StreamFailures", MetricUnit.Count, 1)
        _tell(message, NpcopsError("The failure was recorded; please quote the instance."))
    finally:
        _count_failed_post(message.stream)


def _count_failed_post(stream: TurnStream) -> None:
    """Only a client that has closed its connection is no failure; who is too slow is one, but none of ours."""
    failure = stream.failure
    if isinstance(failure, Disconnected) and failure.cause:
        logger.error("post failed", turn_id=stream.turn_id, cause=failure.cause)
        metrics.add_metric("PostsFailed", MetricUnit.Count, 1)
        if failure.cause != SLOW_CLIENT:
            metrics.add_metric("StreamFailures", MetricUnit.Count, 1)


def _tell(message: Message, error: NpcopsError) -> None:
    with suppress(Disconnected):
        message.stream.problem(problems.document(error, message.id))
