"""Taking a player's name and id out of what is kept apart from the player."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

SOMEBODY = "[player]"
# A name of several words is also used in part; shorter parts are too often words of their own.
SHORTEST_PART = 3
# Names end where Latin words do. In scripts without spaces they stand between other letters.
_NO_LETTER_BEFORE = r"(?<![0-9A-Za-z\u00c0-\u024f])"
_NO_LETTER_AFTER = r"(?![0-9A-Za-z\u00c0-\u024f])"


class Unnamed:
    """Writes `[player]` in the place of a player's id, name, and parts of the name as the player writes them.

    What else a player tells about themselves in their own words stays: no rule finds that. A person reads it before
    anything is made of it.
    """

    def __init__(self, player: str, name: str) -> None:
        whole = _longest_first((player, name))
        parts = _longest_first(part for part in name.split() if len(part) >= SHORTEST_PART)
        self._patterns = [
            *(re.compile(_alone(found), re.IGNORECASE) for found in whole),
            *(re.compile(_alone(part)) for part in parts),
        ]

    def __call__(self, text: str) -> str:
        """The text without them."""
        text = unicodedata.normalize("NFC", text)
        for pattern in self._patterns:
            text = pattern.sub(SOMEBODY, text)
        return text

    def names(self, text: str) -> bool:
        """Whether they are in a text."""
        return self(text) != unicodedata.normalize("NFC", text)


def _longest_first(names: Iterable[str]) -> list[str]:
    found = {unicodedata.normalize("NFC", name.strip()) for name in names}
    return sorted(found - {""}, key=lambda name: (-len(name), name))


def _alone(name: str) -> str:
    return f"{_NO_LETTER_BEFORE}{re.escape(name)}{_NO_LETTER_AFTER}"
