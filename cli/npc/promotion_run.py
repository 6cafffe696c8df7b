"""Following an approval until it is checked, and a promotion until all players have the model or none has it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rich.markup import escape

from npc.client import Api
from npc.errors import CliError
from npc.output import Reporter
from npc.polling import polled

# What checks an approved model asks it a question and starts the release pipeline.
CHECK_SECONDS = 180.0
# A promotion whose first step fails is tried again for some minutes, and is not heard of before.
BEGIN_SECONDS = 600.0
ENDED = {
    "promoted": "[bold green]PROMOTED[/]  all players are answered by {version}",
    "returned": "[bold red]RETURNED[/]  all players are answered by {before} again",
    "rolled-back": "[bold yellow]ROLLED BACK[/]  all players are answered by {version} again",
    "begun": "[bold yellow]OVERTAKEN[/]  the promotion of {version} was begun meanwhile",
}
STAGE_MODEL = "the stage's own model"
Found = dict[str, Any]


def checked(api: Api, version: int, why_before: str, sleep: Callable[[float], None] = time.sleep) -> Found:
    """A version once its approval was checked: it is the candidate, or waits for a decision again.

    `why_before` is what the registry said of it before, by which an answer from before is told. Raises NotReachable,
    and CliError when that takes too long.
    """
    answers, deadline, approved = polled(lambda: _models(api), sleep), time.monotonic() + CHECK_SECONDS, False
    with Reporter() as told:
        while True:
            found: Found = next((one for one in next(answers)["models"] if one["version"] == version), {})
            waits = found.get("approval") == "PendingManualApproval"
            approved = approved or found.get("approval") == "Approved"
            if "candidate" in found.get("roles", ()) or (waits and (approved or found["why"] != why_before)):
                return found
            if time.monotonic() > deadline:
                raise CliError(f"version {version} is still being checked: see `npc model show {version}`")
            told("checking that it answers", 0, None)


def follow(api: Api, promotion: str, sleep: Callable[[float], None] = time.sleep) -> Found:
    """The move by which a promotion ended, of whatever promotion or rollback.

    Raises NotReachable, and CliError where it never begins.
    """
    answers, deadline = polled(lambda: _models(api), sleep), time.monotonic() + BEGIN_SECONDS
    with Reporter() as told:
        while True:
            found = next(answers)
            if move := ended(found["moves"], promotion):
                return move
            begun = any(move["id"] == promotion for move in found["moves"])
            if not begun and time.monotonic() > deadline:
                raise CliError("it did not begin: something else was decided meanwhile (see `npc model ls`)")
            shift = found["promoted"]["shift"]
            told(_sides(found), shift["percent"] if shift else 0, 100)


def _models(api: Api) -> Found:
    """The versions of the title, and by which its players are answered."""
    found: Found = api.call("GET", "/v1/models")
    return found


def ended(moves: list[Found], promotion: str) -> Found | None:
    """By what a promotion ended, or what came after it was begun; `moves` are newest first."""
    later: list[Found] = []
    for move in moves:
        if move["id"] == promotion:
            return move if move["kind"] != "begun" else later[-1] if later else None
        later.append(move)
    return None


def told_of_approval(found: Found) -> str:
    """What became of an approval, with what to do next."""
    number = found["version"]
    if found["approval"] != "Approved":
        return f"version {number} waits for a decision again"
    if "candidate" in found.get("roles", ()):
        return f"version {number} is approved and answers; to give it to players: npc model promote {number}"
    return f"version {number} is approved, and is being checked"


def told_of_start(started: Found) -> str:
    """How a promotion goes on."""
    percents = ", ".join(f"{percent} %" for percent in started["percents"])
    gate = "" if started["gate"] != "overridden" else "; the canon gate is overridden"
    return f"version {started['version']}: {percents} of the players, {started['minutes']:g} minutes each{gate}"


def told_of_end(move: Found) -> str:
    """How it ended, and why."""
    sides = {side: named(move[side]) for side in ("version", "before")}
    told = ENDED[move["kind"]].format(**sides)
    return f"{told}: {escape(move['why'])}" if move["why"] else told


def named(version: int) -> str:
    """A version as people call it; 0 is the stage's own model."""
    return f"version {version}" if version else STAGE_MODEL


def _sides(found: Found) -> str:
    """What both sides did since the shift, where the stage tells it."""
    sides = found.get("sides") or {}
    told = [
        f"{name}: {_side(side)}" for name, side in (("new", sides.get("to")), ("old", sides.get("current"))) if side
    ]
    return "; ".join(["shifting", *told])


def _side(side: Found) -> str:
    turns = side["turns"]
    words = [f"{turns} turns", f"{side['failed']} failed"]
    if turns:
        words.append(f"{side['ms'] / turns / 1000:.1f} s")
    if side["measured"]:
        words.append(f"grounded {side['groundedness'] / side['measured']:.2f}")
    return ", ".join(words)
