"""Repair of MiniStack's S3: events by EventBridge tell the version of an object, as those of versioned buckets do.

MiniStack 1.5.33 tells versions in S3's own notifications alone.
"""

from __future__ import annotations

import json
from contextvars import ContextVar
from typing import Any

SOURCE = "aws.s3"


def tell_versions(s3: Any, eventbridge: Any) -> None:
    """Add `version-id` to the objects of events."""
    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event
    told: ContextVar[str] = ContextVar("version", default="")

    def fire_s3_event(*args: Any, **kwargs: Any) -> None:
        version = told.set(kwargs.get("version_id") or "")
        try:
            fire(*args, **kwargs)
        finally:
            told.reset(version)

    def dispatch_event(event: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if told.get() and event.get("Source") == SOURCE:
            detail = json.loads(event["Detail"])
            detail["object"]["version-id"] = told.get()
            event = {**event, "Detail": json.dumps(detail)}
        return dispatch(event, *args, **kwargs)

    s3._fire_s3_event, eventbridge._dispatch_event = fire_s3_event, dispatch_event
