"""The repair of the embedded cloud's S3 events, on stand-ins of the emulator's modules."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from local.emulator import s3_repairs


class Emulator:
    """S3 and EventBridge as far as the repair knows them; what was dispatched is kept."""

    def __init__(self, source: str = "aws.s3") -> None:
        self.dispatched: list[dict[str, Any]] = []
        self.eventbridge: Any = SimpleNamespace(_dispatch_event=self.dispatched.append)
        self.s3: Any = SimpleNamespace(_fire_s3_event=self._fire)
        self._source, self.fails = source, False
        s3_repairs.tell_versions(self.s3, self.eventbridge)

    def _fire(self, bucket: str, key: str, name: str, *, version_id: str | None = None) -> None:
        detail = json.dumps({"bucket": {"name": bucket}, "object": {"key": key}})
        self.eventbridge._dispatch_event({"Source": self._source, "Detail": detail})
        if self.fails:
            raise OSError

    @property
    def objects(self) -> list[dict[str, str]]:
        return [json.loads(event["Detail"])["object"] for event in self.dispatched]


def test_events_of_versioned_buckets_tell_the_version() -> None:
    cloud = Emulator()
    cloud.s3._fire_s3_event("b", "k", "s3:ObjectCreated:Put", version_id="v1")
    cloud.s3._fire_s3_event("b", "k", "s3:ObjectCreated:Put", version_id="v2")
    assert cloud.objects == [{"key": "k", "version-id": "v1"}, {"key": "k", "version-id": "v2"}]


def test_events_of_other_buckets_are_left_as_they_are() -> None:
    cloud = Emulator()
    cloud.s3._fire_s3_event("b", "k", "s3:ObjectCreated:Put", version_id="v1")
    cloud.s3._fire_s3_event("b", "k", "s3:ObjectCreated:Put", version_id=None)
    cloud.eventbridge._dispatch_event({"Source": "aws.s3", "Detail": '{"object": {"key": "k"}}'})
    assert cloud.objects[1:] == [{"key": "k"}, {"key": "k"}]


def test_a_version_is_forgotten_when_telling_fails() -> None:
    cloud = Emulator()
    cloud.fails = True
    with pytest.raises(OSError):
        cloud.s3._fire_s3_event("b", "k", "s3:ObjectCreated:Put", version_id="v1")
    cloud.eventbridge._dispatch_event({"Source": "aws.s3", "Detail": '{"object": {"key": "k"}}'})
    assert cloud.objects[1] == {"key": "k"}


def test_events_of_others_are_left_as_they_are() -> None:
    cloud = Emulator("npcops")
    cloud.s3._fire_s3_event("b", "k", "s3:ObjectCreated:Put", version_id="v1")
    assert cloud.objects == [{"key": "k"}]
