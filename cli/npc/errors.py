"""Failures the command line reports as one line, with the exit code that goes with each."""

from __future__ import annotations


class CliError(Exception):
    """Something the person at the keyboard can act on. `exit_code` is the process's."""

    exit_code = 1


class NotReachable(CliError):
    """The stage does not answer at all."""

    exit_code = 3


class Refused(CliError):
    """The API answered with a problem document; `kind` is its stable name, `status` the HTTP status."""

    def __init__(self, message: str, status: int, kind: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
