"""Vectors from Bedrock."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from npcops.adapters.bedrock import BedrockEmbeddings
from npcops.errors import ModelFailed, ModelUnavailable
from tests.bedrock_wire import Answer, Answering, refusal, wired

MINILM = "sentence-transformers.all-minilm-l6-v2"
TITAN = "amazon.titan-embed-text-v2:0"


def one_hot(position: int, size: int) -> list[float]:
    return [2.0 if index == position else 0.0 for index in range(size)]


def cohere(_: str, __: str, body: dict[str, Any]) -> Answer:
    return {"embeddings": [one_hot(int(text), 384) for text in body["texts"]], "response_type": "embeddings_floats"}


def titan(_: str, __: str, body: dict[str, Any]) -> Answer:
    return {"embedding": one_hot(int(body["inputText"]), 1024), "inputTextTokenCount": 1}


@pytest.mark.parametrize(
    ("model", "answer", "calls"), [(MINILM, cohere, [4, 96, 96]), (TITAN, titan, [1] * 196)], ids=["cohere", "titan"]
)
def test_vectors_come_in_the_order_of_their_texts_whatever_the_batches(
    model: str, answer: Answering, calls: list[int]
) -> None:
    client, wire = wired(answer)
    vectors = BedrockEmbeddings(client, model).embed_documents([str(number) for number in range(196)])
    assert [vector.index(1.0) for vector in vectors] == list(range(196))
    assert sorted(len(body.get("texts", "1")) for _, _, body in wire.calls) == calls


def test_questions_and_documents_are_embedded_as_what_they_are() -> None:
    client, wire = wired(cohere)
    embeddings = BedrockEmbeddings(client, MINILM)
    assert [vector.index(1.0) for vector in embeddings.embed_queries(["3", "5"])] == [3, 5]
    assert embeddings.embed_documents(["4"])[0].index(1.0) == 4
    assert embeddings.embed_documents([]) == []
    assert [body["input_type"] for _, _, body in wire.calls] == ["search_query", "search_document"]
    assert embeddings.dimensions == 384


def test_titan_is_asked_for_several_questions_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=10)  # Breaks unless two calls are under way together.

    def meeting(_: str, __: str, body: dict[str, Any]) -> Answer:
        both.wait()
        return titan("", "", body)

    client, _ = wired(meeting)
    vectors = BedrockEmbeddings(client, TITAN).embed_queries(["3", "5"])
    assert [vector.index(1.0) for vector in vectors] == [3, 5]


def test_one_refused_batch_fails_all() -> None:
    client, _ = wired(
        lambda _, __, body: refusal("ThrottlingException", 429) if body["inputText"] == "7" else titan("", "", body)
    )
    with pytest.raises(ModelUnavailable):
        BedrockEmbeddings(client, TITAN).embed_documents([str(number) for number in range(40)])


def test_an_unknown_embedding_model_is_an_error_at_once() -> None:
    client, _ = wired(cohere)
    with pytest.raises(ModelFailed, match="acme"):
        BedrockEmbeddings(client, "acme.embed-1")
