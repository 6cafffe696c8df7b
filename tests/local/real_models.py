"""The service with the real weights, in a process of its own as in the embedded cloud, and a client of it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from local import models
from tests.local.doubles import client_of

CHAT = "qwen.qwen2.5-coder-0.5b-instruct"
EMBEDDINGS = "sentence-transformers.all-minilm-l6-v2"
START_SECONDS = 60.0


@contextmanager
def real_models() -> Iterator[Any]:
    """A client of the service; the test is skipped where the weights are not installed."""
    directory = Path(os.environ.get("NPCOPS_MODELS_DIR", models.default_directory()))
    missing = [name for name in models.DEFAULTS if not models.installed(name, directory)]
    if missing:
        pytest.skip(f"weights are not installed; run: python -m local.models {' '.join(missing)}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "local.bedrock", "--port", str(port), "--models-dir", str(directory)]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[2])
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(f"{url}/health", process)
        yield client_of(url)
    finally:
        process.terminate()
        process.wait()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail("the service did not become ready")
