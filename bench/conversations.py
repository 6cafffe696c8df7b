"""Fifty conversations at once on a local stack of their own, by REST and by WebSocket, with a stub model of 300 ms.

Beside each, in the same run, the emulator's own floor at the same concurrency: a function that does nothing, and one
that waits as long as the model and does nothing else. Clients, emulator, functions and stub share the machine's cores,
and the emulator, which stands for API Gateway, Lambda, DynamoDB and EventBridge, is one Python process: the times are
those of a laptop, not of AWS. Only the ratios to the floor, and the CPU of the functions, say something of npcops.
NPCOPS_EXECUTIONS_AT_ONCE keeps its default: it limits hydrations, of which none runs here.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import psutil
import websockets

from bench import cpu, floor
from bench.own_stack import OwnStack, own_stack
from bench.speakers import Speaker, Taken, converse, rest_speakers, stream_speakers
from local import services
from npc.output import note

CONVERSATIONS, TURNS, ALONE_TURNS = 50, 5, 20
FIRST_MS, WHOLE_MS = 100, 300
# Processes per function. With the stack's usual 3, three turns at a time would be spoken and the rest would queue.
WORKERS = int(os.environ.get("NPCOPS_WORKERS_PER_FUNCTION", "16"))
# The emulator keeps its state with up to a tenth of a core, whatever goes on.
QUIET_SHARE, QUIET_SECONDS, PATIENCE_SECONDS = 0.15, 1.0, 20.0
NPC = "wenna-tull"
QUESTIONS = (
    "What does a crossing cost?",
    "How do I call the ferry from the far bank?",
    "How long have you worked the winch?",
    "Who keeps Hobb Light now?",
    "When will the king tide come?",
)
Speakers = Callable[[str, Sequence[str | None]], AbstractAsyncContextManager[list[Speaker]]]


class Bench:
    """Runs loads on one stack."""

    def __init__(self, stack: OwnStack) -> None:
        self._stack = stack
        cloud = stack.process(services.CLOUD)
        self._processes = {
            "emulator": cloud,
            "stub_model": stack.process(services.BEDROCK),
            "clients": os.getpid(),
        }
        self._families = {"functions": cloud}

    async def run(self) -> dict[str, Any]:
        """Every figure."""
        own_floor = await asyncio.to_thread(floor.deploy_floor, self._stack)
        by_stream = [_message(question, action="speak", npc=NPC) for question in QUESTIONS]
        rest = f"{self._stack.rest_url}/v1/npcs/{NPC}/turns"
        return {
            "setting": {
                "conversations": CONVERSATIONS,
                "model": f"begins after {FIRST_MS} ms, ends after {WHOLE_MS} ms",
                "workers_per_function": WORKERS,
                "cores": psutil.cpu_count(),
                "read_as": "floor_waiting waits in the same queues and as long as the model, and does nothing else",
            },
            "rest": await self._transport(
                rest_speakers, rest, own_floor.rest, [_message(question) for question in QUESTIONS]
            ),
            "stream": await self._transport(stream_speakers, self._stack.stream_url, own_floor.stream, by_stream),
            "stub_model": await asyncio.to_thread(self._model),
        }

    async def _transport(self, opened: Speakers, url: str, own_floor: str, turns: list[str]) -> dict[str, Any]:
        tokens = [self._stack.token(f"bench-{number}") for number in range(CONVERSATIONS)]
        nobody: list[str | None] = [None] * CONVERSATIONS
        found = {
            "floor": await self._load(opened, own_floor, nobody, [floor.message(0)] * TURNS),
            "floor_waiting": await self._load(opened, own_floor, nobody, [floor.message(WHOLE_MS)] * TURNS),
            "npcops": await self._load(opened, url, tokens, turns),
            "floor_alone": await self._load(opened, own_floor, [None], [floor.message(WHOLE_MS)] * ALONE_TURNS),
            "npcops_alone": await self._load(opened, url, tokens[:1], (turns * ALONE_TURNS)[:ALONE_TURNS]),
        }
        found["npcops_to_floor"] = _ratios(found["npcops"], found["floor"])
        found["npcops_to_floor_waiting"] = _ratios(found["npcops"], found["floor_waiting"])
        found["alone_to_floor_waiting"] = _ratios(found["npcops_alone"], found["floor_alone"])
        return found

    async def _load(
        self, opened: Speakers, url: str, tokens: Sequence[str | None], messages: Sequence[str]
    ) -> dict[str, Any]:
        """Figures of one load, after one message of everybody that does not count."""
        note(f"  {len(tokens)} × {len(messages)} to {url.partition('/_aws/execute-api')[2]} …")
        async with opened(url, tokens) as speakers:
            await converse(speakers, messages[:1])
            await self._quiet()
            before = self._read()
            taken = await converse(speakers, messages)
            answered = self._read()
        return _figures(taken, before, answered, await self._quiet())

    async def _quiet(self) -> cpu.Reading:
        """The CPU once nothing of the last load is under way any more, such as what is folded after a turn."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            before = self._read()
            await asyncio.sleep(QUIET_SECONDS)
            found = self._read()
            spent = sum(cpu.used(before, found).values())
            if spent < QUIET_SHARE * QUIET_SECONDS or time.monotonic() > deadline:
                return before

    def _read(self) -> cpu.Reading:
        return cpu.read(self._processes, self._families)

    def _model(self) -> Any:
        import httpx

        return httpx.get(f"{self._stack.model_url}/health", trust_env=False, timeout=10).json()


