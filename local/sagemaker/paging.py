"""Lists in pages, as SageMaker gives them."""

from __future__ import annotations

import base64
import binascii
from typing import Any, TypeVar

from local.sagemaker.errors import invalid

Member = TypeVar("Member")
DEFAULT = 10


def page(members: list[Member], asked: dict[str, Any]) -> tuple[list[Member], dict[str, str]]:
    """The members that a request's NextToken and MaxResults choose, and the NextToken for those after them."""
    start, count = _start(asked.get("NextToken")), int(asked.get("MaxResults", DEFAULT))
    rest = start + count
    following = {"NextToken": base64.b64encode(str(rest).encode()).decode()} if rest < len(members) else {}
    return members[start:rest], following


def _start(token: str | None) -> int:
    try:
        return int(base64.b64decode(token, validate=True)) if token else 0
    except (ValueError, binascii.Error):
        raise invalid("The NextToken is none that was given.") from None
