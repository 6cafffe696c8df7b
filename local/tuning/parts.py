"""The pieces of a transformer, each with its derivative: RMS norm, RoPE, SwiGLU and grouped-query attention.

Rows are tokens. A derivative takes the gradient of what its piece gave, and returns the one of what went in.
"""

from __future__ import annotations

import numpy as np

from local.tuning.packing import Span
from local.tuning.shapes import Array, Ids, Shape

_HIDDEN_SCORE = -1e30


def rms_norm(x: Array, weight: Array, epsilon: float) -> Array:
    """The rows of `x` divided by their root mean square, times the weight."""
    return _inverse_rms(x, epsilon) * weight * x


def rms_norm_back(x: Array, weight: Array, epsilon: float, gradient: Array) -> Array:
    """The derivative of `rms_norm` by `x`."""
    inverse = _inverse_rms(x, epsilon)
    scaled = gradient * weight
    along = np.einsum("ij,ij->i", scaled, x)[:, None] / x.shape[1]
    turned: Array = inverse * scaled - (inverse**3 * along) * x
    return turned


def _inverse_rms(x: Array, epsilon: float) -> Array:
    inverse: Array = (np.einsum("ij,ij->i", x, x)[:, None] / x.shape[1] + x.dtype.type(epsilon)) ** -0.5
    return inverse


def turns(shape: Shape, positions: Ids, dtype: np.dtype[np.floating]) -> tuple[Array, Array]:
    """Cosines and sines (tokens, 1, half a head) by which RoPE turns the tokens at these positions."""
    half = shape.head // 2
    angles = np.outer(positions, shape.rope_base ** (-np.arange(half) / half))[:, None, :]
    return np.cos(angles).astype(dtype), np.sin(angles).astype(dtype)


def rotate(x: Array, turn: tuple[Array, Array], interleaved: bool, back: bool = False) -> Array:
    """RoPE on `x` (tokens, heads, head); `back` turns the other way, which is its derivative."""
    cosine, sine = turn
    sine = -sine if back else sine
    turned = np.empty_like(x)
    half = x.shape[2] // 2
    first, second = (slice(0, None, 2), slice(1, None, 2)) if interleaved else (slice(0, half), slice(half, None))
    turned[..., first] = x[..., first] * cosine - x[..., second] * sine
    turned[..., second] = x[..., second] * cosine + x[..., first] * sine
    return turned


def swiglu(gate: Array, up: Array) -> Array:
    """SiLU of the gate times what goes up."""
    return gate * _sigmoid(gate) * up


def swiglu_back(gate: Array, up: Array, gradient: Array) -> tuple[Array, Array]:
    """The derivatives of `swiglu` by gate and up."""
    sigmoid = _sigmoid(gate)
    silu = gate * sigmoid
    return gradient * up * (sigmoid + silu * (1 - sigmoid)), gradient * silu


def _sigmoid(x: Array) -> Array:
    # The hyperbolic tangent overflows nowhere.
    half = x.dtype.type(0.5)
    sigmoid: Array = np.tanh(x * half) * half + half
    return sigmoid


def attend(q: Array, k: Array, v: Array, spans: list[Span]) -> Array:
    """Each token of a span looks back at its own span and at the span's prefix; all are (tokens, heads, head)."""
    mixed = np.empty_like(q)
    for span in spans:
        chances = _chances(q, k, span)
        spread = chances @ _gathered(v, span)
        mixed[span.start : span.end] = _by_token(spread, span.length)
    return mixed


def attend_back(q: Array, k: Array, v: Array, spans: list[Span], gradient: Array) -> tuple[Array, Array, Array]:
    """The derivatives of `attend` by q, k and v. What each token looked at is found again rather than kept."""
    of_q, of_k, of_v = np.empty_like(q), np.zeros_like(k), np.zeros_like(v)
    scale = q.dtype.type(q.shape[2] ** -0.5)
    for span in spans:
        chances = _chances(q, k, span)
        coming = _by_key_head(gradient[span.start : span.end], k.shape[1])
        of_chances = coming @ _gathered(v, span).transpose(0, 2, 1)
        of_chances -= np.einsum("hij,hij->hi", of_chances, chances)[:, :, None]
        of_chances *= chances
        of_chances *= scale
        of_q[span.start : span.end] = _by_token(of_chances @ _gathered(k, span), span.length)
        asked = _by_key_head(q[span.start : span.end], k.shape[1])
        _scatter(of_k, of_chances.transpose(0, 2, 1) @ asked, span)
        _scatter(of_v, chances.transpose(0, 2, 1) @ coming, span)
    return of_q, of_k, of_v


def _chances(q: Array, k: Array, span: Span) -> Array:
    """How much each token looks at each key: (key heads, heads of each by tokens, keys), rows summing to 1."""
    asked = _by_key_head(q[span.start : span.end], k.shape[1])
    scores = asked @ _gathered(k, span).transpose(0, 2, 1)
    scores *= q.dtype.type(q.shape[2] ** -0.5)
    later = np.triu(np.full((span.length, span.length), _HIDDEN_SCORE, q.dtype), 1)
    own = scores.reshape(k.shape[1], -1, span.length, scores.shape[2])[..., span.prefix :]
    own += later
    scores -= scores.max(-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(-1, keepdims=True)
    return scores


def _by_key_head(x: Array, key_heads: int) -> Array:
    """(tokens, heads, head) as (key heads, heads of each by tokens, head)."""
    tokens, heads, head = x.shape
    grouped = x.reshape(tokens, key_heads, heads // key_heads, head)
    return np.ascontiguousarray(grouped.transpose(1, 2, 0, 3)).reshape(key_heads, -1, head)


def _by_token(x: Array, tokens: int) -> Array:
    """The way back."""
    key_heads, _, head = x.shape
    return x.reshape(key_heads, -1, tokens, head).transpose(2, 0, 1, 3).reshape(tokens, -1, head)


def _gathered(x: Array, span: Span) -> Array:
    """Keys or values that a span sees: (key heads, prefix and own tokens, head)."""
    seen = np.concatenate([x[: span.prefix], x[span.start : span.end]])
    return np.ascontiguousarray(seen.transpose(1, 0, 2))


def _scatter(total: Array, gradient: Array, span: Span) -> None:
    rows = gradient.transpose(1, 0, 2)
    total[: span.prefix] += rows[: span.prefix]
    total[span.start : span.end] += rows[span.prefix :]
