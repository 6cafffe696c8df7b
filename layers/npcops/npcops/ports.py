"""What use cases need from the outside world. Adapters implement these; one contract suite holds all of them.

Every method may raise the errors named in its docstring and `StoreUnavailable` / `ModelUnavailable` when the
service behind it does not answer; nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from npcops.catalogue import Move, VersionInfo
from npcops.characters import ActionSet, ExampleSet, GameTitle, NpcCard, PromptTemplate
from npcops.hydration import LedgerEntry, Outcome, SourceObject
from npcops.lore import IndexedChunk, ScoredChunk, Viewer
from npcops.model_calls import Delta, Prompt, Reply
from npcops.promotions import Promoted


class ChatModel(Protocol):
    """A model that speaks."""

    def reply(self, prompt: Prompt, model: str | None = None) -> Reply:
        """Answer `prompt` with `model` (default: the stage's). Raises ModelFailed or ModelUnavailable."""

    def stream(self, prompt: Prompt, model: str | None = None) -> Iterator[Delta | Reply]:
        """The same reply in pieces as they come, and at last as a whole. Raises like `reply`, also in between.

        Closing the iterator early ends the call.
        """


class EmbeddingModel(Protocol):
    """A model that turns text into L2-normalised vectors."""

    def embed_documents(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        """One vector per text, in order; batches as the provider allows. Raises ModelFailed or ModelUnavailable."""

    def embed_queries(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        """The vectors of questions, in order, in the time that one takes. Raises ModelFailed or ModelUnavailable."""


class VectorStore(Protocol):
    """The lore index of all game titles. No method ever crosses from one title to another.

    A chunk is staged first and becomes visible to `search` when its document is committed.
    """

    def stage(self, title: str, chunks: Sequence[IndexedChunk]) -> None:
        """Write chunks, invisible to searches. A chunk id that exists already (staged or live) is left as it is."""

    def commit(self, title: str, document: str, keep: Sequence[str]) -> int:
        """Make the chunks of `document` whose ids are in `keep` live and delete all its others.

        `keep` is in the order of the document: a chunk's position becomes its (first) place there, for an edit above
        it may have moved it. Returns how many chunks of `document` are live afterwards. Idempotent; an empty `keep`
        removes the document. Raises ChunksMissing, changing nothing, if a chunk of `keep` is not there.
        """

    def present(self, title: str, document: str) -> set[str]:
        """The ids of all chunks of `document`, staged or live."""

    def vectors(self, title: str, ids: Sequence[str]) -> dict[str, tuple[float, ...]]:
        """The vectors of those of `ids` that exist."""

    def search(self, title: str, text: str, vector: Sequence[float], viewer: Viewer, limit: int) -> list[ScoredChunk]:
        """The union of the best `limit` live chunks by vector and the best `limit` by words that `viewer` may see.

        The gate is part of both queries: a chunk that `chunk.gate.admits(viewer)` denies is never read from the
        index. Results are in no promised order.
        """

    def publish(self, title: str, chunks: Sequence[IndexedChunk]) -> None:
        """Write chunks that need no commit to be live, each at its own position; an id that exists is left as it is.

        For copies that nobody searches before they are whole: searches may see a document while it is being written.
        """

    def live(self, title: str, after: str = "") -> Iterator[IndexedChunk]:
        """Every live chunk with its vector, document by document, in the order of each document.

        Documents come by path (as UTF-8), those after path `after` alone. It is read in pages: what is committed
        meanwhile may be in it or not.
        """

    def live_ids(self, title: str) -> Iterator[tuple[str, str]]:
        """Document and id of every live chunk, in the order of `live`; much faster than that."""

    def live_counts(self, title: str) -> dict[str, int]:
        """Number of live chunks per document, for reconciliation."""

    def drop_title(self, title: str) -> None:
        """Delete everything of a title. A snapshot's space (`lore.space_of`) is a title of its own here."""


class LoreBucket(Protocol):
    """The lore files of all titles, at `lore/{title}/{path}`."""

    def read(self, title: str, path: str, limit: int) -> SourceObject | None:
        """The current object, or None if there is none; one of over `limit` bytes comes without its data."""

    def exists(self, title: str, path: str) -> bool:
        """Whether there is an object."""

    def delete(self, title: str, path: str) -> None:
        """Delete the object and its sidecar; deleting what does not exist is no error and no event."""

    def upload_url(self, title: str, path: str, content_type: str, expires_seconds: int) -> str:
        """A presigned PUT URL for exactly this key and content type."""

    def listing(self, title: str) -> Iterator[tuple[str, str]]:
        """(path, etag) of every object of a title."""

    def titles(self) -> Iterator[str]:
        """Every title that has an object."""


class WorkFiles(Protocol):
    """Intermediate files of a hydration, in a bucket nothing watches."""

    def put(self, key: str, data: bytes) -> None:
        """Write or overwrite."""

    def get(self, key: str) -> bytes:
        """Read. Raises NotFound."""

    def delete(self, keys: list[str]) -> None:
        """Remove files; a missing one is no error."""


class HydrationStarter(Protocol):
    """Starts the hydration of one document outside the bucket's own events."""

    def start(self, title: str, path: str) -> None:
        """Start it. Raises StoreUnavailable."""


class LoreLedger(Protocol):
    """The state of every document, and the arbiter of which hydration may commit."""

    def claim(self, title: str, path: str, sequencer: str, generation: str) -> LedgerEntry | None:
        """Take over the document for `generation`; returns the entry as it was before, None if new.

        Raises Superseded when the ledger has already seen a newer `sequencer`, or the same one with a final outcome.
        An empty sequencer (reconciliation) always wins and leaves the recorded one as it is.
        """

    def plan(self, title: str, path: str, generation: str, planned: Sequence[str], etag: str) -> None:
        """Record the chunk ids `generation` is about to make live. Raises Superseded if it lost the document."""

    def finish(self, title: str, path: str, generation: str, outcome: Outcome) -> None:
        """Record how it ended; `ready` and `deleted` turn `planned` into `manifest`.

        Raises Superseded if `generation` no longer holds the document.
        """

    def get(self, title: str, path: str) -> LedgerEntry | None:
        """One document's entry."""

    def entries(self, title: str, after: str = "") -> Iterator[LedgerEntry]:
        """The entries of a title after path `after`, by path, deleted ones too, without `manifest` and `planned`."""

    def titles(self) -> Iterator[str]:
        """Every title that has an entry, once each, in no promised order. Reads the whole ledger."""


class ScriptSource(Protocol):
    """Reads what is authored for turns, by label."""

    def npc(self, title: str, name: str, label: str) -> tuple[NpcCard, str]:
        """The labelled card and its version. Raises NotFound."""

    def prompt(self, title: str, name: str, label: str) -> tuple[PromptTemplate, str]:
        """The labelled prompt and its version. Raises NotFound."""

    def game(self, title: str, label: str) -> tuple[GameTitle, str]:
        """The title's own entry and its version; a bare one with its id for a name, and "", if none was stored."""

    def examples(self, title: str, name: str, label: str) -> tuple[ExampleSet, str]:
        """The labelled set of examples and its version. Raises NotFound."""

    def actions(self, title: str, name: str, label: str) -> tuple[ActionSet, str]:
        """The labelled set of actions and its version. Raises NotFound."""


class Catalog(ScriptSource, Protocol):
    """Versioned data that domain experts change: cards, prompts, cases. Labels point at versions."""

    def put(
        self,
        title: str,
        kind: str,
        name: str,
        content: dict[str, Any],
        author: str,
        note: str,
        origin: str = "",
        after: str = "",
    ) -> str:
        """Store an immutable version and return its id (a content hash). The same content is the same version.

        `origin` is where it was copied from (see VersionInfo). Raises Conflict if the version stored last is not
        `after`, where that is given.
        """

    def label(self, title: str, kind: str, name: str, move: Move, fence: str | None = None) -> None:
        """Move `move.label` to `move.version` and add the move to the history, both or neither.

        Raises NotFound for an unknown version, Conflict if the label is not at `move.before` (empty: it is new), or if
        anything was moved under this label since `fence` was read.
        """

    def fence(self, title: str, label: str) -> str:
        """What is another after every move of this label, of whatever kind and name."""

    def labels(self, title: str, kind: str, name: str) -> dict[str, str]:
        """Where the labels of a name point at this moment. Raises NotFound if there is no such name."""

    def moves(self, title: str, kind: str, name: str) -> list[Move]:
        """The history of a name's labels, newest first."""

    def versions(self, title: str, kind: str, name: str) -> list[VersionInfo]:
        """Every version of a name, newest first. Raises NotFound if there is no such name."""

    def get(self, title: str, kind: str, name: str, version_or_label: str) -> tuple[dict[str, Any], str]:
        """Content and version id. Raises NotFound."""

    def names(self, title: str, kind: str) -> list[dict[str, Any]]:
        """Every name of this kind with its labels."""


class EventPublisher(Protocol):
    """The application's event bus."""

    def publish(self, detail_type: str, detail: dict[str, Any]) -> None:
        """Put one event. Raises StoreUnavailable if the bus refuses it."""


class TunedModels(Protocol):
    """By which tuned model a title's players are answered at this stage."""

    def promoted(self, title: str) -> Promoted:
        """Who is answered by which, as it was a few seconds ago at most; an empty one if nothing was ever promoted."""
