"""CPU of processes and of the whole machine, between two moments."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress

import msgspec
import psutil


class Reading(msgspec.Struct, frozen=True):
    """Seconds of CPU so far, by name; `machine` is what all processes together have used, on all cores."""

    at: float
    machine: float
    spent: dict[str, float]


def read(processes: Mapping[str, int], families: Mapping[str, int] | None = None) -> Reading:
    """The CPU of `processes` themselves, and that of all children of `families`, those that have ended included."""
    spent = {name: _own(psutil.Process(pid)) for name, pid in processes.items()}
    spent |= {name: _children(psutil.Process(pid)) for name, pid in (families or {}).items()}
    times = psutil.cpu_times()
    busy = sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)
    return Reading(time.perf_counter(), busy, spent)


def used(before: Reading, after: Reading) -> dict[str, float]:
    """Seconds of CPU by name between two readings."""
    return {name: seconds - before.spent[name] for name, seconds in after.spent.items()}


def busy_percent(before: Reading, after: Reading) -> tuple[float, float]:
    """How busy all cores were together, and by how much of it with what was not read."""
    most = (after.at - before.at) * (psutil.cpu_count() or 1)
    whole = after.machine - before.machine
    others = whole - sum(used(before, after).values())
    return round(100 * whole / most, 1), round(max(0.0, 100 * others / most), 1)


def _own(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _children(process: psutil.Process) -> float:
    """A process that ends between two readings moves from the living ones to the sum that its parent keeps."""
    times = process.cpu_times()
    total = float(times.children_user + times.children_system)
    for child in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            total += _own(child)
    return total
