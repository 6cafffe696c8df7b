"""Work that a turn can do without: it is waited for only so long, and what goes wrong with it is noted and no more."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from npcops.background import Background, TimedOut
from npcops.errors import NpcopsError

log = logging.getLogger(__name__)
T = TypeVar("T")


def attempt(background: Background, what: str, work: Callable[[], T], seconds: float) -> T | None:
    """The result of `work`, or None when it fails or takes more than `seconds`.

    Nothing that goes wrong here, such as an item that an earlier release has stored, may cost a player the answer.
    """
    try:
        return background.run(work, seconds)
    except (TimedOut, NpcopsError) as error:
        log.warning("a turn goes on without", extra={"what": what, "error": type(error).__name__})
    except Exception as error:  # noqa: BLE001 (its text may quote a player)
        log.error("unforeseen", extra={"what": what, "error": type(error).__name__})  # noqa: TRY400 (so may its traceback)
    return None
