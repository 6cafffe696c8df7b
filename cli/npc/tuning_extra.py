"""What tuning on this machine takes besides npcops itself, and asking before it is installed."""

from __future__ import annotations

import sys

import typer

from npc.errors import CliError
from npc.output import note
from npc.session import Session

QUESTION = "Tuning on this machine takes an extra (NumPy and a reader of model files, some 100 MB). Install it now?"


def ensure(session: Session, yes: bool) -> None:
    """Nothing to do on deployed stages, and where it is installed. Raises CliError if nobody allows to install it."""
    if not session.is_local:
        return
    # Deployed stages are used without the local stack's code.
    from local import venvs
    from local.tuning import extra

    if extra.installed():
        return
    if not yes and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise CliError("tuning on this machine takes an extra: add --yes to the command to have it installed")
    if not yes and not typer.confirm(QUESTION, default=True, err=True):
        raise CliError("nothing was installed, and nothing tuned")
    note("installing what tuning takes")
    try:
        extra.install()
    except venvs.SetupFailed as error:
        raise CliError(str(error)) from None
