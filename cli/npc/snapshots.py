"""`npc lore snapshot`: the lore as it is now, kept for NPCs to know exactly that."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.markup import escape

from npc.client import Api, segment
from npc.errors import CliError, NotReachable, Refused
from npc.output import Reporter, note, show, table
from npc.session import of

POLL_SECONDS = 3.0
STALLED_SECONDS = 300.0
# Calls one after another that a stage may fail to answer: it goes on where they were cut off.
FAILURES = 4
Told = Callable[[str, int, int], None]


def snapshot(
    context: typer.Context,
    why: Annotated[str, typer.Option("--note", help="What this lore is, for the list.")] = "",
    promote: Annotated[
        bool, typer.Option("--promote", help="Also store a version of the title's entry that names it, unlabelled.")
    ] = False,
) -> None:
    """Keep the live lore as it is. The same lore is the same snapshot; nothing is embedded again."""
    session = of(context)
    api = session.api()
    if moving := api.call("GET", "/v1/lore", params={"status": "hydrating"})["documents"]:
        note(f"{len(moving)} documents are being read at this moment; what becomes of them may not be in it")
    with Reporter() as told:
        made = take(api, why, told)
    stored = name_in_title(api, made["snapshot"], why) if promote else None

    def for_people(console: Console) -> None:
        console.print(escape(f"{made['snapshot']} ({made['documents']} documents, {made['chunks']} chunks)"))
        if stored:
            console.print(escape(steps(stored)), soft_wrap=True)

    show(session.as_json, {**made, **({"title": stored} if stored else {})}, for_people)


def list_snapshots(
    context: typer.Context,
    unfinished: Annotated[bool, typer.Option("--unfinished", help="Also those that are not whole.")] = False,
) -> None:
    """List the snapshots of the lore, and which labels of the title's entry name them."""
    session = of(context)
    found = session.api().call("GET", "/v1/lore/snapshots", params={"unfinished": "true" if unfinished else ""})
    columns = ("SNAPSHOT", "MADE AT", "BY", "DOCUMENTS", "CHUNKS", "LABELS", "NOTE")
    rows = [
        (
            *(one["snapshot"] if one["done"] else f"{one['snapshot']} (not whole)", one["at"][:16], one["by"]),
            *(one["documents"], one["chunks"], ", ".join(one["labels"]), one["note"]),
        )
        for one in found["snapshots"]
    ]
    none = "there is no snapshot: NPCs know the live lore (`npc lore snapshot` makes one)"
    show(
        session.as_json,
        found,
        lambda console: console.print(table(columns, rows) if rows else none, soft_wrap=not rows),
    )


def remove(context: typer.Context, snapshots: Annotated[list[str], typer.Argument(help="Names of snapshots.")]) -> None:
    """Remove snapshots that no label of the title's entry names, or would after a rollback."""
    session = of(context)
    api = session.api()
    for one in snapshots:
        api.call("DELETE", f"/v1/lore/snapshots/{segment(one)}")
    told = escape(f"removed {', '.join(snapshots)}")
    show(session.as_json, {"removed": snapshots}, lambda console: console.print(told))


def take(api: Api, why: str, told: Told, sleep: Callable[[float], None] = time.sleep) -> dict[str, Any]:
    """Ask until the snapshot is done. Raises CliError when nothing moves for a few minutes.

    A copy that the lore has overtaken is removed.
    """
    made: dict[str, Any] = {}
    moved, failures = time.monotonic(), 0
    while not made.get("done"):
        before = made
        try:
            body = {"note": why, "snapshot": before.get("snapshot")}
            made, failures = api.call("POST", "/v1/lore/snapshots", body=body), 0
        except (Refused, NotReachable) as error:
            failures += 1
            if failures == FAILURES or (
                isinstance(error, Refused) and error.status < httpx.codes.INTERNAL_SERVER_ERROR
            ):
                raise
            sleep(POLL_SECONDS)
            continue
        told("copying", made["copied"], made["chunks"])
        if made["changed"]:
            note("the lore has changed meanwhile; this is now a snapshot of the newer one")
            _give_up(api, before["snapshot"])
        if made != before:
            moved = time.monotonic()
        elif time.monotonic() - moved > STALLED_SECONDS:
            raise CliError("the snapshot has not come further for a while; the same command goes on with it")
        if not made["done"] and (made["copied"] == before.get("copied") or made["copied"] == made["chunks"]):
            sleep(POLL_SECONDS)
    return made


def name_in_title(api: Api, snapshot: str, why: str) -> dict[str, Any]:
    """Store a version of the title's entry as it is live, with that lore. Raises CliError if it has no entry."""
    entries = api.call("GET", "/v1/catalog/titles")["entries"]
    if not entries:
        raise CliError("the title has no entry that could name the snapshot; `npc catalog put titles` stores one")
    name = entries[0]["name"]
    version = "production" if "production" in entries[0]["labels"] else "latest"
    path = f"/v1/catalog/titles/{segment(name)}"
    content = api.call("GET", path, params={"version": version})["content"]
    body = {"content": {**content, "lore": snapshot}, "note": why or f"Lore {snapshot}"}
    stored: dict[str, Any] = api.call("PUT", path, body=body)
    return {"name": name, "version": stored["version"]}


def steps(stored: dict[str, Any]) -> str:
    """What to do for players to meet the lore."""
    name, version = stored["name"], stored["version"]
    return (
        f"titles/{name} {version} names it; no label is there yet. To judge it, then to let players meet it:\n"
        f"  npc eval run --candidate titles/{name}={version}\n"
        f"  npc catalog label titles {name} production {version}"
    )


def _give_up(api: Api, snapshot: str) -> None:
    try:
        api.call("DELETE", f"/v1/lore/snapshots/{segment(snapshot)}")
    except Refused as error:
        note(f"the copy begun before stays: {error}; see `npc lore snapshots --unfinished`")
