"""What is evaluated or tried: versions, models and lore named on the command line, and files stored for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from npc.client import Api, segment
from npc.entry_files import KINDS, TITLE, read_entry
from npc.errors import CliError

Named = Annotated[
    list[str] | None,
    typer.Option("--candidate", help="An entry and its version or label, as prompts/dialogue=staging; repeatable."),
]
Files = Annotated[
    list[Path] | None,
    typer.Option("--file", help="A YAML file: it is stored as a version, without a label, and meant; may be repeated."),
]
Label = Annotated[str, typer.Option("--label", help="Where everything else stands.")]
Model = Annotated[str, typer.Option("--model", help="The model that speaks.")]
Lore = Annotated[str, typer.Option("--lore", help="The snapshot of lore that is known.")]
# A file that lies in no folder of its kind is known by what only its kind has.
TELLING = {"prompts": "system", "npcs": "persona", "examples": "examples"}


def configuration(
    api: Api, named: Sequence[str], files: Sequence[Path], label: str, model: str, lore: str
) -> dict[str, Any]:
    """The configuration as the API takes it; files are stored first. Raises CliError."""
    versions = {}
    for one in named:
        entry, _, version = one.partition("=")
        if not version or entry.partition("/")[0] not in KINDS:
            raise CliError(f"{one} does not name an entry and its version, as prompts/dialogue=staging does")
        versions[entry] = version
    for file in files:
        kind = kind_of(file)
        name, content = read_entry(file, kind)
        stored = api.call(
            "PUT", f"/v1/catalog/{kind}/{segment(name)}", body={"content": content, "note": "to be tried"}
        )
        versions[f"{kind}/{name}"] = stored["version"]
    given = {"label": label, "versions": versions, "model": model, "lore": lore}
    return {name: value for name, value in given.items() if value}


def kind_of(file: Path) -> str:
    """What kind of entry a file holds: its folder's name, or what is in it. Raises CliError."""
    folder = file.resolve().parent.name
    if file.name == TITLE:
        return "titles"
    if folder in KINDS:
        return folder
    _, content = read_entry(file)
    for kind, field in TELLING.items():
        if field in content and (kind != "examples" or "persona" not in content):
            return kind
    raise CliError(f"{file}: put it into a folder with the name of its kind ({', '.join(KINDS)})")
