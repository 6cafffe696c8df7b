"""Trains the adapter of one job, from its last checkpoint if there is one.

A batch is shared out among threads, each of which takes whole examples through the network. Within a product threads
would wait for one another: on cores that others use as well a step then took three times as long as with one thread.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local.tuning import checkpoints, job
from local.tuning.adapters import Adapter, Gradient
from local.tuning.job import Plan, Point
from local.tuning.network import Network
from local.tuning.optimiser import AdamW, rate_at
from local.tuning.packing import Example, batches, pack, read_examples, shared_out, within
from local.tuning.shapes import Weights

# What is kept for the way back is about 1.3 MB a row with half a billion parameters, in each thread.
ROWS = 512
CHECKPOINT_SECONDS = 30.0


class Trainer:
    """One job: its folder, its plan, and the network with what is trained of it."""

    def __init__(
        self, folder: Path, plan: Plan, weights: Weights, threads: int = 1, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder, self._plan, self._clock = folder, plan, clock
        self._train = _examples(folder, job.TRAIN)
        self._validation = _examples(folder, job.VALIDATION)
        self.adapter = Adapter(weights.shape, plan.rank, plan.alpha, weights.norm.dtype.type)
        self.adapter.start(plan.seed)
        self._network = Network(weights, self.adapter)
        self._threads = ThreadPoolExecutor(threads)
        self._gradients = [Gradient(self.adapter) for _ in range(threads)]
        self._optimiser = AdamW(self.adapter.values, plan.decay)
        self._best = checkpoints.Best(math.inf, self.adapter.values.copy())
        self._epoch_steps = math.ceil(len(self._train) / plan.batch)

    def run(self) -> None:
        """Trains to the end. The adapter then has the values with which the validation loss was lowest, if it is
        measured, and those of the last step if not.
        """
        done = checkpoints.restore(self._folder, self._optimiser, self._best)
        # Of what was told after the checkpoint nothing is left.
        points = [point for point in job.read_points(self._folder) if point.step <= done]
        if not points and self._validation:
            points = [Point(0, 0.0, validation=self._validate())]
        job.write_points(self._folder, points)
        saved = self._clock()
        for step, batch in self._steps(done):
            loss = self._learn(step, batch)
            at_end = step % self._epoch_steps == 0
            self._tell(Point(step, self._epochs(step), training=loss))
            if at_end and self._validation:
                self._compare(step)
            if at_end or self._clock() - saved > CHECKPOINT_SECONDS:
                checkpoints.save(self._folder, self._optimiser, self._best)
                saved = self._clock()
        if self._validation:
            self.adapter.values[...] = self._best.values

    def _steps(self, done: int) -> Iterator[tuple[int, list[Example]]]:
        """The steps still to be done with their batches; those of an epoch come by chance, but the same each time."""
        for epoch in range(self._plan.epochs):
            chance = random.Random(f"{self._plan.seed} {epoch}")  # noqa: S311 - it keeps no secret
            for number, batch in enumerate(batches(self._train, self._plan.batch, chance)):
                step = epoch * self._epoch_steps + number + 1
                if step > done:
                    yield step, batch

    def _learn(self, step: int, batch: Sequence[Example]) -> float:
        """One step; returns the batch's loss a token."""
        targets = sum(example.targets for example in batch)
        shares = shared_out(batch, len(self._gradients))
        losses = self._threads.map(lambda share, into: self._learn_share(share, targets, into), shares, self._gradients)
        loss = sum(losses)
        for other in self._gradients[1:]:
            self._gradients[0].values += other.values
        steps = self._plan.epochs * self._epoch_steps
        warm_up = min(self._plan.warm_up, steps // 2)
        rate = rate_at(step, steps, self._plan.learning_rate, warm_up)
        self._optimiser.step(self._gradients[0].values, rate)
        return loss / targets

    def _learn_share(self, share: Sequence[Example], targets: int, into: Gradient) -> float:
        into.values[...] = 0
        return sum(self._network.learn(pack(part), 1 / targets, into) for part in within(share, ROWS))

    def _compare(self, step: int) -> None:
        loss = self._validate()
        self._tell(Point(step, self._epochs(step), validation=loss))
        if loss < self._best.loss:
            self._best.loss = loss
            self._best.values[...] = self.adapter.values

    def _validate(self) -> float:
        ordered = sorted(self._validation, key=lambda example: example.tokens)
        loss = sum(self._threads.map(lambda part: self._network.loss(pack(part)), within(ordered, ROWS // 2)))
        return loss / sum(example.targets for example in ordered)

    def _tell(self, point: Point) -> None:
        job.add_point(self._folder, point)

    def _epochs(self, step: int) -> float:
        return round(step / self._epoch_steps, 8)

    def finish(self, seconds: float) -> None:
        """Tells that the adapter is written, and the last losses; of the validation data the best one."""
        trained = [point.training for point in job.read_points(self._folder) if point.training is not None]
        last = trained[-self._epoch_steps :]
        result = {
            "training_loss": sum(last) / len(last),
            "validation_loss": self._best.loss if self._validation else None,
            "steps": len(trained),
            "seconds": round(seconds, 1),
        }
        job.write_whole(self._folder / job.DONE, json.dumps(result))


def _examples(folder: Path, name: str) -> list[Example]:
    """The examples of one of a job's files; none if there is no such file."""
    return read_examples(folder / name) if (folder / name).exists() else []
