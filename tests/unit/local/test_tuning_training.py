"""Training: the loss falls, the best epoch is kept, and a job that was killed comes to what it would have come to."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from local.tuning import job
from local.tuning.job import Plan, Point
from local.tuning.network import Network
from local.tuning.optimiser import LEAST_RATE, AdamW, rate_at
from local.tuning.packing import Example, batches, pack, packed_length, shared_out, within, write_examples
from local.tuning.trainer import Trainer
from tests.tuning_models import random_weights, shape_of

LINES = [b"Who goes?~Hum.", b"Open up!~Hum hum.", b"What now?~Hum.", b"Ho there!~Hum.", b"Good day.~Hum hum."]
EXAMPLES = [Example(tuple(line), ((line.index(b"~") + 1, len(line)),)) for line in LINES]
PLAN = Plan(model="", name="test", epochs=4, batch=2, learning_rate=0.02, warm_up=2, rank=4, alpha=8.0)
STEPS = 12


class Killed(Exception):
    pass


def test_the_loss_falls_and_the_best_epoch_is_kept(tmp_path: Path) -> None:
    trainer = _trainer(tmp_path, validation=EXAMPLES[:1])
    trainer.run()
    trainer.finish(seconds=1.0)
    points = job.read_points(tmp_path)
    training = [point.training for point in points if point.training is not None]
    validation = [point.validation for point in points if point.validation is not None]
    assert len(training) == STEPS
    assert sum(training[-3:]) < sum(training[:3]) / 2
    done = json.loads((tmp_path / job.DONE).read_text())
    assert done == {
        "training_loss": pytest.approx(sum(training[-3:]) / 3),
        "validation_loss": min(validation),
        "steps": STEPS,
        "seconds": 1.0,
    }


def test_a_loss_that_rises_again_does_not_reach_the_adapter(tmp_path: Path) -> None:
    # What is validated is the opposite of what is learned.
    against = [Example(tuple(b"Who goes?~Zzz."), ((10, 14),))]
    trainer = _trainer(tmp_path, validation=against)
    trainer.run()
    losses = {point.step: point.validation for point in job.read_points(tmp_path) if point.validation is not None}
    best = min(list(losses)[1:], key=lambda step: losses[step])
    found = Network(random_weights(shape_of("qwen2")), trainer.adapter).loss(pack(against)) / against[0].targets
    assert found == pytest.approx(losses[best], rel=1e-6)


@pytest.mark.parametrize("killed_after", [1, 5, 12])
def test_a_killed_job_goes_on_from_its_last_checkpoint(tmp_path: Path, killed_after: int) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    reference = _trainer(whole, validation=EXAMPLES[:1])
    reference.run()
    killed = _trainer(broken, validation=EXAMPLES[:1], clock=_mortal(killed_after).__next__)
    with pytest.raises(Killed):
        killed.run()
    resumed = _trainer(broken, validation=EXAMPLES[:1])
    resumed.run()
    np.testing.assert_array_equal(resumed.adapter.values, reference.adapter.values)
    assert job.read_points(broken) == job.read_points(whole)


def test_a_torn_checkpoint_means_a_new_beginning(tmp_path: Path) -> None:
    reference = _trainer(tmp_path / "whole")
    reference.run()
    torn = _trainer(tmp_path / "torn")
    (tmp_path / "torn" / job.CHECKPOINT).write_bytes(b"PK half of it")
    torn.run()
    np.testing.assert_array_equal(torn.adapter.values, reference.adapter.values)


def test_threads_share_a_batch_without_changing_what_is_learned(tmp_path: Path) -> None:
    results = []
    for threads in (1, 2, 3):
        trainer = _trainer(tmp_path / str(threads), threads=threads)
        trainer.run()
        results.append(trainer.adapter.values)
    for other in results[1:]:
        np.testing.assert_allclose(other, results[0], rtol=1e-6, atol=1e-9)


def test_each_epoch_has_every_example_once_in_batches_of_like_length() -> None:
    found = list(batches(EXAMPLES, 2, random.Random(1)))
    assert sorted(example.tokens for batch in found for example in batch) == sorted(e.tokens for e in EXAMPLES)
    assert [len(batch) for batch in found].count(2) == 2
    assert list(batches(EXAMPLES, 2, random.Random(1))) == found


def test_a_batch_is_cut_into_parts_that_fit() -> None:
    parts = list(within(EXAMPLES, 30))
    assert [example for part in parts for example in part] == EXAMPLES
    assert all(packed_length(part) <= 30 or len(part) == 1 for part in parts)
    assert all(len(pack(part).tokens) == packed_length(part) for part in parts)
    shares = shared_out(EXAMPLES, 3)
    assert sorted(len(share) for share in shares) == [1, 2, 2]
    assert shared_out(EXAMPLES[:1], 3) == [EXAMPLES[:1], [], []]


def test_the_rate_warms_up_and_falls_away() -> None:
    rates = [rate_at(step, 100, 1.0, 10) for step in range(1, 101)]
    assert rates[:10] == [pytest.approx(step / 10) for step in range(1, 11)]
    assert all(later < earlier for earlier, later in pairwise(rates[9:]))
    assert rates[-1] == pytest.approx(LEAST_RATE)
    assert rate_at(1, 1, 1.0, 0) == pytest.approx(LEAST_RATE)


def test_adamw_is_the_published_rule() -> None:
    values, decay, rate = np.array([1.0, -2.0]), 0.1, 0.01
    optimiser = AdamW(values.copy(), decay)
    mean, square, expected = np.zeros(2), np.zeros(2), values.copy()
    for step in range(1, 6):
        gradient = np.array([0.3, -0.2]) * step / 5
        optimiser.step(gradient, rate)
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        expected -= rate * decay * expected
        expected -= rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    np.testing.assert_allclose(optimiser.values, expected, rtol=1e-12)


def test_a_long_gradient_is_shortened_and_a_broken_one_refused() -> None:
    long, short = AdamW(np.zeros(2), 0.0), AdamW(np.zeros(2), 0.0)
    assert long.step(np.array([30.0, 40.0]), 0.1) == 50.0
    short.step(np.array([0.6, 0.8]), 0.1)
    np.testing.assert_allclose(long.mean, short.mean)
    with pytest.raises(FloatingPointError, match="learning rate"):
        long.step(np.array([math.nan, 0.0]), 0.1)


def test_a_line_of_progress_that_is_half_written_is_not_there_yet(tmp_path: Path) -> None:
    job.add_point(tmp_path, Point(1, 0.5, training=2.0))
    with (tmp_path / job.PROGRESS).open("a") as lines:
        lines.write('{"step": 2, "ep')
    assert job.read_points(tmp_path) == [Point(1, 0.5, training=2.0)]
    assert job.read_points(tmp_path / "nowhere") == []


def _trainer(
    folder: Path,
    validation: list[Example] | None = None,
    threads: int = 1,
    clock: Callable[[], float] | None = None,
) -> Trainer:
    folder.mkdir(exist_ok=True)
    if not (folder / job.TRAIN).exists():
        write_examples(folder / job.TRAIN, EXAMPLES)
        if validation:
            write_examples(folder / job.VALIDATION, validation)
    return Trainer(folder, PLAN, random_weights(shape_of("qwen2")), threads, clock or _minutes().__next__)


def _minutes() -> Iterator[float]:
    """A clock by which a checkpoint is due at every second step."""
    return (20.0 * count for count in range(1000))


def _mortal(looks: int) -> Iterator[float]:
    """The same clock, at which the trainer is killed when it looks once more."""
    for _, moment in zip(range(looks), _minutes(), strict=False):
        yield moment
    raise Killed
