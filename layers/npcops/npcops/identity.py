"""Who is calling: the title a token is for, what it may do and on whose behalf."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from npcops.errors import Forbidden, InvalidRequest, Unauthenticated

SCOPES: frozenset[str] = frozenset(("player", "server", "studio"))
MAX_PLAYER = 128


class Identity(msgspec.Struct, frozen=True):
    """A verified caller. `subject` is the player for scope `player`, a person or service otherwise.

    `expires` is when the token does, in seconds since 1970; 0 where nobody asks, because each call brings its token.
    """

    title: str
    subject: str
    scopes: frozenset[str]
    expires: int = 0

    def speaks_for(self, named: str | None, field: str = "X-Player") -> str:
        """On whose behalf a turn is spoken, if `field` names a player.

        With scope `player` that is the token's subject and nobody else; servers and studio people name the player, and
        speak as themselves without. Raises InvalidRequest or Forbidden.
        """
        if named and len(named) > MAX_PLAYER:
            raise InvalidRequest(f"{MAX_PLAYER} characters are enough for an {field}.")
        if self.scopes & {"server", "studio"}:
            return named or self.subject
        if named and named != self.subject:
            raise Forbidden("A player's token speaks only for that player.")
        return self.subject

    def allow(self, scopes: tuple[str, ...]) -> None:
        """Raise Forbidden unless the caller has one of `scopes`."""
        if not self.scopes & set(scopes):
            raise Forbidden(f"This needs a token with scope {' or '.join(scopes)}.")


def of_event(event: Mapping[str, Any]) -> Identity:
    """What the authoriser said of the caller, in an event of API Gateway. Raises Unauthenticated."""
    context = (event.get("requestContext") or {}).get("authorizer") or {}
    title, subject, scopes = context.get("title"), context.get("subject"), context.get("scopes")
    if not title or not subject or not scopes:
        raise Unauthenticated("The call did not pass the authoriser.")
    return Identity(str(title), str(subject), frozenset(str(scopes).split()), int(context.get("expires") or 0))
