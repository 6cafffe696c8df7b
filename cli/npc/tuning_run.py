"""Following a tuning run until it has ended, and telling what came of it: whether it is better first."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.markup import escape

from npc.client import Api, segment
from npc.curve import drawn
from npc.errors import Refused
from npc.evaluation_run import rows
from npc.output import Reporter, table
from npc.polling import polled

GONE = 404
UNDER_WAY = ("waiting", "running")
STEPS = {
    "Preprocess": "reading the data",
    "Tune": "tuning",
    "Evaluate": "evaluating",
    "Better": "deciding",
    "Register": "registering",
}
NO_TUNING = "there is no tuning run yet"
WAITING = "waiting to begin"
VERDICTS = {
    "yes": ("green", "BETTER", "than what players hear now, by more than chance"),
    "no": ("yellow", "WORSE IN PART", "it passed, but some figure became worse by more than chance"),
    "not-shown": ("yellow", "NOT SHOWN TO BE BETTER", "it passed, but chance alone could have done this"),
}
LOSSES = {"training": "what it learned", "validation": "lines that it did not learn"}
Described = dict[str, Any]


def follow(api: Api, tuning: str, sleep: Callable[[float], None] = time.sleep) -> Described:
    """The run once it has ended, with progress until then. Raises NotReachable."""
    answers, step = polled(lambda: _asked(api, tuning), sleep), ""
    with Reporter() as told:
        while True:
            found, progress = next(answers)
            if (now := current(found)) != step:
                step = now
                told.begin(STEPS.get(step, WAITING))
            told(*progress)
            if found["tuning"]["state"] not in UNDER_WAY:
                return found


def _asked(api: Api, tuning: str) -> tuple[Described, tuple[str, int, int | None]]:
    """The run, and how far it is."""
    found: Described = api.call("GET", f"/v1/tunings/{segment(tuning)}")
    return found, _progress(api, found)


def evaluation(api: Api, identifier: str) -> Described | None:
    """The evaluation of a run; None if there is none (any more). Raises CliError."""
    try:
        found: Described = api.call("GET", f"/v1/evaluations/{segment(identifier)}")
    except Refused as refused:
        if refused.status != GONE:
            raise
        return None
    return found


def current(found: Described) -> str:
    """The step that is under way, or was last."""
    steps = (found["pipeline"] or {}).get("steps") or [{"name": ""}]
    running = [step for step in steps if step.get("status") == "Executing"]
    return str((running or steps)[-1]["name"])


def _progress(api: Api, found: Described) -> tuple[str, int, int | None]:
    step, losses = current(found), found["losses"]
    if step == "Evaluate" and found["tuning"]["evaluation"]:
        playing = evaluation(api, found["tuning"]["evaluation"]) or {"done": 0, "total": None}
        return "evaluating: playing cases", playing["done"], playing["total"] or None
    if step == "Tune" and found["tuning"]["custom_model"]:
        return "tuning: waiting until the tuned model can be asked", 0, None
    trained = [point for point in losses if point["training"] is not None]
    if step == "Tune" and trained:
        at = trained[-1]["step"]
        return f"tuning: step {at}, loss {trained[-1]['training']:.3f}", at, _steps(found, trained)
    return STEPS.get(step, WAITING), 0, None


def _steps(found: Described, trained: list[dict[str, Any]]) -> int | None:
    """How many steps training takes, where the job tells which part of an epoch its steps are.

    The examples do not: a job makes its batches as it likes, and may learn more than what was uploaded.
    """
    within = [point for point in trained if point["epoch"] % 1]
    if not within or "epochCount" not in found["hyperparameters"]:
        return None
    steps: int = round(within[-1]["step"] / within[-1]["epoch"])
    return steps * int(found["hyperparameters"]["epochCount"])


def print_list(console: Console, tunings: list[dict[str, Any]]) -> None:
    """A page of runs. Below it stand sentences, for which a table of many columns has no room."""
    rows = [
        [
            *(one["id"], one["requested_at"][5:16].replace("T", " "), one["requested_by"]),
            *(one["state"], one["request"]["dataset"], ", ".join(one["request"]["npcs"]) or "all"),
            one["version"] or "",
        ]
        for one in tunings
    ]
    listed = table(("id", "asked at", "by", "state", "dataset", "for", "version"), rows)
    for column in listed.columns:
        column.no_wrap = column.header in ("id", "asked at", "state")
    console.print(listed if rows else NO_TUNING)
    sentences = [(one["id"], one["failure"] or one["request"]["note"]) for one in tunings]
    if told := [(run, sentence) for run, sentence in sentences if sentence]:
        console.print()
        console.print(table(("id", "note"), told))


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
        _told_loss(LOSSES[side], points, found["tuning"][f"{side}_loss"]) for side, points in sides.items() if points
    ]
    console.print(f"Loss: {'; '.join(told)}", soft_wrap=True)
    for line in drawn(sides["training"], sides["validation"]):
        console.print(f"  [dim]{line}[/]", soft_wrap=True)


def _told_loss(what: str, points: list[tuple[float, float]], kept: float | None) -> str:
    """`kept` is that of the model as it was kept, which need not be its last state; None: it is not known yet."""
    first, last = points[0][1], points[-1][1] if kept is None else kept
    return f"{first:.3f} to {last:.3f} on {what}" if len(points) > 1 else f"{first:.3f} on {what}"


def _points(found: Described, side: str) -> list[tuple[float, float]]:
    return [(point["step"], point[side]) for point in found["losses"] if point[side] is not None]
