"""A local stack of the benchmark's own, below `.npcops/bench`, whose models are a stub; gone when it is done.

It is made as `npc up` makes one, but without weights and without speech, and never touches another stack: its servers
have ports of their own, and only processes that it started itself are ended.
"""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local import deploy, issuer, processes, seeding, services, state, venvs
from local.layout import IGNORED, ROOT, Layout
from local.stack import step
from local.state import StackState
from npc.errors import CliError

FOLDER = IGNORED / "bench"
CHAT = services.ChatModel("the stub", "qwen.qwen2.5-coder-0.5b-instruct")


class OwnStack:
    """What runs: where its APIs are, who may call them, and its processes."""

    def __init__(self, layout: Layout, known: StackState) -> None:
        self.layout, self.known = layout, known

    @property
    def rest_url(self) -> str:
        """The REST API; ends before `/v1`."""
        return self.known.api_url

    @property
    def stream_url(self) -> str:
        """The WebSocket API."""
        stage = self.known.outputs["StreamUrl"].rstrip("/").rsplit("/", 1)[-1]
        return websocket_url(self.execute_api(self.known.outputs["StreamApiId"], stage))

    @property
    def model_url(self) -> str:
        """The stub in the place of Bedrock."""
        return services.url(self.known, services.BEDROCK)

    def execute_api(self, api: str, stage: str) -> str:
        """The address of an API's stage in the embedded cloud."""
        return f"{services.url(self.known, services.CLOUD)}/_aws/execute-api/{api}/{stage}"

    def token(self, player: str) -> str:
        """A player's token."""
        return issuer.sign(self.layout, "player", self.known.title, player)

    def client(self, service: str) -> Any:
        """A boto3 client of the embedded cloud."""
        return deploy.client(self.known, service)

    def process(self, name: str) -> int:
        """The id of a server's process."""
        return self.known.processes[name].pid

    def last_words(self, name: str) -> str:
        """The end of a server's log."""
        return processes.last_lines(services.log_file(self.layout, name))


def websocket_url(address: str) -> str:
    """The same address for WebSocket."""
    return address.replace("http://", "ws://", 1)


@contextmanager
def own_stack(first_ms: int, whole_ms: int, workers: int) -> Iterator[OwnStack]:
    """A stack with the sample world, its functions with up to `workers` processes each.

    `first_ms` and `whole_ms` are the stub model's. What a run that was killed has left behind is removed first. Ends
    the process with one line when the stack cannot be had.
    """
    layout = Layout(FOLDER)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("The benchmark was ended."))
    with state.locked(layout):
        _remove(layout, state.load(layout))
        layout.prepare()
        known = StackState(ports={name: processes.any_free_port() for name in services.PREFERRED_PORTS})
        try:
            _start(layout, known, [str(first_ms), str(whole_ms)], workers)
            _fill(layout, known)
            yield OwnStack(layout, known)
        except (CliError, venvs.SetupFailed, processes.ProcessFailed) as error:
            raise SystemExit(f"{type(error).__name__}: {' '.join(str(error).split())[-600:]}") from None
        finally:
            _remove(layout, known)


def _start(layout: Layout, known: StackState, pace: list[str], workers: int) -> None:
    for name in ("sam", "cloud"):
        venvs.ensure(name)
    issuer.ensure_key(layout)
    stub = [sys.executable, "-m", "bench.stub_model", str(known.ports[services.BEDROCK]), *pace]
    code = f"{ROOT}:{ROOT / 'layers' / 'npcops'}:{ROOT / 'cli'}"
    cloud = services.cloud_environment(layout, known) | {"NPCOPS_WORKERS_PER_FUNCTION": str(workers)}
    servers = {
        services.BEDROCK: (stub, services.clean_environment({"PYTHONPATH": code})),
        services.CLOUD: ([str(venvs.binary("cloud", "python")), "-m", "local.emulator"], cloud),
    }
    for name, (command, environment) in servers.items():
        known.processes[name] = processes.start(command, services.log_file(layout, name), environment, ROOT)
        # Whatever was started must be found again, even if this process is killed now.
        state.save(layout, known)
    for name in servers:
        services.wait_ready(layout, known, name)


def _fill(layout: Layout, known: StackState) -> None:
    with step("built the application") as done:
        built, changed = deploy.build(layout)
        done(changed)
    with step("deployed the application"):
        deploy.deploy(layout, known, built, CHAT)
    state.save(layout, known)
    with step("loaded the sample world"):
        seeding.seed(layout, known)
    state.save(layout, known)


def _remove(layout: Layout, known: StackState) -> None:
    services.stop_all(known)
    for path in Path(layout.folder).iterdir():
        # The lock is held; whoever waits for it must find the same file.
        if path != layout.lock_file:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
