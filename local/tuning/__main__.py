"""Trains the job in a folder: `python -m local.tuning FOLDER`; the folder's files are told of in `local.tuning.job`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from pathlib import Path

NICE = 10
# Each takes memory of its own, and a batch is four examples by default.
MOST_THREADS = 4
PARENT_SECONDS = 1.0


def main() -> int:
    """Trains to the end; the exit code is 1 if that cannot be done, and `failure.txt` says why."""
    parser = argparse.ArgumentParser(prog="python -m local.tuning", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, default=min(os.cpu_count() or 1, MOST_THREADS))
    parser.add_argument("--parent", type=int, help="a process without which training ends, too")
    options = parser.parse_args()
    # NumPy reads it when it is imported. Threads are the trainer's own.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    # Whoever talks to a character meanwhile comes first.
    os.nice(NICE)
    if options.parent:
        threading.Thread(target=_end_with, args=(options.parent,), daemon=True).start()
    return _train(options.folder, options.threads)


def _train(folder: Path, threads: int) -> int:
    from local.tuning import job
    from local.tuning.adapter_file import write_adapter
    from local.tuning.shapes import Unsupported
    from local.tuning.trainer import Trainer
    from local.tuning.weights import read_weights

    started = time.monotonic()
    try:
        plan = job.read_plan(folder)
        weights = read_weights(Path(plan.model))
        trainer = Trainer(folder, plan, weights, threads)
        trainer.run()
        write_adapter(folder / job.ADAPTER, trainer.adapter, weights.shape.architecture, plan.name)
        trainer.finish(time.monotonic() - started)
    except (Unsupported, FloatingPointError, MemoryError) as error:
        job.write_whole(folder / job.FAILURE, str(error) or "There is not enough memory.")
        return 1
    return 0


def _end_with(parent: int) -> None:
    """A killed parent cannot end its children, so they look after it."""
    while os.getppid() == parent:
        time.sleep(PARENT_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
