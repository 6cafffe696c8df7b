"""Hydration when things go wrong: files that cannot be read, services that fail, processes that die, and races."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from npcops.errors import ModelFailed, ModelUnavailable
from npcops.hydration_events import changed_document
from npcops.readers.limits import MAX_BYTES
from tests.hydration_driver import Crash, Hydrations
from tests.sample_lore import MILL, PARAGRAPHS, TOWER, UNREADABLE

BAD = {
    "empty.md": b"  ",
    "broken.docx": b"PK\x03\x04 this is no archive",
    "gate.md": UNREADABLE,
    "film.mp4": b"\0\0\0",
}


@pytest.mark.parametrize("path", sorted(BAD))
def test_an_unreadable_file_is_marked_failed_and_harms_nobody(hydrations: Hydrations, title: str, path: str) -> None:
    hydrations.execute(hydrations.put(title, "tower.md", TOWER))
    hydrations.resources.published()
    assert hydrations.execute(hydrations.put(title, path, BAD[path])) == "DocumentFailed"
    entry = hydrations.entry(title, path)
    assert (entry.status, entry.lasting, entry.chunks) == ("failed", True, 0)
    assert entry.reason
    (event,) = hydrations.resources.published()
    assert event["detail-type"] == "LoreFailed.v1"
    told = {name: event["detail"][name] for name in ("title", "document", "reason")}
    assert told == {"title": title, "document": path, "reason": entry.reason}
    assert hydrations.texts(title) == ["The tower has no door."]


def test_a_file_that_became_unreadable_keeps_its_last_good_version(hydrations: Hydrations, title: str) -> None:
    hydrations.execute(hydrations.put(title, "mill.md", MILL))
    hydrations.execute(hydrations.put(title, "mill.md", UNREADABLE))
    entry = hydrations.entry(title, "mill.md")
    assert (entry.status, len(entry.manifest), entry.chunks) == ("failed", 1, 1)
    assert hydrations.texts(title) == ["The mill burns every winter."]
    assert hydrations.execute(hydrations.put(title, "mill.md", TOWER)) == "ready"
    assert hydrations.texts(title) == ["The tower has no door."]
    assert hydrations.entry(title, "mill.md").reason is None


def test_a_file_over_the_limit_fails_with_its_size(
    hydrations: Hydrations, title: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hydrations.put(title, "large.md", b"x" * (MAX_BYTES + 1))
    event = hydrations.put(title, "large.md", b"x" * (MAX_BYTES + 1))
    assert hydrations.execute(event) == "DocumentFailed"
    assert f"{MAX_BYTES + 1:,}" in (hydrations.entry(title, "large.md").reason or "")


def test_a_model_that_recovers_is_only_a_retry(hydrations: Hydrations, title: str) -> None:
    hydrations.embeddings.failures = [ModelUnavailable("Busy."), ModelUnavailable("Busy.")]
    assert hydrations.execute(hydrations.put(title, "mill.md", MILL)) == "ready"
    assert hydrations.announced() == ["LoreHydrated.v1"]


@pytest.mark.parametrize(
    ("error", "told"), [(ModelUnavailable, "tried again"), (ModelFailed, "operator"), (KeyError, "tried again")]
)
def test_a_hydration_that_fails_for_good_says_so_once_and_is_tried_again(
    hydrations: Hydrations, title: str, error: type[Exception], told: str
) -> None:
    hydrations.execute(hydrations.put(title, "mill.md", MILL))
    hydrations.resources.published()
    hydrations.embeddings.failures = [error("secret")] * 3
    assert hydrations.execute(hydrations.put(title, "mill.md", TOWER)) == "HydrationFailed"
    entry = hydrations.entry(title, "mill.md")
    assert (entry.status, entry.lasting, entry.chunks) == ("failed", False, 1)
    assert told in (entry.reason or "")
    assert hydrations.texts(title) == ["The mill burns every winter."]
    assert hydrations.announced() == ["LoreFailed.v1"]
    hydrations.embeddings.failures = []
    assert hydrations.reconcile(title).restarted == {"mill.md": "failed before"}
    assert hydrations.texts(title) == ["The tower has no door."]


def test_a_failure_of_a_superseded_hydration_is_not_recorded(hydrations: Hydrations, title: str) -> None:
    event = hydrations.put(title, "mill.md", MILL)
    slow = hydrations.steps(event)
    assert [next(slow), next(slow)] == ["Started", "Planned"]
    hydrations.execute(hydrations.put(title, "mill.md", TOWER))
    hydrations.resources.published()
    hydrations.fail(changed_document(event), "run-1", "ModelUnavailable")
    assert hydrations.entry(title, "mill.md").status == "ready"
    assert hydrations.announced() == []


def test_an_overtaken_hydration_stops(hydrations: Hydrations, title: str) -> None:
    slow = hydrations.steps(hydrations.put(title, "mill.md", MILL))
    assert [next(slow), next(slow)] == ["Started", "Planned"]
    assert hydrations.execute(hydrations.put(title, "mill.md", TOWER)) == "ready"
    assert list(slow) == ["Overtaken"]
    assert hydrations.texts(title) == ["The tower has no door."]


def test_what_was_staged_by_an_overtaken_hydration_is_used_but_never_seen(hydrations: Hydrations, title: str) -> None:
    slow = hydrations.steps(hydrations.put(title, "mill.md", MILL + "\n\n" + TOWER))
    assert [next(slow), next(slow), next(slow)] == ["Started", "Planned", "Embedded"]
    assert hydrations.texts(title) == []
    hydrations.execute(hydrations.put(title, "mill.md", MILL))
    assert list(slow) == ["superseded"]
    assert hydrations.texts(title) == ["The mill burns every winter."]


CALLS = {TOWER: 17, "": 9}
"""How many times a hydration of a new text, and one of a deletion, call a port."""


@pytest.mark.parametrize("after", range(CALLS[TOWER]))
def test_a_process_that_dies_anywhere_is_mended_by_a_reconciliation(
    hydrations: Hydrations, title: str, after: int
) -> None:
    hydrations.execute(hydrations.put(title, "mill.md", MILL))
    hydrations.interrupted(after, die)
    with pytest.raises(Crash):
        hydrations.execute(hydrations.put(title, "mill.md", TOWER))
    hydrations.reconcile(title)
    assert hydrations.texts(title) == ["The tower has no door."]
    assert hydrations.entry(title, "mill.md").status == "ready"
    assert hydrations.reconcile(title).restarted == {}


@pytest.mark.parametrize(("text", "after"), [(text, after) for text, calls in CALLS.items() for after in range(calls)])
def test_a_step_that_dies_anywhere_can_be_retried(hydrations: Hydrations, title: str, text: str, after: int) -> None:
    hydrations.execute(hydrations.put(title, "mill.md", MILL))
    hydrations.resources.published()
    hydrations.interrupted(after, unavailable)
    event = hydrations.put(title, "mill.md", text) if text else hydrations.remove(title, "mill.md")
    assert hydrations.execute(event) == ("ready" if text else "deleted")
    assert hydrations.calls_left is None
    assert hydrations.texts(title) == (["The tower has no door."] if text else [])
    entry = hydrations.entry(title, "mill.md")
    assert (entry.status, entry.chunks) == (("ready", 1) if text else ("deleted", 0))
    events = hydrations.resources.published()
    assert {event["detail-type"] for event in events} == {"LoreHydrated.v1" if text else "LoreDeleted.v1"}
    assert len({event["detail"]["id"] for event in events}) == 1
    assert {event["detail"].get("added") for event in events} == {1 if text else None}
    assert hydrations.reconcile(title).restarted == {}


def die() -> None:
    raise Crash


def unavailable() -> None:
    raise ModelUnavailable("Not now.")


def test_a_hydration_that_loses_the_race_at_the_switch_is_mended(hydrations: Hydrations, title: str) -> None:
    """The switch of the older hydration happens after the newer one has checked, staged and committed."""
    longer = f"# The mill\n\n{PARAGRAPHS[0]}\n\n## The tower\n\n{PARAGRAPHS[1]}"
    old = hydrations.steps(hydrations.put(title, "mill.md", f"# The mill\n\n{PARAGRAPHS[0]}"))
    assert [next(old), next(old), next(old)] == ["Started", "Planned", "Embedded"]
    ends: list[str] = []

    def overtake() -> None:
        ends.append(hydrations.execute(hydrations.put(title, "mill.md", longer)))
        assert hydrations.texts(title) == PARAGRAPHS[:2]

    hydrations.interrupted(1, overtake)
    assert list(old) == ["replan", "Planned", "Embedded", "ready"]
    assert ends == ["ready"]
    assert hydrations.texts(title) == PARAGRAPHS[:2]
    assert hydrations.reconcile(title).restarted == {}


def test_a_failed_hydration_that_is_redriven_is_planned_again(hydrations: Hydrations, title: str) -> None:
    event = hydrations.put(title, "mill.md", MILL)
    running = hydrations.steps(event)
    assert [next(running), next(running), next(running)] == ["Started", "Planned", "Embedded"]
    hydrations.fail(changed_document(event), "run-1", "States.Timeout")
    assert hydrations.entry(title, "mill.md").status == "failed"
    assert list(running) == ["replan", "Planned", "ready"]
    assert hydrations.texts(title) == ["The mill burns every winter."]


def test_stale_patience_is_measured_from_the_last_sign_of_life(hydrations: Hydrations, title: str) -> None:
    slow = hydrations.steps(hydrations.put(title, "mill.md", MILL))
    assert [next(slow), next(slow)] == ["Started", "Planned"]
    begun = datetime.fromisoformat(hydrations.entry(title, "mill.md").updated_at)
    assert datetime.now(UTC) - begun < timedelta(minutes=1)
    assert hydrations.reconcile(title, timedelta(minutes=15)).restarted == {}
    assert hydrations.reconcile(title, timedelta(0)).restarted == {"mill.md": "interrupted"}
    assert list(slow) == ["Overtaken"]


def test_chunks_that_a_lost_race_dropped_are_staged_again(hydrations: Hydrations, title: str) -> None:
    steps = hydrations.steps(hydrations.put(title, "mill.md", MILL))
    assert [next(steps), next(steps), next(steps)] == ["Started", "Planned", "Embedded"]
    hydrations.store.commit(title, "mill.md", [])  # an older hydration's switch comes late
    assert list(steps) == ["replan", "Planned", "Embedded", "ready"]
    assert hydrations.texts(title) == ["The mill burns every winter."]
