"""Models of a few thousand random weights in the shapes of Llama and Qwen2, also as files that the runtime loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from local.tuning.adapters import Adapter
from local.tuning.shapes import BIASED, NORMS, PROJECTIONS, Array, Shape, Weights

BYTES = 256
END = BYTES


def shape_of(architecture: str) -> Shape:
    return Shape(
        architecture, blocks=2, width=32, heads=4, key_heads=2, hidden=48, rope_base=10000.0, epsilon=2**-16,
        interleaved=architecture == "llama",
    )  # fmt: skip


def random_weights(shape: Shape, dtype: type = np.float64, vocabulary: int = BYTES + 1, seed: int = 3) -> Weights:
    chance = np.random.default_rng(seed)

    def some(*size: int) -> Array:
        return (chance.normal(size=size) * size[-1] ** -0.5).astype(dtype)

    def block() -> dict[str, Array]:
        arrays = {name: some(*shape.projection(name)) for name in PROJECTIONS}
        arrays |= {name: (1 + some(shape.width)).astype(dtype) for name in NORMS}
        if shape.architecture == "qwen2":
            arrays |= {f"{name}.bias": some(shape.projection(name)[0]) for name in BIASED}
        return arrays

    table = chance.normal(size=(vocabulary, shape.width)).astype(dtype)
    blocks = [block() for _ in range(shape.blocks)]
    norm = (1 + some(shape.width)).astype(dtype)
    return Weights(shape, blocks, norm, some(vocabulary, shape.width), lambda tokens: table[tokens])


def random_adapter(shape: Shape, rank: int = 3, dtype: type = np.float64) -> Adapter:
    adapter = Adapter(shape, rank, 2.0 * rank, dtype)
    adapter.values[...] = np.random.default_rng(5).normal(size=adapter.values.shape) * 0.2
    return adapter


def write_gguf(path: Path, weights: Weights) -> None:
    """The weights as 32-bit numbers, with a vocabulary of the 256 bytes and an end."""
    import gguf

    shape, name = weights.shape, weights.shape.architecture
    writer = gguf.GGUFWriter(path, name)
    for add, value in (
        (writer.add_block_count, shape.blocks),
        (writer.add_context_length, 4096),
        (writer.add_embedding_length, shape.width),
        (writer.add_feed_forward_length, shape.hidden),
        (writer.add_head_count, shape.heads),
        (writer.add_head_count_kv, shape.key_heads),
        (writer.add_rope_freq_base, shape.rope_base),
        (writer.add_layer_norm_rms_eps, shape.epsilon),
        (writer.add_rope_dimension_count, shape.head),
        (writer.add_vocab_size, BYTES + 1),
    ):
        add(value)
    _write_vocabulary(writer)
    for tensor, array in _tensors(weights):
        writer.add_tensor(tensor, np.ascontiguousarray(array, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _tensors(weights: Weights) -> list[tuple[str, Array]]:
    named = [("token_embd.weight", weights.embed(np.arange(BYTES + 1))), ("output_norm.weight", weights.norm)]
    named.append(("output.weight", weights.output))
    for number, block in enumerate(weights.blocks):
        for name, array in block.items():
            end = "" if name.endswith(".bias") else ".weight"
            named.append((f"blk.{number}.{name}{end}", array))
    return named


def _write_vocabulary(writer: Any) -> None:
    import gguf

    # The letters by which byte-level vocabularies write the 256 bytes.
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(BYTES) if byte not in plain]
    letters = {byte: chr(byte) for byte in plain} | {byte: chr(BYTES + place) for place, byte in enumerate(others)}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([letters[byte] for byte in range(BYTES)] + ["<|end|>"])
    writer.add_token_types([gguf.TokenType.NORMAL] * BYTES + [gguf.TokenType.CONTROL])
    writer.add_token_merges(["a b"])
    writer.add_eos_token_id(END)
    writer.add_bos_token_id(END)
    writer.add_add_bos_token(False)
