"""The files by which a training job is told what to do, and tells how it stands; all are in one folder.

Put there before it begins: `job.json` (a Plan), `train.jsonl` and perhaps `validation.jsonl` (see packing.Example).
The trainer writes `progress.jsonl` (a Point a line, as it goes), `checkpoint.npz`, and at last `adapter.gguf` and
`done.json`, or `failure.txt` with one sentence.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

PLAN, TRAIN, VALIDATION = "job.json", "train.jsonl", "validation.jsonl"
PROGRESS, CHECKPOINT, ADAPTER, DONE, FAILURE = (
    "progress.jsonl", "checkpoint.npz", "adapter.gguf", "done.json", "failure.txt",
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What to train: `model` is the path of a GGUF file. `batch` is in examples, `warm_up` in steps."""

    model: str
    name: str
    epochs: int = 3
    batch: int = 4
    learning_rate: float = 2e-4
    warm_up: int = 5
    rank: int = 8
    alpha: float = 16.0
    decay: float = 0.0
    seed: int = 7


@dataclass(frozen=True)
class Point:
    """A loss in nats a token, after `step` steps and `epoch` of the epochs; of the batch, or of the validation data."""

    step: int
    epoch: float
    training: float | None = None
    validation: float | None = None


def read_plan(folder: Path) -> Plan:
    """What the folder's job is."""
    return Plan(**json.loads((folder / PLAN).read_text("utf-8")))


def write_plan(folder: Path, plan: Plan) -> None:
    """Tells the folder's job what to do."""
    write_whole(folder / PLAN, json.dumps(asdict(plan)))


def read_points(folder: Path) -> list[Point]:
    """How far it has come; a line that is only half written is not there yet."""
    try:
        text = (folder / PROGRESS).read_text("utf-8")
    except FileNotFoundError:
        return []
    return [Point(**json.loads(line)) for line in text[: text.rfind("\n") + 1].splitlines()]


def write_points(folder: Path, points: list[Point]) -> None:
    """Puts these in the place of all that were told."""
    write_whole(folder / PROGRESS, "".join(json.dumps(asdict(point)) + "\n" for point in points))


def add_point(folder: Path, point: Point) -> None:
    """Tells one more."""
    with (folder / PROGRESS).open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(asdict(point)) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Writes a file so that it is there as a whole or not at all."""
    draft = path.with_suffix(".part")
    with draft.open("w", encoding="utf-8") as written:
        written.write(text)
        written.flush()
        os.fsync(written.fileno())
    draft.replace(path)
