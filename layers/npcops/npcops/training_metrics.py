"""Reads what a customization job writes of its losses, also while it trains."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from npcops.errors import NotFound
from npcops.tuning_ports import TrainingFiles
from npcops.tunings import LossPoint

FOLDER = "output/"
TRAINING = "training_artifacts/step_wise_training_metrics.csv"
VALIDATION = "validation_artifacts/post_fine_tuning_validation/validation/validation_metrics.csv"
STEP, EPOCH = "step_number", "epoch_number"
TRAINING_LOSS, VALIDATION_LOSS = "training_loss", "validation_loss"


def losses(files: TrainingFiles, title: str, tuning: str) -> tuple[LossPoint, ...]:
    """The losses of a run by step, oldest first; none while there are none. Rows that are not readable are left out.

    Training and validation are measured at steps of their own; a step that has both is one point.
    """
    names = files.names(title, tuning, FOLDER)
    training = dict(_rows(files, title, tuning, _found(names, TRAINING), TRAINING_LOSS))
    validation = dict(_rows(files, title, tuning, _found(names, VALIDATION), VALIDATION_LOSS))
    return tuple(
        LossPoint(
            step=step,
            epoch=(training.get(step) or validation[step])[0],
            training=training[step][1] if step in training else None,
            validation=validation[step][1] if step in validation else None,
        )
        for step in sorted(training.keys() | validation.keys())
    )


def _found(names: list[str], ending: str) -> str | None:
    """A run has one job, whose id is in the name."""
    return next((name for name in names if name.endswith(f"/{ending}")), None)


def _rows(
    files: TrainingFiles, title: str, tuning: str, name: str | None, column: str
) -> Iterator[tuple[int, tuple[float, float]]]:
    """Step, then epoch and loss. A file that is being written may end within a row."""
    if name is None:
        return
    try:
        text = files.get(title, tuning, name).decode("utf-8-sig", "replace")
    except NotFound:
        return
    for row in csv.DictReader(io.StringIO(text)):
        found = [_number(row.get(key)) for key in (STEP, EPOCH, column)]
        step, epoch, loss = found
        if step is not None and loss is not None:
            yield int(step), (epoch if epoch is not None else 0.0, loss)


def _number(text: str | None) -> float | None:
    """A finite number, however it is written."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None
