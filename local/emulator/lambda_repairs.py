"""Repairs to MiniStack's Lambda workers: true error types, no orphans, shared code folders, bounded numbers.

Each repair names the code it changes and stops the launcher when that code is not what it was written for: a silent
half-patched emulator would make local results lie.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

SUPPORTED_VERSION = "1.5.33"
EXTRACTED_MARK = ".npcops-extracted"

HANDLER_FAILED = '{"status": "error", "error": str(e), "trace": traceback.format_exc()}'
HANDLER_FAILED_WITH_TYPE = (
    '{"status": "error", "error": str(e), "error_type": type(e).__name__, "trace": traceback.format_exc()}'
)

# A worker that is busy when the emulator is killed does not see its standard input close, so it watches its parent.
LEAVE_WITH_PARENT = """
def _npcops_leave_with_parent():
    import os, threading, time
    parent = os.getppid()
    def watch():
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(0)
    threading.Thread(target=watch, daemon=True).start()

_npcops_leave_with_parent()
"""


class UnsupportedEmulator(Exception):
    """The installed MiniStack is not the one these repairs were written for."""


def check_version() -> None:
    """Raise UnsupportedEmulator unless the pinned MiniStack is installed."""
    found = version("ministack")
    if found != SUPPORTED_VERSION:
        raise UnsupportedEmulator(f"MiniStack {found} is installed, local/emulator supports {SUPPORTED_VERSION}")


def repaired_worker_script(script: str) -> str:
    """The Python worker's source with error types and the parent watch. Raises UnsupportedEmulator."""
    if script.count(HANDLER_FAILED) != 1:
        raise UnsupportedEmulator("the worker script of MiniStack no longer reports handler errors where expected")
    return LEAVE_WITH_PARENT + script.replace(HANDLER_FAILED, HANDLER_FAILED_WITH_TYPE)


def pass_error_types(runtime: Any, service: Any) -> None:
    """Make a handler's exception class name the `errorType` of the invocation, as Lambda does."""
    runtime._PYTHON_WORKER_SCRIPT = repaired_worker_script(runtime._PYTHON_WORKER_SCRIPT)
    last = threading.local()
    invoke, execute = runtime.Worker.invoke, service._execute_function_warm

    def remember_type(self: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
        result: dict[str, Any] = invoke(self, *arguments, **options)
        last.error_type = result.get("error_type")
        return result

    def execute_with_type(*arguments: Any, **options: Any) -> dict[str, Any]:
        last.error_type = None
        outcome: dict[str, Any] = execute(*arguments, **options)
        body = outcome.get("body")
        if outcome.get("error") and last.error_type and isinstance(body, dict):
            body["errorType"] = last.error_type
        return outcome

    runtime.Worker.invoke = remember_type
    service._execute_function_warm = execute_with_type


def share_extracted_code(runtime: Any, folder: Path) -> None:
    """Extract each code or layer archive once, by content, and link workers to it.

    MiniStack unpacks every layer again for every worker, which costs more than running the function.
    """
    lock = threading.Lock()

    class SharedZip(zipfile.ZipFile):
        def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
            target, archive = Path(path), Path(str(self.filename))
            digest = hashlib.blake2b(archive.read_bytes(), digest_size=16).hexdigest()
            shared = folder / digest
            with lock:
                if not (shared / EXTRACTED_MARK).exists():
                    super().extractall(shared, members, pwd)
                    (shared / EXTRACTED_MARK).touch()
            target.rmdir()
            target.symlink_to(shared)
            archive.unlink()

    shim: Any = ModuleType("zipfile")
    shim.__dict__.update(zipfile.__dict__)
    shim.LargeFileError = zipfile.LargeZipFile  # MiniStack names it so, which hides the real error
    shim.ZipFile = SharedZip
    runtime.zipfile = shim


def queue_for_workers(runtime: Any, service: Any, most: int, patience_seconds: float) -> None:
    """Let calls wait for one of `most` workers per function instead of starting a process for each call.

    On a laptop thirty cold interpreters at once are slower than four warm ones; after `patience_seconds` a call gets
    a worker of its own all the same, so that functions which wait for each other cannot block for ever.
    """
    acquire, release = runtime.acquire_worker, runtime.release_worker
    freed = threading.Condition()

    def acquire_or_wait(name: str, config: Any, code: Any, qualifier: str = "$LATEST", **_: Any) -> Any:
        give_up = time.monotonic() + patience_seconds
        with freed:
            while (left := give_up - time.monotonic()) > 0:
                found = acquire(name, config, code, qualifier=qualifier, max_concurrency=most)
                if found[0] is not None:
                    return found
                freed.wait(left)
        return acquire(name, config, code, qualifier=qualifier)

    def release_and_tell(worker: Any) -> None:
        release(worker)
        with freed:
            freed.notify_all()

    service.acquire_worker = acquire_or_wait
    service.release_worker = release_and_tell


class OrdinaryWorker:
    """A worker for WebSocket APIs, whose calls go the way of all others: they queue, are logged and are counted."""

    def __init__(self, service: Any, config: Any, code: bytes) -> None:
        self._service, self._function = service, {"config": config, "code_zip": code}

    def invoke(self, event: dict[str, Any], request_id: str) -> dict[str, Any]:
        """As a worker's own."""
        outcome = self._service._execute_function(self._function, event)
        body = outcome.get("body")
        if outcome.get("error"):
            return {"status": "error", "error": body.get("errorMessage", "") if isinstance(body, dict) else str(body)}
        return {"status": "ok", "result": body}


def treat_messages_as_calls(runtime: Any, service: Any) -> None:
    """Have WebSocket APIs call functions as everybody else does; MiniStack's own way round is one worker for all."""

    def worker(name: str, config: Any, code: bytes, qualifier: str = "$LATEST") -> OrdinaryWorker:
        return OrdinaryWorker(service, config, code)

    runtime.get_or_create_worker = worker


def limit_running(run: Callable[..., Any], most: int) -> Callable[..., Any]:
    """`run`, of which at most `most` calls proceed at a time; the others wait their turn."""
    turn = threading.BoundedSemaphore(most)

    def run_in_turn(*arguments: Any, **options: Any) -> Any:
        with turn:
            return run(*arguments, **options)

    return run_in_turn


def use_temporary_folder(folder: Path) -> None:
    """Keep worker folders in `folder`, emptied first of what a killed emulator left there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    tempfile.tempdir = str(folder)
