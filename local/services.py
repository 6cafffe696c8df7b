"""The background servers of the local stack: the embedded cloud, and the services that functions call besides it."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from local import models, processes, venvs
from local.layout import ROOT, Layout
from local.state import StackState

ACCOUNT = "210987654321"
REGION = "us-east-1"
DEFAULT_CHAT, EMBEDDINGS = models.DEFAULTS
CLOUD, BEDROCK, POLLY, COMPREHEND, SAGEMAKER = "cloud", "bedrock", "polly", "comprehend", "sagemaker"
BESIDE = (BEDROCK, POLLY, COMPREHEND, SAGEMAKER)
# These work in the cloud, and have to know where it is.
IN_CLOUD = (BEDROCK, SAGEMAKER)
PORT_PATIENCE_SECONDS = 3.0
PREFERRED_PORTS = {CLOUD: 4600, BEDROCK: 4640, POLLY: 4660, COMPREHEND: 4680, SAGEMAKER: 4700}
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "USER", "LD_LIBRARY_PATH", "XDG_CACHE_HOME")
# By these a developer has another GGUF file, or an OpenAI-compatible server, speak instead.
OWN_MODEL = ("LOCAL_MODEL_PATH", "LOCAL_OPENAI_BASE_URL", "LOCAL_OPENAI_MODEL", "LOCAL_OPENAI_API_KEY")
FAKE_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": ACCOUNT,
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def url(state: StackState, name: str) -> str:
    """The loopback address of a server."""
    return f"http://{processes.LOOPBACK}:{state.ports[name]}"


def clean_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """What a background process may see: no real credentials, no proxies, nothing of the caller's Python."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {**inherited, **FAKE_CREDENTIALS, "NO_PROXY": "*", **extra}


def endpoints(state: StackState) -> dict[str, str]:
    """Where the SDK finds the services that the embedded cloud lacks."""
    return {
        "AWS_ENDPOINT_URL_BEDROCK": url(state, BEDROCK),
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url(state, BEDROCK),
        "AWS_ENDPOINT_URL_POLLY": url(state, POLLY),
        "AWS_ENDPOINT_URL_COMPREHEND": url(state, COMPREHEND),
        "AWS_ENDPOINT_URL_SAGEMAKER": url(state, SAGEMAKER),
    }


