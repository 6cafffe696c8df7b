"""An index of a folder of lore in a temporary store, embedded by the local model in this process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from local.bedrock.minilm import MiniLM
from local.models import ensure
from npcops.chunking import chunk
from npcops.errors import UnreadableDocument
from npcops.lore import Chunk, IndexedChunk
from npcops.lore_paths import is_sidecar, sidecar_of
from npcops.ports import VectorStore
from npcops.readers import READABLE, read_document

MODEL = "all-minilm-l6-v2"


class LocalEmbeddings:
    """`EmbeddingModel` on the local MiniLM, without HTTP. Counts texts and CPU seconds."""

    def __init__(self) -> None:
        self._model = MiniLM(ensure(MODEL))
        self.texts, self.cpu_seconds = 0, 0.0

    def embed_documents(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        """See EmbeddingModel."""
        begun = time.process_time()
        vectors, _ = self._model.embed(texts)
        self.texts += len(texts)
        self.cpu_seconds += time.process_time() - begun
        return [tuple(map(float, vector)) for vector in vectors]

    def embed_queries(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        """See EmbeddingModel."""
        return self.embed_documents(texts)


def documents(folder: Path) -> dict[str, list[Chunk]]:
    """The chunks of every readable file below `folder`, by path."""
    found = {}
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder).as_posix()
        if not file.is_file() or is_sidecar(path) or file.suffix.lower() not in READABLE:
            continue
        sidecar = folder / sidecar_of(path)
        try:
            document = read_document(path, file.read_bytes(), sidecar.read_bytes() if sidecar.is_file() else None)
        except UnreadableDocument:
            continue
        found[path] = chunk(document)
    return found


def index(store: VectorStore, title: str, chunks: dict[str, list[Chunk]], embeddings: LocalEmbeddings) -> None:
    """Stage and commit all of it."""
    for path, pieces in chunks.items():
        vectors = embeddings.embed_documents([piece.search_text for piece in pieces]) if pieces else []
        staged = [IndexedChunk(piece, vector) for piece, vector in zip(pieces, vectors, strict=True)]
        store.stage(title, staged)
        store.commit(title, path, [piece.id for piece in pieces])
