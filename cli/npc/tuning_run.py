"""Following a tuning run until it has ended, and telling what came of it: whether it is better first."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.markup import escape

from npc.client import Api, segment
from npc.curve import drawn
from npc.errors import NotReachable
from npc.evaluation_run import rows
from npc.output import Reporter, note, table

POLL_SECONDS = 2.0
# A stage that is busy may leave a question or two unanswered.
PATIENCE = 3
UNDER_WAY = ("waiting", "running")
STEPS = {
    "Preprocess": "reading the data",
    "Tune": "tuning",
    "Evaluate": "evaluating",
    "Better": "deciding",
    "Register": "registering",
}
VERDICTS = {
    "yes": ("green", "BETTER", "than what players hear now, by more than chance"),
    "no": ("yellow", "WORSE IN PART", "it passed, but some figure became worse by more than chance"),
    "not-shown": ("yellow", "NOT SHOWN TO BE BETTER", "it passed, but chance alone could have done this"),
}
LOSSES = {"training": "what it learned", "validation": "lines that it did not learn"}
Described = dict[str, Any]


def follow(api: Api, tuning: str, sleep: Callable[[float], None] = time.sleep) -> Described:
    """The run once it has ended, with progress until then. Raises NotReachable."""
    unanswered, step = 0, ""
    with Reporter() as told:
        while True:
            try:
                found: Described = api.call("GET", f"/v1/tunings/{segment(tuning)}")
                progress = _progress(api, found)
            except NotReachable:
                unanswered += 1
                if unanswered >= PATIENCE:
                    raise
            else:
                unanswered = 0
                if (now := current(found)) != step:
                    step = now
                    note(f"  {STEPS.get(step, 'waiting to begin')}")
                told(*progress)
                if found["tuning"]["state"] not in UNDER_WAY:
                    return found
            sleep(POLL_SECONDS)


def current(found: Described) -> str:
    """The step that is under way, or was last."""
    steps = (found["pipeline"] or {}).get("steps") or [{"name": ""}]
    running = [step for step in steps if step.get("status") == "Executing"]
    return str((running or steps)[-1]["name"])


def _progress(api: Api, found: Described) -> tuple[str, int, int | None]:
    step, losses = current(found), found["losses"]
    if step == "Evaluate" and found["tuning"]["evaluation"]:
        playing = api.call("GET", f"/v1/evaluations/{segment(found['tuning']['evaluation'])}")
        return "evaluating: playing cases", playing["done"], playing["total"] or None
    if step == "Tune" and found["tuning"]["custom_model"]:
        return "tuning: waiting until the tuned model can be asked", 0, None
    trained = [point for point in losses if point["training"] is not None]
    if step == "Tune" and trained:
        at, total = trained[-1]["step"], _steps(found)
        return f"tuning: step {at}, loss {trained[-1]['training']:.3f}", at, total if total and total >= at else None
    return STEPS.get(step, "waiting to begin"), 0, None


def _steps(found: Described) -> int | None:
    """How many steps training takes, where data and hyperparameters say so."""
    given, data = found["hyperparameters"], found["data"]
    if not data or "batchSize" not in given or "epochCount" not in given:
        return None
    batches: int = math.ceil(data["examples"].get("train", 0) / int(given["batchSize"]))
    return batches * int(given["epochCount"])


def print_tuning(console: Console, found: Described, evaluation: Described | None) -> None:
    """What came of a run, or how far it is; `evaluation` is the one that judged it, if there is one."""
    run = found["tuning"]
    _print_verdict(console, found)
    if found["data"]:
        _print_data(console, found["data"])
    _print_losses(console, found)
    if evaluation and evaluation["comparisons"]:
        console.print()
        console.print(table(("figure", "after", "before", "difference", "95 % interval"), rows(evaluation)))
    console.print()
    if evaluation:
        console.print(f"Answers before and after: npc tune open {escape(run['id'])}", soft_wrap=True)
    if run["state"] == "registered":
        console.print(f"To let it speak: npc model approve {run['version']}", soft_wrap=True)


def _print_verdict(console: Console, found: Described) -> None:
    run = found["tuning"]
    if run["state"] == "registered":
        colour, word, told = VERDICTS.get(found["better"] or "", ("yellow", "REGISTERED", ""))
        console.print(f"[bold {colour}]{word}[/]  {told}", soft_wrap=True)
        return
    if run["state"] == "failed" and run["outcome"] == "failed":
        console.print("[bold red]NOT GOOD ENOUGH[/]  it failed its evaluation, and is not registered", soft_wrap=True)
        return
    about = run["failure"] or STEPS.get(current(found)) or run["request"]["note"]
    colour = "red" if run["state"] == "failed" else "yellow"
    console.print(f"[bold {colour}]{run['state'].upper()}[/]  {escape(about)}".rstrip(), soft_wrap=True)


def _print_data(console: Console, data: dict[str, Any]) -> None:
    parts = data["examples"]
    counts = [f"{parts.get(name, 0)} {told}" for name, told in PARTS.items()]
    dropped = [f"{why} ({count})" for why, count in data["dropped"].items() if count]
    console.print(f"Data: {data['read']} records read; {', '.join(counts)}", soft_wrap=True)
    if dropped:
        console.print(f"  left out: {escape(', '.join(dropped))}", soft_wrap=True)
    for told in data["notes"]:
        console.print(f"  {escape(told)}", soft_wrap=True)


PARTS = {"train": "to learn", "validation": "to watch the learning", "heldout": "kept for the evaluation"}


def _print_losses(console: Console, found: Described) -> None:
    sides = {side: _points(found, side) for side in LOSSES}
    if not any(sides.values()):
        return
    told = [
        f"{points[0][1]:.3f} to {points[-1][1]:.3f} on {LOSSES[side]}"
        if len(points) > 1
        else f"{points[0][1]:.3f} on {LOSSES[side]}"
        for side, points in sides.items()
        if points
    ]
    console.print(f"Loss: {'; '.join(told)}", soft_wrap=True)
    for line in drawn(sides["training"], sides["validation"]):
        console.print(f"  [dim]{line}[/]", soft_wrap=True)


def _points(found: Described, side: str) -> list[tuple[float, float]]:
    return [(point["step"], point[side]) for point in found["losses"] if point[side] is not None]
