"""`npc eval`: golden cases played by a candidate and by what players get, and what that showed."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from npc import candidates, evaluation_files, interchange
from npc.client import segment
from npc.errors import CliError, NotReachable
from npc.evaluation_run import amount, follow, outcome, print_evaluation, print_verdict
from npc.output import note, show, table
from npc.session import Session, of

# The figures of a trend that fit on a wide terminal, and how many of them on one of 80 columns; the page has all.
TREND = {
    "groundedness": "grounded",
    "citation_support": "cited",
    "ms": "time",
    "toxicity": "toxic",
    "cost_usd": "cost",
}
NARROW, WIDE_COLUMNS = 3, 110
commands = typer.Typer(no_args_is_help=True, help="Evaluate what a change does to the NPCs, by golden cases.")
commands.command("export")(interchange.export)
Id = Annotated[str, typer.Argument(help="The evaluation's id, or `last`.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Stay until it is concluded.")]
NOTHING = "none"
NO_EVALUATION = "there is no evaluation yet"
OF_NPCS = "May be repeated; default those whose cards name suites."


@commands.command()
def run(
    context: typer.Context,
    candidate: candidates.Named = None,
    file: candidates.Files = None,
    label: candidates.Label = "production",
    model: candidates.Model = "",
    lore: candidates.Lore = "",
    baseline: Annotated[str, typer.Option(help=f"The label to compare with; `{NOTHING}` for nothing.")] = "production",
    npc: Annotated[list[str] | None, typer.Option(help=f"Who plays. {OF_NPCS}")] = None,
    suite: Annotated[list[str] | None, typer.Option(help="Of which suites; default those that cards name.")] = None,
    cases: Annotated[Path | None, typer.Option(help="Cases besides (JSON lines); alone without NPC or suite.")] = None,
    repeats: Annotated[int, typer.Option(help="Play each case so often, with the model's words left free.")] = 0,
    judge: Annotated[bool, typer.Option("--judge/--no-judge", help="Whether rubrics are put to the judge.")] = True,
    why: Annotated[str, typer.Option("--note", help="What this is about.")] = "",
    wait: Wait = True,
) -> None:
    """Evaluate a candidate; without any, what players get. Ends with exit code 1 if it does not pass."""
    session = of(context)
    api = session.api()
    body = {
        "candidate": candidates.configuration(api, candidate or [], file or [], label, model, lore),
        "baseline": None if baseline == NOTHING else {"label": baseline},
        "npcs": npc or [],
        "suites": suite or [],
        "cases": evaluation_files.read_cases(cases) if cases else [],
        "greedy": not repeats,
        "repeats": repeats or 1,
        "judge": judge,
        "note": why,
    }
    _follow(session, api.call("POST", "/v1/evaluations", body=body), wait)


@commands.command()
def upload(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Cases, each a line of JSON.")],
    candidate: candidates.Named = None,
    label: candidates.Label = "production",
    model: candidates.Model = "",
    lore: candidates.Lore = "",
    why: Annotated[str, typer.Option("--note", help="What this is about.")] = "",
    wait: Wait = True,
) -> None:
    """Upload cases and evaluate by them alone."""
    session = of(context)
    api = session.api()
    try:
        data = file.read_bytes()
    except OSError as error:
        raise CliError(f"{file} cannot be read: {error}") from None
    body = {"candidate": candidates.configuration(api, candidate or [], [], label, model, lore), "note": why}
    offered = api.call("POST", "/v1/evaluations/uploads", body=body)
    evaluation_files.store(session, offered["url"], data)
    _follow(session, {"evaluation": offered["evaluation"], "state": "queued", "attempt": 1}, wait)


@commands.command()
def resume(context: typer.Context, evaluation: Id, wait: Wait = True) -> None:
    """Go on with an evaluation that failed, was interrupted, or lacks results."""
    session = of(context)
    started = session.api().call("POST", f"/v1/evaluations/{segment(known_id(session, evaluation))}/resume")
    _follow(session, started, wait)


@commands.command("ls")
def list_evaluations(
    context: typer.Context,
    limit: Annotated[int, typer.Option(help="How many at most.")] = 20,
    before: Annotated[str, typer.Option(help="Only those before this one.")] = "",
) -> None:
    """List the newest evaluations."""
    session = of(context)
    found = session.api().call("GET", "/v1/evaluations", params={"limit": limit, "before": before})
    columns = ("id", "asked at", "by", "verdict", "cases", "fail", "worse", "note")
    keys = ("total", "failing", "regressed", "note")
    rows = [
        [
            one["id"],
            one["requested_at"][5:16].replace("T", " "),
            one["requested_by"],
            one.get("outcome") or one["state"],
            *(one.get(key) for key in keys),
        ]
        for one in found["evaluations"]
    ]
    show(session.as_json, found, lambda console: console.print(table(columns, rows) if rows else NO_EVALUATION))


@commands.command("show")
def show_evaluation(context: typer.Context, evaluation: Id) -> None:
    """Show one evaluation: verdict, regressed cases, figures."""
    session = of(context)
    found = session.api().call("GET", f"/v1/evaluations/{segment(known_id(session, evaluation))}")
    show(session.as_json, found, lambda console: print_evaluation(console, found))


@commands.command("open")
def open_report(
    context: typer.Context,
    evaluation: Id,
    to: Annotated[Path | None, typer.Option("--to", help="Write it to this file (.html; .json for data).")] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it, on a terminal.")] = True,
) -> None:
    """Download an evaluation's report, and open it."""
    session = of(context)
    found = session.api().call("GET", f"/v1/evaluations/{segment(known_id(session, evaluation))}")
    place = to or Path(f"npcops-{found['id']}.html")
    name = "report.json" if place.suffix == ".json" else "report.html"
    if name not in found["report"]:
        raise CliError(f"evaluation {found['id']} has no {name}: it is {found['state']}, or its files have expired")
    evaluation_files.write(place, evaluation_files.load(session, found["report"][name]))
    if browser and sys.stdout.isatty() and name.endswith(".html"):
        webbrowser.open(place.resolve().as_uri())
    show(session.as_json, {"file": str(place)}, lambda console: console.print(escape(str(place)), soft_wrap=True))


