"""`npc ask`, `npc chat`, `npc npcs`: talking with characters."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape

from npc.client import segment
from npc.errors import CliError
from npc.output import note, people, show, table
from npc.session import SERVER, Session, of
from npc.stages import DEFAULT_PLAYER

Mode = Literal["base", "rag", "tuned", "auto"]
Player = Annotated[str, typer.Option(envvar="NPCOPS_PLAYER", help="The player on whose behalf you speak.")]
Save = Annotated[str, typer.Option(help="The save game the conversation belongs to.")]


def speak(session: Session, npc: str, message: str, mode: str, player: str, save: str) -> dict[str, Any]:
    """One turn; the API's typed answer."""
    api, headers = session.speaker(player)
    body = {"message": message, "save": save, "mode": mode}
    turn: dict[str, Any] = api.call("POST", f"/v1/npcs/{segment(npc)}/turns", body=body, headers=headers)
    return turn


def print_turn(console: Console, name: str, turn: dict[str, Any]) -> None:
    """The line, what the character does, and dimmed on what it rests."""
    console.print(f"[bold]{escape(name)}[/]: {escape(turn['say'])}")
    for action in turn.get("actions", []):
        console.print(f"  [cyan]→ {escape(action['name'])} {escape(str(action.get('arguments') or ''))}[/]")
    for citation in turn.get("citations", []):
        console.print(f"  [dim]· {escape(citation['title'])} ({escape(citation['document'])})[/]")
    if turn.get("degraded"):
        console.print(f"  [yellow]degraded: {escape(turn['degraded'])}[/]")


def ask(
    context: typer.Context,
    npc: Annotated[str, typer.Argument(help="The character's id (see `npc npcs`).")],
    message: Annotated[str, typer.Argument(help="What the player says.")],
    mode: Annotated[Mode, typer.Option(help="Which model and whether lore is looked up.")] = "auto",
    player: Player = DEFAULT_PLAYER,
    save: Save = "main",
) -> None:
    """Say one thing to a character."""
    session = of(context)
    turn = speak(session, npc, message, mode, player, save)
    show(session.as_json, turn, lambda console: print_turn(console, npc, turn))


def chat(
    context: typer.Context,
    npc: Annotated[str, typer.Argument(help="The character's id (see `npc npcs`).")],
    mode: Annotated[Mode, typer.Option(help="Which model and whether lore is looked up.")] = "auto",
    player: Player = DEFAULT_PLAYER,
    save: Save = "main",
) -> None:
    """Talk with a character until /quit. With --json, each line of standard input gets one line of JSON."""
    converse(of(context), npc, mode, player, save)


def converse(session: Session, npc: str, mode: str, player: str, save: str) -> None:
    """The loop behind `npc chat`; the end of input ends it."""
    if not session.as_json:
        note(f"Talking with {npc} as {player}. /world FLAG… sets what is true for you, /quit ends.")
    while True:
        try:
            line = _read_line(session.as_json)
        except (EOFError, KeyboardInterrupt):
            return
        if line == "/quit":
            return
        if not line:
            continue
        try:
            _handle(session, npc, line, mode, player, save)
        except CliError as error:
            if session.as_json:
                raise
            note(f"npc: {error}")


def _handle(session: Session, npc: str, line: str, mode: str, player: str, save: str) -> None:
    if line.startswith("/world"):
        flags = line.split()[1:]
        session.api(SERVER).call("PUT", f"/v1/players/{segment(player)}/world", body={"flags": flags})
        note(f"true for {player}: {', '.join(flags) or 'nothing'}")
    elif line.startswith("/"):
        note("there is only /world FLAG… and /quit")
    else:
        turn = speak(session, npc, line, mode, player, save)
        if session.as_json:
            sys.stdout.write(json.dumps(turn, ensure_ascii=False) + "\n")
            sys.stdout.flush()
        else:
            print_turn(people, npc, turn)


def _read_line(as_json: bool) -> str:
    if as_json or not sys.stdin.isatty():
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.strip()
    return people.input("[green]you[/]: ").strip()


def npcs(context: typer.Context) -> None:
    """List the characters of the title."""
    session = of(context)
    found = session.api().call("GET", "/v1/catalog/npcs")
    rows = [(entry["name"], entry.get("labels", {}).get("production")) for entry in found["entries"]]
    show(session.as_json, found, lambda console: console.print(table(("CHARACTER", "PRODUCTION VERSION"), rows)))
