"""The embedding bodies of InvokeModel, in the shapes of Cohere Embed and Titan Text Embeddings V2."""

from __future__ import annotations

import uuid
from typing import Any

from local.bedrock.errors import ValidationError
from local.bedrock.minilm import DIMENSIONS, MiniLM

MAX_TEXTS = 96
_INPUT_TYPES = ("search_document", "search_query", "classification", "clustering")
_TRUNCATE = ("NONE", "START", "LEFT", "END", "RIGHT")


def invoke(model: MiniLM, body: Any) -> tuple[dict[str, Any], int]:
    """The response and the number of tokens read; raises ValidationError that names the field at fault."""
    if isinstance(body, dict) and "texts" in body:
        return _cohere(model, body)
    if isinstance(body, dict) and "inputText" in body:
        return _titan(model, body)
    raise ValidationError("Malformed input request: texts or inputText is required.")


def _cohere(model: MiniLM, body: dict[str, Any]) -> tuple[dict[str, Any], int]:
    texts = body["texts"]
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValidationError("Malformed input request: texts must be a list of strings.")
    if not 1 <= len(texts) <= MAX_TEXTS:
        raise ValidationError(f"Malformed input request: texts must hold 1 to {MAX_TEXTS} strings.")
    if body.get("input_type") not in _INPUT_TYPES:
        raise ValidationError(f"Malformed input request: input_type must be one of {', '.join(_INPUT_TYPES)}.")
    if body.get("truncate", "NONE") not in _TRUNCATE:
        raise ValidationError(f"Malformed input request: truncate must be one of {', '.join(_TRUNCATE)}.")
    vectors, tokens = model.embed(texts)
    response = {
        "embeddings": vectors.tolist(),
        "id": str(uuid.uuid4()),
        "response_type": "embeddings_floats",
        "texts": texts,
    }
    return response, tokens


def _titan(model: MiniLM, body: dict[str, Any]) -> tuple[dict[str, Any], int]:
    text = body["inputText"]
    if not isinstance(text, str) or not text:
        raise ValidationError("Malformed input request: inputText must be a string that is not empty.")
    if body.get("dimensions", DIMENSIONS) != DIMENSIONS:
        raise ValidationError(f"Malformed input request: dimensions must be {DIMENSIONS}.")
    if not isinstance(body.get("normalize", True), bool) or not body.get("normalize", True):
        raise ValidationError("Malformed input request: normalize must be true for this model.")
    vectors, tokens = model.embed([text])
    return {"embedding": vectors[0].tolist(), "inputTextTokenCount": tokens}, tokens
