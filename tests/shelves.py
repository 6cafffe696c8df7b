"""An `AnswerStore` in memory, for tests that keep thousands of answers; its contract is tested with the others'."""

from __future__ import annotations

import time
from collections import defaultdict

from npcops.answers import Answer


class Shelves:
    """Answers by shelf, oldest first, each with the time at which it expires."""

    def __init__(self) -> None:
        self.kept: dict[str, list[tuple[float, Answer]]] = defaultdict(list)

    def newest(self, shelf: str, limit: int) -> list[Answer]:
        now = time.time()
        return [answer for expires, answer in self.kept.get(shelf, [])[: -limit - 1 : -1] if expires > now]

    def add(self, shelf: str, answer: Answer, seconds: int) -> None:
        self.kept[shelf].append((time.time() + seconds, answer))

    @property
    def answers(self) -> list[Answer]:
        """All that is kept."""
        return [answer for shelf in self.kept.values() for _, answer in shelf]
