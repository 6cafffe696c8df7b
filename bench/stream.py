"""A warm rag turn streamed, beside the same turn by REST: CPU, and the time until the player sees the first words.

The model is a stub that begins at once and writes a token each 20 ms, and for comparison with `bench.turn` one whose
reply is there at once; everything else that a turn calls answers on loopback from another process. As in `bench.turn`,
the CPU of the calls of model, embedding and search is left out. The first words cannot come before the model has
written them: what is called added is all the time besides.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import stub_model
from bench.cold_start import ROOT, environment, event
from bench.processes import free_port, served
from bench.turn import Apart, Context, Handler, answered, aws_clients, handler_of, left_out, metrics_unseen, sample_lore

TURNS, WARM = 30, 5
# Milliseconds from one token of the model to the next.
PACES = {"at_once": 0, "at_20_ms_a_token": 20}
FIRST_WORDS = re.compile(r'"say":\s*"[^"]')


class Moments:
    """When things happened in the turn under way, in seconds of `time.perf_counter`; 0 if they did not."""

    def __init__(self) -> None:
        self.reset()
        self._watch_model()
        self._watch_posts()

    def reset(self) -> None:
        """Begin anew."""
        self.asked = self.began = self.worded = self.posting = self.posted = 0.0
        self.deltas = 0
        self.events: list[dict[str, Any]] = []

    def _watch_model(self) -> None:
        from npcops.adapters import bedrock

        inner = bedrock.BedrockChat.stream

        def stream(*args: Any, **kwargs: Any) -> Iterator[Any]:
            self.asked, written = time.perf_counter(), ""
            for item in inner(*args, **kwargs):
                written += getattr(item, "text", "") if not self.worded else ""
                self.began = self.began or time.perf_counter()
                if not self.worded and FIRST_WORDS.search(written):
                    self.worded = time.perf_counter()
                yield item

        bedrock.BedrockChat.stream = stream

    def _watch_posts(self) -> None:
        from npcops.adapters import connections

        inner = connections.ApiGatewayConnections.post

        def post(adapter: Any, connection: str, frame: bytes) -> None:
            begun = time.perf_counter()
            inner(adapter, connection, frame)
            told = json.loads(frame)
            self.events.append(told)
            self.deltas += told["event"] == "say.delta"
            if told["event"] == "say.delta" and not self.posted:
                self.posting, self.posted = begun, time.perf_counter()

        connections.ApiGatewayConnections.post = post


def message() -> dict[str, Any]:
    """The turn of `bench.turn`, as a message of the WebSocket API."""
    sample = json.loads((ROOT / "events" / "stream" / "speak.json").read_text("utf-8"))
    asked = json.loads(event("rag")["body"])
    sample["body"] = json.dumps({"action": "speak", "npc": "wenna-tull", **asked})
    return dict(sample)


def completed(moments: Moments) -> None:
    """End the benchmark unless the stream ended in a turn of the model's own words, said word for word before."""
    told = moments.events
    last = told[-1] if told else {}
    said = "".join(each["text"] for each in told if each["event"] == "say.delta")
    turn = last.get("turn") or {}
    if last.get("event") != "turn.completed" or turn["degraded"] or said != turn["say"]:
        sys.exit(f"No turn worth measuring: {json.dumps(last)[:400]}")


def run() -> dict[str, Any]:
    """Figures for each pace, in a process of its own."""
    found = {}
    for name in PACES:
        done = subprocess.run([sys.executable, "-m", "bench.stream", name], cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr)
        found[name] = json.loads(done.stdout)
    return found


