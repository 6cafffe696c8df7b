"""Use case: embed one batch of new chunks and stage them in the index, where no search sees them yet."""

from __future__ import annotations

import msgspec

from npcops.errors import Superseded
from npcops.hydration import Batch
from npcops.lore import IndexedChunk
from npcops.ports import EmbeddingModel, LoreLedger, VectorStore, WorkFiles


class EmbedAndIndex:
    """Works off a batch. Running it again embeds only what is still missing."""

    def __init__(self, work: WorkFiles, ledger: LoreLedger, store: VectorStore, embeddings: EmbeddingModel) -> None:
        self._work, self._ledger, self._store, self._embeddings = work, ledger, store, embeddings

    def __call__(self, key: str) -> int:
        """Stage the batch at work file `key`; returns how many chunks were embedded.

        Raises Superseded when a newer hydration has taken over, ModelUnavailable, ModelFailed or StoreUnavailable.
        """
        batch = msgspec.json.decode(self._work.get(key), type=Batch)
        entry = self._ledger.get(batch.title, batch.document)
        if entry is None or entry.generation != batch.generation:
            raise Superseded("A newer hydration of this document has taken over.")
        present = self._store.present(batch.title, batch.document)
        missing = [chunk for chunk in batch.chunks if chunk.id not in present]
        known = self._store.vectors(batch.title, [batch.reuse[c.id] for c in missing if c.id in batch.reuse])
        vectors = {c.id: known[batch.reuse[c.id]] for c in missing if batch.reuse.get(c.id) in known}
        new = [chunk for chunk in missing if chunk.id not in vectors]
        if new:
            embedded = self._embeddings.embed_documents([chunk.search_text for chunk in new])
            vectors.update(zip((chunk.id for chunk in new), embedded, strict=True))
        self._store.stage(batch.title, [IndexedChunk(chunk, vectors[chunk.id]) for chunk in missing])
        return len(new)
