"""`npc catalog`: characters, prompts and titles as versioned data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
import yaml
from rich.markup import escape

from npc.client import Api, segment
from npc.errors import CliError
from npc.output import show
from npc.session import of

Kind = Literal["npcs", "prompts", "titles"]
KindName = Annotated[Kind, typer.Argument(help="What kind of entry.")]

commands = typer.Typer(no_args_is_help=True, help="Characters, prompts and titles: versions and labels.")


def read_entry(file: Path) -> tuple[str, dict[str, Any]]:
    """Name and content of a YAML or JSON file; its `id` or `name` is the name, else the file's. Raises CliError."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CliError(f"{file} cannot be read: {error}") from None
    if not isinstance(content, dict):
        raise CliError(f"{file} does not hold a mapping of fields")
    name = content.get("id") or (content.get("name") if "system" in content else None) or file.stem
    return str(name), content


def put_entry(api: Api, kind: str, file: Path, note: str, label: str) -> dict[str, Any]:
    """Store one file as a new version and move `label` to it (an empty label moves none)."""
    name, content = read_entry(file)
    body = {"content": content, "note": note, **({"label": label} if label else {})}
    answer = api.call("PUT", f"/v1/catalog/{kind}/{segment(name)}", body=body)
    return {"kind": kind, "name": name, **answer}


@commands.command()
def put(
    context: typer.Context,
    kind: KindName,
    files: Annotated[list[Path], typer.Argument(help="YAML or JSON files, one entry each.")],
    note: Annotated[str, typer.Option(help="Why it changed.")] = "",
    label: Annotated[str, typer.Option(help="The label to move to it; empty for none.")] = "production",
) -> None:
    """Store entries as new versions. The same content stays the same version."""
    session = of(context)
    api = session.api()
    stored = [put_entry(api, kind, file, note, label) for file in files]
    told = "\n".join(f"{entry['name']} {entry['version']}" for entry in stored)
    show(session.as_json, {"entries": stored}, lambda console: console.print(escape(told)))


@commands.command()
def get(
    context: typer.Context,
    kind: KindName,
    name: Annotated[str, typer.Argument(help="The entry's name.")],
    version: Annotated[str, typer.Option(help="A version or label.")] = "",
) -> None:
    """Print one entry as YAML, or as JSON with --json."""
    session = of(context)
    entry = session.api().call("GET", f"/v1/catalog/{kind}/{segment(name)}", params={"version": version})
    content = json.loads(json.dumps(entry.get("content", entry)))
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=100)
    show(session.as_json, entry, lambda console: console.print(text, markup=False, end="", soft_wrap=True))
