"""Collects headings, paragraphs and lines in document order and turns them into sections."""

from __future__ import annotations

from npcops.errors import TooLarge
from npcops.lore import Section
from npcops.readers.limits import MAX_HEADING_CHARS, MAX_TEXT_CHARS


def squeeze(text: str) -> str:
    """`text` on one line, every run of whitespace a single space."""
    return " ".join(text.split())


class Outline:
    """A document under construction.

    `heading` starts a section, `paragraph` adds a paragraph to it, and `line` adds one line to a block of lines (a
    list, a dialogue, a table) that lasts until `end_block`, a paragraph or a heading. Raises TooLarge as soon as
    the text outgrows MAX_TEXT_CHARS.
    """

    def __init__(self) -> None:
        self._path: list[tuple[int, str]] = []
        self._blocks: list[list[str]] = []
        self._lines: list[str] = []
        self._sections: list[Section] = []
        self._titles: list[str] = []
        self._chars = 0
        self._heading_is_bare = False

    @property
    def only_title(self) -> str | None:
        """The text of the level 1 heading when there is exactly one: several are chapters, none of them the title."""
        return self._titles[0] if len(self._titles) == 1 else None

    def heading(self, level: int, text: str) -> None:
        """Start a section below the nearest heading of a smaller `level` (1 is the outermost)."""
        text = squeeze(text)
        if not text:
            return
        if len(text) > MAX_HEADING_CHARS:
            self.paragraph(text)
            return
        self._end_section(next_level=level)
        while self._path and self._path[-1][0] >= level:
            self._path.pop()
        self._path.append((level, text))
        self._heading_is_bare = True
        self._count(text)
        if level == 1:
            self._titles.append(text)

    def paragraph(self, text: str) -> None:
        """Add a paragraph; its line breaks are kept, empty lines are not."""
        self.end_block()
        for line in text.split("\n"):
            self.line(line)
        self.end_block()

    def line(self, text: str) -> None:
        """Add a line to the present block."""
        text = squeeze(text)
        if text:
            self._count(text)
            self._lines.append(text)

    def end_block(self) -> None:
        """Let the next line start a block of its own."""
        if self._lines:
            self._blocks.append(self._lines)
            self._lines = []

    def sections(self) -> tuple[Section, ...]:
        """Everything collected so far."""
        self._end_section(next_level=0)
        return tuple(self._sections)

    def _count(self, text: str) -> None:
        self._chars += len(text) + 1
        if self._chars > MAX_TEXT_CHARS:
            raise TooLarge(
                f"This file holds more than {MAX_TEXT_CHARS:,} characters of text. Split it into several files."
            )

    def _end_section(self, next_level: int) -> None:
        self.end_block()
        path = tuple(text for _, text in self._path)
        if self._blocks:
            text = "\n\n".join("\n".join(lines) for lines in self._blocks)
            self._sections.append(Section(path, text))
        elif self._heading_is_bare and next_level <= self._path[-1][0]:
            # A heading that nothing follows is all that is said there: it would be lost as a mere heading.
            self._sections.append(Section(path[:-1], path[-1]))
        self._blocks = []
        self._heading_is_bare = False
