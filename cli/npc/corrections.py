"""`npc corrections`: corrected answers, and what becomes of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer
from rich.markup import escape

from npc.client import segment
from npc.output import note, show, table
from npc.session import of

commands = typer.Typer(no_args_is_help=True, help="What should have been said, and what becomes of it.")
Id = Annotated[str, typer.Argument(help="The correction's id.")]
Why = Annotated[str, typer.Option(help="Why.")]


@commands.command("ls")
def list_corrections(
    context: typer.Context,
    state: Annotated[Literal["proposed", "accepted", "rejected"], typer.Option(help="In which state.")] = "proposed",
    before: Annotated[str, typer.Option(help="Only those older than the one of this id.")] = "",
) -> None:
    """List corrections, the newest first, a hundred at once."""
    session = of(context)
    answer = session.api().call("GET", "/v1/corrections", params={"state": state, "before": before})
    rows = [(one["id"], one["npc"], one["message"], one["said"], one["corrected"]) for one in answer["corrections"]]
    told = table(("id", "npc", "player", "said", "should have said"), rows)
    show(session.as_json, answer, lambda console: console.print(told if rows else f"none is {state}"))
    if answer["more"] and not session.as_json:
        note(f"there are older ones: --before {rows[-1][0]}")


@commands.command()
def accept(
    context: typer.Context,
    correction: Id,
    suite: Annotated[str, typer.Option(help="The suite that gets it as a case, in a new version.")] = "",
    case: Annotated[str, typer.Option(help="What the case is called.")] = "",
    training: Annotated[bool, typer.Option("--training", help="Make it a training pair.")] = False,
    corrected: Annotated[str, typer.Option(help="What should have been said, in better words.")] = "",
    message: Annotated[str, typer.Option(help="What the player said, in other words.")] = "",
    why: Why = "",
) -> None:
    """Make a golden case of a correction, a training pair, or both."""
    if not suite and not training:
        raise typer.BadParameter("give --suite, --training or both")
    given = {"suite": suite, "case": case, "corrected": corrected, "message": message}
    body = {"accept": True, "training": training, "why": why} | {name: value for name, value in given.items() if value}
    session = of(context)
    answer = session.api().call("POST", f"/v1/corrections/{segment(correction)}", body=body)
    told = ["accepted", *(["as a training pair"] if training else [])]
    if suite:
        told.append(f"as case {answer['correction']['case']['id']} of {suite}, version {answer['suite_version']}")
    show(session.as_json, answer, lambda console: console.print(escape(" ".join(told)), soft_wrap=True))


@commands.command()
def reject(context: typer.Context, correction: Id, why: Why = "") -> None:
    """Reject a correction."""
    session = of(context)
    body: dict[str, Any] = {"accept": False, "why": why}
    answer = session.api().call("POST", f"/v1/corrections/{segment(correction)}", body=body)
    show(session.as_json, answer, lambda console: console.print("rejected"))
