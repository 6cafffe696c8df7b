"""Building the application and deploying it to the embedded cloud, with the same `sam` commands as to AWS."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local import issuer, services, venvs
from local.layout import IGNORED, ROOT, Layout
from local.processes import last_lines
from local.state import StackState
from local.venvs import SetupFailed

STACK = "npcops-local"
BUILT_FROM = IGNORED / "built-from"
BUILT = ROOT / ".aws-sam" / "local"
BUILD_CACHE = ROOT / ".aws-sam" / "cache-local"
SOURCES = ("template.yaml", "samconfig.toml", "api", "functions", "layers", "pipelines", "statemachines", "training")
NOT_SOURCE = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".import_linter_cache"}


def fingerprint(parts: Iterable[Path]) -> str:
    """A digest of the names and contents of files and folders."""
    digest = hashlib.sha256()
    for part in parts:
        files = sorted(part.rglob("*")) if part.is_dir() else [part]
        for file in files:
            if file.is_file() and not NOT_SOURCE & set(file.parts):
                digest.update(f"{file.relative_to(ROOT)}\0".encode())
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def build(layout: Layout) -> tuple[str, bool]:
    """`sam build` for this machine if a source changed; returns the sources' fingerprint and whether it built."""
    sources, python = fingerprint(ROOT / name for name in SOURCES), sys.version
    wanted = f"{python}\n{sources}"
    before = BUILT_FROM.read_text() if BUILT_FROM.exists() else ""
    if before == wanted and BUILT.exists():
        return sources, False
    if not before.startswith(python):
        # SAM's cache does not know for which interpreter a layer was built.
        shutil.rmtree(BUILD_CACHE, ignore_errors=True)
    BUILT_FROM.unlink(missing_ok=True)
    _sam(layout, "sam-build", ["build", "--config-env", "local"], {"NPCOPS_BUILD_TARGET": "local"})
    BUILT_FROM.write_text(wanted)
    return sources, True


def parameters(layout: Layout, state: StackState, chat: services.ChatModel) -> dict[str, str]:
    """The template's parameters: samconfig.toml's for the local stage, and what only this machine knows."""
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    given = config["local"]["deploy"]["parameters"].get("parameter_overrides", [])
    words = given.split() if isinstance(given, str) else given
    return {
        **{name: value.strip("\"'") for name, _, value in (word.partition("=") for word in words)},
        "ChatModelId": chat.bedrock_id,
        "VectorStorePath": str(layout.lore_index),
        "TokenIssuer": issuer.ISSUER,
        "TokenAudience": issuer.AUDIENCE,
        "JwksUrl": f"{services.url(state, services.CLOUD)}/_npcops/jwks.json",
    }


def deploy(layout: Layout, state: StackState, built: str, chat: services.ChatModel) -> bool:
    """`sam deploy` if the stack is missing or anything changed; False if there was nothing to do."""
    chosen = parameters(layout, state, chat)
    wanted = hashlib.sha256(repr((built, sorted(chosen.items()))).encode()).hexdigest()
    if state.deployed == wanted and _outputs(state):
        _learn_outputs(state)
        return False
    arguments = ["deploy", "--config-env", "local", "--no-progressbar", "--region", services.REGION]
    arguments += ["--parameter-overrides", *(f"{name}={value}" for name, value in chosen.items())]
    if not _outputs(state):
        state.seeded = ""
    _sam(layout, "sam-deploy", arguments, {"AWS_ENDPOINT_URL": services.url(state, services.CLOUD)})
    _learn_outputs(state)
    state.deployed = wanted
    services.save_cloud(state)
    return True


def client(state: StackState, service: str) -> Any:
    """A boto3 client of the embedded cloud, deaf to the caller's AWS settings."""
    session: Any = boto3.session.Session()
    return session.client(
        service,
        endpoint_url=services.url(state, services.CLOUD),
        region_name=services.REGION,
        aws_access_key_id=services.ACCOUNT,
        aws_secret_access_key=services.FAKE_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"max_attempts": 2}, proxies={}, s3={"addressing_style": "path"}),
    )


def _outputs(state: StackState) -> dict[str, str]:
    """The deployed stack's outputs; empty if it is not there whole."""
    try:
        found = client(state, "cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    except ClientError:
        return {}
    if found["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        return {}
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


def _learn_outputs(state: StackState) -> None:
    state.outputs = _outputs(state)
    if "ApiId" not in state.outputs:
        raise SetupFailed(f"stack {STACK} is not deployed whole (it has no output ApiId)")
    stage = state.outputs["ApiUrl"].rstrip("/").rsplit("/", 1)[-1]
    apis = f"{services.url(state, services.CLOUD)}/_aws/execute-api"
    state.api_url = f"{apis}/{state.outputs['ApiId']}/{stage}"
    state.stream_url = f"{apis}/{state.outputs['StreamApiId']}/{stage}".replace("http", "ws", 1)


def _sam(layout: Layout, what: str, arguments: list[str], extra: Mapping[str, str]) -> None:
    """Run sam, its output in a log. Raises SetupFailed with the end of that log."""
    log = layout.logs / f"{what}.log"
    environment = services.clean_environment({"SAM_CLI_TELEMETRY": "0", "NO_COLOR": "1", **_for_downloads(), **extra})
    # The layers' Makefiles call uv, which is locked in our own environment.
    environment["PATH"] = os.pathsep.join([str(Path(venvs.uv()).parent), environment.get("PATH", os.defpath)])
    with log.open("w") as output:
        done = subprocess.run(
            [str(venvs.binary("sam", "sam")), *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise SetupFailed(f"{what.replace('-', ' ')} failed; the end of {log}:\n{last_lines(log, 25)}")


def _for_downloads() -> dict[str, str]:
    """Package indexes, certificates and proxies of the caller: a layer's build downloads packages."""
    prefixes = ("UV_", "PIP_", "SSL_", "XDG_CACHE")
    names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "REQUESTS_CA_BUNDLE")
    found = {name: value for name, value in os.environ.items() if name.startswith(prefixes) or name in names}
    return {**found, "NO_PROXY": "127.0.0.1,localhost"}
