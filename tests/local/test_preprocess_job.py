"""The processing job as it runs: the packed files, a process of its own, and a Comprehend on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from local.comprehend.app import create_app
from local.comprehend.detector import Detector
from npcops.golden import GoldenCase
from npcops.training_request import TrainedNpc, TrainingRequest
from npcops.tunings import DataReport, TuningRequest
from tests.local.doubles import served
from training.pack import pack

ROOT = Path(__file__).parents[2]
Job = Callable[..., "subprocess.CompletedProcess[str]"]


class Calm(Detector):
    """Finds nothing toxic."""

    async def toxicity(self, texts: Any) -> list[float]:
        return [0.0 for _ in texts]


@pytest.fixture(scope="module")
def comprehend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(create_app(Calm(tmp_path_factory.mktemp("models")))) as url:
        yield url


@pytest.fixture
def job(comprehend: str, tmp_path: Path) -> Job:
    """Runs the job on data (a file's name and bytes) and a request, as a container would."""

    def run(name: str, data: bytes, request: bytes = b"", url: str = "") -> Any:
        folders = {each: tmp_path / each for each in ("data", "request", "output")}
        for folder in folders.values():
            folder.mkdir(exist_ok=True)
        (folders["data"] / name).write_bytes(data)
        (folders["request"] / "request.json").write_bytes(request or msgspec.json.encode(asked()))
        code = pack(tmp_path)
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "AWS_ENDPOINT_URL_COMPREHEND": url or comprehend,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
        }
        places = {"message": tmp_path / "message", **folders}
        given = [part for name, place in places.items() for part in (f"--{name}", str(place))]
        return subprocess.run(
            ["/bin/sh", str(code / "run.sh"), *given],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def asked() -> TrainingRequest:
    request = TuningRequest(dataset="tib", base="qwen.qwen2.5-coder-0.5b-instruct")
    return TrainingRequest("saltmarrow", "t1", request, (TrainedNpc("tib-marl", "Tib", "You are Tib."),))


def lines(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_defect_02_the_job_runs_alone_on_what_was_uploaded(job: Job, tmp_path: Path) -> None:
    """The peer's job crashed on an import that its image lacks, and never read the uploaded data."""
    sample = (ROOT / "world" / "training" / "tib-marl.jsonl").read_bytes()
    told = {
        "speaker": "Tib",
        "prompt": "How can I reach you?",
        "completion": "Mail tib@example.org, or 12 Elm Road, Rib.",
    }
    done = job("data.jsonl", sample + json.dumps(told).encode() + b"\n{broken\n")
    assert done.returncode == 0, done.stderr
    report = msgspec.json.decode((tmp_path / "output" / "report.json").read_bytes(), type=DataReport)
    assert msgspec.json.decode(done.stdout, type=DataReport) == report
    assert (report.read, report.dropped) == (74, {"cannot be read": 1, "personal data (ADDRESS)": 1})
    train, validation = lines(tmp_path / "output" / "train.jsonl"), lines(tmp_path / "output" / "validation.jsonl")
    cases = msgspec.convert(lines(tmp_path / "output" / "heldout.jsonl"), list[GoldenCase])
    assert len(train) + len(validation) + len(cases) == 72
    assert report.examples == {"train": len(train), "validation": len(validation), "heldout": len(cases)}
    uploaded = {json.loads(line)["completion"] for line in sample.splitlines()}
    learned = {each["messages"][1]["content"][0]["text"] for each in (*train, *validation)}
    assert learned | {case.reference for case in cases} == uploaded
    assert "example.org" not in done.stdout + done.stderr


def test_data_that_cannot_be_used_ends_the_job_with_a_sentence(job: Job, tmp_path: Path) -> None:
    done = job("data.csv", b"name;price\nrope;5\n")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Nothing in this data can be used. data.csv, line 2: ")
    assert (tmp_path / "message").read_text() == done.stderr.splitlines()[-1]
    assert not (tmp_path / "output" / "train.jsonl").exists()


def test_without_a_service_to_look_for_personal_data_nothing_is_learned(job: Job, tmp_path: Path) -> None:
    sample = (ROOT / "world" / "training" / "tib-marl.jsonl").read_bytes()
    done = job("data.jsonl", sample, url="http://127.0.0.1:9")
    assert done.returncode == 1
    assert "Comprehend DetectPiiEntities" in done.stderr
    assert not (tmp_path / "output" / "train.jsonl").exists()


def test_a_request_that_cannot_be_read_ends_the_job_with_a_sentence(job: Job) -> None:
    done = job("data.txt", b"Hm.", request=b"{}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "The request of the run cannot be read (ValidationError).\n"
