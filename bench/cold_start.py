"""Cold start of Converse under the Lambda runtime interface emulator, beside a bare handler with a boto3 client.

Figures are CPU milliseconds (user and system) of the runtime's process from its start to its first answer. The bare
handler has the whole boto3 and the same kind of bytecode (precompiled, unchecked).
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil

from bench.processes import free_port, served

ROOT = Path(__file__).parent.parent
BUILD = ROOT / ".aws-sam" / "local"
BARE = """import boto3
bedrock = boto3.client("bedrock-runtime")
def handler(event, context):
    messages = [{"role": "user", "content": [{"text": "Hello"}]}]
    answer = bedrock.converse(modelId="anthropic.claude-haiku-4-5-20251001-v1:0", messages=messages)
    return {"statusCode": 200, "body": str(answer["usage"])}
"""
REPEATS = 9


def event(mode: str) -> dict[str, Any]:
    """A call of `POST /v1/npcs/wenna-tull/turns` as API Gateway sends it."""
    sample = json.loads((ROOT / "events" / "api" / "converse.json").read_text("utf-8"))
    sample["body"] = json.dumps({"message": "What does a crossing cost?", "mode": mode})
    sample["pathParameters"] = {"npc": "wenna-tull"}
    del sample["headers"]["Idempotency-Key"]
    sample["requestContext"]["authorizer"] = {"title": "saltmarrow", "subject": "bench", "scopes": "player"}
    return dict(sample)


def emulator() -> Path:
    """The runtime interface emulator that comes with SAM."""
    found = sorted((ROOT / ".npcops" / "venvs" / "sam").glob("lib/*/site-packages/samcli/local/rapid/*-x86_64"))
    if not found:
        sys.exit("The runtime interface emulator comes with SAM: run `make setup` first.")
    return found[0]


def bare(folder: Path) -> list[Path]:
    """A folder with the bare handler and one with the whole boto3, compiled as the layers are."""
    target = folder / "packages"
    pins = [
        line.split()[0]
        for line in (ROOT / "layers/deps/requirements.txt").read_text().splitlines()
        if line.startswith("boto3==")
    ]
    command = [sys.executable, "-m", "uv", "pip", "install", "-q", "--target", str(target), "--compile-bytecode", *pins]
    subprocess.run(command, check=True, env=os.environ | {"PYC_INVALIDATION_MODE": "UNCHECKED_HASH"})
    (folder / "code").mkdir()
    (folder / "code" / "app.py").write_text(BARE)
    return [folder / "code", target]


def first_answer(paths: list[Path], payload: dict[str, Any], environment: dict[str, str]) -> tuple[float, float]:
    """CPU milliseconds and memory (MB) of one fresh runtime at its first answer."""
    port = free_port()
    variables = environment | {"PYTHONPATH": os.pathsep.join(map(str, paths)), "LAMBDA_TASK_ROOT": str(paths[0])}
    command = [str(emulator()), "--runtime-interface-emulator-address", f"127.0.0.1:{port}", "--runtime-api-address"]
    command += [f"127.0.0.1:{free_port()}", sys.executable, "-m", "awslambdaric", "app.handler"]
    with served(command, port, variables, cwd=paths[0]) as process:
        url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
        request = urllib.request.Request(url, json.dumps(payload).encode())
        answer = json.loads(urllib.request.urlopen(request, timeout=60).read())
        if answer.get("statusCode") != 200:
            sys.exit(f"The handler answered {json.dumps(answer)[:600]}")
        runtime = next(child for child in psutil.Process(process.pid).children(recursive=True))
        times = runtime.cpu_times()
        return (times.user + times.system) * 1000, runtime.memory_info().rss / 1e6


def environment(port: int, store: Path) -> dict[str, str]:
    """What the function is told: its settings, and the loopback server in the place of AWS."""
    url = f"http://127.0.0.1:{port}"
    settings = {
        "STAGE": "bench",
        "PLAYERS_TABLE": "players",
        "CATALOG_TABLE": "catalog",
        "ANSWERS_TABLE": "answers",
        "EVENT_BUS": "bus",
        "CHAT_MODEL": "anthropic.claude-haiku-4-5-20251001-v1:0",
        "CHAT_SECONDS": "9",
        "CHAT_ATTEMPTS": "2",
        "TUNED_MODEL_PARAMETERS": "/npcops/bench/models",
        "EMBEDDING_MODEL": "sentence-transformers.all-minilm-l6-v2",
        "EMBEDDING_DIMENSIONS": "384",
        "VECTOR_STORE": "sqlite",
        "VECTOR_STORE_LOCATION": str(store),
    }
    aws = {"AWS_ENDPOINT_URL": url, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    aws |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_EC2_METADATA_DISABLED": "true"}
    quiet = {
        "POWERTOOLS_SERVICE_NAME": "bench",
        "POWERTOOLS_METRICS_NAMESPACE": "bench",
        "POWERTOOLS_LOG_LEVEL": "ERROR",
    }
    tracing = {"AWS_XRAY_CONTEXT_MISSING": "IGNORE_ERROR"}
    return settings | aws | quiet | tracing | {"PATH": os.environ["PATH"], "OPENBLAS_NUM_THREADS": "1"}


def run() -> dict[str, Any]:
    """Interleaved repeats of the bare handler and of Converse in both modes."""
    layers = [BUILD / name / "python" for name in ("DepsLayer", "NpcopsLayer", "EmbeddedLayer")]
    layers = [path for path in layers if path.is_dir()]
    ours = [BUILD / "Converse", *layers]
    figures: dict[str, list[tuple[float, float]]] = {"bare": [], "base": [], "rag": []}
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        plain = bare(Path(folder))
        variables = environment(port, Path(folder) / "lore.sqlite")
        with served([sys.executable, "-m", "bench.loopback", str(port)], port, dict(os.environ), cwd=ROOT):
            for _ in range(REPEATS):
                figures["bare"].append(first_answer(plain, {}, variables))
                figures["base"].append(first_answer(ours, event("base"), variables))
                figures["rag"].append(first_answer(ours, event("rag"), variables))
                time.sleep(0.2)
    result: dict[str, Any] = {}
    for name, values in figures.items():
        cpu = [value[0] for value in values]
        result[name] = {
            "cpu_ms_median": round(statistics.median(cpu), 1),
            "cpu_ms_min": round(min(cpu), 1),
            "rss_mb": round(statistics.median(v[1] for v in values), 1),
        }
    for name in ("base", "rag"):
        result[name]["ratio_to_bare"] = round(result[name]["cpu_ms_median"] / result["bare"]["cpu_ms_median"], 2)
    return result


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
