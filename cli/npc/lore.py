"""`npc lore`: put, list, remove and search a title's lore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.markup import escape

from npc import snapshots, uploads
from npc.client import document_path
from npc.errors import CliError
from npc.output import Reporter, note, show, table
from npc.session import of

commands = typer.Typer(no_args_is_help=True, help="A title's lore: put, list, remove, search, keep.")
commands.command("snapshot")(snapshots.snapshot)
commands.command("snapshots")(snapshots.list_snapshots)
commands.command("snapshot-rm")(snapshots.remove)


@commands.command()
def put(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Files or folders; a folder's own name is not kept.")],
    wait: Annotated[bool, typer.Option("--wait", help="Return when every document is ready or failed.")] = False,
    prefix: Annotated[str, typer.Option(help="Put everything below this document folder.")] = "",
) -> None:
    """Upload lore files that changed; each is read, cut and embedded by itself."""
    session = of(context)
    result, ended = put_files(session.api(), uploads.collect(paths, prefix), wait, session.transport)
    failed = {path: state for path, state in ended.items() if state["status"] == "failed"}
    data = {
        "uploaded": sorted(result.etags),
        "unchanged": result.unchanged,
        "skipped": [{"path": path, "reason": reason} for path, reason in result.skipped.items()],
        "documents": list(ended.values()),
    }

    def for_people(console: Console) -> None:
        for path, reason in result.skipped.items():
            console.print(f"[yellow]skipped[/] {escape(path)}: {escape(reason)}")
        for path, state in failed.items():
            console.print(f"[red]failed[/] {escape(path)}: {escape(str(state.get('reason')))}")
        chunks = sum(state.get("chunks") or 0 for state in ended.values())
        parts = [
            f"{len(result.etags)} uploaded",
            f"{len(result.unchanged)} unchanged",
            f"{len(result.skipped)} skipped",
        ]
        if wait:
            parts += [f"{len(ended) - len(failed)} ready ({chunks} chunks)", f"{len(failed)} failed"]
        console.print(", ".join(parts))

    show(session.as_json, data, for_people)
    if failed:
        raise CliError(f"{len(failed)} of {len(ended)} documents cannot be read")


def put_files(
    api: Any, files: list[uploads.LoreFile], wait: bool, storage: httpx.BaseTransport | None = None
) -> tuple[uploads.Uploaded, dict[str, dict[str, Any]]]:
    """Upload with a progress bar and, if asked, wait for the hydration."""
    if not files:
        raise CliError("there are no files to put")
    with Reporter() as told:
        result = uploads.upload(api, files, told, storage)
        ended = uploads.wait(api, result, told) if wait else {}
    return result, ended


@commands.command("ls")
def list_documents(
    context: typer.Context,
    failed: Annotated[bool, typer.Option("--failed", help="Only documents that could not be read.")] = False,
) -> None:
    """List the documents with their state."""
    session = of(context)
    documents, readable = uploads.listing(session.api())
    chosen = [document for document in documents.values() if not failed or document["status"] == "failed"]
    columns = ("DOCUMENT", "STATUS", "CHUNKS", "UPDATED", "REASON")
    keys = ("path", "status", "chunks", "updated_at", "reason")

    def for_people(console: Console) -> None:
        console.print(table(columns, ([document.get(key) for key in keys] for document in chosen)))

    show(session.as_json, {"documents": chosen, "readable": readable}, for_people)


@commands.command("rm")
def remove(context: typer.Context, paths: Annotated[list[str], typer.Argument(help="Document paths.")]) -> None:
    """Remove documents; their passages disappear from answers shortly after."""
    session = of(context)
    api = session.api()
    for path in paths:
        api.call("DELETE", f"/v1/lore/{document_path(path)}")
    show(session.as_json, {"removed": paths}, lambda console: console.print(escape(f"removed {', '.join(paths)}")))


@commands.command("show")
def show_document(context: typer.Context, path: Annotated[str, typer.Argument(help="A document path.")]) -> None:
    """Show one document's state."""
    session = of(context)
    document = session.api().call("GET", f"/v1/lore/{document_path(path)}")
    show(session.as_json, document, lambda console: console.print(table(("FIELD", "VALUE"), document.items())))


@commands.command()
def search(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="What a player would ask.")],
    npc: Annotated[str, typer.Option(help="Search with what this character may know.")] = "",
    flag: Annotated[list[str] | None, typer.Option(help="A flag the player has; may be repeated.")] = None,
    k: Annotated[int, typer.Option("-k", help="How many passages.")] = 5,
    lore: Annotated[str, typer.Option(help="Search this snapshot; without it, the live lore.")] = "",
) -> None:
    """Show the passages that a model would be given for a question."""
    session = of(context)
    asked = {"q": question, "npc": npc, "flags": ",".join(flag or []), "k": k, "lore": lore}
    found = session.api().call("GET", "/v1/lore/search", params=asked)

    def for_people(console: Console) -> None:
        for passage in found["passages"]:
            where = passage.get("heading_path") or passage["title"]
            console.print(f"[bold]{passage['score']:.2f}[/]  {escape(where)}  [dim]{escape(passage['document'])}[/]")
            console.print(f"      {escape(' '.join(passage['text'].split()))}\n")
        if not found["passages"]:
            note("nothing was found")

    show(session.as_json, found, for_people)


@commands.command()
def reconcile(
    context: typer.Context,
    stuck_seconds: Annotated[
        int | None, typer.Option(help="Also start over what has been hydrating for this long (default 15 minutes).")
    ] = None,
) -> None:
    """Compare bucket, ledger and index, and hydrate again what disagrees."""
    session = of(context)
    result = session.api().call("POST", "/v1/lore/reconcile", params={"stuck_seconds": stuck_seconds})

    def for_people(console: Console) -> None:
        console.print(f"{result['checked']} documents checked, {len(result['restarted'])} hydrated again")
        for path, reason in result["restarted"].items():
            console.print(f"  {escape(path)}: {escape(reason)}")

    show(session.as_json, result, for_people)
