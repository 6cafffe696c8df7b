"""What a job tells of its losses, as Bedrock does: CSV files below the output location."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable

from local.bedrock.records import Job
from local.tuning.job import Point

TRAINING = "training_artifacts/step_wise_training_metrics.csv"
VALIDATION = "validation_artifacts/post_fine_tuning_validation/validation/validation_metrics.csv"


def files(job: Job, points: list[Point]) -> dict[str, bytes]:
    """The metrics files by their URIs; one without any rows is not there yet."""
    folder = f"{job.output.rstrip('/')}/model-customization-job-{job.id}"
    training = [(point.step, point.epoch, point.training) for point in points if point.training is not None]
    validation = [(point.step, point.epoch, point.validation) for point in points if point.validation is not None]
    found = {
        f"{folder}/{TRAINING}": _table("training_loss", training) if training else b"",
        f"{folder}/{VALIDATION}": _table("validation_loss", validation) if validation else b"",
    }
    return {uri: data for uri, data in found.items() if data}


def _table(name: str, rows: Iterable[tuple[int, float, float]]) -> bytes:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["step_number", "epoch_number", name, "perplexity"])
    table.writerows([step, epoch, f"{loss:.6f}", f"{math.exp(min(loss, 50)):.4f}"] for step, epoch, loss in rows)
    return text.getvalue().encode()
