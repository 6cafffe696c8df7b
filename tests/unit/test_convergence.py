"""Whatever order events come in, and wherever processes die, the index ends up holding the bucket's content."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npcops.chunking import chunk
from npcops.errors import StoreUnavailable
from npcops.readers import read_document
from npcops.readers.limits import MAX_BYTES
from tests.hydration_driver import Crash, Hydrations
from tests.resources import Resources

PATH, SIDECAR = "act 1/mill + tower.md", "act 1/mill + tower.md.meta.yaml"
PARTS = [f"## Part {n}\n\n" + f"The mill of year {n} burns, and nobody knows why it does. " * 3 for n in range(4)]
TEXTS = ["\n\n".join(PARTS[n] for n in wanted) for wanted in ([0], [0, 1], [1, 2], [2, 1, 0], [0, 1, 2, 3])]
SIDECARS = ["requires: [a]", "requires: [b]", "canon: false"]


@dataclass(frozen=True)
class Edit:
    """Somebody writes or deletes (None) the document or its sidecar."""

    path: str
    text: str | None


@dataclass(frozen=True)
class Delivery:
    """An event arrives (`which` counts back from the last), and something happens before its `after`-th port call."""

    which: int
    mishap: str
    after: int
    steps: int


edits = st.builds(Edit, st.just(PATH), st.sampled_from([*TEXTS, *TEXTS, None])) | st.builds(
    Edit, st.just(SIDECAR), st.sampled_from([*SIDECARS, None])
)
deliveries = st.builds(
    Delivery,
    st.integers(0, 3),
    st.sampled_from(["none", "dies", "unavailable", "meanwhile", "meanwhile", "paused"]),
    st.integers(0, 20),
    st.integers(1, 4),
)


class Scenario:
    """Plays edits and deliveries in order; a delivery may be interrupted by those that come after it."""

    def __init__(self, hydrations: Hydrations, title: str, happenings: list[Edit | Delivery]) -> None:
        self.hydrations, self.title, self.left = hydrations, title, list(reversed(happenings))
        self.events: list[dict[str, Any]] = []
        self.paused: list[Iterator[str]] = []

    def play(self) -> None:
        while self.left:
            self.next()
        for execution in self.paused:
            self.run(execution)

    def next(self) -> None:
        """The next thing happens, if there is one."""
        if not self.left:
            return
        happening = self.left.pop()
        if isinstance(happening, Delivery):
            self.deliver(happening)
        elif happening.text is None:
            self.events.append(self.hydrations.remove(self.title, happening.path))
        else:
            self.events.append(self.hydrations.put(self.title, happening.path, happening.text))

    def deliver(self, delivery: Delivery) -> None:
        if not self.events:
            return
        execution = self.hydrations.steps(self.events[-1 - delivery.which % len(self.events)])
        if delivery.mishap == "paused":
            self.paused.append(execution)
            for _ in range(delivery.steps):
                next(execution, None)
            return
        actions = {"dies": die, "unavailable": unavailable, "meanwhile": self.meanwhile}
        if delivery.mishap in actions:
            self.hydrations.interrupted(delivery.after, actions[delivery.mishap])
        self.run(execution)

    def meanwhile(self) -> None:
        """Two more things happen while a port is being called."""
        self.next()
        self.next()

    def run(self, execution: Iterator[str]) -> None:
        try:
            list(execution)
        except Crash:
            pass
        finally:
            self.hydrations.calls_left = None


def die() -> None:
    raise Crash


def unavailable() -> None:
    raise StoreUnavailable("Not now.")


@pytest.fixture(scope="module")
def hydrations(moto_resources: Resources, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hydrations]:
    made = Hydrations(moto_resources, Path(tmp_path_factory.mktemp("lore")))
    yield made
    made.store.close()


@settings(max_examples=40, deadline=None)
@given(st.lists(edits | deliveries, min_size=2, max_size=12))
def test_the_index_ends_up_holding_what_the_bucket_holds(
    hydrations: Hydrations, happenings: list[Edit | Delivery]
) -> None:
    title = f"game-{secrets.token_hex(6)}"
    Scenario(hydrations, title, happenings).play()
    rounds = 0
    while hydrations.reconcile(title).restarted:
        rounds += 1
        assert rounds <= 2
    source = hydrations.bucket.read(title, PATH, MAX_BYTES)
    expected = chunk(read_document(PATH, source.data, source.sidecar)) if source else []
    assert set(hydrations.live(title)) == {one.id for one in expected}
    assert hydrations.store.live_counts(title) == ({PATH: len(expected)} if expected else {})
    entry = hydrations.ledger.get(title, PATH)
    if source:
        assert entry is not None
        assert (entry.status, entry.etag) == ("ready", source.etag)
        assert list(entry.manifest) == [one.id for one in expected]
    else:
        assert entry is None or entry.status == "deleted"