@commands.command()
def trend(
    context: typer.Context,
    npc: Annotated[str, typer.Argument(help="The character's id.")],
    limit: Annotated[int, typer.Option(help="How many evaluations at most.")] = 20,
    to: Annotated[Path | None, typer.Option("--to", help="Also write a page to this file (.html).")] = None,
) -> None:
    """Show an NPC's figures, evaluation by evaluation, and what turns of players showed."""
    session = of(context)
    params = {"limit": limit, "page": "html" if to else ""}
    found = session.api().call("GET", f"/v1/npcs/{segment(npc)}/trend", params=params)
    if to:
        evaluation_files.write(to, found["page"].encode())
    live = found.get("live", [])

    def for_people(console: Console) -> None:
        told = _trend(found["points"], list(TREND)[: NARROW if console.width < WIDE_COLUMNS else None])
        console.print(told if found["points"] else escape(f"no evaluation of {npc} is concluded"))
        if live:
            console.print(_live(live))
        if to:
            console.print(escape(str(to)), soft_wrap=True)

    show(session.as_json, {"points": found["points"], "live": live}, for_people)


def _trend(points: list[dict[str, Any]], names: list[str]) -> Table:
    figures = [name for name in names if any(name in point["figures"] for point in points)]
    rows = [
        [
            point["at"][5:10],
            *(point["evaluation"], point["outcome"], point["cases"], f"{point['pass_rate']:.0%}"),
            *(amount(name, point["figures"].get(name)) for name in figures),
        ]
        for point in points
    ]
    return table(("day", "evaluation", "verdict", "cases", "pass", *(TREND[name] for name in figures)), rows)


def _live(points: list[dict[str, Any]]) -> Table:
    rows = [
        [
            f"{point['first'][5:]} to {point['last'][5:]}",
            *(point["turns"], point["failed"], point["measured"], amount("groundedness", point["groundedness"])),
            *(point["rated"], "–" if point["rating"] is None else f"{point['rating']:.1f}"),
        ]
        for point in points
    ]
    return table(("players' turns", "counted", "failed", "measured", "grounded", "rated", "rating"), rows)


def _follow(session: Session, started: dict[str, Any], wait: bool) -> None:
    evaluation = started["evaluation"]
    if not wait:
        show(session.as_json, started, lambda console: console.print(escape(evaluation)))
        return
    note(f"evaluation {evaluation}")
    try:
        found = follow(session.api(), evaluation)
    except (NotReachable, KeyboardInterrupt):
        note(f"it may go on: see `npc eval show {evaluation}`; if it stopped, `npc eval resume {evaluation}`")
        raise
    show(session.as_json, found, lambda console: print_verdict(console, found))
    if found["state"] == "failed":
        raise CliError(f"the evaluation failed: {found['failure']}")
    if (result := outcome(found)) != "passed":
        raise CliError(f"the evaluation is {result}" if result == "incomplete" else "the candidate did not pass")


def known_id(session: Session, evaluation: str) -> str:
    """The id that is meant."""
    if evaluation != "last":
        return evaluation
    found = session.api().call("GET", "/v1/evaluations", params={"limit": 1})["evaluations"]
    if not found:
        raise CliError(NO_EVALUATION)
    return str(found[0]["id"])
