"""The local SageMaker killed, restarted, and with a cloud that does not answer: nothing is lost, nothing runs on."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest

from local import processes
from local.layout import ROOT
from local.sagemaker.cloud import Cloud, Unreachable
from tests.local.cloud_double import CloudDouble, until
from tests.local.conftest import cloud_environment
from tests.local.pipelined import Bench, callback, client_of, processing

# The first run sleeps; a later one, which finds the mark, ends.
ONCE_SLEEPS = """
import pathlib, sys, time
mark = pathlib.Path(sys.argv[3])
if not mark.exists():
    mark.write_text("begun")
    time.sleep(600)
pathlib.Path(sys.argv[2], "done").write_text("done")
"""


class Killable(Bench):
    """A SageMaker in a process of its own."""

    process: subprocess.Popen[bytes]

    def start(self) -> None:
        port = processes.any_free_port()
        places = ["--folder", str(self.folder), "--logs", str(self.logs)]
        command = [sys.executable, "-m", "local.sagemaker", "--port", str(port), *places]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment)
        url = f"http://127.0.0.1:{port}"
        until(lambda: _answers(url))
        self.client = client_of(url)

    def kill(self, how: int = signal.SIGKILL) -> None:
        self.process.send_signal(how)
        self.process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def killable(cloud: CloudDouble, tmp_path: Path) -> Iterator[Killable]:
    server = Killable(None, cloud, tmp_path / "sagemaker", tmp_path / "logs")
    server.start()
    yield server
    if server.process.poll() is None:
        server.kill(signal.SIGTERM)


def children(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def gone(found: list[psutil.Process]) -> bool:
    return all(not child.is_running() or child.status() == psutil.STATUS_ZOMBIE for child in found)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_job_dies_with_the_server_and_is_started_anew(killable: Killable, tmp_path: Path, how: int) -> None:
    mark = tmp_path / "mark"
    killable.cloud.objects |= {"data/code/job.py": ONCE_SLEEPS.encode(), "data/in/one": b"1"}
    arn = killable.run(processing("Work", "job.py", str(mark)), callback("Then", depends=["Work"]))
    until(mark.exists)
    job = children(killable.process.pid)
    assert len(job) == 2
    killable.kill(how)
    until(lambda: gone(job))
    assert killable.cloud.messages == []
    killable.start()
    killable.client.send_pipeline_execution_step_success(CallbackToken=killable.message()["token"])
    assert killable.ended(arn) == "Succeeded"
    assert killable.cloud.objects["data/out/done"] == b"done"
    work = killable.steps(arn)["Work"]
    assert (work["StepStatus"], work["AttemptCount"]) == ("Succeeded", 2)
    assert len(killable.cloud.messages) == 1


def test_a_callback_waits_through_a_restart(killable: Killable) -> None:
    arn = killable.run(callback("Ask", "Word"))
    token = killable.message()["token"]
    until(lambda: httpx.get(f"{killable.client.meta.endpoint_url}/health").json()["undelivered"] == 0)
    killable.kill()
    killable.start()
    assert killable.status(arn) == "Executing"
    killable.client.send_pipeline_execution_step_success(
        CallbackToken=token, OutputParameters=[{"Name": "Word", "Value": "salt"}]
    )
    assert killable.ended(arn) == "Succeeded"
    assert [message["token"] for message in killable.cloud.messages] == [token]


def test_what_the_cloud_was_not_told_it_is_told_after_a_restart(killable: Killable) -> None:
    killable.cloud.down = True
    arn = killable.run(callback("Ask"))
    killable.kill()
    killable.cloud.down = False
    killable.start()
    killable.client.send_pipeline_execution_step_success(CallbackToken=killable.message()["token"])
    assert killable.ended(arn) == "Succeeded"
    until(lambda: killable.cloud.statuses("Execution Status Change") == ["Executing", "Succeeded"])
    assert killable.cloud.statuses("Step Status Change") == ["Executing", "Succeeded"]


def test_a_cloud_that_does_not_answer_is_waited_for(bench: Bench) -> None:
    bench.cloud.down = True
    bench.cloud.objects |= {"data/code/job.py": b"print()", "data/in/one": b"1"}
    arn = bench.run(processing("Work", "job.py"), callback("Ask"))
    time.sleep(0.5)
    assert bench.status(arn) == "Executing"
    bench.cloud.down = False
    bench.client.send_pipeline_execution_step_success(CallbackToken=bench.message()["token"])
    assert bench.ended(arn) == "Succeeded"


def test_a_cloud_that_is_not_there_is_one_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
    for name, value in cloud_environment(address).items():
        monkeypatch.setenv(name, value)
    cloud = Cloud()
    for asked in (
        partial(cloud.put_event, {"Source": "aws.sagemaker", "DetailType": "x", "Detail": "{}"}),
        partial(cloud.send, f"{address}/1/queue", {}),
        partial(cloud.download, "s3://bucket/data/", Path("nowhere")),
    ):
        with pytest.raises(Unreachable):
            asked()


def test_a_queue_that_is_not_there_fails_the_step(bench: Bench) -> None:
    bench.cloud.no_queue = True
    arn = bench.run(callback("Ask"))
    assert bench.ended(arn) == "Failed"
    assert "queue does not exist" in bench.steps(arn)["Ask"]["FailureReason"]


def test_a_stop_that_was_cut_short_ends_after_a_restart(killable: Killable, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    killable.cloud.objects |= {"data/code/job.py": ONCE_SLEEPS.encode(), "data/in/one": b"1"}
    arn = killable.run(processing("Work", "job.py", str(mark)), callback("Ask"))
    until(mark.exists)
    token = killable.message()["token"]
    killable.client.stop_pipeline_execution(PipelineExecutionArn=arn)
    killable.kill()
    killable.start()
    killable.client.send_pipeline_execution_step_failure(CallbackToken=token)
    assert killable.ended(arn) == "Stopped"
    assert {name: step["StepStatus"] for name, step in killable.steps(arn).items()} == {
        "Work": "Stopped",
        "Ask": "Failed",
    }
