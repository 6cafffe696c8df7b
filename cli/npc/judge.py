"""`npc judge`: how far the judge model agrees with people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from npc.client import segment
from npc.errors import CliError
from npc.output import Reporter, show, table
from npc.session import of

commands = typer.Typer(no_args_is_help=True, help="How far the judge model, and reviewers, agree with people.")
# As many as the API takes at once.
AT_ONCE = 20
# A judge that answers nothing in so many calls one after another is not waited for.
PATIENCE = 3


@commands.command()
def agree(
    context: typer.Context,
    rubric: Annotated[str, typer.Argument(help="The rubric.")],
    file: Annotated[
        Path | None,
        typer.Argument(help="Judged answers, a JSON object a line (as in world/judgements.jsonl); none to go on."),
    ] = None,
) -> None:
    """Have the judge judge answers that people have judged: id, npc, player, reply, verdict (true or false), why."""
    session = of(context)
    api, place = session.api(), f"/v1/rubrics/{segment(rubric)}/judgements"
    answers = read_answers(file, rubric) if file else []
    found: dict[str, Any] = {}
    for start in range(0, max(len(answers), 1), AT_ONCE):
        found = api.call("PUT", place, body={"answers": answers[start : start + AT_ONCE]})
    idle = 0
    with Reporter() as progress:
        while found["left"] and idle < PATIENCE:
            progress("judged", found["answers"] - found["left"], found["answers"])
            before, found = found["left"], api.call("PUT", place, body={"answers": []})
            idle = 0 if found["left"] < before else idle + 1
    show(session.as_json, found, lambda console: _print_judged(console, found))


@commands.command("ls")
def list_agreement(context: typer.Context) -> None:
    """Show what is known of agreement: reviewers with each other, judges with people."""
    session = of(context)
    answer = session.api().call("GET", "/v1/agreement")
    rows = [
        (one["what"], one["measure"], _figure(one["value"]), one["items"], one["raters"])
        for one in answer["agreements"]
    ]
    told = table(("what", "measure", "agreement", "items", "raters"), rows)
    show(session.as_json, answer, lambda console: console.print(told))


def read_answers(file: Path, rubric: str) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines but for those that name another `rubric`. Raises CliError."""
    found = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(f"{file} cannot be read: {error}") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            answer = dict(json.loads(line))
        except (TypeError, ValueError):
            raise CliError(f"line {number} of {file} is no JSON object") from None
        if answer.pop("rubric", rubric) == rubric:
            found.append(answer)
    if not found:
        raise CliError(f"{file} holds no answer that was judged by {rubric}")
    return found


def _print_judged(console: Console, found: dict[str, Any]) -> None:
    agreement = found["agreement"]
    console.print(
        f"kappa {_figure(agreement['value'])} over {agreement['items']} answers "
        f"({found['left']} of {found['answers']} left); {escape(found['judge']['model'])}"
    )
    rows = [(one["id"], one["person"], one["judge"], one["why"]) for one in found["differing"]]
    if rows:
        console.print(table(("answer", "person", "judge", "the judge's why"), rows))


def _figure(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"