def paced(token_ms: int) -> dict[str, Any]:
    """Figures per turn; CPU and time in milliseconds."""
    port, model = free_port(), free_port()
    whole_ms = token_ms * (len(stub_model.frames("speak").tokens) - 1)
    commands = {
        port: [sys.executable, "-m", "bench.loopback", str(port)],
        model: [sys.executable, "-m", "bench.stub_model", str(model), "0", str(whole_ms)],
    }
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(environment(port, Path(folder) / "lore.sqlite"))
        os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] = f"http://127.0.0.1:{model}"
        inherited = dict(os.environ)
        with (
            served(commands[port], port, inherited, cwd=ROOT),
            served(commands[model], model, inherited, cwd=ROOT),
            metrics_unseen(),
        ):
            return measure(Path(folder) / "lore.sqlite")


def measure(location: Path) -> dict[str, Any]:
    """Turns of both kinds by turns, in this process, through the real handlers."""
    from npcops.adapters import connections, sqlite_store

    sample_lore(sqlite_store.SqliteVectorStore(location, 384), "saltmarrow")
    moments = Moments()
    excluded, clients, posts = left_out(), aws_clients(), Apart()
    posts.wrap(connections.ApiGatewayConnections, "post")
    apart = (excluded, clients, posts)
    rest, stream = handler_of("converse"), handler_of("stream_turn")
    cpu: dict[str, list[dict[str, float]]] = {"rest": [], "streamed": []}
    waits: list[dict[str, float]] = []
    for turn in range(WARM + TURNS):
        by_rest, answer, _ = one(rest, event("rag"), apart, moments)
        answered(answer)
        streamed, _, begun = one(stream, message(), apart, moments)
        completed(moments)
        if turn >= WARM:
            cpu["rest"].append(by_rest)
            cpu["streamed"].append(streamed)
            waits.append(waited(moments, begun))
    result: dict[str, Any] = {"turns": TURNS} | {kind: medians(found) for kind, found in cpu.items()}
    ratio = result["streamed"]["cpu_ms"] / result["rest"]["cpu_ms"]
    result["streamed"]["ratio_to_rest"] = round(ratio, 2)
    result["first_delta"] = medians(waits) | {
        "ms_p90": round(statistics.quantiles([wait["ms"] for wait in waits], n=10)[-1], 1)
    }
    return result


def one(
    handler: Handler, given: dict[str, Any], apart: tuple[Apart, Apart, Apart], moments: Moments
) -> tuple[dict[str, float], dict[str, Any], float]:
    """One turn: its CPU in milliseconds, its answer, and when it began."""
    for each in (*apart, moments):
        each.reset()
    excluded, clients, posts = apart
    begun, cpu = time.perf_counter(), time.process_time()
    answer = handler(given, Context)
    spent = time.process_time() - cpu
    figures = {"cpu_ms": 1000 * (spent - excluded.spent), "of_which_aws_clients_ms": 1000 * clients.spent}
    if posts.calls:
        figures |= {"of_which_posting_ms": 1000 * posts.spent, "frames": posts.calls, "deltas": moments.deltas}
    return figures, answer, begun


def waited(moments: Moments, begun: float) -> dict[str, float]:
    """Milliseconds from the message to the first delta, and of what they were made.

    `model_ms` until the model's own first word (its JSON begins with other tokens); `held_back_ms` from there until
    enough of it had come that it may be shown: mostly tokens that the model has not written yet.
    """
    whole, model = 1000 * (moments.posted - begun), 1000 * (moments.worded - moments.asked)
    return {
        "ms": whole,
        "before_the_model_ms": 1000 * (moments.asked - begun),
        "model_ms": model,
        "of_which_silent_ms": 1000 * (moments.began - moments.asked),
        "held_back_ms": 1000 * (moments.posting - moments.worded),
        "posting_ms": 1000 * (moments.posted - moments.posting),
        "added_by_npcops_ms": whole - model,
        "added_by_npcops_percent": 100 * (whole - model) / whole,
    }


def medians(found: list[dict[str, float]]) -> dict[str, float]:
    """The median of each figure."""
    return {name: round(statistics.median(each[name] for each in found), 2) for name in found[0]}


if __name__ == "__main__":
    print(json.dumps(paced(PACES[sys.argv[1]]) if sys.argv[1:] else run(), indent=2))
