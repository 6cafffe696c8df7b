"""What an unmodified boto3 client sees: answers, streams, embeddings and errors."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer
from botocore.exceptions import ClientError, EventStreamError

from local.bedrock import eventstream
from local.bedrock.converse import Finish, Text, ToolInput, parse
from local.bedrock.errors import ModelError, ModelNotReadyError, ValidationError
from tests.local.doubles import ScriptedChat

Start = Callable[[ScriptedChat], Any]
HELLO = [{"role": "user", "content": [{"text": "Hello"}]}]
SCHEMA = {"type": "object", "properties": {"say": {"type": "string"}}}
TOOLS = {"tools": [{"toolSpec": {"name": "speak", "description": "Say it.", "inputSchema": {"json": SCHEMA}}}]}


def test_frames_are_those_that_botocore_decodes() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(eventstream.event("messageStart", {"role": "assistant"}))
    buffer.add_data(eventstream.exception("validationException", "Größe"))
    first, second = [message.to_response_dict() for message in buffer]
    assert first["headers"][":event-type"] == "messageStart"
    assert json.loads(first["body"]) == {"role": "assistant"}
    assert second["headers"][":message-type"] == "exception"
    assert json.loads(second["body"]) == {"message": "Größe"}


def test_converse_returns_text_and_counts(bedrock: Start) -> None:
    chat = ScriptedChat(Text("Good "), Text("day."), Finish("end_turn", 10, 3, cached_tokens=7))
    answer = bedrock(chat).converse(
        modelId="fake.chat",
        system=[{"text": "Be kind."}, {"cachePoint": {"type": "default"}}, {"text": "Now."}],
        messages=[*HELLO, {"role": "assistant", "content": [{"text": "Yes?"}]}, *HELLO],
        inferenceConfig={"maxTokens": 9, "temperature": 0.5, "topP": 0.9, "stopSequences": ["END"]},
    )
    assert answer["output"]["message"] == {"role": "assistant", "content": [{"text": "Good day."}]}
    assert answer["stopReason"] == "end_turn"
    assert answer["usage"] == {"inputTokens": 10, "outputTokens": 3, "totalTokens": 20, "cacheReadInputTokens": 7}
    assert answer["metrics"]["latencyMs"] >= 0
    asked = chat.asked[0]
    assert (asked.system, asked.history, asked.question) == (["Be kind.", "Now."], [("Hello", "Yes?")], "Hello")
    assert (asked.max_tokens, asked.temperature, asked.top_p, asked.stop) == (9, 0.5, 0.9, ["END"])


def test_converse_returns_the_tool_input(bedrock: Start) -> None:
    chat = ScriptedChat(ToolInput('{"say": "Hm'), ToolInput('."}'), Finish("tool_use", 1, 1))
    answer = bedrock(chat).converse(modelId="fake.chat", messages=HELLO, toolConfig=TOOLS)
    use = answer["output"]["message"]["content"][0]["toolUse"]
    assert use["name"] == "speak"
    assert use["input"] == {"say": "Hm."}
    assert answer["stopReason"] == "tool_use"


def test_stream_of_a_tool_input(bedrock: Start) -> None:
    chat = ScriptedChat(ToolInput('{"say": "Hm'), ToolInput('."}'), Finish("tool_use", 4, 2))
    answer = bedrock(chat).converse_stream(modelId="fake.chat", messages=HELLO, toolConfig=TOOLS)
    events = list(answer["stream"])
    assert [next(iter(event)) for event in events] == [
        "messageStart",
        "contentBlockStart",
        "contentBlockDelta",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    assert events[1]["contentBlockStart"]["start"]["toolUse"]["name"] == "speak"
    pieces = [event["contentBlockDelta"]["delta"]["toolUse"]["input"] for event in events[2:4]]
    assert json.loads("".join(pieces)) == {"say": "Hm."}
    assert events[6]["metadata"]["usage"]["totalTokens"] == 6


def test_stream_that_breaks_ends_with_an_exception(bedrock: Start) -> None:
    chat = ScriptedChat(Text("Well"), error=ModelError("It broke."))
    answer = bedrock(chat).converse_stream(modelId="fake.chat", messages=HELLO)
    with pytest.raises(EventStreamError, match="It broke"):
        list(answer["stream"])


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (ValidationError("No."), "ValidationException", 400),
        (ModelNotReadyError("Wait."), "ModelNotReadyException", 429),
        (ModelError("Broken."), "ModelErrorException", 424),
    ],
)
@pytest.mark.parametrize("operation", ["converse", "converse_stream"])
def test_errors_have_their_modelled_shape(
    bedrock: Start, operation: str, error: Exception, code: str, status: int
) -> None:
    call = getattr(bedrock(ScriptedChat(error=error)), operation)
    with pytest.raises(ClientError) as caught:
        call(modelId="fake.chat", messages=HELLO)
    assert caught.value.response["Error"] == {"Code": code, "Message": str(error)}
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_unknown_model_is_invalid(bedrock: Start) -> None:
    with pytest.raises(ClientError, match="The provided model identifier is invalid"):
        bedrock(ScriptedChat()).converse(modelId="amazon.nova-lite-v1:0", messages=HELLO)


def test_tool_input_that_is_not_json_is_a_model_error(bedrock: Start) -> None:
    chat = ScriptedChat(ToolInput('{"say": "Hm'), Finish("max_tokens", 1, 1))
    with pytest.raises(ClientError, match="ModelErrorException"):
        bedrock(chat).converse(modelId="fake.chat", messages=HELLO, toolConfig=TOOLS)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "JSON object"),
        ({}, "messages"),
        ({"messages": "x"}, "messages"),
        ({"messages": [{"role": "robot", "content": []}]}, r"messages\.0\.role"),
        ({"messages": HELLO * 2}, "alternate"),
        ({"messages": [{"role": "user", "content": [{"image": {}}]}]}, r"messages\.0\.content"),
        ({"messages": HELLO, "system": [{"text": 1}]}, "system"),
        ({"messages": HELLO, "inferenceConfig": {"maxTokens": 0}}, "maxTokens"),
        ({"messages": HELLO, "inferenceConfig": {"temperature": "hot"}}, "temperature"),
        ({"messages": HELLO, "toolConfig": {"tools": [{"x": 1}]}}, "toolConfig"),
    ],
)
def test_malformed_bodies_name_the_field(body: Any, field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        parse(body)


def test_cohere_shape(bedrock: Start) -> None:
    body = json.dumps({"texts": ["the ferry", "the inn"], "input_type": "search_document"})
    answer = bedrock(ScriptedChat()).invoke_model(modelId="fake.embed", body=body)
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    content = json.loads(answer["body"].read())
    assert [len(vector) for vector in content["embeddings"]] == [384, 384]
    assert content["response_type"] == "embeddings_floats"
    assert content["texts"] == ["the ferry", "the inn"]
    assert headers["x-amzn-bedrock-input-token-count"] == "4"


def test_titan_shape(bedrock: Start) -> None:
    body = json.dumps({"inputText": "the ferry", "dimensions": 384, "normalize": True})
    answer = bedrock(ScriptedChat()).invoke_model(modelId="fake.embed", body=body)
    content = json.loads(answer["body"].read())
    assert len(content["embedding"]) == 384
    assert content["inputTextTokenCount"] == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"inputText": "x", "dimensions": 1024}, "dimensions"),
        ({"inputText": ""}, "inputText"),
        ({"texts": ["x"] * 97, "input_type": "search_query"}, "texts"),
        ({"texts": [1], "input_type": "search_query"}, "texts"),
        ({"texts": ["x"]}, "input_type"),
        ({"prompt": "x"}, "texts or inputText"),
    ],
)
def test_malformed_embedding_bodies_name_the_field(bedrock: Start, body: Any, field: str) -> None:
    with pytest.raises(ClientError, match=field) as caught:
        bedrock(ScriptedChat()).invoke_model(modelId="fake.embed", body=json.dumps(body))
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_health_and_unknown_paths(bedrock: Start) -> None:
    url = bedrock(ScriptedChat()).meta.endpoint_url
    with urllib.request.urlopen(f"{url}/health") as answer:
        state = json.load(answer)
    assert state["ready"] is True
    assert state["peak_memory_mb"] > 0
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{url}/guardrail/x/version/1/apply")
    assert caught.value.headers["x-amzn-errortype"] == "UnknownOperationException"


def test_a_client_that_leaves_stops_the_model(bedrock: Start) -> None:
    class Endless(ScriptedChat):
        stopped = False

        async def respond(self, request: Any) -> Any:
            try:
                while True:
                    yield Text("and ")
                    await asyncio.sleep(0.01)
            finally:
                Endless.stopped = True

    answer = bedrock(Endless()).converse_stream(modelId="fake.chat", messages=HELLO)
    next(iter(answer["stream"]))
    answer["stream"].close()
    for _ in range(200):
        if Endless.stopped:
            break
        asyncio.run(asyncio.sleep(0.02))
    assert Endless.stopped
