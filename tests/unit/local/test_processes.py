"""Background processes: found again, stopped with their children, and never mistaken for a stranger."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import msgspec
import psutil
import pytest

from local import processes

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
PARENT = [
    sys.executable,
    "-c",
    "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "time.sleep(600)",
]


@pytest.fixture
def started(tmp_path: Path):
    records = []

    def start(command: list[str]) -> processes.Record:
        records.append(processes.start(command, tmp_path / "log", os.environ, tmp_path))
        return records[-1]

    yield start
    for record in records:
        processes.stop(record, 1)


def test_a_started_process_is_found_after_its_record_was_written_and_read(started) -> None:
    record = started(SLEEPER)
    again = msgspec.json.decode(msgspec.json.encode(record), type=processes.Record)
    found = processes.find(again)
    assert found is not None
    assert found.pid == record.pid


def test_stopping_waits_until_process_and_children_are_gone(started) -> None:
    record = started(PARENT)
    family = psutil.Process(record.pid)
    while not family.children():
        time.sleep(0.01)
    child = family.children()[0]
    assert processes.stop(record)
    assert processes.find(record) is None
    assert not child.is_running()


def test_stopping_twice_is_harmless(started) -> None:
    record = started(SLEEPER)
    assert processes.stop(record)
    assert not processes.stop(record)


@pytest.mark.parametrize("change", [{"created": 12345.0}, {"command": ("python", "-m", "other")}])
def test_a_stale_record_never_stops_a_stranger(started, change) -> None:
    record = started(SLEEPER)
    stale = msgspec.structs.replace(record, **change)
    assert processes.find(stale) is None
    assert not processes.stop(stale)
    assert processes.find(record) is not None


def test_a_process_that_ends_while_it_is_waited_for_is_reported_with_its_last_words(started, tmp_path: Path) -> None:
    record = started([sys.executable, "-c", "import sys; sys.exit('the port is taken')"])
    with pytest.raises(processes.ProcessFailed, match="the port is taken"):
        processes.wait_until(lambda: False, record, tmp_path / "log", 20)


def test_a_process_that_never_becomes_ready_is_reported_with_its_log(started, tmp_path: Path) -> None:
    with pytest.raises(processes.ProcessFailed, match=r"not ready after 0 s; its log is .*log"):
        processes.wait_until(lambda: False, started(SLEEPER), tmp_path / "log", 0.2)


def test_a_taken_port_is_avoided() -> None:
    assert processes.choose_port(4600, is_free=lambda port: port >= 4603) == 4603


def test_a_port_that_becomes_free_in_time_is_kept() -> None:
    answers = iter([False, False, True, True])
    assert processes.choose_port(4600, 30, lambda port: next(answers)) == 4600
