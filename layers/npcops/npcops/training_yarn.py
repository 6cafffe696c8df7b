"""Reads who answers what in Yarn Spinner scripts: lines with a speaker's name, and options, which the player says."""

from __future__ import annotations

import re

from npcops.errors import UnreadableDocument
from npcops.readers.yarn_lines import spoken
from npcops.training_records import Example, Exchange

_BODY, _END, _TITLE = "---", "===", "title"
_SPEAKER = re.compile(r"([^\W\d_][^:]{0,39}):\s+(\S.*)", re.S)
_OPTION = re.compile(r"^\s*(?:->|=>)")
_BRANCH = re.compile(r"<<\s*(if|elseif|else|endif)\b")


def examples_of(text: str) -> tuple[Example, ...]:
    """The exchanges of all nodes; those of a node belong together. Raises UnreadableDocument if there is no node."""
    found: list[Example] = []
    node, title = None, ""
    for number, line in enumerate(text.split("\n"), 1):
        mark = line.strip()
        key, _, value = mark.partition(":")
        if node is None and mark == _BODY:
            node = _Node(title or f"node {number}")
        elif node is not None and mark == _END:
            found += node.examples()
            node, title = None, ""
        elif node is not None:
            node.line(number, line)
        elif key.strip().lower() == _TITLE:
            title = value.strip()
    if node is not None:
        found += node.examples()
    elif not found and _BODY not in text:
        raise UnreadableDocument(
            "This Yarn file has no node. A node starts with a line `title: Name`, then ---, its lines, and ===."
        )
    return tuple(found)


class _Node:
    """What is said in a node. What was said before a branch is not known after it, nor what before an option."""

    def __init__(self, conversation: str) -> None:
        self._conversation = conversation
        self._heard: tuple[str, str] | None = None  # who spoke last, and what
        self._answered: str | None = None  # what the present speaker answers, if anything
        self._branches: list[tuple[str, str] | None] = []
        self._option: int | None = None  # how far the present option is indented
        self._found: list[tuple[str, list[Exchange]]] = []

    def examples(self) -> list[Example]:
        """One example for each answer."""
        return [Example(self._conversation, tuple(exchanges), speaker) for speaker, exchanges in self._found]

    def line(self, number: int, line: str) -> None:
        """Take the next line."""
        if branch := _BRANCH.search(line):
            self._branch(branch[1])
        indent = len(line) - len(line.lstrip())
        if self._option is not None and line.strip() and indent <= self._option:
            self._option, self._heard, self._answered = None, None, None
        said = spoken(line.strip())
        if not said:
            return
        if _OPTION.match(line):
            self._option = indent
            self._heard, self._answered = ("", said.removeprefix("- ").strip()), None
        elif named := _SPEAKER.fullmatch(said):
            self._says(named[1].strip(), named[2].strip(), number)
        else:
            self._heard, self._answered = None, None

    def _branch(self, kind: str) -> None:
        if kind == "if":
            self._branches.append(self._heard)
        elif kind == "endif":
            # One of the branches was gone through, nobody knows which.
            self._branches, self._heard = self._branches[:-1], None
        else:
            self._heard = self._branches[-1] if self._branches else None
        self._answered = None

    def _says(self, speaker: str, text: str, number: int) -> None:
        if self._heard and self._heard[0] == speaker:
            # The same speaker goes on: one answer, however many lines it takes.
            self._heard = (speaker, f"{self._heard[1]} {text}")
            if self._answered is not None:
                self._extend(text)
            return
        self._answered = self._heard[1] if self._heard else None
        if self._answered is not None:
            self._found.append((speaker, [Exchange(self._answered, text, number)]))
        self._heard = (speaker, text)

    def _extend(self, text: str) -> None:
        speaker, (exchange,) = self._found[-1]
        whole = Exchange(exchange.prompt, f"{exchange.completion} {text}", exchange.line)
        self._found[-1] = (speaker, [whole])