def _message(question: str, **more: str) -> str:
    return json.dumps({"message": question, "mode": "rag", **more})


def _figures(taken: Sequence[Taken], before: cpu.Reading, after: cpu.Reading, quiet: cpu.Reading) -> dict[str, Any]:
    """Times are of answered messages only; CPU is that of everything from the first message until all was quiet."""
    answered = [one for one in taken if one.problem is None]
    firsts = [one.first_ms for one in answered if one.first_ms is not None]
    busy, others = cpu.busy_percent(before, after)
    spent = {name: round(1000 * seconds / len(taken), 1) for name, seconds in cpu.used(before, quiet).items()}
    figures: dict[str, Any] = {
        "messages": len(taken),
        "errors": dict(Counter(one.problem for one in taken if one.problem)) or 0,
        "degraded": dict(Counter(one.degraded for one in taken if one.degraded)) or 0,
        "reused": sum(one.reused for one in taken),
        **_percentiles([one.ms for one in answered], ""),
        **(_percentiles(firsts, "first_delta_") if firsts else {}),
        "per_second": round(len(answered) / (after.at - before.at), 1),
        "cpu_ms_each": spent | {"together": round(sum(spent.values()), 1)},
        "machine_busy_percent": busy,
        "of_which_other_processes_percent": others,
    }
    return figures


def _percentiles(values: Sequence[float], name: str) -> dict[str, float | None]:
    ordered = sorted(values)
    if not ordered:
        return {f"{name}p50_ms": None, f"{name}p99_ms": None}
    places = {"p50": 0.5, "p99": 0.99}
    return {
        f"{name}{place}_ms": round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)
        for place, share in places.items()
    }


def _ratios(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    """How many times the floor's time, CPU and capacity ours is."""

    def ratio(one: float | None, other: float | None) -> float | None:
        return round(one / other, 2) if one and other else None

    return {
        "p50": ratio(ours["p50_ms"], theirs["p50_ms"]),
        "p99": ratio(ours["p99_ms"], theirs["p99_ms"]),
        "per_second": ratio(ours["per_second"], theirs["per_second"]),
        "cpu": ratio(ours["cpu_ms_each"]["together"], theirs["cpu_ms_each"]["together"]),
    }


def run() -> dict[str, Any]:
    """Make the stack, run, and remove it."""
    with own_stack(FIRST_MS, WHOLE_MS, WORKERS) as stack:
        try:
            return asyncio.run(Bench(stack).run())
        except (OSError, websockets.WebSocketException, psutil.Error) as error:
            ends = {name: stack.last_words(name) for name in (services.CLOUD, services.BEDROCK)}
            sys.exit(f"{ends}\n{type(error).__name__}: {error}")


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
