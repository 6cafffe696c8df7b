"""What a format's reader hands back: sections, the title found in the file, and metadata written in it."""

from __future__ import annotations

import msgspec

from npcops.lore import Section
from npcops.readers.metadata import NOTHING, Metadata


class Content(msgspec.Struct, frozen=True):
    """A file's text before its title is settled. `title` is what the file itself calls itself, if anything."""

    sections: tuple[Section, ...]
    title: str | None = None
    metadata: Metadata = NOTHING
