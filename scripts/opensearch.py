"""Installs and runs a real OpenSearch 2.5.0 on loopback for tests, where its packages can be had.

The packages are three slices of the official tarball, which hold everything up to the k-NN plugin. The release is out
of maintenance: it is for tests alone, and every start begins with an empty server.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.opensearch_package import CACHE, UnavailableError, find_java, install  # noqa: E402

START_SECONDS = 90
STOP_SECONDS = 20
UNAVAILABLE = 3

STATE = ROOT / ".npcops" / "opensearch" / "server.json"

JVM_OPTIONS = """-Xms512m
-Xmx512m
-XX:+UseSerialGC
-XX:TieredStopAtLevel=1
18-:-Djava.security.manager=allow
"""


def main() -> int:
    """Runs one command; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=("install", "start", "stop", "status"))
    command = parser.parse_args().command
    try:
        return {"install": install, "start": start, "stop": stop, "status": status}[command]()
    except UnavailableError as error:
        print(f"OpenSearch is not available here: {error}", file=sys.stderr)
        return UNAVAILABLE


def start() -> int:
    """Starts an empty server on a free port of loopback and prints its URL, or the URL of the running one."""
    if platform.system() != "Linux":
        raise UnavailableError("this installer runs it on Linux only; set OPENSEARCH_TEST_URL to use another server.")
    if (state := read_state()) and is_running(state):
        print(state["url"])
        return 0
    stop(quiet=True)
    install()
    url = f"http://127.0.0.1:{free_port()}"
    folder = prepare(url)
    process = launch(folder)
    STATE.parent.mkdir(parents=True, exist_ok=True)
    STATE.write_text(json.dumps({"url": url, "pid": process.pid, "folder": str(folder)}), encoding="utf-8")
    deadline = time.monotonic() + START_SECONDS
    while not is_healthy(url):
        if process.poll() is not None or time.monotonic() > deadline:
            print((folder / "output.log").read_text(errors="replace")[-3000:], file=sys.stderr)
            stop(quiet=True)
            raise UnavailableError("the server did not start; its last output is above.")
        time.sleep(0.2)
    print(url)
    return 0


def prepare(url: str) -> Path:
    """A copy of the installation for this run, which whoever it runs as may read wherever the cache lies."""
    folder = Path(tempfile.mkdtemp(prefix="npcops-opensearch-"))
    shutil.copytree(CACHE, folder, dirs_exist_ok=True)
    settings = {
        "discovery.type": "single-node",
        "network.host": "127.0.0.1",
        "http.port": url.rpartition(":")[2],
        "transport.port": free_port(),
        "cluster.routing.allocation.disk.threshold_enabled": "false",
        # In so small a heap, garbage that nobody has collected yet would count as a server that is full.
        "indices.breaker.total.use_real_memory": "false",
    }
    text = "".join(f"{name}: {value}\n" for name, value in settings.items())
    (folder / "config" / "opensearch.yml").write_text(text, encoding="utf-8")
    (folder / "config" / "jvm.options").write_text(JVM_OPTIONS, encoding="utf-8")
    return folder


def launch(folder: Path) -> subprocess.Popen[bytes]:
    """The server process. It refuses to run as root, so root runs it as `nobody`, who then owns the copy."""
    identity: dict[str, Any] = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for path in (folder, *folder.rglob("*")):
            os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
        identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LD_LIBRARY_PATH": str(folder / "plugins" / "opensearch-knn" / "lib"),
        "OPENSEARCH_JAVA_HOME": str(find_java()),
        "HOME": str(folder),
    }
    with (folder / "output.log").open("wb") as output:
        return subprocess.Popen(
            [folder / "bin" / "opensearch"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            **identity,
        )


def stop(quiet: bool = False) -> int:
    """Ends the server that `start` started, and removes its data."""
    if state := read_state():
        for number in (signal.SIGTERM, signal.SIGKILL):
            if is_running(state):
                os.kill(state["pid"], number)
            deadline = time.monotonic() + STOP_SECONDS
            while is_running(state) and time.monotonic() < deadline:
                time.sleep(0.1)
        shutil.rmtree(state["folder"], ignore_errors=True)
        STATE.unlink(missing_ok=True)
    if not quiet:
        print("OpenSearch is stopped." if state else "OpenSearch is not running.")
    return 0


def status() -> int:
    """Prints the URL of the running server; exit code 1 if there is none."""
    state = read_state()
    if state and is_running(state) and is_healthy(state["url"]):
        print(state["url"])
        return 0
    print("OpenSearch is not running.")
    return 1


def read_state() -> dict[str, Any] | None:
    """What `start` has written, or None."""
    try:
        return dict(json.loads(STATE.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError):
        return None


def is_running(state: dict[str, Any]) -> bool:
    """Whether the process is there and is the one that was started: a process id alone may have been given anew."""
    process = Path("/proc") / str(state["pid"])
    try:
        is_zombie = ") Z " in (process / "stat").read_text(errors="replace")
        return not is_zombie and state["folder"].encode() in (process / "cmdline").read_bytes()
    except OSError:
        return False


def is_healthy(url: str) -> bool:
    """Whether the server answers and can take an index."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/_cluster/health?wait_for_status=yellow&timeout=5s", timeout=10) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
