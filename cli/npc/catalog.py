"""`npc catalog`: everything that writers and designers version, its labels and its history."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape

from npc.client import Api, segment
from npc.entry_files import KINDS, read_entry, written
from npc.output import printable, show, table
from npc.session import of

Kind = Literal["npcs", "prompts", "titles", "examples", "actions", "policies", "suites", "rubrics"]
KindName = Annotated[Kind, typer.Argument(help="What kind of entry.")]
EntryName = Annotated[str, typer.Argument(help="The entry's name.")]
LabelName = Annotated[str, typer.Option("--label", help="The label to move to it; empty for none.")]
Note = Annotated[str, typer.Option("--note", help="Why it changed.")]
Why = Annotated[str, typer.Option("--why", help="Why it moves; the history keeps it.")]
LEAST_REASON = 10


def _reason(override: str) -> str:
    if override and len(override.strip()) < LEAST_REASON:
        raise typer.BadParameter(f"give a reason of {LEAST_REASON} characters at least")
    return override


Override = Annotated[
    str,
    typer.Option(
        "--override",
        callback=_reason,
        help="Why the label moves even if the canon gate refuses (10 characters at least): kept under your name, "
        "and alarmed.",
    ),
]

commands = typer.Typer(
    no_args_is_help=True,
    help="Characters, prompts, the title, sets, policies and golden cases: versions, labels and their history.",
)


def route(kind: str, name: str, *more: str) -> str:
    """The path of an entry, or below it."""
    return "/".join(("/v1/catalog", kind, segment(name), *map(segment, more)))


def given(**fields: str) -> dict[str, str]:
    """The fields of a body that are not empty."""
    return {name: value for name, value in fields.items() if value}


def needs_label(label: str, override: str) -> None:
    """An override is about a label that moves. Raises BadParameter where none does."""
    if override and not label:
        raise typer.BadParameter("--override moves a label past the canon gate: give --label production as well")


def put_entry(api: Api, kind: str, file: Path, note: str, label: str, override: str = "") -> dict[str, Any]:
    """Store one file as a new version and move `label` to it (an empty label moves none)."""
    name, content = read_entry(file, kind)
    body = {"content": content, "note": note, **given(label=label, override=override)}
    answer = api.call("PUT", route(kind, name), body=body)
    return {"kind": kind, "name": name, **answer}


@commands.command("ls")
def list_entries(
    context: typer.Context, kind: Annotated[Kind | None, typer.Argument(help="One kind; all without.")] = None
) -> None:
    """List the names of a kind, or of all, and where their labels point."""
    session = of(context)
    api = session.api()
    found = [
        {"kind": one, **entry}
        for one in ([kind] if kind else KINDS)
        for entry in api.call("GET", f"/v1/catalog/{one}")["entries"]
    ]
    rows = [(entry["kind"], entry["name"], _labels(entry["labels"]), entry.get("latest", "")) for entry in found]
    show(
        session.as_json,
        {"entries": found},
        lambda console: console.print(table(("kind", "name", "labels", "latest"), rows)),
    )


@commands.command()
def get(
    context: typer.Context,
    kind: KindName,
    name: EntryName,
    version: Annotated[str, typer.Option(help="A version or label.")] = "",
) -> None:
    """Print one entry as YAML, or as JSON with --json."""
    session = of(context)
    entry = session.api().call("GET", route(kind, name), params={"version": version})
    # As a file, character by character: what is redirected into one is the same entry.
    show(session.as_json, entry, lambda console: console.out(written(entry["content"]), end=""))


@commands.command()
def put(
    context: typer.Context,
    kind: KindName,
    files: Annotated[list[Path], typer.Argument(help="YAML or JSON files, one entry each.")],
    note: Note = "",
    label: LabelName = "production",
    override: Override = "",
) -> None:
    """Store entries as new versions and move a label to them. The same content stays the same version."""
    needs_label(label, override)
    session = of(context)
    api = session.api()
    stored = [put_entry(api, kind, file, note, label, override) for file in files]
    told = "\n".join(f"{entry['name']} {entry['version']}" for entry in stored)
    show(session.as_json, {"entries": stored}, lambda console: console.print(escape(told)))


@commands.command()
def versions(context: typer.Context, kind: KindName, name: EntryName) -> None:
    """List all versions of an entry and every move of its labels, newest first."""
    session = of(context)
    answer = session.api().call("GET", route(kind, name, "versions"))
    show(session.as_json, answer, lambda console: _print_history(console, answer))


@commands.command()
def diff(
    context: typer.Context,
    kind: KindName,
    name: EntryName,
    before: Annotated[str, typer.Argument(metavar="[FROM]", help="A version or label.")] = "production",
    after: Annotated[str, typer.Argument(metavar="[TO]", help="A version or label.")] = "latest",
) -> None:
    """Show what differs between two versions, field by field."""
    session = of(context)
    answer = session.api().call("GET", route(kind, name, "diff"), params={"from": before, "to": after})
    show(session.as_json, answer, lambda console: _print_differences(console, answer))


@commands.command()
def label(
    context: typer.Context,
    kind: KindName,
    name: EntryName,
    label: Annotated[str, typer.Argument(help="The label, such as staging or production.")],
    version: Annotated[str, typer.Argument(help="A version, another label, latest or previous.")],
    why: Why = "",
    override: Override = "",
) -> None:
    """Move a label to a version. Onto production, the canon gate lets what suites have passed."""
    _move(context, kind, name, label, given(version=version, why=why, override=override))


@commands.command()
def rollback(
    context: typer.Context,
    kind: KindName,
    name: EntryName,
    label: Annotated[str, typer.Option(help="The label that goes back.")] = "production",
    why: Why = "",
) -> None:
    """Put a label back to the version where it was before; again for the one before that."""
    _move(context, kind, name, label, given(version="previous", why=why))


@commands.command()
def copy(
    context: typer.Context,
    kind: KindName,
    name: EntryName,
    version: Annotated[str, typer.Option(help="The library's version or label.")] = "production",
    note: Note = "",
    label: LabelName = "",
    override: Override = "",
) -> None:
    """Take an entry over from the library, the title whose entries all others may copy."""
    needs_label(label, override)
    session = of(context)
    body = {"from": version, **given(note=note, label=label, override=override)}
    answer = session.api().call("POST", route(kind, name, "copies"), body=body)
    show(session.as_json, answer, lambda console: console.print(escape(f"{name} {answer['version']}")))


def _move(context: typer.Context, kind: str, name: str, label: str, body: dict[str, str]) -> None:
    session = of(context)
    answer = session.api().call("POST", route(kind, name, "labels", label), body=body)
    show(session.as_json, answer, lambda console: console.print(escape(_told(label, answer))))


def _told(label: str, answer: dict[str, Any]) -> str:
    move = answer.get("move")
    if move is None:
        return f"{label} of {answer['name']} is at {answer['version']} already"
    was = f", was {move['before']}" if move["before"] else ""
    return f"{label} of {answer['name']} is at {move['version']}{was} ({move['gate']})"


def _labels(labels: dict[str, str]) -> str:
    return "\n".join(f"{label} {version}" for label, version in sorted(labels.items()))


def _minute(at: str) -> str:
    """A time that can be broken over two lines."""
    return at[:16].replace("T", " ")


def _print_history(console: Console, answer: dict[str, Any]) -> None:
    rows = [
        (
            *(found["version"], _minute(found["created_at"]), found["author"], ", ".join(found["labels"])),
            *(found["origin"], found["note"]),
        )
        for found in answer["versions"]
    ]
    console.print(table(("version", "stored at", "by", "labels", "from", "note"), rows))
    if answer["moves"]:
        console.print()
        console.print("moves", style="bold")
    # Two ids and who moved them why are more than 80 columns hold as a table.
    for move in answer["moves"]:
        came = f"{move['before'] or 'none'} -> {move['version']}"
        console.print(escape(f"{_minute(move['at'])}  {move['label']} {came} ({move['gate']})"), soft_wrap=True)
        console.print(escape(printable(f"  {move['by']}: {move['why']}" if move["why"] else f"  {move['by']}")))


def _print_differences(console: Console, answer: dict[str, Any]) -> None:
    if not answer["differences"]:
        console.print(f"{answer['from']} and {answer['to']} are the same")
    for found in answer["differences"]:
        console.print(found["field"], style="bold", markup=False)
        # The first two lines of a unified diff name its sides, which the command has done.
        lines = found["diff"].splitlines()[2:] or [
            f"{sign} {json.dumps(found[side], ensure_ascii=False)}"
            for sign, side in (("-", "before"), ("+", "after"))
            if found[side] is not None
        ]
        for line in lines:
            style = {"-": "red", "+": "green"}.get(line[:1])
            console.print(f"  {line}", style=style, markup=False, soft_wrap=True)
