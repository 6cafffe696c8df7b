"""Background processes that outlive the command that started them, found again without ever hitting a stranger."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import psutil

LOOPBACK = "127.0.0.1"
CLOCK_SLACK_SECONDS = 5.0


class ProcessFailed(Exception):
    """A background process ended, or did not become ready in time."""


class Record(msgspec.Struct, frozen=True):
    """How a started process is recognised later: id, start time (seconds since the epoch) and command line."""

    pid: int
    created: float
    command: tuple[str, ...]


def start(command: Sequence[str], log: Path, environment: Mapping[str, str], folder: Path) -> Record:
    """Start `command` in a session of its own, its output appended to `log`."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            env=dict(environment), cwd=folder, start_new_session=True,
        )  # fmt: skip
    started = psutil.Process(process.pid)
    # For a moment after the start a process has no command line yet, by which `find` would know it.
    while started.status() != psutil.STATUS_ZOMBIE and not started.cmdline():
        time.sleep(0.005)
    return Record(process.pid, started.create_time(), tuple(command))


def find(record: Record | None) -> psutil.Process | None:
    """The recorded process if it still runs; None if it ended or its id now belongs to someone else."""
    if record is None:
        return None
    try:
        process = psutil.Process(record.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        same_start = abs(process.create_time() - record.created) < CLOCK_SLACK_SECONDS
        return process if same_start and tuple(process.cmdline()[1:]) == record.command[1:] else None
    except psutil.Error:
        return None


def stop(record: Record | None, patience_seconds: float = 15.0) -> bool:
    """End the recorded process and its children and wait until they are gone. False if it was not running."""
    process = find(record)
    if process is None:
        return False
    children = process.children(recursive=True)
    process.terminate()
    _, stubborn = psutil.wait_procs([process], patience_seconds)
    for orphan in children:
        if orphan.is_running():
            orphan.terminate()
    _, left = psutil.wait_procs(children, 2.0)
    for survivor in (*stubborn, *left):
        survivor.kill()
    psutil.wait_procs([process, *children], 5.0)
    return True


def wait_until(ready: Callable[[], bool], record: Record, log: Path, patience_seconds: float) -> None:
    """Return once `ready()` is true. Raises ProcessFailed with the end of the log."""
    deadline = time.monotonic() + patience_seconds
    while not ready():
        if find(record) is None:
            raise ProcessFailed(f"{last_lines(log)}\n(it stopped; the whole log is {log})")
        if time.monotonic() > deadline:
            raise ProcessFailed(f"not ready after {patience_seconds:.0f} s; its log is {log}")
        time.sleep(0.1)


def last_lines(log: Path, count: int = 12) -> str:
    """The end of a log file."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:]) if log.exists() else ""


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def any_free_port() -> int:
    """A loopback port nobody listens on, chosen by the system."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def choose_port(preferred: int, patience_seconds: float = 0.0, is_free: Callable[[int], bool] = port_is_free) -> int:
    """`preferred`, or one of the 20 ports after it, else any free one.

    A server that was just killed holds its port a moment longer, hence the patience.
    """
    deadline = time.monotonic() + patience_seconds
    while not is_free(preferred) and time.monotonic() < deadline:
        time.sleep(0.1)
    return next((port for port in range(preferred, preferred + 20) if is_free(port)), None) or any_free_port()
