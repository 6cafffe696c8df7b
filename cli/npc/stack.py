"""`npc up`, `down`, `info`, `token`, `login`: the stage itself."""

from __future__ import annotations

import os
import sys
from getpass import getpass
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape

from npc import stages, tokens
from npc.errors import CliError
from npc.output import show, table
from npc.session import Session, of


def up(
    context: typer.Context,
    seed: Annotated[bool, typer.Option(help="Load the sample world.")] = True,
) -> None:
    """Start the local stack, deploy the application to it and load the sample world. Harmless when it runs."""
    session = of(context)
    _only_local(session)
    from local import stack

    known = stack.up(seed=seed)
    data = {"api_url": known.api_url, "title": known.title, "outputs": known.outputs}
    show(session.as_json, data, lambda console: console.print(escape(f"up: {known.api_url}")))


def down(context: typer.Context) -> None:
    """Stop the local stack and wait until it is gone. Its data stays."""
    session = of(context)
    _only_local(session)
    from local import stack

    stopped = stack.down()
    told = f"stopped {' and '.join(stopped)}" if stopped else "nothing was running"
    show(session.as_json, {"stopped": stopped}, lambda console: console.print(told))


def info(context: typer.Context) -> None:
    """Show the stage's address and resources."""
    session = of(context)
    stage = session.stage()
    urls = {"api_url": stage.api_url, "stream_url": stage.stream_url or "none"}
    data: dict[str, Any] = {"stage": stage.name, **urls, "outputs": stage.outputs}
    if session.is_local:
        from local import stack

        data |= stack.describe()

    def rows() -> list[tuple[str, Any]]:
        flat = [(key, value) for key, value in data.items() if not isinstance(value, dict)]
        nested = [(key, inner) for value in data.values() if isinstance(value, dict) for key, inner in value.items()]
        return flat + nested

    show(session.as_json, data, lambda console: console.print(table(("", ""), rows())))


def token(
    context: typer.Context,
    scope: Annotated[Literal["studio", "server", "player"], typer.Option(help="What the token may do.")] = "studio",
    player: Annotated[str, typer.Option(help="The player, for scope player.")] = stages.DEFAULT_PLAYER,
) -> None:
    """Print a token for the local stage."""
    session = of(context)
    _only_local(session)
    signed = stages.token(stages.LOCAL, (scope,), session.title, player)
    data = {"token": signed, "scope": scope, "title": session.title}
    show(session.as_json, data, lambda console: console.print(signed, soft_wrap=True))


def login(context: typer.Context) -> None:
    """Store a token for a deployed stage, read from NPCOPS_TOKEN or standard input."""
    session = of(context)
    if session.is_local:
        raise CliError("the local stage needs no login")
    given = os.environ.get("NPCOPS_TOKEN") or (getpass("token: ") if sys.stdin.isatty() else sys.stdin.readline())
    found = tokens.store(session.stage_name, given)
    data = {"stage": session.stage_name, "scopes": found, "file": str(tokens.credentials_file())}
    told = f"stored a token with scope {' '.join(found)} for stage {session.stage_name}"
    show(session.as_json, data, lambda console: console.print(escape(told)))


def _only_local(session: Session) -> None:
    if not session.is_local:
        raise CliError(f"this works on the local stage only, not on {session.stage_name}")
