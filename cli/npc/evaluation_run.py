"""Following an evaluation until it is concluded, and telling what it showed: the verdict first."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.markup import escape

from npc.client import Api, segment
from npc.output import Reporter, table
from npc.polling import polled

COLOURS = {"passed": "green", "failed": "red", "incomplete": "yellow"}
MOST_SHOWN = 30


def follow(api: Api, evaluation: str, sleep: Callable[[float], None] = time.sleep) -> dict[str, Any]:
    """The evaluation once it is concluded or has failed, with a progress bar until then. Raises NotReachable."""
    answers = polled(lambda: api.call("GET", f"/v1/evaluations/{segment(evaluation)}"), sleep)
    with Reporter() as told:
        while True:
            found: dict[str, Any] = next(answers)
            told(*_progress(found))
            if found["state"] in ("concluded", "failed"):
                return found


def outcome(found: dict[str, Any]) -> str:
    """The outcome of a concluded evaluation."""
    return str((found.get("verdict") or {}).get("outcome", ""))


def print_evaluation(console: Console, found: dict[str, Any]) -> None:
    """One evaluation, whatever state it is in."""
    about = f"{found['requested_at'][:16]} by {found['requested_by']}"
    console.print(escape(f"{found['id']}  {about}  {found['request'].get('note', '')}".rstrip()), soft_wrap=True)
    if found["state"] == "concluded":
        print_verdict(console, found)
        return
    told = found["failure"] or f"{found['done']} of {found['total']} cases played"
    console.print(f"{found['state']}: {escape(told)}", soft_wrap=True)


def print_verdict(console: Console, found: dict[str, Any]) -> None:
    """Verdict, why, what broke, figures."""
    verdict = found.get("verdict")
    if not verdict:
        return
    result, total = verdict["outcome"], found["total"]
    failing = len(verdict["failing"])
    console.print(f"[bold {COLOURS[result]}]{result.upper()}[/]  {found['done'] - failing} of {total} cases pass")
    for reason in verdict["reasons"]:
        console.print(f"  {escape(reason['told'])}", soft_wrap=True)
    _print_cases(console, "regressed: passed before, and fail now", verdict["regressed"], "red")
    others = [key for key in verdict["failing"] if key not in verdict["regressed"]]
    _print_cases(console, "failing, as before or without a comparison", others, "yellow")
    _print_cases(console, "improved: failed before, and pass now", verdict["improved"], "green")
    if found["comparisons"]:
        console.print()
        console.print(table(("figure", "candidate", "baseline", "difference", "95 % interval"), rows(found)))
    if found["report"]:
        console.print(f"\nBoth answers side by side: npc eval open {escape(found['id'])}", soft_wrap=True)


def _progress(found: dict[str, Any]) -> tuple[str, int, int]:
    if found["state"] == "queued" or not found["total"]:
        return "waiting to begin", 0, 1
    if found["done"] >= found["total"] and found["state"] == "running":
        return "concluding", found["done"], found["total"]
    return "playing cases", found["done"], found["total"]


def _print_cases(console: Console, title: str, keys: list[str], colour: str) -> None:
    if not keys:
        return
    console.print(f"[{colour}]{len(keys)} {title}[/]")
    for key in keys[:MOST_SHOWN]:
        console.print(f"  {escape(key)}", soft_wrap=True)
    if len(keys) > MOST_SHOWN:
        console.print(f"  and {len(keys) - MOST_SHOWN} more")


def rows(found: dict[str, Any]) -> list[list[str]]:
    """An evaluation's figures: name, candidate, baseline, difference and interval, each as a person reads it."""
    return [
        [
            one["metric"],
            amount(one["metric"], one["candidate"]),
            amount(one["metric"], one.get("baseline")),
            amount(one["metric"], one.get("difference"), "+"),
            _interval(one),
        ]
        for one in found["comparisons"]
    ]


def _interval(one: dict[str, Any]) -> str:
    if one.get("low") is None:
        return ""
    return f"{amount(one['metric'], one['low'], '+')} to {amount(one['metric'], one['high'], '+')}"


def amount(metric: str, value: float | None, sign: str = "") -> str:
    """A figure with its unit: `87.5 %`, `1.24 s`, `$0.00042`, `812`; with sign `+` a difference. Empty for none."""
    if value is None:
        return ""
    if metric == "cost_usd":
        return f"${value:{sign}.5f}"
    if metric.endswith("ms"):
        return f"{value / 1000:{sign}.2f} s"
    if metric.endswith("_tokens"):
        return f"{value:{sign},.0f}"
    return f"{100 * value:{sign}.1f} %"
