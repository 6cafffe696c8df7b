"""`npc world` and `npc player`: what is true for a player, and erasing one."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from npc.client import segment
from npc.output import show, table
from npc.session import SERVER, SERVER_OR_STUDIO, of

world_commands = typer.Typer(no_args_is_help=True, help="What is true for a player (needs the server scope).")
player_commands = typer.Typer(no_args_is_help=True, help="A player's data.")
PlayerName = Annotated[str, typer.Argument(help="The player's id.")]


@world_commands.command("set")
def set_world(
    context: typer.Context,
    player: PlayerName,
    flags: Annotated[list[str] | None, typer.Argument(help="All flags the player has; none clears them.")] = None,
    faction: Annotated[str | None, typer.Option(help="The player's faction.")] = None,
    place: Annotated[str | None, typer.Option(help="Where the player is.")] = None,
) -> None:
    """Replace a player's world state, as the game's server would."""
    session = of(context)
    state: dict[str, Any] = {"flags": flags or []}
    state |= {name: value for name, value in (("faction", faction), ("place", place)) if value}
    answer = session.api(SERVER).call("PUT", f"/v1/players/{segment(player)}/world", body=state) or state
    show(session.as_json, answer, lambda console: _print_world(console, player, answer))


@world_commands.command("show")
def show_world(context: typer.Context, player: PlayerName) -> None:
    """Show a player's world state."""
    session = of(context)
    answer = session.api(SERVER_OR_STUDIO).call("GET", f"/v1/players/{segment(player)}/world")
    show(session.as_json, answer, lambda console: _print_world(console, player, answer))


@player_commands.command()
def erase(context: typer.Context, player: PlayerName) -> None:
    """Delete everything kept about a player: world state, saves, turns, facts, summaries."""
    session = of(context)
    answer = session.api(SERVER_OR_STUDIO).call("DELETE", f"/v1/players/{segment(player)}")
    removed = (answer or {}).get("removed", {})
    told = ", ".join(f"{count} {kind}" for kind, count in removed.items()) or "nothing"
    show(session.as_json, answer, lambda console: console.print(escape(f"erased {player}: {told}")))


def _print_world(console: Console, player: str, state: dict[str, Any]) -> None:
    rows = [
        ("flags", ", ".join(state.get("flags") or []) or "none"),
        ("faction", state.get("faction") or "none"),
        ("place", state.get("place") or "none"),
    ]
    console.print(escape(player))
    console.print(table(("", ""), rows))
