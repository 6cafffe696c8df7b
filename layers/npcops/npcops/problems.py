"""Problem documents (RFC 9457): what is said of a failure, wherever it is said."""

from __future__ import annotations

from typing import Any

from npcops.errors import NpcopsError


def document(error: NpcopsError, instance: str | None = None) -> dict[str, Any]:
    """The problem document of a failure. `instance` is the id of the request that failed."""
    return {
        "type": f"/problems/{error.kind}",
        "title": error.title,
        "status": error.status,
        "detail": str(error),
        "instance": instance,
        **error.members,
    }
