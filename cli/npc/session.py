"""What every command needs: the chosen stage, title and player, and calls to the API with the right token."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import typer

from npc import stages, tokens
from npc.client import Api
from npc.errors import CliError

if TYPE_CHECKING:
    from npc.stream import StreamClient

STUDIO = ("studio",)
SERVER = ("server",)
SERVER_OR_STUDIO = ("server", "studio")
ANY_SPEAKER = ("player", "server", "studio")


@dataclass
class Session:
    """One run of `npc`. `transport` and `opener` (of WebSockets) replace the network in tests."""

    stage_name: str = stages.LOCAL
    as_json: bool = False
    chosen_title: str | None = None
    transport: httpx.BaseTransport | None = None
    opener: Callable[..., Any] | None = None
    _stage: stages.Stage | None = field(default=None, repr=False)

    @property
    def is_local(self) -> bool:
        """Whether this is the local stage."""
        return self.stage_name == stages.LOCAL

    @property
    def title(self) -> str:
        """The game whose data is meant; only the local stage can choose, elsewhere the token says."""
        chosen = self.chosen_title or os.environ.get("NPCOPS_TITLE")
        if chosen:
            return chosen
        if not self.is_local:
            return ""
        return stages.local_title() or "saltmarrow"

    def stage(self) -> stages.Stage:
        """The stage, looked up once."""
        if self._stage is None:
            self._stage = stages.find(self.stage_name)
        return self._stage

    def api(self, wanted: tuple[str, ...] = STUDIO, player: str = stages.DEFAULT_PLAYER) -> Api:
        """The API with a token of the first of the `wanted` scopes that can be had."""
        address = self.stage().api_url
        token = stages.token(self.stage_name, wanted, self.title, player)
        if not self.is_local and self.title and tokens.claims(token).get("title") != self.title:
            raise CliError(f"the token for stage {self.stage_name} is not for title {self.title}")
        return Api(address, token, self.transport)

    def speaker(self, player: str) -> tuple[Api, dict[str, str]]:
        """The API for talking as `player`, and the headers that name the player where the token does not."""
        address = self.stage().api_url
        token = self._speaking(player)
        named = {} if "player" in tokens.scopes(token) else {"X-Player": player}
        return Api(address, token, self.transport), named

    def stream(self, player: str) -> tuple[StreamClient, dict[str, str]] | None:
        """The stage's stream for talking as `player`, and the fields that name them; None if the stage has none."""
        address = self.stage().stream_url
        if not address:
            return None
        # Whoever does not talk need not wait for its import.
        from npc.stream import StreamClient

        token = self._speaking(player)
        named = {} if "player" in tokens.scopes(token) else {"player": player}
        return StreamClient(address, token, **({"opener": self.opener} if self.opener else {})), named

    def _speaking(self, player: str) -> str:
        return stages.token(self.stage_name, ANY_SPEAKER, self.title, player)


def of(context: typer.Context) -> Session:
    """The session of a command."""
    session = context.find_object(Session)
    if session is None:
        raise CliError("no session")
    return session
