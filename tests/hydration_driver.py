"""Plays the state machine `hydrate_lore` in process, with real adapters, and lets it be interrupted anywhere."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from npcops.adapters.aws_services import EventBridgePublisher
from npcops.adapters.dynamo_ledger import DynamoLedger
from npcops.adapters.s3_files import S3LoreBucket, S3WorkFiles
from npcops.adapters.sqlite_store import SqliteVectorStore
from npcops.commit_hydration import CommitHydration, FailHydration
from npcops.embed_and_index import EmbedAndIndex
from npcops.errors import ModelUnavailable, StoreUnavailable, Superseded
from npcops.hydration import Change, LedgerEntry, Plan
from npcops.hydration_events import changed_document
from npcops.lore import Chunk, Viewer
from npcops.lore_paths import described_by, lore_key
from npcops.plan_hydration import PlanHydration
from npcops.reconcile_lore import Reconciled, ReconcileLore
from tests.fakes import DIMENSIONS, WordEmbeddings
from tests.resources import Resources

T = TypeVar("T")
ATTEMPTS = 3


class Crash(BaseException):
    """A process that dies; no handler of the product can catch it."""


class Watched:
    """A port each of whose calls can be interrupted just before it happens."""

    def __init__(self, port: Any, interrupt: Callable[[], None]) -> None:
        self._port, self._interrupt = port, interrupt

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*args: Any, **named: Any) -> Any:
            self._interrupt()
            return method(*args, **named)

        return call


@dataclass
class Hydrations:
    """The four functions of the state machine and the reconciliation, on one bucket, ledger and index."""

    resources: Resources
    folder: Path
    embeddings: WordEmbeddings = field(default_factory=WordEmbeddings)
    runs: int = 0
    clock: int = 0
    calls_left: int | None = None
    on_call: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.bucket = S3LoreBucket(self.resources.s3, self.resources.name("lore"))
        self.ledger = DynamoLedger(self.resources.dynamodb, self.resources.name("ledger"))
        self.store = SqliteVectorStore(self.folder, DIMENSIONS)
        work = Watched(S3WorkFiles(self.resources.s3, self.resources.name("work")), self._interrupt)
        bus = EventBridgePublisher(self.resources.client("events"), self.resources.name("bus"))
        bucket, ledger, store, events, embeddings = (
            Watched(port, self._interrupt) for port in (self.bucket, self.ledger, self.store, bus, self.embeddings)
        )
        self.plan = PlanHydration(bucket, work, ledger, store, events)
        self.embed = EmbedAndIndex(work, ledger, store, embeddings)
        self.commit = CommitHydration(work, ledger, store, events)
        self.fail = FailHydration(ledger, events)

    def _interrupt(self) -> None:
        if self.calls_left is None:
            return
        self.calls_left -= 1
        if self.calls_left < 0:
            self.calls_left = None
            self.on_call()

    def interrupted(self, after: int, action: Callable[[], None]) -> None:
        """Do `action` before the port call that follows `after` more of them."""
        self.calls_left, self.on_call = after, action

    def sequencer(self, key: str) -> str:
        """S3's next one for a key; some are longer than others, and those of two keys say nothing about each other."""
        self.clock += 1
        beginning = hashlib.blake2b(key.encode(), digest_size=2).hexdigest().upper()
        return f"{beginning}{self.clock:08X}" + ("" if self.clock % 3 else "0A")

    def put(self, title: str, path: str, text: str | bytes) -> dict[str, Any]:
        """Upload a file; returns the event that EventBridge would deliver."""
        self.resources.put_lore(title, path, text)
        return self._event("Object Created", title, path)

    def remove(self, title: str, path: str) -> dict[str, Any]:
        """Delete a file; returns its event."""
        self.resources.s3.delete_object(Bucket=self.resources.name("lore"), Key=lore_key(title, path))
        return self._event("Object Deleted", title, path)

    def _event(self, kind: str, title: str, path: str) -> dict[str, Any]:
        changed = {"key": lore_key(title, path), "sequencer": self.sequencer(path)}
        detail = {"bucket": {"name": self.resources.name("lore")}, "object": changed}
        return {"source": "aws.s3", "detail-type": kind, "detail": detail}

    def execute(self, event: dict[str, Any]) -> str:
        """Run one execution to its end; returns the name of its last state or the status it committed."""
        *_, last = self.steps(event)
        return last

    def steps(self, event: dict[str, Any]) -> Iterator[str]:
        """One execution, a step at a time: the caller may stop anywhere, or do other things in between."""
        self.runs += 1
        change, execution = changed_document(event), f"run-{self.runs}"
        try:
            yield "Started"
            status = yield from self._hydrate(change, execution)
            while status == "replan":
                yield status
                status = yield from self._hydrate(Change(change.title, described_by(change.path)), execution)
            yield status
        except Superseded:
            yield "Overtaken"
        except Exception as error:
            name = type(error).__name__
            self._attempt(lambda: self.fail(change, execution, name))
            yield "HydrationFailed"

    def _hydrate(self, change: Change, execution: str) -> Generator[str, None, str]:
        plan = self._attempt(lambda: self.plan(change, execution))
        yield "Planned"
        if plan.action in ("skip", "failed"):
            return {"skip": "NothingToDo", "failed": "DocumentFailed"}[plan.action]
        for key in plan.batches:
            self._attempt(functools.partial(self.embed, key))
            yield "Embedded"
        return self._attempt(lambda: self.commit(_carried(plan))).status

    def _attempt(self, step: Callable[[], T]) -> T:
        """A task with its retries."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return step()
            except (StoreUnavailable, ModelUnavailable):
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError

    def reconcile(self, title: str, patience: timedelta = timedelta(0)) -> Reconciled:
        """Compare bucket, ledger and index once and run what that starts."""
        started: list[dict[str, Any]] = []

        class Starter:
            def start(self, title: str, path: str) -> None:
                key = lore_key(title, path)
                started.append({"source": "npcops.reconcile", "detail": {"object": {"key": key}}})

        found = ReconcileLore(self.bucket, self.ledger, self.store, Starter())(title, patience)
        for event in started:
            self.execute(event)
        return found

    def live(self, title: str, flags: frozenset[str] = frozenset({"a", "b", "c"})) -> dict[str, Chunk]:
        """Every chunk that a search of a player with `flags` can find, by id."""
        everywhere = (1.0,) * DIMENSIONS
        found = self.store.search(title, "", everywhere, Viewer(None, flags), limit=10_000)
        return {hit.chunk.id: hit.chunk for hit in found}

    def texts(self, title: str) -> list[str]:
        """The texts that searches can find."""
        return sorted(chunk.text for chunk in self.live(title).values())

    def announced(self) -> list[str]:
        """The types of the events published since this was last asked."""
        return [event["detail-type"] for event in self.resources.published()]

    def entry(self, title: str, path: str) -> LedgerEntry:
        """The ledger's entry of a document that it must have."""
        entry = self.ledger.get(title, path)
        assert entry is not None
        return entry


def _carried(plan: Plan) -> Plan:
    """A plan as it arrives after the state machine carried it as JSON."""
    return msgspec.json.decode(msgspec.json.encode(plan), type=Plan)
