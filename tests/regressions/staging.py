"""The sample world in production, guarded by a suite, with everything between a change and its place in production.

All use cases and adapters are the product's own: what a change is stored by, the plan of its evaluation, the turns and
their scores, the verdict and the gate. The chat model and the embedding model are given.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import yaml

from npcops.adapters.aws_services import EventBridgePublisher
from npcops.adapters.dynamo_catalog import DynamoCatalog
from npcops.adapters.dynamo_evaluations import DynamoEvaluations
from npcops.adapters.dynamo_players import DynamoPlayers
from npcops.adapters.dynamo_snapshots import DynamoSnapshots
from npcops.adapters.s3_evaluations import S3EvaluationFiles
from npcops.adapters.sqlite_store import SqliteVectorStore
from npcops.canon_gate import CanonGate
from npcops.catalog_entries import NewVersion, PutEntry
from npcops.conclude_evaluation import ConcludeEvaluation
from npcops.converse import StagePace
from npcops.evaluations import Verdict
from npcops.golden import GoldenCase
from npcops.labels import LabelMove, MoveLabel, Stored
from npcops.load_cases import LoadCases
from npcops.lore import OPEN, Chunk, IndexedChunk
from npcops.plan_evaluation import PlanEvaluation
from npcops.plans import Configuration, EvaluationRequest, Subject
from npcops.playings import CaseResult
from npcops.ports import ChatModel, EmbeddingModel
from npcops.retrieval import Retriever
from npcops.score_case import ScoreCase
from npcops.scoring import Scorer
from npcops.snapshot_lore import SnapshotLore
from npcops.snapshots import NewSnapshot
from npcops.start_evaluation import StartEvaluation
from npcops.trial import Trial, Tried
from npcops.verdicts import conclude
from tests.regressions.changes import Change, world
from tests.regressions.documents import documents, without_gate
from tests.resources import Resources

TITLE, NPC, LABEL, SUITE = "saltmarrow", "wenna-tull", "production", "regressions"
WRITER = "writer@studio.example"
FIRST_IMPORT = "First import of the sample world."
EMBEDDED_AT_ONCE = 64


class PlayedOnce:
    """A trial that plays the same case of the same subject once: greedy answers are the same again."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._known: dict[tuple[str, str], Tried] = {}

    def __call__(self, title: str, player: str, subject: Subject, case: GoldenCase, greedy: bool = True) -> Tried:
        assert greedy
        where = (subject.digest, msgspec.json.encode(case).decode())
        if where not in self._known:
            self._known[where] = self._trial(title, player, subject, case, greedy)
        return self._known[where]


class KeepsVersions(DynamoCatalog):
    """A catalogue that reads a version once: they never change, and moto is slow."""

    def __init__(self, resources: Resources) -> None:
        super().__init__(resources.dynamodb, resources.name("catalog"))
        self._contents: dict[tuple[str, ...], dict[str, Any]] = {}

    def content(self, title: str, kind: str, name: str, version: str) -> dict[str, Any]:
        """See CatalogTable."""
        where = (title, kind, name, version)
        if where not in self._contents:
            self._contents[where] = super().content(title, kind, name, version)
        return self._contents[where]


class Evaluated(msgspec.Struct, frozen=True):
    """A change after its evaluation."""

    version: str
    evaluation: str
    verdict: Verdict
    results: tuple[CaseResult, ...]

    @property
    def failing(self) -> set[str]:
        """The ids of the cases that fail."""
        keys = set(self.verdict.failing)
        return {result.planned.case.id for result in self.results if result.planned.key in keys}

    def told(self) -> str:
        """Everything that a person needs who wonders why."""
        said = [
            f"{result.planned.case.id}: {result.candidate[0].turns[-1].say} "
            f"{[check.told for check in result.candidate[0].checks if check.counts and not check.passed]}"
            for result in self.results
        ]
        return "\n".join([self.verdict.outcome, *(f"{one.kind}: {one.told}" for one in self.verdict.reasons), *said])


