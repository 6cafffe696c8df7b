"""`npc tune`: training data go up, a model is tuned by them, and what came of it is told."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperGroup

from npc import evaluation_files, tuning_extra, tuning_run
from npc.client import Api, segment
from npc.errors import CliError, NotReachable
from npc.output import note, show
from npc.session import Session, of

DEFAULT = "run"
HELP = "--help"
FORMATS = (".jsonl", ".csv", ".yarn", ".txt")


class FileOrCommand(TyperGroup):
    """A group whose first word may be a file: `npc tune lines.jsonl` is `npc tune run lines.jsonl`."""

    default = DEFAULT

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """See click.Command."""
        named = not args or args[0] in self.commands or args[0] == HELP
        return super().parse_args(ctx, args if named else [self.default, *args])


commands = typer.Typer(
    cls=FileOrCommand,
    no_args_is_help=True,
    help="Tune a model by what NPCs should have said. `npc tune FILE` begins; the commands look at what was begun.",
)
Id = Annotated[str, typer.Argument(help="The run's id, or `last`.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Stay until it has ended.")]
Yes = Annotated[bool, typer.Option("--yes", help="Install what tuning on this machine takes, without asking.")]
Type = Literal["fine-tuning", "continued-pre-training"]
Throughput = Literal["on-demand", "provisioned"]
Npcs = Annotated[list[str] | None, typer.Option("--npc", help="Who will speak by it; may be repeated; default all.")]
Base = Annotated[str, typer.Option(help="The model to be tuned; default the stage's.")]
On = Annotated[Throughput | None, typer.Option(help="What it runs on; default what its recipe says.")]
Set = Annotated[list[str] | None, typer.Option("--set", help="A hyperparameter, as epochCount=3; may be repeated.")]
Note = Annotated[str, typer.Option("--note", help="What this is about.")]


@commands.command(DEFAULT)
def run(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help=f"Training data ({', '.join(FORMATS)}).")],
    dataset: Annotated[str, typer.Option(help="What the data are called; default like the file.")] = "",
    npc: Npcs = None,
    speaker: Annotated[list[str] | None, typer.Option(help="Whose lines are learned; default those of --npc.")] = None,
    base: Base = "",
    type_: Annotated[
        Type | None, typer.Option("--type", help="Default by the file: plain text is pre-training.")
    ] = None,
    throughput: On = None,
    hyperparameters: Set = None,
    why: Note = "",
    yes: Yes = False,
    wait: Wait = True,
) -> None:
    """Upload training data, tune a model by them, and tell whether it is better. Ends with exit code 1 if it failed."""
    session = of(context)
    ending = file.suffix.lower()
    if file.exists() and ending not in FORMATS:
        raise CliError(f"{file}: training data end in {', '.join(FORMATS)}")
    data = _read(file)
    body = {
        "dataset": dataset or _dataset(file),
        "npcs": npc or [],
        "speakers": speaker or [],
        "base": base,
        "type": type_ or ("continued-pre-training" if ending == ".txt" else "fine-tuning"),
        "throughput": throughput,
        "hyperparameters": _pairs(hyperparameters or []),
        "note": why,
    }
    api = session.api()
    tuning_extra.ensure(session, yes)
    offered = api.call("POST", "/v1/tunings", body=body, params={"format": ending[1:]})
    evaluation_files.store(session, offered["url"], data, "the training bucket")
    _follow(session, api, offered, wait)


@commands.command()
def corrections(
    context: typer.Context,
    npc: Npcs = None,
    base: Base = "",
    throughput: On = None,
    hyperparameters: Set = None,
    why: Note = "",
    yes: Yes = False,
    wait: Wait = True,
) -> None:
    """Tune by the corrections that were accepted as training pairs (`npc corrections accept ID --training`)."""
    session = of(context)
    api = session.api()
    tuning_extra.ensure(session, yes)
    body = {
        "npcs": npc or [],
        "base": base,
        "throughput": throughput,
        "hyperparameters": _pairs(hyperparameters or []),
        "note": why,
    }
    _follow(session, api, api.call("POST", "/v1/tunings/corrections", body=body), wait)


@commands.command()
def follow(context: typer.Context, tuning: Id) -> None:
    """Go on looking at a run until it has ended."""
    session = of(context)
    api = session.api()
    _follow(session, api, {"tuning": known_id(api, tuning)}, True)


@commands.command("ls")
def list_tunings(
    context: typer.Context,
    limit: Annotated[int, typer.Option(help="How many at most.")] = 20,
    before: Annotated[str, typer.Option(help="Only those before this one.")] = "",
) -> None:
    """List the newest runs."""
    session = of(context)
    found = session.api().call("GET", "/v1/tunings", params={"limit": limit, "before": before})
    show(session.as_json, found, lambda console: tuning_run.print_list(console, found["tunings"]))


@commands.command("show")
def show_tuning(context: typer.Context, tuning: Id) -> None:
    """Show one run: whether it is better, its data, losses and figures."""
    session = of(context)
    api = session.api()
    found = api.call("GET", f"/v1/tunings/{segment(known_id(api, tuning))}")
    _tell(session, api, found)


@commands.command("open")
def open_page(
    context: typer.Context,
    tuning: Id,
    to: Annotated[Path | None, typer.Option("--to", help="Write it to this file (.html).")] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it, on a terminal.")] = True,
) -> None:
    """Write a run's page, with answers before and after side by side, and open it."""
    session = of(context)
    api = session.api()
    found = api.call("GET", f"/v1/tunings/{segment(known_id(api, tuning))}", params={"page": "html"})
    place = to or Path(f"npcops-tuning-{found['tuning']['id']}.html")
    evaluation_files.write(place, found["page"].encode())
    if browser and sys.stdout.isatty():
        webbrowser.open(place.resolve().as_uri())
    show(session.as_json, {"file": str(place)}, lambda console: console.print(escape(str(place)), soft_wrap=True))


