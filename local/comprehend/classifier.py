"""A logistic model over a text's runs of characters: how it learns, and how sure it is that a text is toxic."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from local.comprehend.ngrams import BUCKETS, pieces

EPOCHS, BATCH = 3, 256
RATE = 0.5
_EPSILON = 1e-8
Weights = NDArray[np.float32]


@dataclass(frozen=True)
class Classifier:
    """`weights` of all buckets, and `bias`."""

    weights: Weights
    bias: float

    def toxicity(self, text: str) -> float:
        """From 0 to 1; above 0.5 it is more likely toxic than not."""
        found = pieces(text)
        return float(_certainty(self.weights[found].sum() / np.sqrt(len(found)) + self.bias))

    def save(self, file: Path) -> None:
        """Write it so that a reader sees all of it or nothing."""
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=file.parent) as folder:
            draft = Path(folder) / "draft.npz"
            np.savez(draft, weights=self.weights, bias=np.float64(self.bias))
            draft.replace(file)

    @classmethod
    def load(cls, file: Path) -> Classifier:
        """Raises OSError or ValueError for what is no classifier."""
        with np.load(file, allow_pickle=False) as stored:
            if set(stored) != {"weights", "bias"} or stored["weights"].shape != (BUCKETS,):
                raise ValueError(f"{file} holds no classifier")
            return cls(stored["weights"], float(stored["bias"]))


def train(texts: Iterable[str], toxic: Sequence[bool], seed: int = 7) -> Classifier:
    """Learn from labelled texts: by gradients whose steps shrink bucket by bucket (Adagrad), in a fixed order."""
    rows = [pieces(text) for text in texts]
    targets = np.asarray(toxic, np.float32)
    order, learner = np.random.default_rng(seed), _Learner()
    for _ in range(EPOCHS):
        shuffled = order.permutation(len(rows))
        for start in range(0, len(rows), BATCH):
            chosen = shuffled[start : start + BATCH]
            learner.step([rows[row] for row in chosen], targets[chosen])
    return Classifier(learner.weights, learner.bias)


class _Learner:
    def __init__(self) -> None:
        self.weights, self.bias = np.zeros(BUCKETS, np.float32), 0.0
        self._seen, self._seen_bias = np.full(BUCKETS, _EPSILON, np.float32), _EPSILON

    def step(self, batch: Sequence[NDArray[np.int32]], targets: Weights) -> None:
        lengths = np.fromiter(map(len, batch), np.int64, len(batch))
        starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
        buckets, scale = np.concatenate(batch), (1 / np.sqrt(lengths)).astype(np.float32)
        wrong = _certainty(np.add.reduceat(self.weights[buckets], starts) * scale + self.bias) - targets
        touched, place = np.unique(buckets, return_inverse=True)
        pull = np.bincount(place, np.repeat(wrong * scale, lengths)).astype(np.float32) / len(batch)
        self._seen[touched] += pull**2
        self.weights[touched] -= RATE * pull / np.sqrt(self._seen[touched])
        drift = float(wrong.mean())
        self._seen_bias += drift**2
        self.bias -= RATE * drift / self._seen_bias**0.5


def _certainty(score: Any) -> Any:
    return 1 / (1 + np.exp(-np.clip(score, -30, 30)))
