"""`npc ask`, `npc chat`, `npc npcs`: talking with characters."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape

from npc.client import segment
from npc.errors import CliError
from npc.output import note, people, show, table
from npc.session import SERVER, Session, of
from npc.stages import DEFAULT_PLAYER
from npc.voice import save_clip, wanted

Mode = Literal["base", "rag", "tuned", "auto"]
Player = Annotated[str, typer.Option(envvar="NPCOPS_PLAYER", help="The player on whose behalf you speak.")]
Save = Annotated[str, typer.Option(help="The save game the conversation belongs to.")]


class Talk:
    """A player talking with one character: streamed where the stage can, else a whole turn at a time."""

    def __init__(self, session: Session, npc: str, mode: str, player: str, save: str) -> None:
        self._session, self._npc, self._player = session, npc, player
        self._asked = {"save": save, "mode": mode}
        self._stream = session.stream(player)
        self._told_that_whole = session.as_json

    def __enter__(self) -> Talk:
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream:
            self._stream[0].close()

    def say(self, message: str) -> dict[str, Any]:
        """Say one thing and print the answer, unless JSON is wanted; returns the turn."""
        line = Line(people, self._npc, silent=self._session.as_json)
        if self._stream:
            client, named = self._stream
            turn = client.speak({"npc": self._npc, "message": message, **self._asked, **named}, line.heard)
        else:
            turn = speak(self._session, self._npc, message, self._asked["mode"], self._player, self._asked["save"])
        line.complete(turn)
        if not self._stream and not self._told_that_whole:
            self._told_that_whole = True
            note("this stage has no stream: answers come whole")
        return turn


def speak(
    session: Session, npc: str, message: str, mode: str, player: str, save: str, voice: dict[str, Any] | None = None
) -> dict[str, Any]:
    """One turn as a whole; the API's typed answer."""
    api, headers = session.speaker(player)
    body = {"message": message, "save": save, "mode": mode, **({"voice": voice} if voice else {})}
    turn: dict[str, Any] = api.call("POST", f"/v1/npcs/{segment(npc)}/turns", body=body, headers=headers)
    return turn


class Line:
    """What a character says, printed as it comes, and then what else the turn has."""

    def __init__(self, console: Console, name: str, silent: bool = False) -> None:
        self._console, self._name, self._silent, self._shown = console, name, silent, ""

    def heard(self, event: dict[str, Any]) -> None:
        """Print the words of an event of a stream. Words that are taken back stay where they are; a new line begins."""
        if event["event"] == "say.delta":
            self._print(event["text"])
        elif event["event"] == "say.reset" and self._shown:
            self._shown = ""
            self._write("[dim] …[/]\n")

    def complete(self, turn: dict[str, Any]) -> None:
        """The line to its end, what the character does, and dimmed on what it rests."""
        if not turn["say"].startswith(self._shown):
            self.heard({"event": "say.reset"})
        self._print(turn["say"][len(self._shown) :])
        self._write("\n")
        for action in turn.get("actions", []):
            self._write(f"  [cyan]→ {escape(action['name'])} {escape(str(action.get('arguments') or ''))}[/]\n")
        for citation in turn.get("citations", []):
            self._write(f"  [dim]· {escape(citation['title'])} ({escape(citation['document'])})[/]\n")
        if degraded := turn.get("degraded"):
            self._write(f"  [yellow]degraded: {degraded['answer']} ({', '.join(degraded['why'])})[/]\n")

    def _print(self, text: str) -> None:
        if text:
            self._write(escape(text) if self._shown else f"[bold]{escape(self._name)}[/]: {escape(text)}")
            self._shown += text

    def _write(self, markup: str) -> None:
        if not self._silent:
            self._console.print(markup, end="", soft_wrap=True)


def ask(
    context: typer.Context,
    npc: Annotated[str, typer.Argument(help="The character's id (see `npc npcs`).")],
    message: Annotated[str, typer.Argument(help="What the player says.")],
    mode: Annotated[Mode, typer.Option(help="Which model and whether lore is looked up.")] = "auto",
    player: Player = DEFAULT_PLAYER,
    save: Save = "main",
    voice: Annotated[Path | None, typer.Option(help="Write the spoken answer to this file (.mp3, .ogg, .wav).")] = None,
) -> None:
    """Say one thing to a character."""
    session = of(context)
    if voice:
        turn = speak(session, npc, message, mode, player, save, wanted(voice))
        Line(people, npc, silent=session.as_json).complete(turn)
        note(save_clip(turn, voice))
    else:
        with Talk(session, npc, mode, player, save) as talk:
            turn = talk.say(message)
    if session.as_json:
        show(True, turn, lambda _: None)
    else:
        note(f"turn {turn['turn_id']} (to rate it: npc rate)")


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
    with Talk(session, npc, mode, player, save) as talk:
        while (line := _next_line(session.as_json)) not in (None, "/quit"):
            try:
                if line:
                    _handle(session, talk, line, player)
            except CliError as error:
                if session.as_json:
                    raise
                note(f"npc: {error}")


def _handle(session: Session, talk: Talk, line: str, player: str) -> None:
    if line.startswith("/world"):
        flags = line.split()[1:]
        session.api(SERVER).call("PUT", f"/v1/players/{segment(player)}/world", body={"flags": flags})
        note(f"true for {player}: {', '.join(flags) or 'nothing'}")
    elif line.startswith("/"):
        note("there is only /world FLAG… and /quit")
    else:
        turn = talk.say(line)
        if session.as_json:
            sys.stdout.write(json.dumps(turn, ensure_ascii=False) + "\n")
            sys.stdout.flush()


def _next_line(as_json: bool) -> str | None:
    """What the player typed; None at the end of input."""
    try:
        if as_json or not sys.stdin.isatty():
            line = sys.stdin.readline()
            return line.strip() if line else None
        return people.input("[green]you[/]: ").strip()
    except (EOFError, KeyboardInterrupt):
        return None


def npcs(context: typer.Context) -> None:
    """List the characters of the title."""
    session = of(context)
    found = session.api().call("GET", "/v1/catalog/npcs")
    rows = [(entry["name"], entry.get("labels", {}).get("production")) for entry in found["entries"]]
    show(session.as_json, found, lambda console: console.print(table(("CHARACTER", "PRODUCTION VERSION"), rows)))
