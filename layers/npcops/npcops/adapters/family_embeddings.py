"""How embedding models take texts and give vectors: one request and reply shape per family."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from npcops.errors import ModelFailed
from npcops.model_prices import EmbeddingSpec

Purpose = Literal["search_document", "search_query"]
Vector = tuple[float, ...]


class _TitanReply(msgspec.Struct):
    embedding: list[float]


class _CohereReply(msgspec.Struct):
    embeddings: list[list[float]] | dict[str, list[list[float]]]


def embedding_body(texts: Sequence[str], purpose: Purpose, spec: EmbeddingSpec) -> bytes:
    """The body of InvokeModel for up to `spec.entry.batch` texts; longer texts than the model takes are cut."""
    entry = spec.entry
    cut = [text[: entry.max_chars] for text in texts]
    body: dict[str, Any]
    if entry.family == "titan":
        body = {"inputText": cut[0], "dimensions": entry.dimensions, "normalize": True}
    elif entry.family == "cohere-v3":
        body = {"texts": cut, "input_type": purpose, "truncate": "END"}
    else:
        body = {
            "texts": cut,
            "input_type": purpose,
            "truncate": "RIGHT",
            "embedding_types": ["float"],
            "output_dimension": entry.dimensions,
        }
    return msgspec.json.encode(body)


def read_vectors(body: bytes, expected: int, spec: EmbeddingSpec) -> list[Vector]:
    """The L2-normalised vectors of a reply. Raises ModelFailed unless there are `expected` of the model's length."""
    vectors = _raw_vectors(body, spec)
    if len(vectors) != expected:
        raise ModelFailed(f"Model {spec.id} returned {len(vectors)} vectors for {expected} texts.")
    return [_unit(vector, spec) for vector in vectors]


def _raw_vectors(body: bytes, spec: EmbeddingSpec) -> list[list[float]]:
    try:
        if spec.entry.family == "titan":
            return [msgspec.json.decode(body, type=_TitanReply).embedding]
        found = msgspec.json.decode(body, type=_CohereReply).embeddings
        return found if isinstance(found, list) else found["float"]
    except (msgspec.DecodeError, KeyError, RecursionError):
        raise ModelFailed(f"Model {spec.id} replied in a shape that the {spec.entry.family} family lacks.") from None


def _unit(vector: list[float], spec: EmbeddingSpec) -> Vector:
    if len(vector) != spec.entry.dimensions:
        raise ModelFailed(
            f"Model {spec.id} returned vectors of {len(vector)} dimensions; models.json says {spec.entry.dimensions}."
        )
    length = math.hypot(*vector)
    if not math.isfinite(length) or length == 0:
        raise ModelFailed(f"Model {spec.id} returned a vector without a direction.")
    return tuple(number / length for number in vector)
