"""`npc saves`: what the saves of a player are, keeping one, going back to it, and forking."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from npc.client import segment
from npc.output import show, table
from npc.players import PlayerName
from npc.session import SERVER_OR_STUDIO, of

commands = typer.Typer(no_args_is_help=True, help="A player's saves: each is a memory of its own.")
SaveName = Annotated[str, typer.Argument(help="The save.")]
SnapshotName = Annotated[str, typer.Argument(help="The snapshot.")]


@commands.command("ls")
def list_saves(context: typer.Context, player: PlayerName) -> None:
    """List saves and snapshots."""
    session = of(context)
    answer = session.api(SERVER_OR_STUDIO).call("GET", f"/v1/players/{segment(player)}/saves")
    show(session.as_json, answer, lambda console: _print_list(console, answer))


@commands.command()
def snapshot(context: typer.Context, player: PlayerName, save: SaveName, name: SnapshotName) -> None:
    """Keep where a save stands, and what is true for the player, under a name."""
    _change(context, player, f"kept {save} as {name}", action="snapshot", save=save, snapshot=name)


@commands.command()
def rewind(context: typer.Context, player: PlayerName, save: SaveName, name: SnapshotName) -> None:
    """Put a save and the world state back to a snapshot: what came after it is forgotten."""
    _change(context, player, f"{save} is back at {name}", action="rewind", save=save, snapshot=name)


@commands.command()
def fork(
    context: typer.Context,
    player: PlayerName,
    save: Annotated[str, typer.Argument(help="The new save.")],
    name: Annotated[str | None, typer.Option("--snapshot", help="The snapshot at which it begins.")] = None,
    source: Annotated[str | None, typer.Option("--save", help="The save at which it begins, as it is now.")] = None,
) -> None:
    """Begin a new save at a snapshot, or where another save stands."""
    if (name is None) == (source is None):
        raise typer.BadParameter("give either --snapshot or --save")
    begin = {"snapshot": name} if name else {"source": source}
    _change(context, player, f"{save} begins at {name or source}", action="fork", save=save, **begin)


def _change(context: typer.Context, player: str, told: str, **body: Any) -> None:
    session = of(context)
    answer = session.api(SERVER_OR_STUDIO).call("POST", f"/v1/players/{segment(player)}/saves", body=body)
    show(session.as_json, answer, lambda console: console.print(escape(told)))


def _print_list(console: Console, answer: dict[str, Any]) -> None:
    rows = [("save", found["name"], "", "") for found in answer["saves"]]
    rows += [("snapshot", found["name"], found["save"], found["taken_at"]) for found in answer["snapshots"]]
    console.print(table(("", "name", "of", "taken at"), rows))
