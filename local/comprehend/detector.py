"""Tells toxicity with a classifier that is trained when it is first asked for, and kept beside the weights."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from local import models
from local.comprehend.corpus import LEARNED, NAME, read
from local.comprehend.errors import not_ready

if TYPE_CHECKING:
    from local.comprehend.classifier import Classifier

INSTALL = f"the texts to learn from are not installed; run: python -m local.models {NAME}"
# Clients wait for some ten seconds, and then ask again.
READY_SECONDS = 8.0
# What the classifier is made by: another one is trained when any of it changes.
_MADE_BY = ("corpus.py", "ngrams.py", "classifier.py")
_LOG = logging.getLogger(__name__)


class Detector:
    """One classifier for all requests."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._made: asyncio.Task[Classifier] | None = None

    def state(self) -> str:
        """`ready`, `untrained`, or what is missing."""
        if self._file().exists():
            return "ready"
        return "untrained" if models.installed(NAME, self._directory) else INSTALL

    async def toxicity(self, texts: Sequence[str]) -> list[float]:
        """From 0 to 1 for each text. Raises ComprehendError while there is no classifier."""
        if self._made is None or (self._made.done() and self._made.exception()):
            self._made = asyncio.create_task(asyncio.to_thread(self.obtain))
        try:
            made = await asyncio.wait_for(asyncio.shield(self._made), READY_SECONDS)
        except TimeoutError:
            raise not_ready("The classifier is being trained; try again.") from None
        except (OSError, ValueError) as error:
            raise not_ready(f"There is no classifier: {error}") from error
        return await asyncio.to_thread(lambda: [made.toxicity(text) for text in texts])

    def obtain(self) -> Classifier:
        """The stored one, else a new one. Raises OSError or ValueError."""
        # Imported here, because a server that nobody asks is to start fast.
        from local.comprehend.classifier import Classifier, train

        file = self._file()
        try:
            return Classifier.load(file)
        except (OSError, ValueError):
            begun = time.monotonic()
        if not models.installed(NAME, self._directory):
            raise ValueError(INSTALL)
        labelled = list(read(models.weights_file(NAME, self._directory), LEARNED))
        made = train([text for text, _ in labelled], [toxic for _, toxic in labelled])
        made.save(file)
        _LOG.info("trained on %d texts in %.1f s", len(labelled), time.monotonic() - begun)
        return made

    def _file(self) -> Path:
        digest = hashlib.sha256()
        for name in _MADE_BY:
            digest.update(Path(__file__).with_name(name).read_bytes())
        return self._directory / "toxicity-classifier" / f"{digest.hexdigest()[:16]}.npz"
