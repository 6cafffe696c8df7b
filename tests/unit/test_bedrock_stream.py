"""Replies that come in pieces."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from npcops.adapters.bedrock import BedrockChat
from npcops.background import Done, Threads
from npcops.errors import GuardrailIntervened, ModelFailed, ModelUnavailable
from npcops.model_calls import Delta, Message, Prompt, Reply, Tool
from npcops.model_prices import chat_model
from tests.bedrock_wire import converse_answer, event_stream, tool_use, wired

TOOL = Tool("speak", "Speaks.", {"type": "object", "properties": {"say": {"type": "string"}}, "required": ["say"]})
PROMPT = Prompt("You are Mira.", "", (Message("user", "Is the gate open?"),), TOOL)
MODEL = "global.anthropic.claude-haiku-4-5-20251001-v1:0"
LLAMA = "meta.llama3-1-8b-instruct-v1:0"
USAGE = {"inputTokens": 100, "outputTokens": 10, "totalTokens": 110}
Event = tuple[str, dict[str, Any]]
ENDING: list[Event] = [
    ("messageStop", {"stopReason": "tool_use"}),
    ("metadata", {"usage": USAGE, "metrics": {"latencyMs": 5}}),
]


def block(index: int, delta: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "contentBlockDelta", {"contentBlockIndex": index, "delta": delta}


def tool_start(index: int, name: str = "speak") -> tuple[str, dict[str, Any]]:
    start = {"toolUse": {"toolUseId": "t1", "name": name}}
    return "contentBlockStart", {"contentBlockIndex": index, "start": start}


def streamed(*events: tuple[str, dict[str, Any]], error: str | None = None) -> Any:
    return event_stream([("messageStart", {"role": "assistant"}), *events], error)


def test_a_stream_gives_pieces_and_at_last_the_whole() -> None:
    pieces = ['{"say"', ': "Aye', '."}']
    events = [
        tool_start(0),
        *(block(0, {"toolUse": {"input": piece}}) for piece in pieces),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        *ENDING,
    ]
    client, wire = wired(streamed(*events))
    *deltas, last = BedrockChat(client, MODEL).stream(PROMPT)
    assert deltas == [Delta("tool_input", piece) for piece in pieces]
    assert isinstance(last, Reply)
    assert (last.tool_input, last.stop_reason, last.usage.output_tokens) == ({"say": "Aye."}, "tool_use", 10)
    assert wire.calls[0][0] == "ConverseStream"


def test_a_stream_of_text_is_text_and_hides_reasoning() -> None:
    events = [
        block(0, {"reasoningContent": {"text": "Hm."}}),
        block(1, {"text": "A"}),
        block(1, {"text": "ye."}),
        *ENDING,
    ]
    client, _ = wired(streamed(*events))
    *deltas, last = BedrockChat(client, MODEL).stream(PROMPT)
    assert deltas == [Delta("text", "A"), Delta("text", "ye.")]
    assert isinstance(last, Reply)
    assert last.text == "Aye."


def test_llamas_streamed_text_is_the_tools_input() -> None:
    client, _ = wired(streamed(block(0, {"text": '{"say": '}), block(0, {"text": '"Aye."}'}), *ENDING))
    *deltas, last = BedrockChat(client, LLAMA).stream(PROMPT)
    assert {delta.kind for delta in deltas if isinstance(delta, Delta)} == {"tool_input"}
    assert isinstance(last, Reply)
    assert last.tool_input == {"say": "Aye."}


def test_tool_input_that_was_cut_is_kept_as_text() -> None:
    client, _ = wired(streamed(tool_start(0), block(0, {"toolUse": {"input": '{"say": "Ay'}}), *ENDING))
    last = list(BedrockChat(client, MODEL).stream(PROMPT))[-1]
    assert isinstance(last, Reply)
    assert (last.text, last.tool_input) == ('{"say": "Ay', None)


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        ("throttlingException", ModelUnavailable),
        ("internalServerException", ModelUnavailable),
        ("serviceUnavailableException", ModelUnavailable),
        ("modelStreamErrorException", ModelFailed),
        ("validationException", ModelFailed),
    ],
)
def test_a_failure_in_the_middle_of_a_stream_comes_after_the_pieces(error: str, raised: type[Exception]) -> None:
    client, _ = wired(streamed(block(0, {"text": "Aye"}), error=error))
    pieces = BedrockChat(client, MODEL).stream(PROMPT)
    assert next(pieces) == Delta("text", "Aye")
    with pytest.raises(raised, match=error):
        next(pieces)


def test_a_stream_that_ends_early_is_not_a_reply() -> None:
    client, _ = wired(streamed(block(0, {"text": "Aye"})))
    with pytest.raises(ModelUnavailable, match="middle of its reply"):
        list(BedrockChat(client, MODEL).stream(PROMPT))


def test_a_connection_lost_in_the_middle_of_a_stream_may_pass() -> None:
    answer = streamed(block(0, {"text": "Aye"}))

    def lost(**_: Any) -> Any:
        yield answer.raw.getvalue()
        raise ProtocolError("Connection broken")

    answer.raw.stream = lost
    client, _ = wired(answer)
    with pytest.raises(ModelUnavailable, match="ProtocolError"):
        list(BedrockChat(client, MODEL).stream(PROMPT))


def test_defect_03_a_stream_without_anything_in_it_is_an_error() -> None:
    client, _ = wired(streamed(*ENDING))
    with pytest.raises(ModelFailed, match="nothing that can be read"):
        list(BedrockChat(client, MODEL).stream(PROMPT))


def test_a_model_that_cannot_stream_replies_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = chat_model(MODEL)
    unable = msgspec.structs.replace(spec, entry=msgspec.structs.replace(spec.entry, streaming=False))
    monkeypatch.setattr("npcops.adapters.bedrock.chat_model", lambda _: unable)
    client, wire = wired(converse_answer(tool_use({"say": "Aye."})))
    (last,) = BedrockChat(client, MODEL).stream(PROMPT)
    assert isinstance(last, Reply)
    assert last.tool_input == {"say": "Aye."}
    assert wire.calls[0][0] == "Converse"


def test_leaving_a_stream_closes_its_connection() -> None:
    answer = streamed(block(0, {"text": "Aye"}), block(0, {"text": "!"}), *ENDING)
    client, _ = wired(answer)
    pieces: Any = BedrockChat(client, MODEL).stream(PROMPT)
    next(pieces)
    pieces.close()
    assert answer.raw.closed


@pytest.mark.parametrize("reason", ["guardrail_intervened", "content_filtered"])
def test_a_reply_that_was_withheld_is_not_the_models(reason: str) -> None:
    withheld = ("messageStop", {"stopReason": reason})
    client, _ = wired(streamed(block(0, {"text": "Aye"}), block(1, {"text": "I cannot."}), withheld, ENDING[1]))
    *pieces, last = with_its_end(BedrockChat(client, MODEL).stream(PROMPT))
    assert pieces == [Delta("text", "Aye"), Delta("text", "I cannot.")]
    assert isinstance(last, GuardrailIntervened)
    client, _ = wired(converse_answer({"text": "I cannot."}, stop_reason=reason))
    with pytest.raises(GuardrailIntervened, match=reason):
        BedrockChat(client, MODEL).reply(PROMPT)


def with_its_end(pieces: Iterator[Any]) -> Iterator[Any]:
    """What a stream gives, and then what it raises."""
    try:
        yield from pieces
    except ModelFailed as error:
        yield error


class Silent:
    """The body of an answer that comes when it is let go, or never; it tells when it was closed."""

    def __init__(self, answer: Any, ends: Exception | None = None) -> None:
        self.answer, self._ends = answer, ends
        self._body = answer.raw.getvalue()
        self.waiting, self.go, self.closed = threading.Event(), threading.Event(), threading.Event()
        answer.raw.stream, answer.raw.close = self._stream, self.closed.set

    def _stream(self, **_: Any) -> Iterator[bytes]:
        self.waiting.set()
        assert self.go.wait(30)
        if self._ends:
            raise self._ends
        yield self._body


@pytest.mark.parametrize("ends", [None, ReadTimeoutError(None, "", "Read timed out.")])
def test_a_stream_that_nobody_wants_any_more_is_closed_as_soon_as_it_moves(ends: Exception | None) -> None:
    silent, background = Silent(streamed(block(0, {"text": "Aye"}), *ENDING), ends), Threads()
    client, _ = wired(silent.answer)
    flow = background.flow(lambda: BedrockChat(client, MODEL).stream(PROMPT))
    assert silent.waiting.wait(30)
    flow.cancel()
    assert not silent.closed.is_set()
    silent.go.set()
    assert silent.closed.wait(30)
    assert background.wait([flow], 0.01) is None


def test_a_stream_that_is_never_answered_fails_when_reading_times_out() -> None:
    silent = Silent(streamed(), ReadTimeoutError(None, "", "Read timed out."))
    client, background = wired(silent.answer)[0], Threads()
    flow = background.flow(lambda: BedrockChat(client, MODEL).stream(PROMPT))
    silent.go.set()
    found = background.wait([flow], 30)
    assert found
    assert isinstance(found[1], Done)
    assert isinstance(found[1].error, ModelUnavailable)
    assert silent.closed.is_set()
