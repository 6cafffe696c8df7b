"""Examples as tokens, and batches of them as one sequence in which what all begin with is computed once.

Prompts of one character begin alike. A packed batch holds that common prefix once and the rests after it; tokens of a
rest see the prefix and their own rest only, at the positions that they have in their example. Losses and gradients are
exactly those of the examples one by one, without padding and at a fraction of the work.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from local.tuning.shapes import Ids


@dataclass(frozen=True)
class Example:
    """Token ids, and the ranges of them (start, end) that are learned, in order; the first token of all never is."""

    tokens: tuple[int, ...]
    learned: tuple[tuple[int, int], ...]

    @property
    def targets(self) -> int:
        """How many tokens are learned."""
        return sum(end - start for start, end in self.learned)


@dataclass(frozen=True)
class Span:
    """Rows `start` to `end` of a packed batch; they also see its first `prefix` rows."""

    start: int
    end: int
    prefix: int

    @property
    def length(self) -> int:
        """Rows."""
        return self.end - self.start


@dataclass(frozen=True)
class Packed:
    """A batch as one sequence. Rows `asked` predict the tokens `wanted`."""

    tokens: Ids
    positions: Ids
    spans: list[Span]
    asked: Ids
    wanted: Ids


def read_examples(path: Path) -> list[Example]:
    """The examples of a file of JSON lines: `tokens` (ids) and `learned` (ranges of indices)."""
    with path.open(encoding="utf-8") as lines:
        return [
            Example(tuple(entry["tokens"]), tuple((start, end) for start, end in entry["learned"]))
            for entry in map(json.loads, lines)
        ]


def write_examples(path: Path, examples: Sequence[Example]) -> None:
    """Writes such a file."""
    with path.open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps({"tokens": each.tokens, "learned": each.learned}) + "\n" for each in examples)


def pack(examples: Sequence[Example]) -> Packed:
    """One sequence of these examples."""
    prefix = _common_prefix(examples)
    tokens, positions = list(examples[0].tokens[:prefix]), list(range(prefix))
    spans = [Span(0, prefix, 0)] if prefix else []
    asked: list[int] = []
    wanted: list[int] = []
    for example in examples:
        start = len(tokens)
        # The last token that is learned predicts nothing.
        last = example.learned[-1][1] - 1
        tokens += example.tokens[prefix:last]
        positions += range(prefix, last)
        spans.append(Span(start, len(tokens), prefix))
        for first, end in example.learned:
            asked += range(start + first - 1 - prefix, start + end - 1 - prefix)
            wanted += example.tokens[first:end]
    return Packed(_ids(tokens), _ids(positions), spans, _ids(asked), _ids(wanted))


def packed_length(examples: Sequence[Example]) -> int:
    """Rows that these examples take when packed."""
    prefix = _common_prefix(examples)
    return prefix + sum(len(example.tokens) - 1 - prefix for example in examples)


def batches(examples: Sequence[Example], size: int, chance: random.Random) -> Iterator[list[Example]]:
    """All examples once, in batches of those of like length, the batches in an order by chance."""
    shuffled = sorted(chance.sample(examples, len(examples)), key=lambda example: len(example.tokens))
    whole = [shuffled[start : start + size] for start in range(0, len(shuffled), size)]
    chance.shuffle(whole)
    yield from whole


def shared_out(examples: Sequence[Example], shares: int) -> list[list[Example]]:
    """The examples of a batch in so many shares of about the same work; with few examples some are empty."""
    parts: list[list[Example]] = [[] for _ in range(shares)]
    for example in sorted(examples, key=lambda each: -len(each.tokens)):
        min(parts, key=lambda part: sum(len(each.tokens) for each in part)).append(example)
    return parts


def within(examples: Sequence[Example], rows: int) -> Iterator[list[Example]]:
    """The examples of a batch in parts of at most so many rows, each at least one example."""
    part: list[Example] = []
    for example in examples:
        if part and packed_length([*part, example]) > rows:
            yield part
            part = []
        part.append(example)
    if part:
        yield part


def _common_prefix(examples: Sequence[Example]) -> int:
    """How many tokens all begin with, short of the one that predicts the first learned token of any."""
    if len(examples) == 1:
        return 0
    most = min(example.learned[0][0] for example in examples) - 1
    for index in range(most):
        if len({example.tokens[index] for example in examples}) > 1:
            return index
    return most


def _ids(values: Sequence[int]) -> Ids:
    return np.asarray(values, np.int64)
