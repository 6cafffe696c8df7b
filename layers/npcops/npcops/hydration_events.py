"""What triggers a hydration: events of the lore bucket, by EventBridge or by S3's own notifications."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_plus

from npcops.errors import InvalidRequest
from npcops.hydration import Change
from npcops.lore_paths import title_and_path


def changed_document(event: dict[str, Any]) -> Change:
    """The document an event is about.

    Raises InvalidRequest for an event of another kind or about no document, and ValueError for one about several
    documents, which one execution could not hydrate.

    EventBridge carries object keys as they are; S3's notifications carry them URL-encoded, with `+` for a space.
    """
    if "detail" in event:
        found = event["detail"]["object"]
        key = found["key"]
    elif event.get("Records"):
        first, *others = event["Records"]
        if others:
            raise ValueError(f"One execution hydrates one document; this event is about {1 + len(others)} documents.")
        found = first["s3"]["object"]
        key = unquote_plus(found["key"])
    else:
        raise InvalidRequest("This is no event of the lore bucket.")
    title, path = title_and_path(key)
    return Change(title, path, str(found.get("sequencer", "")))
