"""What the local stack remembers between commands: ports, processes, and what was deployed."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import msgspec

from local.layout import Layout
from local.processes import Record


class StackState(msgspec.Struct):
    """The content of `state.json`. `deployed` and `seeded` are fingerprints of what the
    cloud last received."""

    ports: dict[str, int] = {}
    processes: dict[str, Record] = {}
    chat_model: str = ""
    chat_digest: str = ""
    deployed: str = ""
    outputs: dict[str, str] = {}
    api_url: str = ""
    stream_url: str = ""
    title: str = ""
    seeded: str = ""


def load(layout: Layout) -> StackState:
    """The remembered state; a fresh one if there is none or it cannot be read."""
    with suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode(layout.state_file.read_bytes(), type=StackState)
    return StackState()


def save(layout: Layout, state: StackState) -> None:
    """Write the state so that a reader sees the old or the new one, never a part."""
    layout.prepare()
    draft = layout.state_file.with_suffix(".tmp")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(state)))
    draft.replace(layout.state_file)


@contextmanager
def locked(layout: Layout) -> Iterator[None]:
    """Hold the stack's lock, so that two `npc up` or `npc down` never interleave."""
    layout.prepare()
    with layout.lock_file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
