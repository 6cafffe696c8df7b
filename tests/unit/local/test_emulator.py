"""The repairs of the embedded cloud and the keeping of its state, on stand-ins of the emulator's modules."""

from __future__ import annotations

import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from local.emulator import lambda_repairs
from local.emulator.keeping import SAVE, StateKeeper, watched

SCOPED = b"AWS4-HMAC-SHA256 Credential=210987654321/20261120/us-east-1/%s/aws4_request, SignedHeaders=host"


def keeper(saved: list[list[str]]) -> StateKeeper:
    states = dict.fromkeys(("dynamodb", "sqs", "lambda", "cloudformation", "cloudwatch_logs"), dict)
    return StateKeeper(lambda: states, lambda wanted: saved.append(sorted(wanted)))


def test_nothing_is_saved_when_nothing_happened() -> None:
    saved: list[list[str]] = []
    assert keeper(saved).save_changes() == []
    assert saved == []


def test_traffic_saves_the_data_and_a_deployment_saves_the_rest() -> None:
    saved: list[list[str]] = []
    kept = keeper(saved)
    kept.noticed("POST", "/", SCOPED % b"dynamodb")
    kept.save_changes()
    kept.noticed("POST", "/", SCOPED % b"cloudformation")
    kept.save_changes()
    kept.save_changes()
    assert saved == [["dynamodb", "sqs"], ["cloudformation", "dynamodb", "lambda", "sqs"]]


@pytest.mark.parametrize(
    "request_line",
    [
        ("POST", "/2015-03-31/functions/f/invocations", SCOPED % b"lambda"),
        ("GET", "/_aws/execute-api/abc/local/v1/lore", b"Bearer x"),
    ],
)
def test_calling_a_function_is_no_deployment(request_line: tuple[str, str, bytes]) -> None:
    saved: list[list[str]] = []
    kept = keeper(saved)
    kept.noticed(*request_line)
    kept.save_changes()
    assert saved == [["dynamodb", "sqs"]]


def test_what_happened_last_is_saved_on_stopping() -> None:
    saved: list[list[str]] = []
    kept = keeper(saved)
    kept.noticed("PUT", "/bucket/key", b"")
    kept.stop()
    assert saved == [["dynamodb", "sqs"]]


def ask(application: Any, path: str) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": [(b"authorization", SCOPED % b"lambda")]}
    # No event loop, since that would open sockets: nothing in here ever waits.
    with pytest.raises(StopIteration):
        application(scope, None, send).send(None)
    return sent


def test_the_application_serves_our_files_and_passes_on_everything_else() -> None:
    saved: list[list[str]] = []
    passed: list[str] = []

    async def cloud(scope: dict[str, Any], receive: Any, send: Any) -> None:
        passed.append(scope["path"])

    application = watched(cloud, keeper(saved), {"/_npcops/jwks.json": lambda: b'{"keys": []}'})
    assert ask(application, "/_npcops/jwks.json")[1]["body"] == b'{"keys": []}'
    ask(application, "/2015-03-31/functions")
    assert b"dynamodb" in ask(application, SAVE)[1]["body"]
    assert passed == ["/2015-03-31/functions"]


def test_a_worker_script_of_another_version_stops_the_launcher() -> None:
    with pytest.raises(lambda_repairs.UnsupportedEmulator):
        lambda_repairs.repaired_worker_script("print('another worker')")


def test_another_version_of_the_emulator_stops_the_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lambda_repairs, "version", lambda name: "9.9.9")
    with pytest.raises(lambda_repairs.UnsupportedEmulator, match=r"9\.9\.9"):
        lambda_repairs.check_version()


class OldWorker:
    """A worker whose handler fails with a message, and a type where the repaired script reports one."""

    reported: ClassVar[dict[str, Any]] = {}

    def invoke(self) -> dict[str, Any]:
        return self.reported


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        ({"status": "error", "error": "x", "error_type": "Superseded"}, "Superseded"),
        ({"status": "error", "error": "Task timed out"}, "Sandbox.Timedout"),
    ],
)
def test_the_exception_class_becomes_the_error_type(reported: dict[str, Any], expected: str) -> None:
    runtime = SimpleNamespace(Worker=OldWorker, _PYTHON_WORKER_SCRIPT=lambda_repairs.HANDLER_FAILED)

    def execute() -> dict[str, Any]:
        runtime.Worker().invoke()
        return {"error": True, "body": {"errorMessage": "x", "errorType": "Sandbox.Timedout"}}

    service = SimpleNamespace(_execute_function_warm=execute)
    original = OldWorker.invoke
    OldWorker.reported = reported
    try:
        lambda_repairs.pass_error_types(runtime, service)
        assert service._execute_function_warm()["body"]["errorType"] == expected
    finally:
        OldWorker.invoke = original


def test_equal_archives_are_extracted_once_and_shared(tmp_path: Path) -> None:
    runtime = SimpleNamespace(zipfile=zipfile)
    lambda_repairs.share_extracted_code(runtime, tmp_path / "shared")
    targets = []
    for name in ("first", "second"):
        archive, target = tmp_path / f"{name}.zip", tmp_path / name
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr(zipfile.ZipInfo("python/app.py"), "x = 1")
        target.mkdir()
        with runtime.zipfile.ZipFile(archive) as file:
            file.extractall(target)
        targets.append(target)
    assert (targets[0] / "python" / "app.py").read_text() == "x = 1"
    assert targets[0].resolve() == targets[1].resolve()


class Pool:
    """The emulator's pool of workers, as far as the repair uses it."""

    def __init__(self) -> None:
        self.free: list[str] = []
        self.made = 0

    def acquire(
        self, name: str, config: Any, code: Any, qualifier: str = "", max_concurrency: int | None = None
    ) -> Any:
        if self.free:
            return self.free.pop(), "reused"
        if max_concurrency and self.made >= max_concurrency:
            return None, "func_cap"
        self.made += 1
        return f"worker {self.made}", "spawn"


def test_calls_wait_for_a_worker_instead_of_starting_more() -> None:
    pool, service = Pool(), SimpleNamespace()
    runtime = SimpleNamespace(acquire_worker=pool.acquire, release_worker=pool.free.append)
    lambda_repairs.queue_for_workers(runtime, service, most=1, patience_seconds=30)
    first, _ = service.acquire_worker("f", {}, b"")
    got: list[Any] = []
    second = threading.Thread(target=lambda: got.append(service.acquire_worker("f", {}, b"")))
    second.start()
    service.release_worker(first)
    second.join(10)
    assert got == [("worker 1", "reused")]


def test_a_call_that_waited_too_long_gets_a_worker_of_its_own() -> None:
    pool, service = Pool(), SimpleNamespace()
    runtime = SimpleNamespace(acquire_worker=pool.acquire, release_worker=pool.free.append)
    lambda_repairs.queue_for_workers(runtime, service, most=1, patience_seconds=0.05)
    service.acquire_worker("f", {}, b"")
    assert service.acquire_worker("f", {}, b"") == ("worker 2", "spawn")


def test_only_so_many_executions_run_at_once() -> None:
    running, most = 0, []
    lock, both = threading.Lock(), threading.Barrier(2, timeout=10)

    def execution() -> None:
        nonlocal running
        with lock:
            running += 1
            most.append(running)
        both.wait()
        with lock:
            running -= 1

    limited = lambda_repairs.limit_running(execution, 2)
    threads = [threading.Thread(target=limited) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert max(most) == 2
