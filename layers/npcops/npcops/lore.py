"""Typed values of lore: documents, sections, chunks, gates and the passages a search returns."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec


class Viewer(msgspec.Struct, frozen=True):
    """On whose behalf lore is read: the NPC who speaks and the flags of the player it speaks to.

    `flags` is the whole world state as strings; faction and place appear as `faction:NAME` and `place:NAME`.
    `npc` may be None for a studio search that does not take a character's point of view (then `known_by` is
    not a restriction, but `requires` and `forbids` still are).
    """

    npc: str | None
    flags: frozenset[str] = frozenset()


class Gate(msgspec.Struct, frozen=True):
    """The conditions under which a piece of lore may be seen. All three must hold.

    requires: the player has every one of these flags. forbids: the player has none of these flags.
    known_by: the NPC who speaks is one of these; None means everyone knows.
    """

    requires: frozenset[str] = frozenset()
    forbids: frozenset[str] = frozenset()
    known_by: frozenset[str] | None = None

    def admits(self, viewer: Viewer) -> bool:
        """Whether `viewer` may see what this gate protects. This is the definition the stores are held to."""
        if not self.requires <= viewer.flags or self.forbids & viewer.flags:
            return False
        return self.known_by is None or viewer.npc is None or viewer.npc in self.known_by

    def heard(self) -> Gate:
        """The gate of what was said aloud, for those who were present: who knows it does not matter any more."""
        return Gate(self.requires, self.forbids)

    @property
    def key(self) -> str:
        """A stable text form: equal for equal gates, whatever the order of their flags, and only for equal ones."""
        known = None if self.known_by is None else sorted(self.known_by)
        return msgspec.json.encode([sorted(self.requires), sorted(self.forbids), known]).decode()

    @staticmethod
    def all_of(gates: Iterable[Gate]) -> Gate:
        """The gate of a text that quotes several: it admits only those whom every one of `gates` admits."""
        requires: frozenset[str] = frozenset()
        forbids: frozenset[str] = frozenset()
        known_by: frozenset[str] | None = None
        for gate in gates:
            requires |= gate.requires
            forbids |= gate.forbids
            if gate.known_by is not None:
                known_by = gate.known_by if known_by is None else known_by & gate.known_by
        return Gate(requires, forbids, known_by)


OPEN = Gate()


SPACE = "@"
"""Parts the title from the snapshot in the name of a space; titles have none in their names (lore_paths.TITLE)."""


def space_of(title: str, snapshot: str) -> str:
    """Where the index holds a title's lore: the live one's, or a snapshot's."""
    return f"{title}{SPACE}{snapshot}" if snapshot else title


SEARCH_TEXT_HASH = 12
"""How many characters of a chunk id, from its start, are the hash of its search text."""


class Section(msgspec.Struct, frozen=True):
    """A run of text below one heading path, as a reader found it. `headings` excludes the document's title.

    Paragraphs in `text` are separated by a blank line. Tables are one `Column: value; Column: value.` sentence a row.
    """

    headings: tuple[str, ...]
    text: str


class Document(msgspec.Struct, frozen=True):
    """A lore file after reading: what it is called, who may see it, and its text by section."""

    path: str
    title: str
    sections: tuple[Section, ...]
    gate: Gate = OPEN
    canon: bool = True
    language: str | None = None
    tags: tuple[str, ...] = ()


class Chunk(msgspec.Struct, frozen=True):
    """A searchable piece of one section of one document.

    `id` depends on everything a search can see (title of the game, path, heading path, text, gate, canon), so equal
    ids mean that nothing has to be embedded or written again. `position` orders the chunks of a document from 0.
    """

    id: str
    document: str
    title: str
    headings: tuple[str, ...]
    text: str
    position: int
    gate: Gate
    canon: bool = True

    @property
    def heading_path(self) -> str:
        """`Title > Heading > Subheading`."""
        return " > ".join((self.title, *self.headings))

    @property
    def search_text(self) -> str:
        """What is embedded and indexed for words: the text with its title and heading path before it."""
        return f"{self.heading_path}\n{self.text}"


def chunk_id(
    document: str,
    title: str,
    headings: tuple[str, ...],
    text: str,
    gate: Gate,
    canon: bool,
    occurrence: int = 0,
) -> str:
    """24 hexadecimal characters that identify a chunk's content within its game title.

    The first `SEARCH_TEXT_HASH` of them depend on the search text alone: chunks that share them share their vector.
    The others depend on the rest. `occurrence` counts from 0 the chunks of one document that are equal otherwise.
    """
    search_text = msgspec.json.encode([" > ".join((title, *headings)), text])
    rest = msgspec.json.encode([document, title, headings, gate.key, canon, occurrence])
    return "".join(hashlib.blake2b(part, digest_size=SEARCH_TEXT_HASH // 2).hexdigest() for part in (search_text, rest))


class IndexedChunk(msgspec.Struct, frozen=True):
    """A chunk with its embedding vector, L2-normalised, as a store keeps it."""

    chunk: Chunk
    vector: tuple[float, ...]


class ScoredChunk(msgspec.Struct, frozen=True):
    """One candidate of a store's search.

    `similarity` is the cosine (-1 to 1) of question and chunk, whatever engine computed it and whichever side found
    the chunk; None only if the question had no vector. `bm25` is the engine's own score, comparable only within one
    result list; None where the search by words did not find the chunk.
    """

    chunk: Chunk
    similarity: float | None
    bm25: float | None


class Passage(msgspec.Struct, frozen=True):
    """What the model is given and a person sees: one or more neighbouring chunks merged into one text.

    `id` is the id of its best chunk; `chunks` are the ids of all merged ones; `score` is the fused score (0 to 1).
    """

    id: str
    document: str
    title: str
    heading_path: str
    text: str
    score: float
    gate: Gate
    canon: bool
    chunks: tuple[str, ...]