def cloud_environment(layout: Layout, state: StackState) -> dict[str, str]:
    """The embedded cloud's settings. All of it also reaches the functions that it runs."""
    return clean_environment(
        {
            "BIND_HOST": processes.LOOPBACK,
            "GATEWAY_PORT": str(state.ports[CLOUD]),
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            "MINISTACK_HOST": processes.LOOPBACK,
            "LAMBDA_EXECUTOR": "local",
            "LAMBDA_WARM_TTL_SECONDS": "60",
            "LAMBDA_ACCOUNT_CONCURRENCY": "0",
            "MINISTACK_WORKER_THREADS": "256",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(layout.cloud / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(layout.objects),
            "NPCOPS_JWKS_FILE": str(layout.jwks_file),
            **endpoints(state),
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(ROOT),
        }
    )


@dataclass(frozen=True)
class ChatModel:
    """What speaks: a model of `models.lock.json` by its name and Bedrock id, or in its place what OWN_MODEL says."""

    name: str
    bedrock_id: str
    own: Mapping[str, str] = field(default_factory=dict)

    @property
    def description(self) -> str:
        """What people are told; never a key."""
        return self.own.get("LOCAL_OPENAI_BASE_URL") or self.own.get("LOCAL_MODEL_PATH") or self.name

    @property
    def digest(self) -> str:
        """Changes when the Bedrock service has to be started anew."""
        return hashlib.sha256(repr((self.name, sorted(self.own.items()))).encode()).hexdigest()[:16]


def chosen_chat_model() -> ChatModel:
    """The chat model that NPCOPS_CHAT_MODEL and OWN_MODEL choose. Raises SetupFailed for an unknown name."""
    name = os.environ.get("NPCOPS_CHAT_MODEL") or DEFAULT_CHAT
    known = {model.name: model for model in models.catalogue().values() if model.role == "chat"}
    if name not in known:
        raise venvs.SetupFailed(f"NPCOPS_CHAT_MODEL={name} is not one of {', '.join(known)}")
    own = {variable: os.environ[variable] for variable in OWN_MODEL if os.environ.get(variable)}
    return ChatModel(name, known[name].bedrock_id, own)


def ensure_running(layout: Layout, state: StackState, chat: ChatModel) -> list[str]:
    """Start what does not run; returns the names of the servers that were started. Does not wait.

    Functions and jobs are told the others' ports, so a new one restarts the cloud and what works in it; a new chat
    model restarts Bedrock.
    """
    if state.chat_digest != chat.digest:
        processes.stop(state.processes.get(BEDROCK))
        state.chat_digest, state.chat_model = chat.digest, chat.description
    ports_before = {name: state.ports.get(name) for name in (*BESIDE, CLOUD)}
    for name in (*BESIDE, CLOUD):
        if not is_running(state, name):
            patience = PORT_PATIENCE_SECONDS if name in state.ports else 0.0
            state.ports[name] = processes.choose_port(state.ports.get(name, PREFERRED_PORTS[name]), patience)
    if any(state.ports[name] != port for name, port in ports_before.items()):
        for name in (CLOUD, *IN_CLOUD):
            processes.stop(state.processes.get(name))
    commands = servers(layout, state, chat)
    started = [name for name in commands if not is_running(state, name)]
    for name in started:
        command, environment = commands[name]
        state.processes[name] = processes.start(command, log_file(layout, name), environment, ROOT)
    return started


def servers(layout: Layout, state: StackState, chat: ChatModel) -> dict[str, tuple[list[str], dict[str, str]]]:
    """Each server's command and environment, in the order in which they are started."""
    own = {**chat.own, "AWS_ENDPOINT_URL_S3": url(state, CLOUD), "PYTHONPATH": str(ROOT)}
    bedrock = [sys.executable, "-m", "local.bedrock", "--port", str(state.ports[BEDROCK]), "--chat", chat.name]
    bedrock += ["--state", str(layout.bedrock)]
    polly = [sys.executable, "-m", "local.polly", "--port", str(state.ports[POLLY])]
    comprehend = [sys.executable, "-m", "local.comprehend", "--port", str(state.ports[COMPREHEND])]
    sagemaker = [sys.executable, "-m", "local.sagemaker", "--port", str(state.ports[SAGEMAKER])]
    sagemaker += ["--folder", str(layout.sagemaker), "--logs", str(layout.logs)]
    in_cloud = {"AWS_ENDPOINT_URL": url(state, CLOUD), **endpoints(state), "PYTHONPATH": str(ROOT)}
    cloud = [str(venvs.binary("cloud", "python")), "-m", "local.emulator"]
    return {
        BEDROCK: (bedrock, clean_environment(own)),
        POLLY: (polly, clean_environment({"PYTHONPATH": str(ROOT)})),
        COMPREHEND: (comprehend, clean_environment({"PYTHONPATH": str(ROOT)})),
        SAGEMAKER: (sagemaker, clean_environment(in_cloud)),
        CLOUD: (cloud, cloud_environment(layout, state)),
    }


def is_running(state: StackState, name: str) -> bool:
    """Whether the server runs."""
    return processes.find(state.processes.get(name)) is not None


def stop_all(state: StackState) -> list[str]:
    """Stop all servers, the cloud first; returns the names of those that ran."""
    return [name for name in (CLOUD, *BESIDE) if processes.stop(state.processes.pop(name, None))]


def wait_ready(layout: Layout, state: StackState, name: str, patience_seconds: float = 90.0) -> None:
    """Return once the server answers. Raises ProcessFailed."""
    path = {CLOUD: "/_npcops/jwks.json"}.get(name, "/health")
    processes.wait_until(
        answers(url(state, name) + path), state.processes[name], log_file(layout, name), patience_seconds
    )


def why_no_voice(state: StackState) -> str | None:
    """What is missing for characters to be heard, or None if nothing is."""
    found = str(httpx.get(url(state, POLLY) + "/health", timeout=5.0, trust_env=False).json()["voice"])
    return None if found == "ready" else found


def save_cloud(state: StackState) -> None:
    """Have the cloud write its state now, not within the next seconds."""
    httpx.post(url(state, CLOUD) + "/_npcops/save", timeout=60, trust_env=False).raise_for_status()


def remind(state: StackState) -> int:
    """Have the steps of tuning runs that wait for work in the cloud ask for it once more; returns how many wait."""
    answer = httpx.post(url(state, SAGEMAKER) + "/_npcops/remind", timeout=60, trust_env=False).raise_for_status()
    return int(answer.json()["waiting"])


def answers(address: str) -> Callable[[], bool]:
    """A check whether `address` answers 200."""

    def check() -> bool:
        try:
            return httpx.get(address, timeout=5.0, trust_env=False).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    return check


def log_file(layout: Layout, name: str) -> Path:
    """Where a server's output goes."""
    return layout.logs / f"{name}.log"
