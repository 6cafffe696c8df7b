"""Typed values of training data as it was read: who said what to whom, where it stands, and what could not be read."""

from __future__ import annotations

from typing import Literal

import msgspec

DataFormat = Literal["chat", "pairs", "csv", "yarn", "text"]


class Exchange(msgspec.Struct, frozen=True):
    """What somebody says and what is answered. `line` is where it begins in its file, from 1."""

    prompt: str
    completion: str
    line: int = 0


class Example(msgspec.Struct, frozen=True):
    """Exchanges that follow each other, answered by one `speaker` (empty where the data names none).

    What has the same `conversation` was said on one occasion and stays together when data is split.
    """

    conversation: str
    exchanges: tuple[Exchange, ...]
    speaker: str = ""


class Passage(msgspec.Struct, frozen=True):
    """A piece of plain text, to be learned as it is."""

    conversation: str
    text: str
    line: int = 0


class Unread(msgspec.Struct, frozen=True):
    """A record that cannot be used, and why, as a sentence without any of its words."""

    file: str
    line: int
    why: str


class Dataset(msgspec.Struct, frozen=True):
    """Everything that files of training data hold."""

    formats: tuple[DataFormat, ...] = ()
    examples: tuple[Example, ...] = ()
    passages: tuple[Passage, ...] = ()
    unread: tuple[Unread, ...] = ()

    @property
    def read(self) -> int:
        """How many records came: exchanges, passages and what could not be read."""
        return sum(len(each.exchanges) for each in self.examples) + len(self.passages) + len(self.unread)

    def __add__(self, other: Dataset) -> Dataset:
        """Both together."""
        return Dataset(
            tuple(dict.fromkeys((*self.formats, *other.formats))),
            self.examples + other.examples,
            self.passages + other.passages,
            self.unread + other.unread,
        )


class Lesson(msgspec.Struct, frozen=True):
    """An example that an NPC is to learn."""

    npc: str
    conversation: str
    exchanges: tuple[Exchange, ...]
