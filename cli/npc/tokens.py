"""Where tokens come from: signed on the spot for the local stage, stored by `npc login` for deployed ones."""

from __future__ import annotations

import base64
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from npc.errors import CliError

SCOPES = ("studio", "server", "player")


def credentials_file() -> Path:
    """The file of stored tokens."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "npcops" / "credentials.json"


def claims(token: str) -> dict[str, Any]:
    """The claims of a token, unverified: only the API can judge it. Raises CliError if it is no JWT."""
    try:
        payload = token.split(".")[1]
        decoded = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        raise CliError("this is not a token (a JWT has three parts separated by dots)") from None
    if not isinstance(decoded, dict):
        raise CliError("this is not a token (its payload is not an object)")
    return decoded


def scopes(token: str) -> list[str]:
    """The npcops scopes that a token claims."""
    given = claims(token).get("scope", "")
    words = given if isinstance(given, list) else str(given).split()
    return [scope for scope in SCOPES if scope in words]


def store(stage: str, token: str) -> list[str]:
    """Keep `token` for `stage`, once for each scope it has, readable by the owner only; returns those scopes."""
    token = token.strip()
    found = scopes(token)
    if not found:
        raise CliError(f"this token has none of the scopes {', '.join(SCOPES)}")
    everything = _stored()
    everything.setdefault(stage, {}).update(dict.fromkeys(found, token))
    file = credentials_file()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_suffix(".tmp")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        json.dump(everything, handle)
    draft.chmod(0o600)
    draft.replace(file)
    return found


def stored(stage: str, wanted: tuple[str, ...]) -> str:
    """A token for `stage` with one of the `wanted` scopes, the first preferred. Raises CliError."""
    given = os.environ.get("NPCOPS_TOKEN")
    if given:
        return given
    kept = _stored().get(stage, {})
    for scope in wanted:
        if scope in kept:
            expires = claims(kept[scope]).get("exp")
            if isinstance(expires, int | float) and expires < time.time():
                raise CliError(
                    f"the {scope} token for stage {stage} has expired: run `npc --stage {stage} login` again"
                )
            return kept[scope]
    raise CliError(f"no token with scope {' or '.join(wanted)} for stage {stage}: run `npc --stage {stage} login`")


def _stored() -> dict[str, dict[str, str]]:
    with suppress(OSError, ValueError):
        decoded = json.loads(credentials_file().read_text())
        if isinstance(decoded, dict):
            return decoded
    return {}
