"""all-MiniLM-L6-v2 in NumPy: sentence vectors equal to the published model's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from local.bedrock.wordpiece import WordPiece

DIMENSIONS = 384
MAX_TOKENS = 256
HEADS = 12
LAYERS = 6
# Measured on one core: larger batches leave the cache, smaller ones pay per call.
BATCH_TOKENS = 2048
_NORM_EPSILON = np.float32(1e-12)
_TYPES: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "I64": np.dtype("<i8")}

Array = npt.NDArray[np.float32]


class MiniLM:
    """Embeds texts as unit vectors of 384 numbers."""

    def __init__(self, directory: Path) -> None:
        """Loads `model.safetensors` and `vocab.txt` from a folder; raises OSError if they are missing."""
        self._weights = read_safetensors(directory / "model.safetensors")
        self._tokens = WordPiece.from_file(directory / "vocab.txt")
        self._layers = [self._layer(f"encoder.layer.{number}.") for number in range(LAYERS)]

    def embed(self, texts: Sequence[str]) -> tuple[Array, int]:
        """One row a text, and the number of tokens read; texts beyond 256 tokens are cut."""
        encoded = [self._tokens.encode(text, MAX_TOKENS) for text in texts]
        vectors = np.empty((len(texts), DIMENSIONS), np.float32)
        for batch in _batches([len(numbers) for numbers in encoded]):
            vectors[batch] = self._encode([encoded[index] for index in batch])
        return vectors, sum(map(len, encoded))

    def _layer(self, prefix: str) -> dict[str, Array]:
        """One layer's weights, with query, key and value joined into a single product."""
        weights = self._weights
        names = [f"{prefix}attention.self.{part}." for part in ("query", "key", "value")]
        layer = {
            "qkv.weight": np.ascontiguousarray(np.concatenate([weights[f"{n}weight"] for n in names]).T),
            "qkv.bias": np.concatenate([weights[f"{n}bias"] for n in names]),
        }
        parts = {"output": "attention.output.dense", "up": "intermediate.dense", "down": "output.dense"}
        for part, name in parts.items():
            layer[f"{part}.weight"] = np.ascontiguousarray(weights[f"{prefix}{name}.weight"].T)
            layer[f"{part}.bias"] = weights[f"{prefix}{name}.bias"]
        for part, name in (("attended", "attention.output.LayerNorm"), ("done", "output.LayerNorm")):
            layer[f"{part}.weight"] = weights[f"{prefix}{name}.weight"]
            layer[f"{part}.bias"] = weights[f"{prefix}{name}.bias"]
        return layer

    def _encode(self, batch: list[list[int]]) -> Array:
        width = max(map(len, batch))
        numbers = np.array([row + [0] * (width - len(row)) for row in batch])
        mask = np.array([[1.0] * len(row) + [0.0] * (width - len(row)) for row in batch], np.float32)
        states = self._embeddings(numbers)
        hidden: Array = np.where(mask > 0, np.float32(0), np.float32(-1e9))[:, None, None, :]
        for layer in self._layers:
            states = _norm(states + _attention(states, hidden, layer), layer, "attended")
            raised = _gelu(states @ layer["up.weight"] + layer["up.bias"])
            states = _norm(states + raised @ layer["down.weight"] + layer["down.bias"], layer, "done")
        pooled = (states * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
        unit: Array = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
        return unit

    def _embeddings(self, numbers: npt.NDArray[np.int_]) -> Array:
        weights = self._weights
        states = weights["embeddings.word_embeddings.weight"][numbers]
        states = states + weights["embeddings.position_embeddings.weight"][: numbers.shape[1]]
        states = states + weights["embeddings.token_type_embeddings.weight"][0]
        return _norm(states, weights, "embeddings.LayerNorm")


def read_safetensors(path: Path) -> dict[str, Array]:
    """Maps the tensors of a safetensors file by name, without copying them."""
    data = np.memmap(path, np.uint8, "r")
    header = int.from_bytes(bytes(data[:8]), "little")
    entries = json.loads(bytes(data[8 : 8 + header]))
    entries.pop("__metadata__", None)
    tensors: dict[str, Array] = {}
    for name, entry in entries.items():
        start, end = (8 + header + offset for offset in entry["data_offsets"])
        tensors[name] = data[start:end].view(_TYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors


def _batches(lengths: list[int]) -> list[list[int]]:
    """Indexes grouped so that texts of like length are padded together."""
    batches: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        # In ascending order the newest text is the longest, so it sets the width of its batch.
        if not batches or (len(batches[-1]) + 1) * lengths[index] > BATCH_TOKENS:
            batches.append([])
        batches[-1].append(index)
    return batches


def _attention(states: Array, hidden: Array, layer: dict[str, Array]) -> Array:
    rows, width, _ = states.shape
    joined = states @ layer["qkv.weight"] + layer["qkv.bias"]
    split = joined.reshape(rows, width, 3, HEADS, DIMENSIONS // HEADS).transpose(2, 0, 3, 1, 4)
    query, key, value = split
    scores = query @ key.transpose(0, 1, 3, 2) / np.float32(np.sqrt(DIMENSIONS // HEADS)) + hidden
    scores = np.exp(scores - scores.max(-1, keepdims=True))
    scores /= scores.sum(-1, keepdims=True)
    mixed = (scores @ value).transpose(0, 2, 1, 3).reshape(rows, width, DIMENSIONS)
    result: Array = mixed @ layer["output.weight"] + layer["output.bias"]
    return result


def _norm(states: Array, weights: dict[str, Array], name: str) -> Array:
    centred = states - states.mean(-1, keepdims=True)
    variance = np.square(centred).mean(-1, keepdims=True)
    result: Array = centred / np.sqrt(variance + _NORM_EPSILON) * weights[f"{name}.weight"] + weights[f"{name}.bias"]
    return result


def _gelu(values: Array) -> Array:
    """The exact GELU; erf by Abramowitz and Stegun 7.1.26, whose error of 1.5e-7 is about float32's own."""
    scaled = np.abs(values) * np.float32(np.sqrt(0.5))
    t = 1 / (1 + np.float32(0.3275911) * scaled)
    poly = t * (
        np.float32(0.254829592)
        + t
        * (
            np.float32(-0.284496736)
            + t * (np.float32(1.421413741) + t * (np.float32(-1.453152027) + t * np.float32(1.061405429)))
        )
    )
    erf = np.sign(values) * (1 - poly * np.exp(-scaled * scaled))
    result: Array = values * np.float32(0.5) * (1 + erf)
    return result
