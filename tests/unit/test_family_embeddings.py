"""Requests and replies of each family of embedding models."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcops.adapters.family_embeddings import embedding_body, read_vectors
from npcops.errors import ModelFailed
from npcops.model_prices import embedding_model


def test_each_embedding_family_has_its_own_request() -> None:
    def body(model: str, *texts: str) -> Any:
        return msgspec.json.decode(embedding_body(texts, "search_query", embedding_model(model)))

    assert body("amazon.titan-embed-text-v2:0", "a") == {"inputText": "a", "dimensions": 1024, "normalize": True}
    assert body("cohere.embed-english-v3", "a", "b") == {
        "texts": ["a", "b"],
        "input_type": "search_query",
        "truncate": "END",
    }
    assert body("eu.cohere.embed-v4:0", "a") == {
        "texts": ["a"],
        "input_type": "search_query",
        "truncate": "RIGHT",
        "embedding_types": ["float"],
        "output_dimension": 1536,
    }
    assert body("cohere.embed-english-v3", "x" * 5000)["texts"] == ["x" * 2048]


@pytest.mark.parametrize("shape", [lambda v: {"embeddings": [v]}, lambda v: {"embeddings": {"float": [v]}}])
def test_cohere_vectors_are_read_in_both_shapes_and_normalised(shape: Any) -> None:
    spec = embedding_model("sentence-transformers.all-minilm-l6-v2")
    body = msgspec.json.encode(shape([3.0, 4.0] + [0.0] * 382))
    assert read_vectors(body, 1, spec)[0][:2] == pytest.approx((0.6, 0.8))


@pytest.mark.parametrize(
    ("model", "content", "fault"),
    [
        ("cohere.embed-english-v3", {"embedding": [1.0]}, "shape"),
        ("cohere.embed-english-v3", {"embeddings": {"int8": [[1]]}}, "shape"),
        ("amazon.titan-embed-text-v2:0", {"embeddings": [[1.0] * 1024]}, "shape"),
        ("amazon.titan-embed-text-v2:0", {"embedding": [1.0] * 256}, "256 dimensions"),
        ("amazon.titan-embed-text-v2:0", {"embedding": [0.0] * 1024}, "direction"),
        ("cohere.embed-english-v3", {"embeddings": [[1.0] * 1024] * 2}, "2 vectors for 1"),
    ],
)
def test_defect_03_vectors_of_another_model_are_an_error(model: str, content: Any, fault: str) -> None:
    with pytest.raises(ModelFailed, match=fault):
        read_vectors(msgspec.json.encode(content), 1, embedding_model(model))


def test_a_vector_that_overflows_is_an_error() -> None:
    spec = embedding_model("sentence-transformers.all-minilm-l6-v2")
    body = b'{"embeddings": [[' + b",".join([b"1e999"] * 384) + b"]]}"
    with pytest.raises(ModelFailed):
        read_vectors(body, 1, spec)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=9).filter(lambda v: math.hypot(*v) > 1e-3))
def test_vectors_have_length_one(numbers: list[float]) -> None:
    spec = embedding_model("sentence-transformers.all-minilm-l6-v2")
    vector = numbers + [0.0] * (384 - len(numbers))
    (unit,) = read_vectors(msgspec.json.encode({"embeddings": [vector]}), 1, spec)
    assert math.hypot(*unit) == pytest.approx(1)
