"""The commands of `npc` put together, and its way of failing: one line on standard error, never a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import click
import typer

from npc import (
    catalog,
    catalog_folders,
    corrections,
    evaluations,
    judge,
    lore,
    models,
    players,
    reviews,
    saves,
    stack,
    talk,
    tryouts,
    tuning,
)
from npc.errors import CliError
from npc.output import fail
from npc.session import Session
from npc.stages import LOCAL

application = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
)
application.add_typer(lore.commands, name="lore")
application.add_typer(players.world_commands, name="world")
application.add_typer(players.player_commands, name="player")
application.add_typer(saves.commands, name="saves")
catalog.commands.command("export")(catalog_folders.export_entries)
catalog.commands.command("import")(catalog_folders.import_entries)
application.add_typer(catalog.commands, name="catalog")
application.add_typer(evaluations.commands, name="eval")
application.add_typer(corrections.commands, name="corrections")
application.add_typer(judge.commands, name="judge")
application.add_typer(tuning.commands, name="tune")
application.add_typer(models.commands, name="model")
application.command("try")(tryouts.try_out)
REVIEWS = (reviews.rate, reviews.review, reviews.compare)
for command in (stack.up, stack.down, stack.info, stack.token, stack.login, talk.ask, talk.chat, talk.npcs, *REVIEWS):
    application.command()(command)

# Options that may stand anywhere on the line: name -> whether a value follows.
ANYWHERE = {"--json": False, "--stage": True, "--title": True}


@application.callback()
def choose(
    context: typer.Context,
    stage: Annotated[str, typer.Option(envvar="NPCOPS_STAGE", help="local, or a deployed stage.")] = LOCAL,
    title: Annotated[str | None, typer.Option(help="The game (local stage; elsewhere the token says).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """npcops for studios: lore, characters and conversations of one stage.

    --stage, --title and --json may stand anywhere on the line.
    """
    if context.obj is None:
        context.obj = Session()
    context.obj.stage_name = stage
    context.obj.chosen_title = title
    context.obj.as_json = as_json


def hoisted(arguments: Sequence[str]) -> list[str]:
    """The command line with the options of ANYWHERE moved to its front; what follows `--` is left alone."""
    front: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        name = word.split("=", 1)[0]
        if word == "--":
            return [*front, *rest, word, *words]
        if name in ANYWHERE:
            front.append(word)
            if ANYWHERE[name] and "=" not in word:
                front.extend(value for value in [next(words, None)] if value is not None)
        else:
            rest.append(word)
    return [*front, *rest]


def run(arguments: Sequence[str], session: Session | None = None) -> int:
    """Run one command line and return its exit code. `session` is given by tests."""
    debugging = os.environ.get("NPCOPS_DEBUG") == "1"
    try:
        result = typer.main.get_command(application).main(
            hoisted(arguments), prog_name="npc", standalone_mode=False, obj=session
        )
        return result if isinstance(result, int) else 0
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "npc"
        fail(f"{error.format_message()} (see `{where} --help`)")
        return error.exit_code
    except click.ClickException as error:
        fail(error.format_message())
        return error.exit_code
    except click.Abort:
        return 130
    except CliError as error:
        if debugging:
            raise
        fail(str(error))
        return error.exit_code
    except Exception as error:  # the last line of defence: people get a sentence, not a traceback
        if debugging:
            raise
        fail(f"unexpected {type(error).__name__}: {error} (NPCOPS_DEBUG=1 shows where)")
        return 1


def main() -> None:
    """The process's entry."""
    try:
        sys.exit(run(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
