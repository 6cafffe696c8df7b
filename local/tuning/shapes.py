"""What a model of the Llama and Qwen2 families consists of: its dimensions, and its weights as plain arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.floating[Any]]]
Ids = np.ndarray[Any, np.dtype[np.int64]]
# Names are those of the GGUF format, in which an adapter names what it adapts.
PROJECTIONS = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
NORMS = ("attn_norm", "ffn_norm")
BIASED = ("attn_q", "attn_k", "attn_v")


class Unsupported(Exception):
    """The file holds a model of a kind that cannot be tuned here; the message says which."""


@dataclass(frozen=True)
class Shape:
    """Dimensions. `key_heads` share out `heads` among them; `interleaved` tells which numbers RoPE turns together:
    neighbours (Llama), or those half a head apart (Qwen2).
    """

    architecture: str
    blocks: int
    width: int
    heads: int
    key_heads: int
    hidden: int
    rope_base: float
    epsilon: float
    interleaved: bool

    @property
    def head(self) -> int:
        """Numbers of one head."""
        return self.width // self.heads

    def projection(self, name: str) -> tuple[int, int]:
        """Rows (numbers that come out) and columns (numbers that go in) of a projection."""
        keys = self.key_heads * self.head
        return {
            "attn_q": (self.width, self.width),
            "attn_k": (keys, self.width),
            "attn_v": (keys, self.width),
            "attn_output": (self.width, self.width),
            "ffn_gate": (self.hidden, self.width),
            "ffn_up": (self.hidden, self.width),
            "ffn_down": (self.width, self.hidden),
        }[name]


@dataclass(frozen=True)
class Weights:
    """Frozen weights. A block maps PROJECTIONS and NORMS to arrays, and `<projection>.bias` where it has one.

    `embed` gives rows of the embedding table: no gradient ever needs the whole of it. `output` is (vocabulary, width).
    """

    shape: Shape
    blocks: list[dict[str, Array]]
    norm: Array
    output: Array
    embed: Callable[[Ids], Array]
