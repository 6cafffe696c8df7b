"""The network: loss of a packed batch, and its gradients by the adapter.

Kept for the way back is only what takes a large product to find again: per token and block about 13,500 numbers for
half a billion parameters. Norms, products and what attention looked at are computed twice. Logits exist for a few
tokens at a time: of 152,000 words each, those of a batch would be larger than all else.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from local.tuning import parts
from local.tuning.adapters import Adapter, Gradient
from local.tuning.packing import Packed, Span
from local.tuning.shapes import BIASED, Array, Ids, Weights

LOGIT_ROWS = 64


@dataclass(frozen=True)
class _Kept:
    """What a block keeps: what came in, q k v as attention saw them, what it gave, and both halves of the SwiGLU."""

    x: Array
    q: Array
    k: Array
    v: Array
    mixed: Array
    middle: Array
    gate: Array
    up: Array


class Network:
    """Frozen weights and the adapter that is trained."""

    def __init__(self, weights: Weights, adapter: Adapter) -> None:
        self._weights, self._shape, self._adapter = weights, weights.shape, adapter

    def loss(self, batch: Packed) -> float:
        """The sum of the losses of all wanted tokens, in nats."""
        x, _ = self._forward(batch, keep=False)
        return self._judge(x[batch.asked], batch.wanted, None)

    def logits(self, batch: Packed) -> Array:
        """(asked tokens, vocabulary)."""
        x, _ = self._forward(batch, keep=False)
        seen = parts.rms_norm(x[batch.asked], self._weights.norm, self._shape.epsilon)
        return seen @ self._weights.output.T

    def learn(self, batch: Packed, share: float, into: Gradient) -> float:
        """The same sum as `loss`; adds `share` times its gradient."""
        x, kept = self._forward(batch, keep=True)
        gradient = np.zeros_like(x)
        of_asked = np.empty((len(batch.asked), x.shape[1]), x.dtype)
        loss = self._judge(x[batch.asked], batch.wanted, of_asked)
        gradient[batch.asked] = of_asked * x.dtype.type(share)
        turn = parts.turns(self._shape, batch.positions, x.dtype)
        while kept:
            gradient = self._block_back(len(kept) - 1, kept.pop(), batch.spans, turn, gradient, into)
        return loss

    def _forward(self, batch: Packed, keep: bool) -> tuple[Array, list[_Kept]]:
        x = self._weights.embed(batch.tokens)
        turn = parts.turns(self._shape, batch.positions, x.dtype)
        kept: list[_Kept] = []
        for number in range(self._shape.blocks):
            x, block_kept = self._block(number, x, batch.spans, turn)
            if keep:
                kept.append(block_kept)
        return x, kept

    def _block(self, number: int, x: Array, spans: list[Span], turn: tuple[Array, Array]) -> tuple[Array, _Kept]:
        shape, block = self._shape, self._weights.blocks[number]
        seen = parts.rms_norm(x, block["attn_norm"], shape.epsilon)
        q, k, v = (
            self._through(number, name, seen).reshape(len(x), heads, shape.head)
            for name, heads in zip(BIASED, (shape.heads, shape.key_heads, shape.key_heads), strict=True)
        )
        q, k = (parts.rotate(each, turn, shape.interleaved) for each in (q, k))
        mixed = parts.attend(q, k, v, spans).reshape(len(x), -1)
        middle = x + self._through(number, "attn_output", mixed)
        seen = parts.rms_norm(middle, block["ffn_norm"], shape.epsilon)
        gate, up = (self._through(number, name, seen) for name in ("ffn_gate", "ffn_up"))
        y = middle + self._through(number, "ffn_down", parts.swiglu(gate, up))
        return y, _Kept(x, q, k, v, mixed, middle, gate, up)

    def _block_back(
        self, number: int, kept: _Kept, spans: list[Span], turn: tuple[Array, Array], gradient: Array, into: Gradient
    ) -> Array:
        shape, block = self._shape, self._weights.blocks[number]
        back = functools.partial(self._back, into, number)
        of_hidden = back("ffn_down", parts.swiglu(kept.gate, kept.up), gradient)
        of_gate, of_up = parts.swiglu_back(kept.gate, kept.up, of_hidden)
        seen = parts.rms_norm(kept.middle, block["ffn_norm"], shape.epsilon)
        of_seen = back("ffn_gate", seen, of_gate)
        of_seen += back("ffn_up", seen, of_up)
        gradient = gradient + parts.rms_norm_back(kept.middle, block["ffn_norm"], shape.epsilon, of_seen)
        of_mixed = back("attn_output", kept.mixed, gradient).reshape(kept.q.shape)
        of_q, of_k, of_v = parts.attend_back(kept.q, kept.k, kept.v, spans, of_mixed)
        of_q, of_k = (parts.rotate(each, turn, shape.interleaved, back=True) for each in (of_q, of_k))
        seen = parts.rms_norm(kept.x, block["attn_norm"], shape.epsilon)
        rows = len(seen)
        of_seen = np.zeros_like(seen)
        for name, each in zip(BIASED, (of_q, of_k, of_v), strict=True):
            of_seen += back(name, seen, each.reshape(rows, -1))
        return gradient + parts.rms_norm_back(kept.x, block["attn_norm"], shape.epsilon, of_seen)

    def _through(self, number: int, name: str, x: Array) -> Array:
        block = self._weights.blocks[number]
        y = self._adapter.project((number, name), block[name], x)
        bias = block.get(f"{name}.bias")
        if bias is not None:
            y += bias
        return y

    def _back(self, into: Gradient, number: int, name: str, x: Array, gradient: Array) -> Array:
        # Embeddings are frozen: below the first block's projections nobody asks for a gradient.
        onward = number > 0 or name not in BIASED
        return self._adapter.project_back((number, name), self._weights.blocks[number][name], x, gradient, into, onward)

    def _judge(self, x: Array, wanted: Ids, gradient: Array | None) -> float:
        """The summed loss of rows that predict `wanted`; fills in its gradient by them where there is room for it."""
        output, norm, epsilon = self._weights.output, self._weights.norm, self._shape.epsilon
        total = 0.0
        for start in range(0, len(x), LOGIT_ROWS):
            rows = x[start : start + LOGIT_ROWS]
            each = np.arange(len(rows))
            right = wanted[start : start + LOGIT_ROWS]
            logits = parts.rms_norm(rows, norm, epsilon) @ output.T
            logits -= logits.max(-1, keepdims=True)
            chosen = logits[each, right]
            np.exp(logits, out=logits)
            sums = logits.sum(-1, keepdims=True)
            total += float((np.log(sums[:, 0]) - chosen).sum(dtype=np.float64))
            if gradient is not None:
                logits /= sums
                logits[each, right] -= 1
                gradient[start : start + LOGIT_ROWS] = parts.rms_norm_back(rows, norm, epsilon, logits @ output)
        return total
