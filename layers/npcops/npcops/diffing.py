"""Compares the chunks a document should have with those the index holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from npcops.lore import SEARCH_TEXT_HASH, Chunk


class Difference(msgspec.Struct, frozen=True):
    """What to do so that the index holds exactly the new chunks of a document.

    `add`: chunks to stage, in reading order. `reuse`: by id of a chunk in `add`, the id of a chunk in the index whose
    search text is the same, so that its vector can be copied. `drop`: ids to delete once the new ones are live.
    `keep`: ids that are in the index already, in reading order.
    """

    add: tuple[Chunk, ...]
    reuse: dict[str, str]
    drop: frozenset[str]
    keep: tuple[str, ...]

    @property
    def embed(self) -> tuple[Chunk, ...]:
        """The chunks of `add` that need an embedding of their own."""
        return tuple(chunk for chunk in self.add if chunk.id not in self.reuse)


def diff(present: Iterable[str], new: Sequence[Chunk]) -> Difference:
    """Compare the ids `present` in the index for one document (staged or live) with its `new` chunks."""
    held = frozenset(present)
    wanted = {chunk.id: chunk for chunk in new}
    add = tuple(chunk for chunk in wanted.values() if chunk.id not in held)
    # Of several with the same vector any will do; the choice must not depend on the order of a set.
    vectors = {identity[:SEARCH_TEXT_HASH]: identity for identity in sorted(held, reverse=True)}
    return Difference(
        add=add,
        reuse={chunk.id: vectors[key] for chunk in add if (key := chunk.id[:SEARCH_TEXT_HASH]) in vectors},
        drop=held - wanted.keys(),
        keep=tuple(identity for identity in wanted if identity in held),
    )
