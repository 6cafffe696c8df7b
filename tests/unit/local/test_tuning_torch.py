"""The gradients are also those of torch, where it is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from local.tuning.adapters import Gradient
from local.tuning.network import Network
from local.tuning.packing import Example, pack
from local.tuning.shapes import BIASED, Shape
from tests.tuning_models import random_adapter, random_weights, shape_of

torch = pytest.importorskip("torch")

EXAMPLE = Example((7, 1, 9, 4, 30, 31, 32, 8), ((4, 8),))


@pytest.mark.parametrize("architecture", ["llama", "qwen2"])
def test_gradients_are_those_of_torch(architecture: str) -> None:
    shape = shape_of(architecture)
    weights, adapter = random_weights(shape), random_adapter(shape)
    found = Gradient(adapter)
    loss = Network(weights, adapter).learn(pack([EXAMPLE]), 1.0, found)
    down = {key: torch.tensor(value, requires_grad=True) for key, value in adapter.down.items()}
    up = {key: torch.tensor(value, requires_grad=True) for key, value in adapter.up.items()}
    expected = _loss(shape, weights, down, up, adapter.scale)
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-10)
    for key in adapter.down:
        np.testing.assert_allclose(found.down[key], down[key].grad.numpy(), rtol=1e-7, atol=1e-10)
        np.testing.assert_allclose(found.up[key], up[key].grad.numpy(), rtol=1e-7, atol=1e-10)


def _loss(shape: Shape, weights: Any, down: Any, up: Any, scale: float) -> Any:
    tokens = np.asarray(EXAMPLE.tokens)
    x = torch.tensor(weights.embed(tokens[:-1]))
    for number, block in enumerate(weights.blocks):

        def through(name: str, x: Any, number: int = number, block: Any = block) -> Any:
            weight = torch.tensor(block[name]) + scale * up[number, name] @ down[number, name]
            bias = torch.tensor(block[f"{name}.bias"]) if f"{name}.bias" in block else None
            return torch.nn.functional.linear(x, weight, bias)

        seen = _norm(x, block["attn_norm"], shape.epsilon)
        heads = (shape.heads, shape.key_heads, shape.key_heads)
        q, k, v = (through(name, seen).view(len(x), each, -1) for name, each in zip(BIASED, heads, strict=True))
        q, k = (_turned(each, shape) for each in (q, k))
        k, v = (each.repeat_interleave(shape.heads // shape.key_heads, 1) for each in (k, v))
        q, k, v = (each.transpose(0, 1) for each in (q, k, v))
        mixed = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + through("attn_output", mixed.transpose(0, 1).reshape(len(x), -1))
        seen = _norm(x, block["ffn_norm"], shape.epsilon)
        hidden = torch.nn.functional.silu(through("ffn_gate", seen)) * through("ffn_up", seen)
        x = x + through("ffn_down", hidden)
    logits = _norm(x, weights.norm, shape.epsilon) @ torch.tensor(weights.output).T
    start = EXAMPLE.learned[0][0]
    return torch.nn.functional.cross_entropy(logits[start - 1 :], torch.tensor(tokens[start:]), reduction="sum")


def _norm(x: Any, weight: Any, epsilon: float) -> Any:
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + epsilon) * torch.tensor(weight)


def _turned(x: Any, shape: Shape) -> Any:
    half = shape.head // 2
    angles = torch.outer(
        torch.arange(len(x), dtype=x.dtype), shape.rope_base ** (-torch.arange(half, dtype=x.dtype) / half)
    )
    pairs = x.unflatten(-1, (half, 2)) if shape.interleaved else x.unflatten(-1, (2, half)).transpose(-1, -2)
    turned = torch.view_as_real(
        torch.view_as_complex(pairs.contiguous()) * torch.polar(torch.ones_like(angles), angles)[:, None]
    )
    return (turned if shape.interleaved else turned.transpose(-1, -2)).flatten(-2)
