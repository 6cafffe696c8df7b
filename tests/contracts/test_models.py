"""What every chat and embedding model must do, whoever serves it: each family on a scripted Bedrock, and real models.

The real ones are the local stack's: set AWS_ENDPOINT_URL_BEDROCK_RUNTIME to where `python -m local.bedrock` listens.
"""

from __future__ import annotations

import json
import math
import os
import re
from typing import Any
from zlib import crc32

import pytest

from npcops.action_checks import Actions
from npcops.adapters.bedrock import BedrockChat, BedrockEmbeddings, runtime_client
from npcops.characters import GameTitle, NpcCard, PromptTemplate, Script
from npcops.errors import ModelFailed
from npcops.lore import OPEN, Passage, Viewer
from npcops.model_calls import Delta, Message, Prompt, Reply
from npcops.ports import ChatModel, EmbeddingModel
from npcops.prompting import build_prompt, guard_of
from npcops.replies import parse_speech
from npcops.templates import Moment
from tests.bedrock_wire import Answer, converse_answer, event_stream, refusal, tool_use, wired

ENDPOINT = "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"
# Read now: tests see an environment without any AWS settings.
SERVED = os.environ.get(ENDPOINT)
LOCAL_CHAT = "qwen.qwen2.5-coder-0.5b-instruct"
LOCAL_EMBEDDING = "sentence-transformers.all-minilm-l6-v2"
SCRIPTED_CHAT = (
    "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
    "global.anthropic.claude-sonnet-5-5",
    "eu.amazon.nova-lite-v1:0",
    "meta.llama3-1-8b-instruct-v1:0",
    "mistral.mistral-large-2407-v1:0",
    "mistral.mistral-7b-instruct-v0:2",
    LOCAL_CHAT,
)
SCRIPTED_EMBEDDINGS = (
    "amazon.titan-embed-text-v2:0",
    "cohere.embed-multilingual-v3",
    "eu.cohere.embed-v4:0",
    LOCAL_EMBEDDING,
)
REAL = pytest.mark.models

CARD = NpcCard("mira", "Mira", "Mira rows the ferry at Saltmarsh and loves a joke.", emotions=("neutral", "warm"))
TEMPLATE = PromptTemplate(
    "dialogue",
    '<character name="{{ character.name }}">{{ character.persona }}</character>',
    '<lore>{% for p in lore %}<passage id="{{ p.id }}" title="{{ p.title }}">{{ p.text }}</passage>{% endfor %}</lore>',
    variables=("character", "lore"),
)
PASSAGE = Passage("0" * 24, "ferry.md", "The ferry", "The ferry", "The ferry costs two pennies.", 1.0, OPEN, True, ())
GAME = GameTitle("g", "G")
SCRIPT = Script(CARD, "1", TEMPLATE, "1", GAME)
MOMENT = Moment(passages=(PASSAGE,), language="en")
TURN = build_prompt(SCRIPT, MOMENT, [], "What does the ferry cost?", (), {"npc": "mira"})
PLAIN = Prompt("You answer in one short sentence.", "", (Message("user", "What is salt?"),), max_tokens=40)
WORDS = {"say": "Two pennies.", "emotion": "warm", "citations": [PASSAGE.id], "memory": []}


