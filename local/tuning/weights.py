"""Reads a GGUF file of the Llama or Qwen2 architecture, its quantised weights turned back into 32-bit numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np

from local.tuning.shapes import BIASED, NORMS, PROJECTIONS, Array, Ids, Shape, Unsupported, Weights

# Which pairs of numbers RoPE turns together depends on how the file's weights are ordered.
INTERLEAVED = {"llama": True, "qwen2": False}


def read_weights(path: Path) -> Weights:
    """All weights, four bytes for each parameter. Raises Unsupported."""
    reader = gguf.GGUFReader(path)
    shape = _shape(reader)
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    expected = set(_names(shape, tensors))
    if strange := sorted(set(tensors) - expected):
        raise Unsupported(f"The model file has a tensor that is not known here: {strange[0]}.")
    if missing := sorted(expected - set(tensors)):
        raise Unsupported(f"The model file lacks the tensor {missing[0]}.")
    blocks = [
        {
            name.removeprefix(f"blk.{number}.").removesuffix(".weight"): _plain(tensors[name])
            for name in expected
            if name.startswith(f"blk.{number}.")
        }
        for number in range(shape.blocks)
    ]
    table = tensors["token_embd.weight"]
    output = _plain(tensors.get("output.weight", table))
    return Weights(shape, blocks, _plain(tensors["output_norm.weight"]), output, _Embedding(table))


class _Embedding:
    """Rows of the embedding table, made plain when they are asked for."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def __call__(self, tokens: Ids) -> Array:
        return _floats(self._table.data[tokens], self._table.tensor_type)


def _shape(reader: Any) -> Shape:
    kind = str(_field(reader, "general.architecture"))
    if kind not in INTERLEAVED:
        raise Unsupported(f"Models of the architecture {kind} cannot be tuned here, only {' and '.join(INTERLEAVED)}.")
    heads, width = int(_field(reader, f"{kind}.attention.head_count")), int(_field(reader, f"{kind}.embedding_length"))
    for name in (f"{kind}.attention.key_length", f"{kind}.rope.dimension_count"):
        if int(_field(reader, name, width // heads)) != width // heads:
            raise Unsupported(f"Models with a {name} other than width by heads cannot be tuned here.")
    if _field(reader, f"{kind}.rope.scaling.type", "none") != "none":
        raise Unsupported("Models whose positions are scaled cannot be tuned here.")
    return Shape(
        architecture=kind,
        blocks=int(_field(reader, f"{kind}.block_count")),
        width=width,
        heads=heads,
        key_heads=int(_field(reader, f"{kind}.attention.head_count_kv", heads)),
        hidden=int(_field(reader, f"{kind}.feed_forward_length")),
        rope_base=float(_field(reader, f"{kind}.rope.freq_base", 10000.0)),
        epsilon=float(_field(reader, f"{kind}.attention.layer_norm_rms_epsilon")),
        interleaved=INTERLEAVED[kind],
    )


def _field(reader: Any, name: str, default: object = None) -> Any:
    field = reader.get_field(name)
    if field is None and default is None:
        raise Unsupported(f"The model file does not tell its {name}.")
    return default if field is None else field.contents()


def _names(shape: Shape, tensors: dict[str, Any]) -> list[str]:
    biases = [f"{name}.bias" for name in BIASED if f"blk.0.{name}.bias" in tensors]
    parts = [*(f"{name}.weight" for name in (*PROJECTIONS, *NORMS)), *biases]
    ends = ["token_embd.weight", "output_norm.weight", *(["output.weight"] if "output.weight" in tensors else [])]
    return [*ends, *(f"blk.{number}.{part}" for number in range(shape.blocks) for part in parts)]


def _plain(tensor: Any) -> Array:
    return _floats(tensor.data, tensor.tensor_type)


def _floats(data: Any, kind: Any) -> Array:
    return np.ascontiguousarray(gguf.dequantize(data, kind), np.float32)
