"""What an event of the bucket, of S3 itself or of a reconciliation says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcops.errors import InvalidRequest
from npcops.hydration import Change
from npcops.hydration_events import changed_document


def by_event_bridge(key: str) -> dict[str, Any]:
    detail = {
        "bucket": {"name": "lore"},
        "object": {"key": key, "size": 9, "sequencer": "0066A1"},
        "reason": "PutObject",
    }
    return {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}


def by_s3(key: str) -> dict[str, Any]:
    entity = {"bucket": {"name": "lore"}, "object": {"key": key, "size": 9, "sequencer": "0066A1"}}
    return {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": entity}]}


@pytest.mark.parametrize("path", ["a.md", "act 1/König + Gräfin.md", "100%.md", "a%20b.md", "傳說.md"])
def test_event_bridge_says_keys_as_they_are(path: str) -> None:
    assert changed_document(by_event_bridge(f"lore/game/{path}")) == Change("game", path, "0066A1")


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("a.md", "a.md"),
        ("act+1/K%C3%B6nig+%2B+Gr%C3%A4fin.md", "act 1/König + Gräfin.md"),
        ("100%25.md", "100%.md"),
        ("a%2520b.md", "a%20b.md"),
        ("%E5%82%B3%E8%AA%AA.md", "傳說.md"),
    ],
)
def test_defect_08_s3_says_keys_encoded(key: str, path: str) -> None:
    assert changed_document(by_s3(f"lore/game/{key}")) == Change("game", path, "0066A1")


def test_a_reconciliation_has_no_sequencer() -> None:
    event = {"source": "npcops.reconcile", "detail": {"object": {"key": "lore/game/a b.md"}}}
    assert changed_document(event) == Change("game", "a b.md", "")


@pytest.mark.parametrize("event", [{}, {"Records": []}, {"key": "lore/game/a.md"}])
def test_other_events_are_refused(event: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        changed_document(event)


def test_several_documents_in_one_event_are_refused_and_never_taken_for_one() -> None:
    """A refusal fails the execution and rings; it is none of those that are skipped with a line in the log."""
    records = [*by_s3("lore/game/a.md")["Records"], *by_s3("lore/game/b.md")["Records"]]
    with pytest.raises(ValueError, match="2 documents"):
        changed_document({"Records": records})


@pytest.mark.parametrize("event", [by_event_bridge("lore/game/"), by_s3("lore/readme.md"), by_event_bridge("a.md")])
def test_keys_that_are_no_documents_are_refused(event: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        changed_document(event)


@given(st.text(min_size=1, max_size=40).filter(lambda path: not path.endswith("/")))
def test_any_path_survives_event_bridge(path: str) -> None:
    assert changed_document(by_event_bridge(f"lore/game/{path}")).path == path
