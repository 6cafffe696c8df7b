"""Files of evaluations: cases to be read, what goes to their bucket and comes from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx

from npc.errors import CliError, NotReachable
from npc.session import Session

_TIMEOUT = httpx.Timeout(120.0, connect=5.0)


def read_cases(file: Path) -> list[Any]:
    """Cases of a file of JSON lines. Raises CliError that names the line."""
    found = []
    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(f"{file} cannot be read: {error}") from None
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                found.append(json.loads(line))
            except ValueError as error:
                raise CliError(f"{file}, line {number}: {error}") from None
    return found


def store(session: Session, address: str, data: bytes, bucket: str = "the evaluation bucket") -> None:
    """Put cases, or other data, at a presigned address. Raises CliError."""
    _bucket(session, "PUT", address, data, f"{bucket} refused the data", bucket)


def load(session: Session, address: str) -> bytes:
    """A file of a report, from a presigned address. Raises CliError."""
    return _bucket(session, "GET", address, None, "the report cannot be had", "the evaluation bucket")


def write(file: Path, data: bytes) -> None:
    """Write a file. Raises CliError."""
    try:
        file.write_bytes(data)
    except OSError as error:
        raise CliError(f"{file} cannot be written: {error}") from None


def _bucket(session: Session, method: str, address: str, data: bytes | None, refused: str, name: str) -> bytes:
    try:
        with httpx.Client(timeout=_TIMEOUT, transport=session.transport) as bucket:
            answer = bucket.request(method, address, content=data)
    except httpx.TransportError as error:
        raise NotReachable(f"{name} cannot be reached: {error}") from None
    if answer.is_error:
        raise CliError(f"{refused}: HTTP {answer.status_code}")
    return answer.content