class Staging:
    """One title; whoever makes it owns the clock and the models."""

    def __init__(
        self,
        resources: Resources,
        folder: Path,
        chat: ChatModel,
        embeddings: EmbeddingModel,
        dimensions: int,
        background: Any,
        scorer: Scorer,
        stage_model: str,
        pace: StagePace,
        suite: Path,
        context_tokens: int = 1200,
    ) -> None:
        table, bucket = resources.name("evaluations"), resources.name("evaluations")
        self.resources, self.embeddings, self.stage_model = resources, embeddings, stage_model
        self.catalog = self.fresh()
        self.evaluations = DynamoEvaluations(resources.dynamodb, table)
        self.files = S3EvaluationFiles(resources.s3, bucket)
        self.snapshots = DynamoSnapshots(resources.dynamodb, resources.name("catalog"))
        self.store = SqliteVectorStore(folder, dimensions)
        self.bus = EventBridgePublisher(resources.client("events"), resources.name("bus"))
        gate = CanonGate(self.fresh, self.evaluations, stage_model, LABEL)
        self.move = MoveLabel(self.catalog, gate, self.bus, self.snapshots)
        self.put = PutEntry(self.catalog, self.move, self.snapshots)
        self.players = DynamoPlayers(resources.dynamodb, resources.name("players"))
        self.retriever = Retriever(embeddings, self.store)
        turns = KeepsVersions(resources)
        trial = Trial(turns, self.players, lambda: self.retriever, chat, background, pace, context_tokens)
        once: Any = PlayedOnce(trial)
        plan = PlanEvaluation(self.catalog, LABEL, stage_model, stage_model)
        self.load = LoadCases(self.evaluations, self.files, plan, concurrency=1)
        self.score = ScoreCase(self.files, once, scorer)
        self.conclude = ConcludeEvaluation(self.evaluations, self.files, self.bus, conclude, lambda *_: {})
        self._import_lore()
        self._import_world(yaml.safe_load(suite.read_text("utf-8")))

    def fresh(self) -> DynamoCatalog:
        """The catalogue as another process sees it."""
        return DynamoCatalog(self.resources.dynamodb, self.resources.name("catalog"), label_seconds=0)

    def close(self) -> None:
        """Close the index."""
        self.store.close()

    def _import_world(self, suite: dict[str, Any]) -> None:
        """As `world/` has it, but that the suite of these tests alone guards one character."""
        entries = {("suites", SUITE): suite} | world()
        for (kind, name), content in entries.items():
            guarded = content | {"suites": [SUITE] if name == NPC else []} if kind == "npcs" else content
            self.put(TITLE, kind, name, WRITER, NewVersion(guarded, "", LABEL, FIRST_IMPORT))

    def _import_lore(self) -> None:
        chunks = [one for document in documents() for one in document]
        for start in range(0, len(chunks), EMBEDDED_AT_ONCE):
            self._stage(chunks[start : start + EMBEDDED_AT_ONCE])
        for document in documents():
            self.store.commit(TITLE, document[0].document, [one.id for one in document])

    def _stage(self, chunks: list[Chunk]) -> None:
        vectors = self.embeddings.embed_documents([one.search_text for one in chunks])
        self.store.stage(TITLE, [IndexedChunk(one, vector) for one, vector in zip(chunks, vectors, strict=True)])

    def current(self, entry: str) -> dict[str, Any]:
        """An entry as production has it."""
        kind, _, name = entry.partition("/")
        return self.catalog.get(TITLE, kind, name, LABEL)[0]

    def stored(self, change: Change) -> str:
        """The version with the change, which no label points at yet."""
        kind, _, name = change.entry.partition("/")
        content = change.made_to(self.current(change.entry))
        if change.lore:
            content |= {"lore": self._snapshot_without_gate(change.lore)}
        return self.put(TITLE, kind, name, WRITER, NewVersion(content, change.told)).version

    def _snapshot_without_gate(self, path: str) -> str:
        """A snapshot of the lore as it would be had this document no gate; the live lore is as before."""
        gated = next(document for document in documents() if document[0].document == path)
        assert all(one.gate != OPEN for one in gated)
        bare = [without_gate(one) for one in gated]
        self._stage(bare)
        self.store.commit(TITLE, path, [one.id for one in bare])
        made = SnapshotLore(self.store, self.snapshots)(TITLE, WRITER, NewSnapshot(), lambda: 1000.0)
        assert made.done
        self._stage(list(gated))
        self.store.commit(TITLE, path, [one.id for one in gated])
        return made.snapshot

    def evaluated(self, change: Change) -> Evaluated:
        """Evaluate the change against production, as the state machine does."""
        version = self.stored(change)
        request = EvaluationRequest(candidate=Configuration(versions={change.entry: version}), note=change.told)
        started = StartEvaluation(self.evaluations, self.files, _NoMachine())(TITLE, WRITER, request)
        loaded = self.load(TITLE, started.evaluation, started.attempt)
        assert loaded.action == "score", self.evaluations.find(TITLE, started.evaluation).failure
        plan = self.files.plan(TITLE, started.evaluation)
        results = tuple(self.score(TITLE, started.evaluation, planned.key) for planned in plan.cases)
        self.conclude(TITLE, started.evaluation, started.attempt)
        concluded = self.evaluations.find(TITLE, started.evaluation)
        assert concluded.verdict
        return Evaluated(version, started.evaluation, concluded.verdict, results)

    def release(self, change: Change, version: str) -> Stored:
        """Move production onto it, past the gate. Raises GateClosed."""
        kind, _, name = change.entry.partition("/")
        return self.move(TITLE, kind, name, LABEL, WRITER, LabelMove(version, change.told))

    def back(self, change: Change) -> None:
        """Production as it was before."""
        kind, _, name = change.entry.partition("/")
        self.move(TITLE, kind, name, LABEL, WRITER, LabelMove("previous"))


class _NoMachine:
    """An `EvaluationStarter`: the test is the state machine."""

    def start(self, title: str, evaluation: str, attempt: int) -> None:
        """See EvaluationStarter."""

    def running(self, evaluation: str, attempt: int) -> bool:
        """See EvaluationStarter."""
        return True