def scripted(operation: str, model: str, body: dict[str, Any]) -> Answer:
    """A Bedrock that answers as a well-behaved model would."""
    if model == "no.such-model":
        return refusal("ValidationException", 400, "The provided model identifier is invalid.")
    if operation == "InvokeModel":
        return embedded(model, body)
    asked = json.dumps([body.get("system", ""), body["messages"]])
    in_words = "satisfies this schema" in asked
    content = {"text": json.dumps(WORDS) if in_words else "A white grain."}
    if "toolConfig" in body:
        content = tool_use(WORDS)
    if operation == "Converse":
        return converse_answer(content)
    start = {"toolUse": {"toolUseId": "t1", "name": "speak"}}
    text = content.get("text") or json.dumps(WORDS)
    deltas = [
        {"toolUse": {"input": piece}} if "toolConfig" in body else {"text": piece} for piece in (text[:9], text[9:])
    ]
    usage = converse_answer()["usage"]
    return event_stream(
        [("contentBlockStart", {"contentBlockIndex": 0, "start": start})] * ("toolConfig" in body)
        + [("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta}) for delta in deltas]
        + [("messageStop", {"stopReason": "end_turn"}), ("metadata", {"usage": usage, "metrics": {"latencyMs": 1}})]
    )


def embedded(model: str, body: dict[str, Any]) -> Answer:
    """Vectors in which texts that share words are near to each other, in the model's own shape."""
    size = body.get("dimensions") or body.get("output_dimension") or (384 if model == LOCAL_EMBEDDING else 1024)

    def vector(text: str) -> list[float]:
        numbers = [0.0] * size
        for word in re.findall(r"\w{4,}", text.lower()):
            numbers[crc32(word.encode()) % size] += 1.0
        return numbers

    if "inputText" in body:
        return {"embedding": vector(body["inputText"]), "inputTextTokenCount": 1}
    vectors = [vector(text) for text in body["texts"]]
    return {"embeddings": {"float": vectors} if "embedding_types" in body else vectors}


def client_for(service: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    if service == "scripted":
        return wired(scripted)[0]
    if not SERVED:
        pytest.skip(f"{ENDPOINT} is not set: no local models are being served")
    monkeypatch.setenv(ENDPOINT, SERVED)
    return runtime_client(read_timeout=120, attempts=1, limit=180)


@pytest.fixture(
    params=[*(("scripted", name) for name in SCRIPTED_CHAT), pytest.param(("real", LOCAL_CHAT), marks=REAL)],
    ids="-".join,
)
def chat(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, aws_environment: None
) -> tuple[BedrockChat, str]:
    service, name = request.param
    return BedrockChat(client_for(service, monkeypatch), name), name


@pytest.fixture(
    params=[*(("scripted", name) for name in SCRIPTED_EMBEDDINGS), pytest.param(("real", LOCAL_EMBEDDING), marks=REAL)],
    ids="-".join,
)
def embeddings(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, aws_environment: None
) -> BedrockEmbeddings:
    service, name = request.param
    return BedrockEmbeddings(client_for(service, monkeypatch), name)


def test_a_turn_is_spoken_in_the_shape_that_was_asked_for(chat: tuple[BedrockChat, str]) -> None:
    model: ChatModel = chat[0]
    reply = model.reply(TURN)
    actions = Actions(CARD, GAME, Viewer(CARD.id))
    speech = parse_speech(reply, CARD, [PASSAGE.id], actions, CARD.emotions, guard_of(SCRIPT, TURN))
    assert reply.tool_input is not None
    assert reply.tool_input["say"]
    assert re.search(r"two|2", speech.say, re.I)
    assert speech.emotion in CARD.emotions
    assert set(speech.citations) <= {PASSAGE.id}
    assert reply.model == chat[1]


def test_what_a_call_used_is_counted(chat: tuple[BedrockChat, str]) -> None:
    usage = chat[0].reply(PLAIN).usage
    assert usage.input_tokens > 0
    assert 0 < usage.output_tokens <= PLAIN.max_tokens
    assert usage.ms >= 0
    assert (usage.cost_usd == 0) == (chat[1] == LOCAL_CHAT)


def test_without_a_tool_the_reply_is_text(chat: tuple[BedrockChat, str]) -> None:
    reply = chat[0].reply(PLAIN)
    assert reply.text.strip()
    assert reply.tool_input is None


@pytest.mark.parametrize("prompt", [TURN, PLAIN], ids=["tool", "text"])
def test_a_stream_is_the_reply_in_pieces(chat: tuple[BedrockChat, str], prompt: Prompt) -> None:
    *deltas, last = chat[0].stream(prompt)
    assert isinstance(last, Reply)
    assert all(isinstance(delta, Delta) for delta in deltas)
    pieces = "".join(delta.text for delta in deltas if isinstance(delta, Delta))
    if prompt.tool:
        assert {delta.kind for delta in deltas if isinstance(delta, Delta)} == {"tool_input"}
        assert json.loads(pieces) == last.tool_input
    else:
        assert pieces == last.text
    assert last.usage.output_tokens > 0


def test_a_model_that_is_not_served_is_a_failure_for_good(chat: tuple[BedrockChat, str]) -> None:
    with pytest.raises(ModelFailed, match=r"no\.such-model refused the call \(ValidationException"):
        chat[0].reply(PLAIN, f"{chat[1]}@no.such-model")


def test_vectors_have_the_models_length_and_length_one(embeddings: BedrockEmbeddings) -> None:
    vectors = embeddings.embed_documents(["Salt is mined in the hills.", "The ferry leaves at noon."])
    assert [len(vector) for vector in vectors] == [embeddings.dimensions] * 2
    assert [math.hypot(*vector) for vector in vectors] == pytest.approx([1.0, 1.0])


def test_many_texts_keep_their_order(embeddings: BedrockEmbeddings) -> None:
    texts = [f"Number {number} of the salt tables, written {number * 7} times." for number in range(100)]
    vectors = embeddings.embed_documents(texts)
    assert len(vectors) == len(texts)
    assert vectors[97] == pytest.approx(embeddings.embed_documents([texts[97]])[0], abs=1e-4)


def test_a_question_is_nearest_to_the_text_that_answers_it(embeddings: BedrockEmbeddings) -> None:
    model: EmbeddingModel = embeddings
    texts = ["The ferry costs two pennies.", "Herons nest in the reeds.", "The bell rings at every tide."]
    question, other = model.embed_queries(["How much does the ferry cost?", "When does the bell ring?"])
    assert other == pytest.approx(model.embed_queries(["When does the bell ring?"])[0], abs=1e-4)
    near = [sum(a * b for a, b in zip(question, vector, strict=True)) for vector in model.embed_documents(texts)]
    assert near.index(max(near)) == 0


def test_no_texts_make_no_vectors(embeddings: BedrockEmbeddings) -> None:
    assert embeddings.embed_documents([]) == []
