"""`npc catalog export` and `import`: a whole catalogue as a folder of files, such as `world/`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from npc.catalog import Note, Override, needs_label, put_entry, route
from npc.client import Api
from npc.entry_files import KINDS, entries_of, place, written
from npc.errors import CliError, NotReachable, Refused
from npc.output import Reporter, fail, show
from npc.session import of


@dataclass
class Imported:
    """What an import did: the stored entries, and by file why others are not stored, or not labelled."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def import_folder(api: Api, folder: Path, label: str = "", override: str = "", note: str = "") -> Imported:
    """Store every entry of a folder, what others name first. A file that fails does not stop the others.

    Raises NotReachable, and CliError if the folder holds nothing.
    """
    result = Imported()
    files = list(entries_of(folder))
    with Reporter() as told:
        for done, (kind, file) in enumerate(files, 1):
            try:
                result.entries.append(put_entry(api, kind, file, note, label, override))
            except NotReachable:
                raise
            except CliError as error:
                result.failed[file.relative_to(folder).as_posix()] = str(error)
            told("importing", done, len(files))
    return result


def export_folder(api: Api, folder: Path, label: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Write every entry that has the label; returns these, and the names of those that do not have it."""
    exported, without = [], []
    for kind in KINDS:
        for entry in api.call("GET", f"/v1/catalog/{kind}")["entries"]:
            name = entry["name"]
            if label != "latest" and label not in entry["labels"]:
                without.append(f"{kind}/{name}")
                continue
            found = api.call("GET", route(kind, name), params={"version": label})
            file = folder / place(kind, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(written(found["content"]), encoding="utf-8")
            told = {"kind": kind, "name": name, "version": found["version"], "file": file.as_posix()}
            exported.append(told)
    return exported, without


def export_entries(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Where to write; files of other names are left alone.")],
    label: Annotated[str, typer.Option(help="Which versions: a label, or latest.")] = "production",
) -> None:
    """Write the whole catalogue as files, which `npc catalog import` reads."""
    session = of(context)
    exported, without = export_folder(session.api(), folder, label)

    def tell(console: Console) -> None:
        console.print(escape(f"{len(exported)} entries written to {folder}"))
        if without:
            console.print(escape(f"without label {label}: {', '.join(without)}"))

    show(session.as_json, {"entries": exported, "without_label": without}, tell)


def import_entries(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A folder as `npc catalog export` writes it.")],
    label: Annotated[str, typer.Option(help="The label to move to all of it; empty for none.")] = "",
    note: Note = "",
    override: Override = "",
) -> None:
    """Store a folder of entries as new versions, what others name first: rubrics to characters.

    What is stored already stays the same version. A file that is refused does not stop the others; then the command
    ends with exit code 1.
    """
    needs_label(label, override)
    session = of(context)
    result = import_folder(session.api(), folder, label, override, note)
    data = {"entries": result.entries, "failed": result.failed}
    show(session.as_json, data, lambda console: console.print(f"{len(result.entries)} entries stored"))
    for file, why in result.failed.items():
        fail(f"{file}: {why}")
    if result.failed:
        raise Refused(f"{len(result.failed)} of {len(result.entries) + len(result.failed)} files failed", 0, "import")
