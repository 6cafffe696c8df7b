"""Ids of turns: they sort by the time at which a turn began, and tell it."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime

_MOMENT_DIGITS = 12


def new_turn_id() -> str:
    """An id that sorts by the time it was made: 12 hexadecimal digits of milliseconds, 10 random ones."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(5)}"


def moment(turn_id: str) -> int:
    """When the turn began, in milliseconds since 1970; 0 for an id that does not tell."""
    try:
        return int(turn_id[:_MOMENT_DIGITS], 16)
    except ValueError:
        return 0


def began(turn_id: str) -> str:
    """When the turn began, as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(moment(turn_id) / 1000, UTC).isoformat(timespec="milliseconds")


def now_iso() -> str:
    """This moment, as `began` tells one."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def first_id_at(iso_time: str) -> str:
    """The lower bound of the ids of turns that began at a time, which is ISO 8601 as `began` gives it."""
    return f"{round(datetime.fromisoformat(iso_time).timestamp() * 1000):012x}"
