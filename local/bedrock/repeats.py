"""Knows a request that is made again by its token, and tells it from another one that claims the same token."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TypeVar

from local.bedrock.errors import ServiceError
from local.bedrock.operations import Parameters
from local.bedrock.records import Record

TOKEN = "clientRequestToken"  # noqa: S105 - a member's name
R = TypeVar("R", bound=Record)


def digest(asked: Parameters) -> str:
    """Of all that was asked for but the token."""
    rest = {name: value for name, value in asked.items() if name != TOKEN}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, default=str).encode()).hexdigest()


def earlier(records: Sequence[R], asked: Parameters, name: str, refusal: type[ServiceError]) -> R | None:
    """What the same request made already. Raises `refusal` if its name, or its token, belongs to another request."""
    token = asked.get(TOKEN)
    for record in records:
        if token and record.token == token:
            if record.asked != digest(asked):
                raise refusal("The client request token was used for a different request.")
            return record
        if record.name == name:
            raise refusal(f"The name {name} is already in use.")
    return None
