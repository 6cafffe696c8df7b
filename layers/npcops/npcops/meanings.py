"""Vectors of all the texts of one playing, embedded in one batch, and how near they are to each other."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from npcops.ports import EmbeddingModel

Array = npt.NDArray[np.float32]
# Cards and passages come again in every case: about 16 MB of vectors of 1,024 numbers.
MOST_KEPT = 4096


class Meanings:
    """Looks up vectors. Those of recent texts are kept between playings."""

    def __init__(self, embeddings: EmbeddingModel) -> None:
        self._embeddings = embeddings
        self._kept: OrderedDict[str, Array] = OrderedDict()

    def learn(self, texts: Iterable[str]) -> None:
        """Embed those that are not known yet, in one batch. Raises ModelFailed or ModelUnavailable.

        Only what was learned last can be relied on to be there.
        """
        wanted = list(dict.fromkeys(text for text in texts if text.strip()))
        for text in wanted:
            if text in self._kept:
                self._kept.move_to_end(text)
        new = [text for text in wanted if text not in self._kept]
        vectors = self._embeddings.embed_documents(new) if new else []
        for text, vector in zip(new, vectors, strict=True):
            self._kept[text] = np.asarray(vector, np.float32)
        while len(self._kept) > max(MOST_KEPT, len(wanted)):
            self._kept.popitem(last=False)

    def rows(self, texts: Sequence[str]) -> Array:
        """One row a text, of length 1. Raises KeyError for a text that was not learned."""
        rows: Array = np.stack([self._kept[text] for text in texts])
        return rows

    def cosines(self, some: Sequence[str], others: Sequence[str]) -> Array:
        """A row for each of `some`, a column for each of `others`; both must have at least one."""
        cosines: Array = self.rows(some) @ self.rows(others).T
        return cosines

    def nearest(self, text: str, others: Sequence[str]) -> float:
        """The largest cosine of a text to one of `others`; 0 if there are none."""
        return float(self.cosines([text], others).max()) if others else 0.0


def run_means(rows: Array, size: int) -> Array:
    """The vectors of `size` neighbouring rows each, of length 1: what sentences in a row mean, embedded only once."""
    count = len(rows) - size + 1
    sums = np.sum([rows[at : at + count] for at in range(size)], axis=0)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    result: Array = sums / np.where(lengths > 0, lengths, 1)
    return result