@commands.command()
def stop(context: typer.Context, tuning: Id) -> None:
    """Stop a run; what it has bought is given back."""
    session = of(context)
    api = session.api()
    answer = api.call("POST", f"/v1/tunings/{segment(known_id(api, tuning))}/stop")
    show(session.as_json, answer, lambda console: console.print("it is being stopped"))


def known_id(api: Api, tuning: str) -> str:
    """The id that is meant."""
    if tuning != "last":
        return tuning
    found = api.call("GET", "/v1/tunings", params={"limit": 1})["tunings"]
    if not found:
        raise CliError(tuning_run.NO_TUNING)
    return str(found[0]["id"])


def _follow(session: Session, api: Api, started: dict[str, Any], wait: bool) -> None:
    tuning = started["tuning"]
    if not wait:
        show(session.as_json, started, lambda console: console.print(escape(tuning)))
        return
    note(f"tuning {tuning}")
    try:
        found = tuning_run.follow(api, tuning)
    except (NotReachable, KeyboardInterrupt):
        note(f"it goes on: `npc tune follow {tuning}` looks at it again, `npc tune stop {tuning}` stops it")
        raise
    _tell(session, api, found)
    run = found["tuning"]
    if run["state"] != "registered":
        raise CliError(f"the tuning {run['state']}: {run['failure'] or 'no reason was given'}")


def _tell(session: Session, api: Api, found: dict[str, Any]) -> None:
    def for_people(console: Console) -> None:
        tuning_run.print_tuning(console, found, _evaluation(api, found))

    show(session.as_json, found, for_people)


def _evaluation(api: Api, found: dict[str, Any]) -> dict[str, Any] | None:
    if not found["tuning"]["evaluation"]:
        return None
    return tuning_run.evaluation(api, found["tuning"]["evaluation"])


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        told = f"{file} cannot be read: {error.strerror}"
        raise CliError(told if file.suffix else f"{told}, and `npc tune` has no command of that name") from None


def _dataset(file: Path) -> str:
    """The file's name, or its folder's if all files of data are called like this one, as a dataset may be called."""
    plain = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in file.stem.lower())
    return "-".join(part for part in plain.split("-") if part)[:63] or "data"


def _pairs(given: list[str]) -> dict[str, str]:
    pairs = [word.partition("=") for word in given]
    if bad := [name for name, equals, value in pairs if not (name and equals and value)]:
        raise typer.BadParameter(f"--set needs a name and a value, as epochCount=3, not {bad[0]}")
    return {name: value for name, _, value in pairs}
