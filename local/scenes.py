"""Plays a scripted conversation: every line answered without and with lore, side by side, with citations."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from npc.errors import Refused
from npc.output import note
from npc.session import Session
from npc.talk import speak

MODES = ("base", "rag")


class Scene(msgspec.Struct, frozen=True):
    """A file of `world/scenes`: to whom a player says what."""

    npc: str
    turns: tuple[str, ...]
    player: str = "demo"
    title: str = ""


def read(file: Path) -> Scene:
    """The scene in a YAML file."""
    return msgspec.yaml.decode(file.read_bytes(), type=Scene)


def play(session: Session, scene: Scene, console: Console) -> None:
    """Ask each line in each mode, in a fresh save per mode, and print the answers next to each other."""
    console.print(f"\n[bold]{escape(scene.title or scene.npc)}[/]  (with {escape(scene.npc)})")
    saves = {mode: f"scene-{mode}-{uuid4().hex[:8]}" for mode in MODES}
    for message in scene.turns:
        turns = {mode: _patiently(session, scene, message, mode, saves[mode]) for mode in MODES}
        console.print(f"\n[green]player[/]: {escape(message)}")
        console.print(side_by_side(turns))


def _patiently(session: Session, scene: Scene, message: str, mode: str, save: str) -> dict[str, Any]:
    """One turn; a machine that is still busy with starting up gets a second and a third chance."""
    for _ in range(2):
        try:
            return speak(session, scene.npc, message, mode, scene.player, save)
        except Refused as error:
            if error.status != httpx.codes.SERVICE_UNAVAILABLE:
                raise
            note(f"  {error}; once more")
    return speak(session, scene.npc, message, mode, scene.player, save)


def side_by_side(turns: dict[str, dict[str, Any]]) -> Table:
    """One column for each mode: the line, and below it what it rests on."""
    table = Table(expand=True, show_edge=True)
    for mode in turns:
        table.add_column({"base": "base (no lore)", "rag": "rag (with lore)"}.get(mode, mode), ratio=1)
    table.add_row(*(cell(turn) for turn in turns.values()))
    return table


def cell(turn: dict[str, Any]) -> str:
    """A turn as the text of one cell."""
    sources = [f"[dim]· {escape(cited['title'])} ({escape(cited['document'])})[/]" for cited in turn["citations"]]
    return "\n".join([escape(turn["say"]), *sources])
