"""Which uploads are training data, and where they lie, however the event writes it."""

from __future__ import annotations

import copy
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcops.errors import InvalidRequest
from npcops.training_events import EXTENSIONS, TrainingPlace, digest_of, place_of, uploaded_training
from npcops.tunings import TrainingUploaded
from tests.infra.descriptions import sample

KEYS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=60)


def by_eventbridge(key: str) -> dict[str, Any]:
    event: dict[str, Any] = copy.deepcopy(sample("take_training"))
    event["detail"]["object"]["key"] = key
    return event


def by_notification(key: str) -> dict[str, Any]:
    event: dict[str, Any] = copy.deepcopy(sample("s3_notification_put"))
    bridged = sample("take_training")["detail"]
    found = event["Records"][0]["s3"]
    found["bucket"]["name"] = bridged["bucket"]["name"]
    found["object"] |= {"key": quote_plus(key), "size": bridged["object"]["size"]}
    return event


@given(KEYS)
def test_defect_08_both_kinds_of_events_name_the_same_object(key: str) -> None:
    bridged, notified = uploaded_training(by_eventbridge(key)), uploaded_training(by_notification(key))
    assert bridged.key == notified.key == key
    assert (bridged.bucket, bridged.version, bridged.size) == (notified.bucket, notified.version, notified.size)
    assert digest_of(bridged) == digest_of(notified)


@given(KEYS.filter(lambda name: not name.endswith("/")), st.sampled_from(EXTENSIONS))
def test_defect_08_a_place_is_found_again_by_its_key(name: str, extension: str) -> None:
    place = TrainingPlace("saltmarrow", "spring", name, extension)
    assert place_of(uploaded_training(by_eventbridge(place.key))) == place


def test_a_version_is_told_by_what_there_is() -> None:
    event = by_eventbridge("training/saltmarrow/spring/x.jsonl")
    assert uploaded_training(event).version == "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e"
    del event["detail"]["object"]["version-id"]
    assert uploaded_training(event).version == "etag:b1946ac92492d2347c6235b4d2611184:00617F08299329D189"


def test_a_digest_is_of_bucket_key_and_version_and_of_nothing_else() -> None:
    upload = TrainingUploaded("b", "k", "v", "2026-11-20T12:00:00Z", 5)
    same = TrainingUploaded("b", "k", "v", "2026-11-20T13:00:00Z", 6)
    others = [
        TrainingUploaded(*parts, "2026-11-20T12:00:00Z")
        for parts in (("c", "k", "v"), ("b", "l", "v"), ("b", "k", "w"))
    ]
    assert digest_of(upload) == digest_of(same)
    assert len({digest_of(one) for one in (upload, *others)}) == 4
    assert 32 <= len(digest_of(upload)) <= 128


@pytest.mark.parametrize("event", [{}, {"Records": []}, {"Event": "s3:TestEvent"}])
def test_other_events_are_refused(event: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        uploaded_training(event)


def test_an_event_about_several_objects_is_a_fault() -> None:
    event = by_notification("training/saltmarrow/spring/x.jsonl")
    event["Records"] *= 2
    with pytest.raises(ValueError, match="2 objects"):
        uploaded_training(event)


@pytest.mark.parametrize("name", ["X.JSONL", "x.Csv"])
def test_extensions_are_known_however_they_are_written(name: str) -> None:
    found = place_of(uploaded_training(by_eventbridge(f"training/saltmarrow/spring/{name}")))
    assert found.extension == name.rpartition(".")[2].lower()
