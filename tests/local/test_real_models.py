"""The real weights behind a real client; skipped where they are not installed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from tests.local.real_models import CHAT, EMBEDDINGS, real_models
from tests.local.test_dialogue_prompt import STATIC

pytestmark = pytest.mark.models

LORE = """<lore>
<passage id="c1" title="The ferry">The ferry leaves at dawn. A horse costs five pennies on board.</passage>
<passage id="c2" title="The smith">Ysolde the smith has forged no blade since the war.</passage>
</lore>"""
SCHEMA = {
    "type": "object",
    "properties": {
        "say": {"type": "string"},
        "emotion": {"type": "string", "enum": ["neutral", "warm", "wary", "sad", "angry"]},
        "actions": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"name": {"enum": ["open_gate"]}, "arguments": {"type": "object"}},
                "required": ["name"],
            },
        },
        "citations": {"type": "array", "items": {"type": "string"}},
        "memory": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["say", "emotion"],
}
TOOLS = {"tools": [{"toolSpec": {"name": "speak", "description": "Say it.", "inputSchema": {"json": SCHEMA}}}]}


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """A client of the service, which runs as it does in the embedded cloud."""
    with real_models() as made:
        yield made


def _speak(client: Any, question: str) -> dict[str, Any]:
    answer = client.converse(
        modelId=CHAT,
        system=[{"text": STATIC}, {"cachePoint": {"type": "default"}}, {"text": LORE}],
        messages=[{"role": "user", "content": [{"text": question}]}],
        toolConfig=TOOLS,
        inferenceConfig={"maxTokens": 200, "temperature": 0},
    )
    assert answer["stopReason"] == "tool_use"
    assert answer["usage"]["outputTokens"] > 0
    spoken: dict[str, Any] = answer["output"]["message"]["content"][0]["toolUse"]["input"]
    return spoken


def test_answers_from_the_lore_and_cites_it(client: Any) -> None:
    spoken = _speak(client, "What do I pay to bring my horse on the ferry?")
    assert list(spoken) == ["say", "emotion", "actions", "citations", "memory"]
    assert "five" in spoken["say"].lower()
    assert spoken["citations"] == ["c1"]
    assert spoken["emotion"] in SCHEMA["properties"]["emotion"]["enum"]


def test_second_turn_reads_the_constant_part_from_the_cache(client: Any) -> None:
    for question in ("When does the ferry leave?", "Has the smith forged a blade?"):
        answer = client.converse(
            modelId=CHAT,
            system=[{"text": STATIC}, {"text": LORE}],
            messages=[{"role": "user", "content": [{"text": question}]}],
            inferenceConfig={"maxTokens": 30, "temperature": 0},
        )
    assert answer["output"]["message"]["content"][0]["text"]
    assert answer["usage"]["cacheReadInputTokens"] > answer["usage"]["inputTokens"]


def test_words_stream_before_the_rest(client: Any) -> None:
    answer = client.converse_stream(
        modelId=CHAT,
        system=[{"text": STATIC}, {"text": LORE}],
        messages=[{"role": "user", "content": [{"text": "What do I pay to bring my horse on the ferry?"}]}],
        toolConfig=TOOLS,
        inferenceConfig={"temperature": 0},
    )
    deltas = [event["contentBlockDelta"]["delta"] for event in answer["stream"] if "contentBlockDelta" in event]
    pieces = [delta["toolUse"]["input"] for delta in deltas]
    assert pieces[0] == '{"say": "'
    assert len(pieces) > 3
    assert "five" in json.loads("".join(pieces))["say"].lower()


def test_any_other_tool_is_filled_under_its_schema(client: Any) -> None:
    schema = {
        "type": "object",
        "properties": {"grade": {"type": "integer", "enum": [1, 2, 3]}, "kind": {"enum": ["fish", "bird"]}},
        "required": ["grade", "kind"],
        "additionalProperties": False,
    }
    spec = {"name": "judge", "description": "Grades an animal.", "inputSchema": {"json": schema}}
    answer = client.converse(
        modelId=CHAT,
        messages=[{"role": "user", "content": [{"text": "A fat herring, of grade 2."}]}],
        toolConfig={"tools": [{"toolSpec": spec}], "toolChoice": {"tool": {"name": "judge"}}},
        inferenceConfig={"maxTokens": 60, "temperature": 0},
    )
    given = answer["output"]["message"]["content"][0]["toolUse"]["input"]
    assert given["grade"] in (1, 2, 3)
    assert given["kind"] in ("fish", "bird")


def test_plain_chat_stops_where_it_is_told(client: Any) -> None:
    request = {"modelId": CHAT, "messages": [{"role": "user", "content": [{"text": "Count: one, two, three, four"}]}]}
    cut = client.converse(**request, inferenceConfig={"maxTokens": 3, "temperature": 0})
    assert cut["stopReason"] == "max_tokens"
    assert cut["usage"]["outputTokens"] == 3


def test_too_long_a_prompt_is_refused_in_the_words_of_the_service(client: Any) -> None:
    long = [{"role": "user", "content": [{"text": "word " * 6000}]}]
    with pytest.raises(client.exceptions.ValidationException, match="Input is too long"):
        client.converse(modelId=CHAT, messages=long)


def test_paraphrases_are_nearer_than_strangers(client: Any) -> None:
    texts = ["How do I get across the river?", "Where can I cross the water?", "The smith shoes horses."]
    body = json.dumps({"texts": texts, "input_type": "clustering"})
    content = json.loads(client.invoke_model(modelId=EMBEDDINGS, body=body)["body"].read())
    vectors = np.array(content["embeddings"])
    near, *far = [float(vectors[one] @ vectors[other]) for one, other in combinations(range(3), 2)]
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert near == pytest.approx(0.7428, abs=1e-3)
    assert max(far) < 0.1


def test_padding_does_not_change_a_vector(client: Any) -> None:
    body = json.dumps({"texts": ["The inn.", "A long line about the sea. " * 30], "input_type": "clustering"})
    both = json.loads(client.invoke_model(modelId=EMBEDDINGS, body=body)["body"].read())["embeddings"]
    alone = json.loads(
        client.invoke_model(modelId=EMBEDDINGS, body=json.dumps({"inputText": "The inn."}))["body"].read()
    )
    assert np.allclose(both[0], alone["embedding"], atol=1e-5)
