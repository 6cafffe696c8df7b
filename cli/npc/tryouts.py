"""`npc try`: hear how an NPC would speak by some version, model or lore, without moving a label."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape

from npc import candidates
from npc.output import show
from npc.session import of

Mode = Literal["base", "rag", "tuned", "auto"]
CANDIDATE, BESIDE = "candidate", "production"


def try_out(
    context: typer.Context,
    npc: Annotated[str, typer.Argument(help="The character's id (see `npc npcs`).")],
    messages: Annotated[list[str], typer.Argument(help="What the player says, one after the other; 8 at most.")],
    candidate: candidates.Named = None,
    file: candidates.Files = None,
    label: candidates.Label = "production",
    model: candidates.Model = "",
    lore: candidates.Lore = "",
    flag: Annotated[list[str] | None, typer.Option(help="What is true for the player; may be repeated.")] = None,
    mode: Annotated[Mode, typer.Option(help="Which model and whether lore is looked up.")] = "rag",
    greedy: Annotated[bool, typer.Option("--greedy", help="The model's likeliest words: the same each time.")] = False,
    beside: Annotated[bool, typer.Option("--beside", help="Also as players hear it, side by side.")] = False,
) -> None:
    """Hear what an NPC would say; nothing of it is kept."""
    session = of(context)
    api = session.api()
    wanted = candidates.configuration(api, candidate or [], file or [], label, model, lore)
    asked = {"npc": npc, "messages": messages, "flags": flag or [], "mode": mode, "greedy": greedy}
    sides = {CANDIDATE: wanted, **({BESIDE: {}} if beside else {})}
    heard = {
        side: api.call("POST", "/v1/tryouts", body=asked | {"configuration": configuration})
        for side, configuration in sides.items()
    }

    def for_people(console: Console) -> None:
        for number, message in enumerate(messages):
            console.print(f"[dim]{escape(message)}[/]", soft_wrap=True)
            for side, answer in heard.items():
                _print_turn(console, side if beside else npc, answer["turns"][number : number + 1])

    show(session.as_json, heard if beside else heard[CANDIDATE], for_people)


def _print_turn(console: Console, name: str, turns: list[dict[str, Any]]) -> None:
    if not turns:
        console.print(f"[bold]{escape(name)}[/]: [yellow]the time was up[/]")
        return
    (turn,) = turns
    console.print(f"[bold]{escape(name)}[/]: {escape(turn['say'])}", soft_wrap=True)
    for action in turn["actions"]:
        told = escape(f"{action['name']} {action.get('arguments') or ''}".rstrip())
        console.print(f"  [cyan]→ {told}[/]", soft_wrap=True)
    for citation in turn["citations"]:
        console.print(f"  [dim]· {escape(citation['title'])} ({escape(citation['document'])})[/]", soft_wrap=True)
    if degraded := turn["degraded"]:
        console.print(f"  [yellow]degraded: {degraded['answer']} ({', '.join(degraded['why'])})[/]", soft_wrap=True)
    usage = turn["usage"]
    told = f"{turn['model']}, {turn['ms']} ms, {usage['input_tokens']} + {usage['output_tokens']} tokens"
    console.print(f"  [dim]{escape(told)}, ${usage['cost_usd']:.6f}[/]", soft_wrap=True)
