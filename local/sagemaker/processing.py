"""A processing job: its inputs from the cloud, its command as a process of this machine, its outputs back."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from local.sagemaker import warden
from local.sagemaker.cloud import Cloud, Refused, Unreachable
from local.sagemaker.errors import StepFailed
from local.sagemaker.records import FAILED, STOPPED, SUCCEEDED
from local.sagemaker.step_kinds import JOB

MOST_MESSAGE = 1024
DEFAULT_SECONDS = 86400
CLOUD_PATIENCE_SECONDS = 120.0
LOOK_SECONDS = 0.1
# Of this process's environment, which is clean already, a job sees all but what finds this process's own code.
HIDDEN = ("PYTHONPATH",)


@dataclass(frozen=True)
class Outcome:
    """How a job ended: `Succeeded`, `Failed` or `Stopped`, why, and what it left as its message."""

    status: str
    reason: str = ""
    message: str = ""


@dataclass(frozen=True)
class Job:
    """A job to run. `arguments` are those of CreateProcessingJob, evaluated."""

    name: str
    arguments: Mapping[str, Any]


def run(job: Job, cloud: Cloud, folder: Path, log: Path, stop: threading.Event) -> Outcome:
    """Run it in an empty `folder`, which is gone afterwards; set `stop` and it ends at once."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("output", "tmp"):
        (folder / name).mkdir(parents=True)
    try:
        for given in job.arguments.get("ProcessingInputs", []):
            place = given["S3Input"]
            _patiently(partial(cloud.download, place["S3Uri"], _inside(folder, place["LocalPath"])), stop)
        outputs = [output["S3Output"] for output in job.arguments.get("ProcessingOutputConfig", {}).get("Outputs", [])]
        for output in outputs:
            _inside(folder, output["LocalPath"]).mkdir(parents=True, exist_ok=True)
        message = _execute(job, folder, log, stop)
        for output in outputs:
            _patiently(partial(cloud.upload, _inside(folder, output["LocalPath"]), output["S3Uri"]), stop)
        return Outcome(SUCCEEDED, message=message)
    except StepFailed as failed:
        return Outcome(FAILED, str(failed), _message(folder))
    except (Refused, Unreachable) as error:
        return Outcome(FAILED, f"ClientError: {error}"[:MOST_MESSAGE])
    except InterruptedError:
        return Outcome(STOPPED)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _execute(job: Job, folder: Path, log: Path, stop: threading.Event) -> str:
    """Run the command; returns its message. Raises StepFailed, or InterruptedError if it was stopped."""
    application = job.arguments["AppSpecification"]
    command = [*application["ContainerEntrypoint"], *application.get("ContainerArguments", [])]
    most = job.arguments.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", DEFAULT_SECONDS)
    given = job.arguments.get("Environment", {})
    began = log.stat().st_size if log.exists() else 0
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", warden.__file__, *(_placed(word, folder) for word in command)],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**_environment(folder), **{name: _placed(value, folder) for name, value in given.items()}},
        )
    code = _wait(process, time.monotonic() + most, stop)
    if code is None:
        raise StepFailed(f"ClientError: MaxRuntimeExceeded: the job ran for more than {most} seconds.")
    message = _message(folder)
    if code:
        reason = message or _last_line(log, began) or "See job logs for more information"
        raise StepFailed(f"AlgorithmError: {reason}"[: MOST_MESSAGE - 20] + f", exit code: {code}")
    return message


def _wait(process: subprocess.Popen[bytes], until: float, stop: threading.Event) -> int | None:
    """The exit code; None if the time is over. Raises InterruptedError."""
    assert process.stdin is not None
    try:
        while process.poll() is None:
            if stop.wait(LOOK_SECONDS):
                raise InterruptedError
            if time.monotonic() > until:
                return None
        return process.returncode
    finally:
        # Its warden ends the command when this closes.
        process.stdin.close()
        process.wait()


def _environment(folder: Path) -> dict[str, str]:
    """What a job sees of this process's environment; `python3` is the one that runs this."""
    seen = {name: value for name, value in os.environ.items() if name not in HIDDEN}
    own = str(Path(sys.executable).parent)
    return {**seen, "PATH": os.pathsep.join([own, seen.get("PATH", os.defpath)]), "TMPDIR": str(folder / "tmp")}


def _patiently(work: Callable[[], None], stop: threading.Event) -> None:
    """Do it again while the cloud does not answer. Raises InterruptedError if stopped meanwhile."""
    until = time.monotonic() + CLOUD_PATIENCE_SECONDS
    while True:
        if stop.is_set():
            raise InterruptedError
        try:
            return work()
        except Unreachable:
            if time.monotonic() > until or stop.wait(1.0):
                raise


def _inside(folder: Path, path: str) -> Path:
    return folder / path.removeprefix(JOB)


def _placed(text: str, folder: Path) -> str:
    return text.replace(JOB, f"{folder}/")


def _message(folder: Path) -> str:
    file = folder / "output" / "message"
    return file.read_text(errors="replace").strip()[:MOST_MESSAGE] if file.is_file() else ""


def _last_line(log: Path, began: int) -> str:
    """The last line that the job printed: code that names SageMaker's folder itself leaves no message here."""
    with log.open("rb") as printed:
        printed.seek(began)
        lines = printed.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
