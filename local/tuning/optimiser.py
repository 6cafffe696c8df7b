"""AdamW with a clipped gradient, and the learning rate that warms up and falls away."""

from __future__ import annotations

import math

import numpy as np

from local.tuning.shapes import Array

MOMENTUM, SPREAD = 0.9, 0.999
EPSILON = 1e-8
LONGEST_GRADIENT = 1.0
# The last steps are not wasted on a rate of almost nothing.
LEAST_RATE = 0.05


class AdamW:
    """Changes `values` in place; `steps`, `mean` and `square` are all that a checkpoint must hold besides them."""

    def __init__(self, values: Array, decay: float) -> None:
        self.values, self._decay = values, decay
        self.steps = 0
        self.mean: Array = np.zeros_like(values)
        self.square: Array = np.zeros_like(values)

    def step(self, gradient: Array, rate: float) -> float:
        """One step against the gradient, which is shortened to LONGEST_GRADIENT; returns how long it was."""
        length = float(np.sqrt(np.dot(gradient, gradient)))
        if not math.isfinite(length):
            raise FloatingPointError("The gradient is not finite; a lower learning rate may help.")
        if length > LONGEST_GRADIENT:
            gradient = gradient * gradient.dtype.type(LONGEST_GRADIENT / length)
        self.steps += 1
        self.mean += (1 - MOMENTUM) * (gradient - self.mean)
        self.square += (1 - SPREAD) * (gradient * gradient - self.square)
        # Both averages begin at zero, and are too small by these shares at first.
        mean_share, square_share = 1 - MOMENTUM**self.steps, 1 - SPREAD**self.steps
        self.values *= 1 - rate * self._decay
        self.values -= (rate / mean_share) * self.mean / (np.sqrt(self.square / square_share) + EPSILON)
        return length


def rate_at(step: int, steps: int, highest: float, warm_up: int) -> float:
    """The learning rate of step 1 to `steps`: up in a line for `warm_up` steps, then down along half a cosine."""
    if step <= warm_up:
        return highest * step / warm_up
    done = (step - warm_up) / max(steps - warm_up, 1)
    return highest * (LEAST_RATE + (1 - LEAST_RATE) * (1 + math.cos(math.pi * done)) / 2)
