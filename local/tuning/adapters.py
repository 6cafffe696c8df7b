"""A low-rank adapter: for each adapted projection two thin matrices, whose product is added to the frozen one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from local.tuning.shapes import PROJECTIONS, Array, Shape

Key = tuple[int, str]


class Adapter:
    """`down[key]` is (rank, columns), `up[key]` (rows, rank); key is block and projection. `scale` is alpha / rank.

    All are views of one vector `values`, so that a step is one expression.
    """

    def __init__(self, shape: Shape, rank: int, alpha: float, dtype: type = np.float32) -> None:
        """An adapter of zeros."""
        self.rank, self.alpha, self.scale = rank, alpha, alpha / rank
        self._sizes = {key: shape.projection(key[1]) for key in _keys(shape)}
        total = sum(rank * (rows + columns) for rows, columns in self._sizes.values())
        self.values: Array = np.zeros(total, dtype)
        self.down, self.up = self.views(self.values)

    def views(self, vector: Array) -> tuple[dict[Key, Array], dict[Key, Array]]:
        """The matrices `down` and `up` that a vector like `values` consists of."""
        down: dict[Key, Array] = {}
        up: dict[Key, Array] = {}
        at = 0
        for key, (rows, columns) in self._sizes.items():
            middle, end = at + self.rank * columns, at + self.rank * (columns + rows)
            down[key] = vector[at:middle].reshape(self.rank, columns)
            up[key] = vector[middle:end].reshape(rows, self.rank)
            at = end
        return down, up

    def start(self, seed: int) -> None:
        """What training begins with: `down` by chance, `up` zero, so that at first nothing is added."""
        chance = np.random.default_rng(seed)
        for matrix in self.down.values():
            limit = matrix.shape[1] ** -0.5
            matrix[...] = chance.uniform(-limit, limit, matrix.shape)

    def project(self, key: Key, weight: Array, x: Array) -> Array:
        """`x` through the adapted projection."""
        y = x @ weight.T
        y += (x @ self.down[key].T * x.dtype.type(self.scale)) @ self.up[key].T
        return y

    def project_back(
        self, key: Key, weight: Array, x: Array, gradient: Array, into: Gradient, onward: bool = True
    ) -> Array:
        """Adds the gradients of both matrices; returns the one of `x` (zeros if nobody wants it `onward`)."""
        scaled = gradient * x.dtype.type(self.scale)
        through = scaled @ self.up[key]
        into.up[key] += scaled.T @ (x @ self.down[key].T)
        into.down[key] += through.T @ x
        if not onward:
            return np.zeros_like(x)
        back = gradient @ weight
        back += through @ self.down[key]
        return back


def _keys(shape: Shape) -> Iterator[Key]:
    for block in range(shape.blocks):
        for name in PROJECTIONS:
            yield block, name


class Gradient:
    """The gradient by an adapter's values, which grows from zero."""

    def __init__(self, adapter: Adapter) -> None:
        self.values: Array = np.zeros_like(adapter.values)
        self.down, self.up = adapter.views(self.values)
