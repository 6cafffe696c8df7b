"""What a training job must remember to go on after it was killed."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from local.tuning.job import CHECKPOINT
from local.tuning.optimiser import AdamW
from local.tuning.shapes import Array


@dataclass
class Best:
    """The adapter's values with the lowest validation loss so far."""

    loss: float
    values: Array


def save(folder: Path, optimiser: AdamW, best: Best) -> None:
    """Writes the checkpoint in the place of the last one."""
    draft = folder / f"{CHECKPOINT}.part"
    with draft.open("wb") as written:
        np.savez(
            written,
            values=optimiser.values, mean=optimiser.mean, square=optimiser.square,
            steps=np.int64(optimiser.steps), best=best.values, best_loss=np.float64(best.loss),
        )  # fmt: skip
        written.flush()
        os.fsync(written.fileno())
    draft.replace(folder / CHECKPOINT)


def restore(folder: Path, optimiser: AdamW, best: Best) -> int:
    """Puts the last checkpoint back; returns the steps done, 0 if there is none that fits."""
    try:
        with np.load(folder / CHECKPOINT) as file:
            # All of it is read before any of it is used.
            kept = {name: file[name] for name in file.files}
            if kept["values"].shape != optimiser.values.shape:
                return 0
            optimiser.values[...], optimiser.mean[...] = kept["values"], kept["mean"]
            optimiser.square[...], best.values[...] = kept["square"], kept["best"]
            optimiser.steps, best.loss = int(kept["steps"]), float(kept["best_loss"])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return 0
    return optimiser.steps
