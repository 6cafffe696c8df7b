"""Who is calling: the title a token is for, what it may do and on whose behalf."""

from __future__ import annotations

import msgspec

SCOPES: frozenset[str] = frozenset(("player", "server", "studio"))


class Identity(msgspec.Struct, frozen=True):
    """A verified caller. `subject` is the player for scope `player`, a person or service otherwise."""

    title: str
    subject: str
    scopes: frozenset[str]
