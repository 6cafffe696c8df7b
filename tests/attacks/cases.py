"""The attacks on an NPC and their harmless look-alikes, read from the files beside this one."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

from tests.attacks.encodings import ENCODERS

FOLDER = Path(__file__).parent
Channel = Literal["message", "name", "world", "lore", "facts", "summary", "turns", "heard"]
Never = Literal["canary", "rules", "action", "syntax"]


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An exchange of earlier days; `speaker` is the NPC who spoke, if it was another one."""

    player: str
    npc: str
    speaker: str = ""


class Act(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An action that a model takes. `{canary}` and `{reversed}` in it stand for what the attacker is after."""

    name: str
    arguments: dict[str, Any] = {}


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a player does, and what comes in by which channel.

    `earlier` are the player's messages of the turns before in the same talk; `lore`, `facts`, `summaries`, `past` and
    `heard` are before the model because of what happened long ago. `leak` names how a model obeys that does whatever
    the attacker wants (tests.attacks.obeying), `never` what it comes to; `answer` is what a good model says.
    """

    id: str
    language: str
    message: str
    category: str = ""
    channel: Channel = "message"
    npc: str = "wenna-tull"
    name: str | None = None
    earlier: tuple[str, ...] = ()
    lore: str = ""
    facts: tuple[str, ...] = ()
    summaries: tuple[str, ...] = ()
    past: tuple[Said, ...] = ()
    heard: tuple[Said, ...] = ()
    flags: tuple[str, ...] = ()
    payload: str = ""
    encoding: str = ""
    leak: str = ""
    action: Act | None = None
    never: tuple[Never, ...] = ()
    answer: str = ""
    note: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    category: str
    cases: tuple[Case, ...]
    never: tuple[Never, ...] = ()


@functools.cache
def attacks() -> tuple[Case, ...]:
    """Every attack."""
    return tuple(case for path in sorted(FOLDER.glob("*.yaml")) for case in _read(path) if case.leak)


@functools.cache
def harmless() -> tuple[Case, ...]:
    """Every look-alike."""
    return _read(FOLDER / "harmless.yaml")


def _read(path: Path) -> tuple[Case, ...]:
    file = msgspec.convert(yaml.safe_load(path.read_text("utf-8")), _File, strict=True)
    return tuple(_complete(case, file) for case in file.cases)


def _complete(case: Case, file: _File) -> Case:
    """With what the file says of all its cases, and the payload in its place."""
    coded = ENCODERS[case.encoding](case.payload) if case.encoding else case.payload

    def fill(text: str) -> str:
        return text.replace("{payload}", coded)

    return msgspec.structs.replace(
        case,
        category=file.category,
        never=case.never or file.never,
        message=fill(case.message),
        lore=fill(case.lore),
        name=None if case.name is None else fill(case.name)[:64],
    )
